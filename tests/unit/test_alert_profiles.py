"""An alert shows in time what its findings count: the very ones that were counted, and none where nothing was."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from parcelward.contract.alerts import Alert
from parcelward.contract.cards import Counting, Profile, ProfileOf
from parcelward.moments import ms_of
from parcelward.profiles.distinct import DISTINCT_DAY, DISTINCT_WEEK, DailyDistinct
from parcelward.profiles.outlet_series import OF_ACCEPTOR, OF_INSPECTOR, OF_OUTLET
from parcelward.profiles.sender_series import OF_DOCUMENT, OF_PHONE
from parcelward.profiles.windows import LastHour
from parcelward.rules import load_pack, rests_on
from parcelward.rules.pack import row_of
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import AsSent, Pipeline, Result
from parcelward.shipments.series import BUCKETS_KEPT, EVENTS_KEPT
from parcelward.shipments.shipment import Hop, Shipment, decode_hop, encode
from parcelward.simulate import Plan, Simulation
from parcelward.stage import Record
from parcelward.training.traffic import simulated_records
from tests.builders import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    T0,
    alerts_of,
    feed_all,
    inspection,
    pipeline,
    real_name,
    record,
    scan,
    settings,
)

WITH_SERIES = OF_DOCUMENT | OF_PHONE | OF_INSPECTOR | OF_OUTLET.keys() | OF_ACCEPTOR.keys()


def waybill(number: int) -> str:
    return f"SF{number:013d}"


def profiles_of(alert: Alert) -> dict[str, Profile]:
    assert alert.card is not None
    return {one.feature: one for one in alert.card.profiles}


def last_profiles(result: Result) -> dict[str, Profile]:
    return profiles_of(alerts_of(result)[-1])


def counted(profile: Profile) -> int:
    """The sum of the buckets of the window."""
    return sum(profile.counts[-profile.within :])


def times(profile: Profile) -> list[int]:
    return [ms_of(one.at) for one in profile.events]


def said(alert: Alert, feature: str) -> Any:
    """The number that the findings of an alert name."""
    (value,) = {finding.values[feature] for finding in alert.findings if feature in finding.values}
    return value


def many(alerts: Iterable[Alert]) -> list[tuple[Alert, Profile]]:
    return [(alert, profile) for alert in alerts for profile in profiles_of(alert).values()]


@cache
def simulated() -> Sequence[Alert]:
    """Alerts of a simulated day with many violations."""
    start = datetime(2026, 11, 23, tzinfo=UTC)
    plan = Plan(waybills_per_day=600, start=start, seed=5, violation_share=0.25, days=1)
    couriers = list(plan.couriers)
    records = list(simulated_records(Simulation(plan), settings(couriers=couriers).topics))
    return alerts_of(feed_all(pipeline(couriers=couriers), records, batch=500))


def test_the_buckets_of_the_window_add_up_to_what_the_finding_says() -> None:
    seen = many(simulated())
    assert len({profile.feature for _, profile in seen}) >= 5
    for alert, profile in seen:
        assert not profile.estimated
        assert counted(profile) == profile.value == said(alert, profile.feature)
        assert profile.within <= len(profile.counts) <= BUCKETS_KEPT


def test_each_count_that_a_finding_rests_on_has_its_profile_and_no_other_has() -> None:
    rules = {rule.id: rule for rule in load_pack(None).rules}
    for alert in simulated():
        expected = {
            feature
            for finding in alert.findings
            for feature, least in rules[finding.rule].least.items()
            if feature in WITH_SERIES and float(finding.values[feature] or 0) >= least
        }
        assert profiles_of(alert).keys() == expected


def test_the_events_named_lie_in_the_window_and_are_all_that_was_counted_or_the_newest_of_it() -> None:
    named = [profile for _, profile in many(simulated()) if profile.events]
    assert named
    for profile in named:
        first = ms_of(profile.begins_at) + (len(profile.counts) - profile.within) * profile.bucket_s * SECOND
        assert len(profile.events) == min(profile.value, EVENTS_KEPT)
        assert first <= min(times(profile))
        assert times(profile) == sorted(times(profile))


def inspected(number: int, at: int) -> list[Record]:
    return [record(real_name(waybill(number)), at - MINUTE, arrival=at), record(inspection(waybill(number)), at)]


def test_inspections_are_counted_by_the_minute_with_those_before_for_comparison() -> None:
    usual = [T0 - 30 * MINUTE, T0 - 20 * MINUTE]
    hurry = [T0 + n * 8 * SECOND for n in range(61)]
    records = [one for number, at in enumerate([*usual, *hurry]) for one in inspected(number, at)]
    profile = last_profiles(feed_all(pipeline(), records))["operator_inspections_10min"]
    assert (profile.of, profile.operator, profile.outlet) == (ProfileOf.OPERATOR, "E1", "HZ-01")
    assert (profile.value, counted(profile), sum(profile.counts)) == (61, 61, 63)
    assert profile.counting is Counting.EVENTS
    assert max(profile.counts) == 8  # a minute at eight seconds each
    assert times(profile) == hurry[-EVENTS_KEPT:]


def test_inspections_that_followed_too_fast_are_named() -> None:
    at = [T0 + n * 2 * SECOND for n in range(7)]
    result = feed_all(pipeline(), [one for number, then in enumerate(at) for one in inspected(number, then)])
    profile = last_profiles(result)["operator_fast_gaps_1h"]
    assert (profile.value, counted(profile)) == (6, 6)
    assert times(profile) == at[1:]


def sent(number: int, at: int, **sender: Any) -> Record:
    return record(real_name(waybill(number), sender=sender), at)


def test_a_name_counts_once_where_the_week_has_it_first_and_the_parcel_that_brought_it_is_named() -> None:
    names = ["王小明", "王小明", "李四", "李四", "张三", "赵六"]
    records = [
        sent(n, T0 + n * DAY, name=name, phone=f"1380000123{len(set(names[: n + 1]))}") for n, name in enumerate(names)
    ]
    profile = last_profiles(feed_all(pipeline(), records))["sender_names_7d"]
    assert (profile.of, profile.counting, profile.value) == (ProfileOf.DOCUMENT, Counting.NEW_VALUES, 4)
    assert counted(profile) == 4
    assert times(profile) == [T0, T0 + 2 * DAY, T0 + 4 * DAY, T0 + 5 * DAY]
    assert [one.waybill for one in profile.events] == [waybill(0), waybill(2), waybill(4), waybill(5)]


def test_a_parcel_that_was_not_read_on_the_spot_has_its_time_only() -> None:
    """A document's profile keeps of it no more than a hash."""
    phones = [sent(n, T0 + n * HOUR, phone=f"1380000123{n}") for n in range(4)]
    by_hand = record(real_name(waybill(8), verify_method="manual", sender={"phone": "13800001239"}), T0 + 5 * HOUR)
    last = sent(9, T0 + 6 * HOUR, phone="13800001238")
    events = last_profiles(feed_all(pipeline(), [*phones, by_hand, last]))["sender_phones_7d"].events
    assert [one.waybill for one in events] == [*(waybill(n) for n in range(4)), None, waybill(9)]
    assert ms_of(events[4].at) == T0 + 5 * HOUR


def test_the_documents_of_a_phone_are_counted_by_the_hour_and_by_the_week() -> None:
    records = [
        sent(n, T0 + n * HOUR, document_type="passport", document_number=f"E{n // 2:08d}", phone="13800001234")
        for n in range(12)
    ]
    found = last_profiles(feed_all(pipeline(), records))
    assert found.keys() == {"phone_documents_1d", "phone_documents_7d"}
    for profile in found.values():
        assert (profile.of, profile.value, counted(profile)) == (ProfileOf.PHONE, 6, 6)
        assert times(profile) == [T0 + n * HOUR for n in range(0, 12, 2)]


def test_e_cigarettes_are_counted_from_midnight_in_china() -> None:
    goods = {"name": "电子烟1支"}
    result = feed_all(pipeline(), [record(real_name(waybill(n), goods=goods), T0 + n * HOUR) for n in range(2)])
    profile = last_profiles(result)["sender_e_cigarettes_1d"]
    assert ms_of(profile.begins_at) == T0 - 10 * HOUR  # T0 is ten in the morning there
    assert (profile.value, profile.counts[10:12], len(profile.counts)) == (2, (1, 1), 24)


def test_a_document_with_very_many_parcels_has_counts_and_names_none() -> None:
    records = [sent(n, T0 + n * 30 * SECOND, name=f"王{n % 6}", phone=f"1380000123{n % 6}") for n in range(90)]
    profile = last_profiles(feed_all(pipeline(), records, batch=30))["sender_names_7d"]
    assert (profile.value, counted(profile), profile.events) == (6, 6, ())


def test_where_a_count_is_an_estimate_the_alert_says_so() -> None:
    """More documents came with this phone than are kept: the buckets hold those that are."""
    records = [
        sent(n, T0 + n * 30 * SECOND, document_type="passport", document_number=f"E{n:08d}", phone="13800001234")
        for n in range(90)
    ]
    profile = last_profiles(feed_all(pipeline(), records, batch=50))["phone_documents_7d"]
    assert profile.estimated
    assert 0 < counted(profile) < profile.value


def hurried() -> list[Record]:
    return [one for n in range(7) for one in inspected(n, T0 + n * 2 * SECOND)]


def test_a_later_revision_shows_the_profile_as_it_was() -> None:
    line = pipeline()
    first = alerts_of(feed_all(line, hurried()))[-1]
    later = [one for n in range(7, 20) for one in inspected(n, T0 + n * 2 * SECOND)]
    stopped = record(scan(first.waybill, decision="hold"), T0 + 3 * HOUR)
    revised = alerts_of(feed_all(line, [*later, stopped]))[-1]
    assert (revised.waybill, revised.revision) == (first.waybill, 2)
    assert profiles_of(revised) == profiles_of(first) != {}


def test_an_inspection_that_is_corrected_is_counted_anew() -> None:
    line = pipeline()
    *before, last = hurried()
    feed_all(line, before)
    (first,) = alerts_of(feed_all(line, [last]))
    later = [one for n in range(7, 12) for one in inspected(n, T0 + n * 2 * SECOND)]
    event_id = dict(last.headers)["ce_id"].decode()
    moved = record(
        inspection(first.waybill, corrects=event_id, weight_g=1500), T0 + 22 * SECOND + 500, arrival=T0 + MINUTE
    )
    revised = alerts_of(feed_all(line, [*later, moved]))[-1]
    assert revised.waybill == first.waybill
    profile = profiles_of(revised)["operator_fast_gaps_1h"]
    assert counted(profile) == profile.value == said(revised, profile.feature) > said(first, profile.feature)


def test_an_alert_that_rests_on_no_count_says_nothing_of_profiles() -> None:
    (send,) = feed_all(pipeline(), [record(real_name(goods={"name": "汽油"}))]).alerts
    assert "profiles" not in json.loads(send.value or b"")["card"]


class Watched(AsSent):
    """Hands records on, and notes which series each parcel takes to its outlet."""

    def __init__(self) -> None:
        self.carried: list[set[str]] = []

    def release(self, topic: str, partition: int, sent: Sequence[Record]) -> Sequence[Record]:
        if topic == settings().topics.into("outlets"):
            hops = [decode_hop(one.value or b"") for one in sent]
            self.carried += [{series.feature for series in hop.series} for hop in hops]
        return super().release(topic, partition, sent)


def test_a_hop_carries_a_series_only_from_the_count_on_that_some_rule_asks_for() -> None:
    watched, chosen = Watched(), settings()
    line = Pipeline(build_stages(chosen), chosen.topics, order=watched)
    feed_all(line, [sent(n, T0 + n * MINUTE, phone=f"1380000123{n}") for n in range(4)])
    assert load_pack(None).least["sender_phones_7d"] == 3
    assert watched.carried == [set(), set(), {"sender_phones_7d"}, {"sender_phones_7d"}]


def test_a_hop_without_series_is_one_byte_larger_than_before() -> None:
    hop = Hop(msgspec.Raw(encode(Shipment(0, 0, "swift", "SF1", "A", 0, 0))))
    assert len(encode(hop)) - len(encode(list(astuple(hop)[:-1]))) <= 1 + len(encode("2"))


def test_a_rule_rests_on_a_count_that_has_reached_its_lower_limit() -> None:
    """R8 asks for 4 documents within a day or 6 within a week."""
    row = row_of({"is_person": True, "phone_documents_1d": 4, "phone_documents_7d": 5})
    hits = load_pack(None).evaluate(row)
    assert [hit.rule.id for hit in hits] == ["R8"]
    assert rests_on(hits, row) == {"phone_documents_1d"}


COUNTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=60)


@given(COUNTS, st.integers(0, 60))
def test_the_buckets_of_a_rolling_window_add_up_to_its_count(told: list[tuple[int, int]], at: int) -> None:
    window = LastHour()
    for bucket, amount in told:
        window.add(100 + bucket, amount)
    counts = window.counts(100 + at)
    assert (len(counts), sum(counts)) == (window.span, window.at(100 + at))


@given(COUNTS, st.integers(0, 60), st.sampled_from([DISTINCT_DAY, DISTINCT_WEEK]))
def test_different_values_are_counted_once_each(told: list[tuple[int, int]], at: int, span: int) -> None:
    values = DailyDistinct()
    for bucket, value in told:
        values.add(100 + bucket, value)
    firsts = values.firsts(100 + at, span)
    assert (len(firsts), sum(firsts)) == (span, values.at(100 + at, span))
