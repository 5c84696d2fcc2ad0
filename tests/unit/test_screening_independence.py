"""Results do not depend on where batches are cut, on partitions, or on how couriers interleave."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parcelward.stage import Record
from tests.builders import HOUR, MINUTE, SECOND, T0, feed_all, inspection, pipeline, real_name, record

DOCUMENTS = ["360426199101010071", "110101197608056897", "110101197608056896"]
GOODS = ["羽绒服", "汽油", "日用品", "书籍", "电子烟"]


def traffic(seed: int, waybills: int = 25) -> list[Record]:
    """Mixed traffic of two couriers, faults included, in arrival order."""
    rng = random.Random(seed)
    events = []
    for number in range(waybills):
        courier = rng.choice(["swift", "orient"])
        waybill, at = f"SF{number:013d}", T0 + rng.randrange(3 * HOUR)
        data = real_name(
            waybill,
            courier=courier,
            outlet=rng.choice(["A", "B"]),
            operator=rng.choice(["E1", "E2"]),
            sender={"document_number": rng.choice(DOCUMENTS), "phone": rng.choice(["13800001234", "13800009999"])},
            goods={"name": rng.choice(GOODS)},
            weight_g=rng.choice([300, 900, 40_000]),
        )
        events.append((data, at, at + rng.randrange(10 * SECOND)))
        if rng.random() < 0.8:
            done = at + rng.randrange(MINUTE, 50 * MINUTE)
            photo = {"sha256": f"{rng.randrange(4):064x}"}
            checked = inspection(waybill, courier=courier, outlet=data["outlet"], operator="E1", photos=[photo])
            events.append((checked, done, done + rng.randrange(2 * HOUR)))
        if rng.random() < 0.2:
            events.append((data | {"weight_g": 77}, at + MINUTE, at + 2 * MINUTE))
    events.sort(key=lambda event: event[2])
    return [record(data, at, arrival, f"e{n}", offset=n) for n, (data, at, arrival) in enumerate(events)]


def outcome_of(records, sizes, partitions=1):
    line = pipeline(partitions)
    alerts, start, sizes = [], 0, list(sizes)
    while start < len(records):
        size = sizes.pop(0) if sizes else 7
        alerts += line.feed(records[start : start + size]).alerts
        start += size
    last = {"intake.swift": T0 + 10 * HOUR, "intake.orient": T0 + 10 * HOUR}
    alerts += line.feed([], last).alerts
    states = {
        name: {key: value for cell in cells for key, value in cell.state.items()}
        for name, cells in (("duties", line.duties), ("senders", line.senders), ("outlets", line.outlets))
    }
    return sorted((alert.key, alert.value) for alert in alerts), states


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 30), max_size=12))
def test_cuts_of_batches_do_not_matter(seed, sizes):
    records = traffic(seed)
    alerts, states = outcome_of(records, [1] * len(records))
    assert alerts, "the traffic must raise alerts, or nothing is tested"
    assert outcome_of(records, sizes) == (alerts, states)


@pytest.mark.parametrize("seed", range(3))
def test_partitions_of_the_later_stages_do_not_matter(seed):
    records = traffic(seed)
    assert outcome_of(records, [5] * 50)[0] == outcome_of(records, [5] * 50, partitions=3)[0]


def test_a_replay_gives_the_same_alerts():
    records = traffic(1)
    first, second = feed_all(pipeline(), records, 4), feed_all(pipeline(), records, 9)
    assert sorted(send.value or b"" for send in first.alerts) == sorted(send.value or b"" for send in second.alerts)
