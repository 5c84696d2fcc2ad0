"""`parcelward alerts`: filters, the order from the start, and the moment that `--since` names."""

import json
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from parcelward.alerts.page import alert_page
from parcelward.cli.alert_filters import Filters, Shown, newest_revisions, passes, stands
from parcelward.cli.alerts import raised_s
from parcelward.cli.options import since_when, zone_of
from parcelward.cluster.reader import in_time_order
from parcelward.contract.alerts import Alert, Lane
from parcelward.errors import UserError
from tests.builders import MINUTE, T0, alerts_of, feed_all, inspection, pipeline, real_name, record

CHINA = timezone(timedelta(hours=8))


@pytest.fixture(scope="module")
def petrol() -> list[Alert]:
    """Petrol that was corrected to a filter: raised, then cleared."""
    declared = record(real_name(goods={"name": "汽油"}), event_id="a")
    mended = record(real_name(goods={"name": "汽油滤清器"}, corrects="a"), T0 + MINUTE)
    return alerts_of(feed_all(pipeline(), [declared, mended]))


@pytest.mark.parametrize(
    ("filters", "both"),
    [
        (Filters(), (True, True)),
        (Filters(courier="swift", outlet="HZ-01", lane=Lane.RED), (True, True)),
        (Filters(courier="other"), (False, False)),
        (Filters(outlet="HZ-02"), (False, False)),
        (Filters(lane=Lane.YELLOW), (False, False)),
        (Filters(state=Shown.OPEN), (True, False)),
        (Filters(state=Shown.CLEARED), (False, True)),
        (Filters(rule="R14"), (True, True)),
        (Filters(rule="R1"), (False, False)),
        (Filters(since=datetime.fromtimestamp((T0 + MINUTE) / 1000, UTC)), (False, True)),
        (Filters(wanted="SF0000000000001"), (True, True)),
        (Filters(wanted="SF00"), (False, False)),
    ],
)
def test_a_filter_passes_what_it_names(petrol: list[Alert], filters: Filters, both: tuple[bool, bool]) -> None:
    assert tuple(passes(alert, filters) for alert in petrol) == both


def test_an_alert_is_found_by_the_beginning_of_its_id(petrol: list[Alert]) -> None:
    assert passes(petrol[0], Filters(wanted=petrol[0].alert_id[:8].upper()))
    assert not passes(petrol[0], Filters(wanted=petrol[0].alert_id[:3]))


def test_what_cannot_be_read_passes_only_without_filters() -> None:
    assert passes(None, Filters())
    assert not passes(None, Filters(courier="swift"))


def test_of_an_alert_that_was_revised_only_the_newest_revision_stands(petrol: list[Alert]) -> None:
    records = [SimpleNamespace(value=one.model_dump_json().encode()) for one in petrol]
    unreadable = SimpleNamespace(value=b"{}")
    for found in ([*records, unreadable], [unreadable, *reversed(records)]):
        newest = newest_revisions(found)
        assert [stands(alert, newest) for alert in petrol] == [False, True]
    assert newest_revisions(records[:1]) == {}, "most alerts are never revised, and nothing is kept of them"


def test_alerts_of_several_partitions_come_in_the_order_in_which_they_were_raised() -> None:
    records = [record(real_name(f"SF{n:013d}", goods={"name": "汽油"}), T0 + n * MINUTE) for n in range(4)]
    alerts = alerts_of(feed_all(pipeline(), records))
    written = SimpleNamespace(timestamp=T0 + 5 * MINUTE)
    mixed: list[tuple[Any, Alert | None]] = [(written, alerts[n]) for n in (2, 0, 3, 1)]
    assert [one[1] for one in in_time_order([(written, None), *mixed], raised_s)] == [*alerts, None]


def test_a_listing_keeps_no_more_in_memory_than_it_may() -> None:
    taken: list[int] = []
    numbers = (taken.append(n) or n for n in range(100))  # type: ignore[func-returns-value]
    listing = in_time_order(numbers, float, within=10)
    assert [next(listing), next(listing)] == [0, 1]
    assert len(taken) == 12


@pytest.mark.parametrize("name", ["+08:00", "Asia/Shanghai"])
def test_a_time_zone_is_given_by_its_offset_or_by_its_name(name: str) -> None:
    zone = zone_of(name)
    assert zone is not None
    assert zone.utcoffset(datetime(2026, 11, 23, tzinfo=UTC)) == timedelta(hours=8)
    assert zone_of("UTC") is UTC
    assert zone_of("local") is None


@pytest.mark.parametrize("name", ["Peking", "+8", "../etc/passwd", "", "+25:00"])
def test_a_time_zone_that_does_not_exist_is_named(name: str) -> None:
    with pytest.raises(UserError, match="--tz"):
        zone_of(name)


def test_times_are_those_of_china_unless_another_zone_is_asked_for(petrol: list[Alert]) -> None:
    assert "10:00:00" in alert_page(petrol[0], "en").plain
    assert "UTC+8" in alert_page(petrol[0], "en").plain
    assert "02:00:00" in alert_page(petrol[0], "en", UTC).plain


def test_since_takes_a_time_of_this_zone_or_an_age() -> None:
    now = datetime(2026, 11, 23, 18, tzinfo=CHINA)
    assert since_when("--since", "90m", now) == now - timedelta(minutes=90)
    assert since_when("--since", "2d", now) == now - timedelta(days=2)
    assert since_when("--since", "2026-11-23T08:00", now) == datetime(2026, 11, 23, 8, tzinfo=CHINA)
    assert since_when("--since", "2026-11-23T08:00Z", now) == datetime(2026, 11, 23, 8, tzinfo=UTC)
    for text in ("", "yesterday", "6", "m"):
        with pytest.raises(UserError, match="--since"):
            since_when("--since", text, now)


def test_the_page_of_an_alert_holds_law_operator_id_evidence_and_card(petrol: list[Alert]) -> None:
    page = alert_page(petrol[0], "en", CHINA).plain
    alert = json.loads(petrol[0].model_dump_json())
    wanted = [
        alert["alert_id"],
        alert["operator"],
        "Postal Law art. 24, 59, 75",
        alert["findings"][0]["clears_when"]["en"],
        "intake.swift/0/",
        "2026-11-23",
    ]
    assert [text for text in wanted if text not in page] == []
    assert "UTC+8" in page
    assert "10:00:00" in page
    assert all(label in page for label in ("call:", "clears when:", "where, at that time:", "goods:", "decide by:"))


def test_a_page_names_the_inspection_and_who_made_it() -> None:
    seen = record(inspection(found_goods="海洛因", operator="E7"), T0 + MINUTE)
    *_, alert = alerts_of(feed_all(pipeline(), [record(real_name(goods={"name": "打火机"})), seen]))
    page = alert_page(alert, "zh", CHINA).plain
    assert "验视：通过，已开箱" in page
    assert "E7" in page
    assert "公安机关110" in page
