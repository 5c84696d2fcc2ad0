"""The couriers' page: figures are those of the accounts and the tallies, and each row leads to its alerts."""

import re
from datetime import date, timedelta
from typing import Any

import pytest

from parcelward.console.people.roles import Role
from parcelward.console.store.courier_days import courier_codes, courier_days, last_heard
from parcelward.console.store.feed import outlet_weeks
from tests.console.accounts import account
from tests.console.conftest import NOW_MS, Console

NEWEST = date(2026, 11, 26)


@pytest.fixture(scope="module", autouse=True)
def _accounts(console: Console) -> None:
    """Five days of two couriers: swift sends half as much on the newest, orient has no account of it."""
    for back in range(5):
        day = NEWEST - timedelta(days=back)
        publish(console, account("swift", day, sent=500 if back == 0 else 1000 + back, refused=40 if back == 0 else 2))
        if back:
            publish(console, account("orient", day, sent=300))


def publish(console: Console, document: dict[str, Any]) -> None:
    topic = console.platform.topics.accounts(document["courier"])
    console.platform.publish(topic, document["date"], document)


def text_of(html: str) -> str:
    """The words of a page, without what is drawn."""
    return re.sub(r"\s+", " ", re.sub(r"<svg.*?</svg>|<[^>]+>", " ", html, flags=re.DOTALL))


def test_the_newest_day_stands_against_the_median_of_the_days_before(console: Console) -> None:
    page = console.visit(Role.ANALYST).get("/couriers")
    (row,) = (one for one in page.text.split("<tr>") if "?courier=swift" in one and "▼" in one)
    said = text_of(row)
    assert "▼ 500 look at it · usual 1,002" in said
    assert "▲ 40 look at it · usual 2" in said


def test_a_courier_without_an_account_of_the_newest_day_is_named(console: Console) -> None:
    page = console.visit(Role.ANALYST).get("/couriers").text
    assert "no account of the newest day; the last is of 2026-11-25" in page
    assert "<title>2026-11-26: no account</title>" in page


def test_what_was_sent_is_drawn_once_of_each_courier(console: Console) -> None:
    page = console.visit(Role.ANALYST).get("/couriers").text
    assert "<svg" not in page.split('id="charts-head"')[0]
    assert page.split('id="charts-head"')[1].split('id="answers-head"')[0].count("swift: Sent") == 1


def test_one_courier_shows_its_days_with_the_reasons_in_words(console: Console) -> None:
    browser = console.visit(Role.AUDITOR)
    said = text_of(browser.get("/couriers?courier=swift").text)
    assert "not JSON 39 · a field is missing 1" in said
    assert "real names 0, inspections 2, scans 0" in said
    assert "orient/" not in said
    browser.headers["accept-language"] = "zh"
    assert "不是有效的JSON 39" in text_of(browser.get("/couriers?courier=swift").text)


def test_each_outlet_leads_to_its_alerts_and_the_worst_stands_first(console: Console) -> None:
    browser = console.visit(Role.SUPERVISOR)
    page = browser.get("/couriers?courier=swift").text
    weeks = outlet_weeks(console.platform.database, NOW_MS, "swift")
    links = re.findall(r"/desk\?view=all&amp;courier=swift&amp;outlet=([^\"]+)", page)
    assert links == [one.outlet for one in weeks]
    listed = browser.get(f"/desk?view=all&courier=swift&outlet={links[0]}").text
    assert listed.count(f"swift/{links[0]}") == min(weeks[0].this_week, 50)


def test_an_account_that_cannot_be_read_is_no_day(console: Console) -> None:
    later = {"courier": "later", "date": "2026-11-26", "sent": "many"}
    console.platform.publish(console.platform.topics.accounts("swift"), "2026-11-26", later)
    assert "later" in courier_codes(console.platform.database)
    assert "later" not in courier_days(console.platform.database)
    assert "No account yet." in console.visit(Role.ANALYST).get("/couriers?courier=later").text
    assert console.visit(Role.ANALYST).get("/couriers?courier=%3Cscript%3E").status_code == 200


def test_a_courier_was_last_heard_of_when_it_answered(console: Console) -> None:
    heard = last_heard(console.platform.database, "swift")
    assert heard.told_ms is not None
    assert heard.answered_ms is None or heard.answered_ms <= NOW_MS
    assert last_heard(console.platform.database, "nobody").told_ms is None
