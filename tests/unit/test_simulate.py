"""Simulated traffic: valid, ordered, repeatable, labelled apart from the events, and hard to judge by one feature."""

import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson
import pytest

from parcelward.contract.events import EVENT_MODELS, EventType
from parcelward.contract.reasons import Reason
from parcelward.errors import UserError
from parcelward.intake.decode import Decoder, Event, Limits, Rejected
from parcelward.simulate import PATTERNS, Label, Plan, SimulatedEvent, Simulation, live, malformed, simulate
from parcelward.stage import Record
from parcelward.topics import Topics

START = datetime(2026, 11, 2, tzinfo=UTC)
DAY = Plan(waybills_per_day=8_000, start=START, seed=7, violation_share=0.03)
REAL_NAME, INSPECTION = EventType.REAL_NAME.value, EventType.INSPECTION.value
DECODER = Decoder(Topics(), Limits())

Truth = dict[str, list[Label]]


@lru_cache
def run(plan: Plan) -> tuple[list[SimulatedEvent], list[Label]]:
    simulation = Simulation(plan)
    return list(simulation.events()), simulation.labels()


def decoded(event: SimulatedEvent) -> Event | Rejected:
    key = event.envelope["data"]["waybill"].encode()
    value = orjson.dumps(event.envelope)
    headers = (("content-type", b"application/cloudevents+json"),)
    return DECODER.decode(Record(f"intake.{event.courier}", 0, 0, event.arrival_ms, key, value, headers))


def by_waybill(events: list[SimulatedEvent], kind: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        if event.envelope["type"] == kind:
            found[event.envelope["subject"]].append(event.envelope)
    return found


def test_the_same_plan_gives_the_same_events_and_labels() -> None:
    first, second = Simulation(DAY), Simulation(DAY)
    assert list(islice(first.events(), 3000)) == list(islice(second.events(), 3000))
    assert first.labels() == second.labels()


def test_another_seed_gives_other_events() -> None:
    assert list(islice(simulate(DAY), 50)) != list(islice(simulate(replace(DAY, seed=8)), 50))


def test_a_later_start_repeats_no_waybill_and_no_event_id() -> None:
    one = [event.envelope for event in islice(simulate(DAY), 5000)]
    later = [event.envelope for event in islice(simulate(replace(DAY, start=START + timedelta(seconds=1))), 5000)]
    for name in ("subject", "id"):
        assert {envelope[name] for envelope in one}.isdisjoint(envelope[name] for envelope in later)


def test_events_come_in_order_of_arrival_and_stream_from_an_endless_plan() -> None:
    arrivals = [event.arrival_ms for event in islice(simulate(replace(DAY, days=36_500)), 30_000)]
    assert arrivals == sorted(arrivals)
    assert len(arrivals) == 30_000


def test_every_event_meets_the_contract_and_passes_the_decoder() -> None:
    events, _ = run(DAY)
    assert len(events) > 1000
    for event in events:
        EVENT_MODELS[EventType(event.envelope["type"])].model_validate_json(orjson.dumps(event.envelope))
        assert isinstance(decoded(event), Event), decoded(event)


def test_the_base_rate_is_honest_by_default_and_labels_stay_out_of_the_events() -> None:
    plan = Plan(waybills_per_day=15_000, start=START)
    events, labels = run(plan)
    waybills = {event.envelope["subject"] for event in events}
    assert 0.003 < len({label.waybill for label in labels}) / len(waybills) < 0.01
    assert {label.waybill for label in labels} <= waybills
    words = {label.note for label in labels} | {label.case for label in labels}
    text = json.dumps([event.envelope for event in events], ensure_ascii=False)
    assert not [word for word in words if word in text]


def test_a_label_is_published_only_with_its_waybill() -> None:
    simulation = Simulation(DAY)
    seen = {event.envelope["subject"] for event in islice(simulation.events(), 5000)}
    assert simulation.labels()
    assert {label.waybill for label in simulation.labels()} <= seen


def test_traffic_has_its_rhythm_resends_corrections_late_uploads_and_odd_orders() -> None:
    events, labels = run(DAY)
    spoilt = {label.waybill for label in labels}
    hours = Counter(event.arrival_ms // 3_600_000 % 24 for event in events)
    assert hours[9] > 10 * hours[20]  # 17:00 and 04:00 at UTC+8
    ids = Counter(event.envelope["id"] for event in events)
    resent, corrected = [key for key, count in ids.items() if count > 1], Counter[bool]()
    late = early = backfilled = 0
    inspected = by_waybill(events, INSPECTION)
    for waybill, envelopes in by_waybill(events, REAL_NAME).items():
        corrected[any("corrects" in envelope["data"] for envelope in envelopes)] += 1
        if waybill in spoilt or waybill not in inspected:
            continue
        gap = moment(inspected[waybill][0]["time"]) - moment(envelopes[0]["time"])
        early += gap < 0
        late += gap > 300
        backfilled += envelopes[0]["data"]["fill_mode"] == "backfill"
    assert len(resent) > 50
    assert corrected[True] > 20
    assert min(late, early, backfilled) > 20


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_a_documents_region_says_nothing_about_where_it_is_used() -> None:
    events, _ = run(DAY)
    pairs = [
        (data["sender"]["document_number"][:2], data["stated_region"][:2])
        for event in events
        if (data := event.envelope["data"]).get("sender", {}).get("document_type") == "resident_id"
    ]
    documents, outlets = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    expected = sum(documents[code] * outlets[code] for code in documents) / len(pairs)
    same = sum(one == other for one, other in pairs)
    assert abs(same - expected) < 5 * expected**0.5


def test_a_live_plan_shows_every_pattern_within_half_a_minute() -> None:
    plan = live(Plan(seed=3, days=30 / 86_400), 300, START)
    simulation = Simulation(plan)
    begin = int(START.timestamp() * 1000)
    shown, arrived = set(), Counter[int]()
    for event in simulation.events():
        if event.arrival_ms > begin + 30_000:
            break
        arrived[(event.arrival_ms - begin) // 10_000] += 1
    shown = {label.pattern for label in simulation.labels()}
    assert shown == set(PATTERNS)
    assert 200 < arrived[2] / 10 < 450


@pytest.mark.parametrize("rate", [50, 300, 1500])
def test_in_a_live_plan_honest_duties_are_done_within_seconds(rate: int) -> None:
    events, labels = run(live(Plan(seed=4, days=20 / 86_400), rate, START))
    spoilt = {label.waybill for label in labels}
    registered: dict[str, int] = {}
    inspected: dict[str, int] = {}
    letters = set()
    for event in events:
        seen = registered if event.envelope["type"] == REAL_NAME else inspected
        if event.envelope["type"] in (REAL_NAME, INSPECTION):
            seen.setdefault(event.envelope["subject"], event.arrival_ms)
        if event.envelope["data"].get("goods", {}).get("nature") == "letter":
            letters.add(event.envelope["subject"])
    honest = set(registered) - spoilt - letters
    assert honest <= set(inspected)
    gaps = sorted(abs(inspected[waybill] - registered[waybill]) for waybill in honest)
    assert gaps[int(len(gaps) * 0.999)] < 6000


def test_malformed_records_are_refused_for_the_reason_they_name() -> None:
    found = set()
    for record in islice(malformed(("swift", "orient"), START), 60):
        topic = f"intake.{record.courier}"
        answer = DECODER.decode(Record(topic, 0, 0, record.arrival_ms, record.key, record.value, record.headers))
        assert isinstance(answer, Rejected)
        assert answer.reason == record.refused_for
        found.add(answer.reason)
    assert found == set(Reason) - {Reason.UNKNOWN_KEY, Reason.UNEXPECTED}


def test_records_mix_malformed_ones_in_at_the_share_of_the_plan() -> None:
    records = list(islice(Simulation(replace(DAY, malformed_share=0.05)).records(), 10_000))
    refused = sum(record.refused_for is not None for record in records)
    assert 400 < refused < 600
    times = [record.arrival_ms for record in records]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"couriers": ()}, "couriers"),
        ({"waybills_per_day": 0}, "waybills"),
        ({"start": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001 - the mistake under test
        ({"violation_share": 2.0}, "violation_share"),
        ({"days": 0}, "days"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(UserError, match=word):
        replace(DAY, **changes)
