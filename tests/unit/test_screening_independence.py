"""Results do not depend on cuts of batches, on partitions, on when state expires, or on how couriers interleave."""

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parcelward.stage import Record
from tests.builders import DAY, HOUR, MINUTE, SECOND, T0, feed_all, inspection, pipeline, real_name, record, scan

COURIERS = ["swift", "orient"]
DOCUMENTS = ["360426199101010071", "110101197608056897", "110101197608056896"]
PHONES = ["13800001234", "13800009999"]
GOODS = ["羽绒服", "汽油", "日用品", "书籍", "电子烟"]
Events = list[tuple[dict[str, object], int, int, str]]  # data, event time, arrival, event id


def parcel(rng: random.Random, number: int, courier: str, at: int, documents: list[str], phones: list[str]) -> Events:
    """One parcel's events, faults included, none of them in a hurry to arrive."""
    waybill = f"SF{number:013d}"
    data = real_name(
        waybill,
        courier=courier,
        outlet=rng.choice(["A", "B"]),
        operator=rng.choice(["E1", "E2"]),
        operator_document=rng.choice(documents),
        sender={"document_number": rng.choice(documents), "phone": rng.choice(phones)},
        goods={"name": rng.choice(GOODS)},
        weight_g=rng.choice([300, 900, 40_000]),
    )
    name = f"{courier}-{number}"
    events: Events = [(data, at, at + rng.randrange(10 * SECOND), f"{name}-r")]
    if rng.random() < 0.8:
        done = at + rng.randrange(MINUTE, 50 * MINUTE)
        photo = {"sha256": f"{rng.randrange(4):064x}"}
        checked = inspection(waybill, courier=courier, outlet=data["outlet"], operator="E1", photos=[photo])
        events.append((checked, done, done + rng.randrange(2 * HOUR), f"{name}-i"))
    if rng.random() < 0.2:
        events.append((data | {"weight_g": 77}, at + MINUTE, at + 2 * MINUTE, f"{name}-c"))
    if rng.random() < 0.2:
        better = data | {"goods": {"name": "书籍"}, "corrects": f"{name}-r"}
        events.append((better, at, at + rng.randrange(HOUR, DAY), f"{name}-k"))
    if rng.random() < 0.5:
        seen = at + rng.randrange(2 * HOUR, 2 * DAY)
        events.append((scan(waybill, courier=courier), seen, seen + rng.randrange(MINUTE), f"{name}-s"))
    return events


def traffic(seed: int, waybills: int = 25, days: float = 0.125, apart: bool = False) -> list[Record]:
    """Mixed traffic of two couriers in arrival order; `apart`: no sender uses both."""
    rng = random.Random(seed)
    events: Events = []
    for number in range(waybills):
        side = rng.randrange(2)
        mine = slice(side, None, 2) if apart else slice(None)
        at = T0 + rng.randrange(int(days * DAY))
        events += parcel(rng, number, COURIERS[side], at, DOCUMENTS[mine], PHONES[mine])
    events.sort(key=lambda event: event[2])
    return [record(data, at, arrival, name, offset=n) for n, (data, at, arrival, name) in enumerate(events)]


def outcome_of(records, sizes, partitions=1, ticks=False, until=10 * HOUR, **changes):
    """Alerts, sorted, and states, with batches of `sizes`; `ticks`: quiet topics say so between batches."""
    line = pipeline(partitions, **changes)
    alerts, start, sizes = [], 0, list(sizes)
    while start < len(records):
        size = sizes.pop(0) if sizes else 7
        part = records[start : start + size]
        alerts += line.feed(part).alerts
        start += size
        if ticks and start < len(records):
            quiet = defaultdict(int)
            for later in reversed(records[start:]):
                quiet[later.topic] = later.timestamp - 1
            alerts += line.feed([], dict(quiet)).alerts
    alerts += line.feed([], {f"intake.{courier}": T0 + until for courier in COURIERS}).alerts
    states = {
        name: {key: value for cell in cells for key, value in cell.state.items()}
        for name, cells in (("duties", line.duties), ("senders", line.senders), ("outlets", line.outlets))
    }
    return sorted((alert.key, alert.value) for alert in alerts), states


def interleaved(records: Iterable[Record], seed: int) -> list[Record]:
    """The same records with every courier's own order kept and the order between couriers drawn anew."""
    rng, queues = random.Random(seed), defaultdict(list)
    for one in records:
        queues[one.topic].append(one)
    order = [topic for topic, queue in queues.items() for _ in queue]
    rng.shuffle(order)
    return [queues[topic].pop(0) for topic in order]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 30), max_size=12))
def test_cuts_of_batches_do_not_matter(seed, sizes):
    records = traffic(seed)
    alerts, states = outcome_of(records, [1] * len(records))
    assert alerts, "the traffic must raise alerts, or nothing is tested"
    assert outcome_of(records, sizes) == (alerts, states)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 60), max_size=12), st.booleans())
def test_cuts_and_ticks_do_not_matter_when_state_expires(seed, sizes, ticks):
    """Traffic of longer than any window and photo_keep; what is found expired when must not show in an alert."""
    changes = {"until": 40 * DAY, "scan_due": timedelta(hours=20), "photo_keep": timedelta(days=2)}
    records = traffic(seed, waybills=60, days=25)
    alerts, _ = outcome_of(records, [1] * len(records), **changes)
    assert alerts
    assert outcome_of(records, sizes, ticks=ticks, **changes)[0] == alerts


@pytest.mark.parametrize("seed", range(3))
def test_partitions_of_the_later_stages_do_not_matter(seed):
    """One record at a time: parcels under way at once may pass one another between partitions, as in any topic."""
    records = traffic(seed)
    one_by_one = [1] * len(records)
    assert outcome_of(records, one_by_one)[0] == outcome_of(records, one_by_one, partitions=3)[0]


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000), st.integers(0, 10_000), st.sampled_from([1, 7, 40]))
def test_the_order_between_couriers_does_not_matter(seed, other, size):
    """Each courier keeps its own order. Senders are apart: a document used at both is counted as its parcels pass."""
    changes = {"until": 40 * DAY, "scan_due": timedelta(hours=20)}
    records = traffic(seed, waybills=40, days=9, apart=True)
    alerts, _ = outcome_of(records, [size] * len(records), **changes)
    assert outcome_of(interleaved(records, other), [size] * len(records), **changes)[0] == alerts


def test_a_replay_gives_the_same_alerts():
    records = traffic(1)
    first, second = feed_all(pipeline(), records, 4), feed_all(pipeline(), records, 9)
    assert sorted(send.value or b"" for send in first.alerts) == sorted(send.value or b"" for send in second.alerts)
