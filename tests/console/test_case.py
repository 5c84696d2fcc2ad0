"""The page of a case: how its alerts spread, one decision for all or a part, and the walk through its alerts."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import select

from parcelward.cases.referral import mark_of
from parcelward.console.people.roles import Role
from parcelward.console.store.alert_page import alert
from parcelward.console.store.case_desk import CaseFilter, CaseLine, list_cases
from parcelward.console.store.case_page import case, members, spread, walk
from parcelward.console.store.case_reach import reaches
from parcelward.console.store.desk import DeskFilter, list_alerts
from parcelward.console.store.tables import decisions
from parcelward.console.web.columns import LEAST, MOST, columns
from parcelward.contract.steps import OVER
from parcelward.desk.letters import CONSOLE
from parcelward.moments import DAY_MS, HOUR_MS, MINUTE_MS
from tests.console.conftest import NOW_MS, Console, made_console
from tests.console.forms import forms_of, press


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A platform of its own: so much is decided here that others would find nothing left."""
    yield from made_console(tmp_path_factory.mktemp("case") / "console.sqlite", 40)


def largest(console: Console) -> CaseLine:
    return max(list_cases(console.platform.database, CaseFilter()).lines, key=lambda one: one.open)


SPANS = {
    "of an hour": (HOUR_MS, "columns_5min", 5 * MINUTE_MS),
    "of two days": (2 * DAY_MS, "columns_hour", HOUR_MS),
    "of a month": (30 * DAY_MS, "columns_day", DAY_MS),
    "of a year": (365 * DAY_MS, "columns_day", DAY_MS),
}


@pytest.mark.parametrize(("span", "name", "width"), SPANS.values(), ids=SPANS)
def test_columns_are_as_wide_as_their_span_can_be_read(span: int, name: str, width: int) -> None:
    drawn = columns([NOW_MS - span, NOW_MS - 1, NOW_MS])
    assert drawn is not None
    assert drawn.name == name
    assert LEAST <= len(drawn.columns) <= MOST
    assert {second.at_ms - one.at_ms for one, second in zip(drawn.columns, drawn.columns[1:], strict=False)} == {width}
    assert drawn.filled[-1].at_ms <= NOW_MS < drawn.filled[-1].at_ms + width
    assert 2 <= len(drawn.ticks) <= 7
    assert all(one.x >= 0 and one.x + one.width <= 100 for one in drawn.columns)


def test_a_single_moment_is_one_narrow_column() -> None:
    drawn = columns([NOW_MS] * 7)
    assert drawn is not None
    assert [(one.alerts, one.width < 10) for one in drawn.filled] == [(7, True)]


def test_the_columns_of_a_case_say_each_of_its_alerts(console: Console) -> None:
    one = largest(console)
    page = console.visit(Role.AUDITOR).get(f"/cases/{one.case_id}").text
    said = re.findall(r"<tr><td class=\"nowrap\">[\d: -]+</td><td class=\"right\">(\d+)</td></tr>", page)
    assert sum(map(int, said)) == len(spread(console.platform.database, one.case_id).raised_ms) == one.count


def test_an_alert_that_was_opened_from_its_case_walks_the_case_and_goes_back_to_it(console: Console) -> None:
    one, browser = largest(console), console.visit(Role.ANALYST)
    page = browser.get(f"/cases/{one.case_id}?list=view%3Dunclaimed").text
    links = re.findall(r'class="what"><a href="([^"]+)"', page)
    listed = [line.alert_id for line in members(console.platform.database, one.case_id).lines]
    assert [link.split("/alerts/")[1].split("?")[0] for link in links] == listed
    second = browser.get(links[1].replace("&amp;", "&")).text
    assert f'href="/cases/{one.case_id}?list=view%3Dunclaimed"' in second
    assert re.findall(r'href="/alerts/([^?]+)[^>]+rel="(prev|next)"', second) == [
        (listed[0], "prev"),
        (listed[2], "next"),
    ]
    assert walk(console.platform.database, one.case_id, listed[-1]).next is None


def test_decide_then_next_stays_within_the_case(console: Console) -> None:
    one, browser = largest(console), console.visit(Role.SUPERVISOR)
    first, then = members(console.platform.database, one.case_id).lines[:2]
    listed = f"?list=view%3Dunclaimed%26case%3D{one.case_id}"
    address, fields = forms_of(browser, f"/alerts/{first.alert_id}{listed}")["outcome"]
    chosen = {"outcome": "procedure_not_kept", "parcel": "keep", "words": "", "then": "next"}
    after = browser.post(address, data={**fields, **chosen}).headers["location"]
    assert after.startswith(f"/alerts/{then.alert_id}{listed}&")


def test_a_part_of_a_case_is_decided_and_the_rest_stays_open(console: Console) -> None:
    one, browser = largest(console), console.visit(Role.SUPERVISOR)
    lines = [line for line in members(console.platform.database, one.case_id).lines if line.state not in OVER]
    some, rest = lines[:2], lines[2:]
    fields = forms_of(browser, f"/cases/{one.case_id}")["comment"][1]
    sent = {
        "csrf": fields["csrf"], "form": str(uuid4()), "list": "view=unclaimed", "step": "outcome",
        "outcome": "false_alarm", "parcel": "release", "one": [f"alert:{it.alert_id}:{it.revision}" for it in some],
    }  # fmt: skip
    asked = browser.post(f"/cases/{one.case_id}/decide-some", data=sent)
    assert "Decide 2 alerts alike?" in asked.text
    answer = browser.post(f"/cases/{one.case_id}/decide-some", data={**sent, "sure": "yes"})
    assert answer.headers["location"] == f"/cases/{one.case_id}?list=view%3Dunclaimed&counted=2"
    assert "2 counted" in browser.get(answer.headers["location"]).text
    now = {it.alert_id: it for it in members(console.platform.database, one.case_id).lines}
    assert {now[it.alert_id].outcome for it in some} == {"false_alarm"}
    assert not any(now[it.alert_id].outcome for it in rest)


def test_nothing_ticked_on_a_case_is_said_on_its_page(console: Console) -> None:
    one, browser = largest(console), console.visit(Role.ANALYST)
    csrf = forms_of(browser, f"/cases/{one.case_id}")["comment"][1]["csrf"]
    sent = {"csrf": csrf, "form": str(uuid4()), "step": "acknowledge"}
    answer = browser.post(f"/cases/{one.case_id}/decide-some", data=sent)
    assert (answer.status_code, "Tick something first" in answer.text) == (422, True)
    assert "Its alerts, the gravest first" in answer.text


def test_a_decision_on_a_case_says_how_many_alerts_it_reached(console: Console) -> None:
    store, browser, one = console.platform.database, console.visit(Role.SUPERVISOR), largest(console)
    was_open = [it for it in members(store, one.case_id).lines if it.state not in OVER]
    text = press(browser, f"/cases/{one.case_id}", "outcome", outcome="procedure_not_kept", parcel="keep")
    view = case(store, one.case_id)
    assert view is not None
    (reach,) = reaches(store, one.case_id, view.decisions[-1:]).values()
    assert reach.counted == len(was_open)
    assert reach.there == one.count
    assert text.count(f"Taken on {len(was_open)} of {one.count} alerts.") == 2  # above, and beside the decision


def test_alerts_that_refuse_the_decision_of_their_case_are_named_with_the_reason(console: Console) -> None:
    store, browser = console.platform.database, console.visit(Role.SUPERVISOR)
    cases = [it for it in list_cases(store, CaseFilter()).lines if it.assigned_to is None]
    one = next(it for it in cases if any(line.state == "raised" for line in members(store, it.case_id).lines))
    press(browser, f"/cases/{one.case_id}", "acknowledge")
    view = case(store, one.case_id)
    assert view is not None
    decision = view.decisions[-1]
    with store.reading() as connection:
        passed = connection.execute(select(decisions).where(decisions.c.of_case == one.case_id)).all()
    mine = next(it for it in passed if it.event_id.startswith(mark_of(CONSOLE, decision.event_id).hex()))
    platform = console.platform
    platform.publish(platform.topics.refused_decisions, "key", {}, ce_id=mine.event_id, pw_reason="stale")
    (reach,) = reaches(store, one.case_id, [decision]).values()
    assert (reach.passed_on - reach.counted, [it.alert_id for it in reach.refused]) == (1, [mine.about])
    page = browser.get(f"/cases/{one.case_id}").text
    assert "Not taken on 1:" in page
    assert f'href="/alerts/{mine.about}"' in page.split("Not taken on 1:")[1].split("</ul>")[0]
    assert "something has happened since" in page


def test_a_page_of_a_case_says_that_it_has_changed(console: Console) -> None:
    store, browser = console.platform.database, console.visit(Role.AUDITOR)
    one = next(it for it in list_cases(store, CaseFilter()).lines if it.open)
    (asked,) = re.findall(r'hx-get="(/cases/[^"]+)"', browser.get(f"/cases/{one.case_id}").text)
    assert browser.get(asked).status_code == 204
    line = next(it for it in members(store, one.case_id).lines if it.state not in OVER)
    chosen = {"outcome": "false_alarm", "parcel": "release"}
    press(console.visit(Role.SUPERVISOR), f"/alerts/{line.alert_id}", "outcome", **chosen)
    said = browser.get(asked).text
    assert "It has changed since you opened it" in said
    assert f"{one.open - 1} open of {one.count}" in said


def test_an_event_in_binary_mode_is_read_like_any_other(console: Console) -> None:
    platform, line = console.platform, list_alerts(console.platform.database, DeskFilter()).lines[0]
    data = {"alert_id": line.alert_id, "courier": line.courier, "revision": 1, "result": "information"}
    answer = {**data, "text": "寄件人已到场"}
    platform.publish(platform.topics.answers(line.courier), line.waybill, answer, ce_id="a binary one")
    view = alert(platform.database, line.alert_id)
    assert view is not None
    assert view.answers[-1].document == {"id": "a binary one", "data": answer}
    assert "寄件人已到场" in console.visit(Role.AUDITOR).get(f"/alerts/{line.alert_id}").text
