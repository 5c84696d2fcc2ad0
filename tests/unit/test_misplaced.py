"""A record in another partition than the contract names is moved into the right one; its parcel is judged once."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2

from parcelward import counts
from parcelward.identity.token_keys import KEYS_KEY
from parcelward.replay.check import check
from parcelward.replay.compare import Span
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline, Result
from parcelward.shipments.shipment import decode_shipment, ledger_key
from parcelward.stage import Record
from parcelward.topics import Topics, partition_of
from tests.builders import DAY, MINUTE, SECOND, T0, alerts_of, inspection, real_name, record, scan, settings
from tests.courier_traffic import COURIERS, traffic
from tests.live_run import LiveRun

PARTITIONS = 4
WAYBILL = "SF0000000000001"
RIGHT = partition_of(WAYBILL.encode(), PARTITIONS)
WRONG = (RIGHT + 1) % PARTITIONS


def run(records: Sequence[Record], **changes: Any) -> tuple[Result, Pipeline]:
    """Feed records one by one; what is moved comes back a second later, as from a broker."""
    chosen = settings(partitions=PARTITIONS, **changes)
    line, total, waiting = Pipeline(build_stages(chosen), chosen.topics, PARTITIONS), Result(), [*records]
    while waiting:
        one = waiting.pop(0)
        part = line.feed([one])
        total.alerts += part.alerts
        total.rejected += part.rejected
        total.counts += part.counts
        total.moved += part.moved
        for right, (topic, key, value, headers) in part.moved:
            waiting.insert(0, Record(topic, right, one.offset, one.timestamp + SECOND, key, value, headers))
    last = line.feed([], {"intake.swift": T0 + DAY})
    total.alerts += last.alerts
    return total, line


def halves() -> list[Record]:
    """Both duties of one parcel, by two producers of which one goes by CRC-32."""
    return [record(real_name(WAYBILL), partition=RIGHT), record(inspection(WAYBILL), T0 + MINUTE, partition=WRONG)]


# From Kafka's own test of its clients (UtilsTest.testMurmur2).
JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize("key", JAVA)
def test_the_partition_is_that_of_javas_default_partitioner(key: bytes) -> None:
    assert partition_of(key, 2**31) == JAVA[key] & 0x7FFFFFFF


@given(st.binary(max_size=70), st.integers(1, 512))
def test_our_publisher_chooses_the_same_partition(key: bytes, partitions: int) -> None:
    """kafka-python's default partitioner is this hash, masked, over the number of partitions."""
    assert partition_of(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions


def test_both_halves_of_a_parcel_are_joined_and_judged_once() -> None:
    result, line = run(halves())
    assert (result.alerts, result.rejected) == ([], [])
    assert result.counts[counts.MISPLACED, "swift"] == 1
    assert result.counts[counts.CONSUMED, "swift", "cn.delivery.acceptance.inspection.v1"] == 1
    key = ledger_key("swift", WAYBILL)
    assert [number for number, cell in enumerate(line.cells["duties"]) if key in cell.state] == [RIGHT]
    assert decode_shipment(line.cells["duties"][RIGHT].state[key]).events == 2


def test_a_record_is_moved_as_it_was() -> None:
    sent = record(inspection(WAYBILL), partition=WRONG)
    ((right, moved),) = run([sent])[0].moved
    assert (right, *moved) == (RIGHT, sent.topic, sent.key, sent.value, sent.headers)


def test_a_record_that_would_be_refused_is_refused_where_it_lies() -> None:
    result, _ = run([record(inspection(WAYBILL, colour="red"), partition=WRONG)])
    assert result.moved == []
    assert len(result.rejected) == 1


def test_a_worker_that_may_not_move_counts_and_screens_where_the_record_lies() -> None:
    result, _ = run(halves(), move_misplaced=False)
    assert result.counts[counts.MISPLACED, "swift"] == 1
    assert result.moved == []
    assert len(alerts_of(result)) > 0


def test_a_waybill_that_is_known_in_a_wrong_partition_stays_whole_there() -> None:
    """So it was joined before records were moved."""
    before, after = settings(partitions=PARTITIONS, move_misplaced=False), settings(partitions=PARTITIONS)
    old = Pipeline(build_stages(before), Topics(), PARTITIONS)
    old.feed([record(real_name(WAYBILL), partition=WRONG)])
    new = Pipeline(build_stages(after), Topics(), PARTITIONS)
    for cell, left in zip(new.cells["duties"], old.cells["duties"], strict=True):
        cell.state = left.state
        cell.stage.restore(cell.state)
    result = new.feed([record(inspection(WAYBILL), T0 + MINUTE, partition=WRONG)])
    assert result.moved == []
    assert new.feed([], {"intake.swift": T0 + DAY}).alerts == []


def test_with_one_partition_nothing_is_misplaced() -> None:
    chosen = settings()
    result = Pipeline(build_stages(chosen), Topics()).feed([record(scan(f"SF{number:05}")) for number in range(50)])
    assert result.moved == []
    assert result.counts[counts.MISPLACED, "swift"] == 0


def scattered(seed: int) -> list[Record]:
    """Mixed traffic in which every record goes where one of two producers put it."""
    rng, offsets, records = Random(seed), Counter[tuple[str, int]](), []
    for one in traffic(seed, 40, partitions=3):
        partition = crc32(one.key or b"") % 3 if rng.random() < 0.5 else one.partition
        records.append(one._replace(partition=partition, offset=offsets[one.topic, partition]))
        offsets[one.topic, partition] += 1
    return records


@pytest.mark.parametrize("seed", range(8))
def test_a_replay_of_scattered_records_equals_the_live_run_and_every_parcel_has_one_alert(seed: int) -> None:
    chosen = settings(couriers=COURIERS, partitions=3, scan_due=20 * 3600)
    stages = build_stages(chosen)
    live = LiveRun(chosen, stages, seed)
    live.run(scattered(seed))
    live.end(T0 + 3 * DAY)
    assert check(live, stages, Span(), None).comparison.same
    keys = [key for (name, _), cell in live.cells.items() if name == "duties" for key in cell.state if key != KEYS_KEY]
    assert len(keys) == len(set(keys))
