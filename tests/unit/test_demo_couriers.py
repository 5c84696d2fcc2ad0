"""The demo's couriers report on every parcel they accepted, so that only planted omissions are found at the end."""

from collections import defaultdict
from datetime import UTC, datetime
from itertools import islice
from typing import Any, cast

import pytest

from parcelward.contract.alerts import Alert
from parcelward.demo.couriers import Couriers, closing_s
from parcelward.publisher import Publisher
from parcelward.simulate import Plan, SimulatedRecord, Simulation, live
from parcelward.stage import Record
from tests.builders import pipeline

START = datetime(2026, 11, 2, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)


def simulation(seed: int = 7, malformed: float = 0.0) -> Simulation:
    return Simulation(live(Plan(start=START, seed=seed, malformed_share=malformed), 120))


def of_a_demo(run: Simulation, seconds: float) -> list[SimulatedRecord]:
    """The records of a demo of so many seconds."""
    taken = []
    for record in run.records():
        taken.append(record)
        if record.arrival_ms > START_MS + closing_s(seconds) * 1000:
            run.close()
    return taken


def rules_by_waybill(records: list[SimulatedRecord]) -> dict[str, set[str]]:
    """Rules that raised alerts, with the demo's deadlines, once these have passed."""
    line = pipeline(inspection_due="PT6S", real_name_due="PT6S")
    intake = [
        Record(f"intake.{one.courier}", 0, number, one.arrival_ms, one.key, one.value, one.headers)
        for number, one in enumerate(sorted(records, key=lambda one: one.arrival_ms))
    ]
    sends = line.feed(intake).alerts
    end = intake[-1].timestamp + 60_000
    sends += line.feed([], dict.fromkeys({record.topic for record in intake}, end)).alerts
    rules: dict[str, set[str]] = defaultdict(set)
    for send in sends:
        alert = Alert.model_validate_json(send.value or b"")
        rules[alert.waybill] |= {finding.rule for finding in alert.findings}
    return rules


@pytest.mark.parametrize("seconds", [3, 10, 30])
def test_an_inspection_is_missing_only_where_that_was_planted(seconds: float) -> None:
    run = simulation(seed=9)
    rules = rules_by_waybill(of_a_demo(run, seconds))
    planted = {label.waybill for label in run.labels() if label.note in ("no inspection", "inspected too late")}
    overdue = {waybill for waybill, found in rules.items() if "R3" in found}
    assert planted
    assert overdue == planted


def test_after_closing_no_parcel_begins_and_none_is_left_half_reported() -> None:
    whole: dict[bytes | None, int] = defaultdict(int)
    endless = simulation()
    for record in islice(endless.records(), 8000):
        whole[record.key] += 1
    run = simulation()
    taken = of_a_demo(run, 8)
    begun = {record.key for record in taken if record.arrival_ms <= START_MS + closing_s(8) * 1000}
    counted: dict[bytes | None, int] = defaultdict(int)
    for record in taken:
        counted[record.key] += 1
    twice = {label.waybill.encode() for label in endless.labels() if label.pattern == "R20"}
    late = counted.keys() - begun
    assert len(late) <= 1, "the record that was looked at when the counters closed"
    assert {key: counted[key] for key in begun - twice} == {key: whole[key] for key in begun - twice}
    assert max(record.arrival_ms for record in taken) > START_MS + 4000, "and some of it came after closing"


class Broker:
    """Takes what a publisher would send."""

    def __init__(self) -> None:
        self.published: list[bytes] = []
        self.unchecked = 0

    def publish_json(self, line: bytes) -> None:
        self.published.append(line)

    def publish_unchecked(self, *_: Any) -> None:
        self.unchecked += 1


def test_what_is_due_is_published_and_the_rest_at_once_when_the_counters_have_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker, complaints = Broker(), list[str]()
    monkeypatch.setattr("parcelward.demo.couriers.time.time", lambda: START_MS / 1000 + 4)
    at_work = Couriers(simulation(malformed=0.05), cast(Publisher, broker), complaints.append)
    at_work.publish_due()
    by_now = len(broker.published)
    assert by_now > 100
    assert broker.unchecked > 0
    at_work.publish_due()
    assert len(broker.published) == by_now, "nothing is published twice"
    at_work.close()
    assert not at_work.are_done
    at_work.publish_rest()
    assert at_work.are_done
    assert by_now < len(broker.published) < 3 * by_now
    assert complaints == []
    assert at_work.labels()


def test_closing_leaves_half_of_a_short_demo_and_six_seconds_of_a_long_one() -> None:
    assert [closing_s(seconds) for seconds in (3, 12, 60, float("inf"))] == [1.5, 6, 54, float("inf")]
