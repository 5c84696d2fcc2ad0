"""Records become batches, and records that are sent get their partition; no Kafka."""

from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelward.stage import Outcome, Record, Send
from streams.engine.inbox import MOST_BYTES, Inbox
from streams.engine.transactions import Records


def record(topic: str, offset: int, timestamp: int) -> Record:
    return Record(topic, 0, offset, timestamp, b"w", b"v")


def filled(*records: Record) -> Inbox:
    inbox = Inbox(("a", "b"))
    for one in records:
        inbox.add(one.topic, [one])
    return inbox


def test_topics_are_merged_by_arrival_and_ties_by_topic() -> None:
    inbox = filled(record("b", 0, 10), record("b", 1, 30), record("a", 0, 10), record("a", 1, 20))
    found = inbox.next_batch(100)
    assert [(r.topic, r.offset) for r in found.batch.records] == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    assert found.positions == {"a": 2, "b": 2}
    assert inbox.count == 0


def test_order_within_a_topic_stays_when_the_brokers_clock_steps_back() -> None:
    inbox = filled(record("a", 0, 50), record("a", 1, 10), record("b", 0, 20))
    assert [(r.topic, r.offset) for r in inbox.next_batch(100).batch.records] == [("b", 0), ("a", 0), ("a", 1)]


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5)), max_size=30),
    st.integers(1, 7),
)
def test_batches_of_any_size_deliver_everything_once_and_in_order(made: list[tuple[str, int]], limit: int) -> None:
    inbox = Inbox(("a", "b"))
    offsets = {"a": 0, "b": 0}
    for topic, timestamp in made:
        inbox.add(topic, [record(topic, offsets[topic], timestamp)])
        offsets[topic] += 1
    found: list[tuple[str, int]] = []
    positions: dict[str, int] = {}
    while inbox.count:
        cut = inbox.next_batch(limit)
        assert 0 < len(cut.batch.records) <= limit
        found += [(r.topic, r.offset) for r in cut.batch.records]
        positions |= cut.positions
    for topic, end in offsets.items():
        assert [offset for name, offset in found if name == topic] == list(range(end))
        assert positions.get(topic, 0) == end


def test_records_delivered_again_after_a_seek_are_dropped() -> None:
    inbox = Inbox(("a",))
    inbox.add("a", [record("a", number, number) for number in range(5)])
    inbox.next_batch(100)
    inbox.add("a", [record("a", number, number) for number in range(2, 8)])
    assert [r.offset for r in inbox.next_batch(100).batch.records] == [5, 6, 7]


def test_after_clear_everything_is_added_again() -> None:
    inbox = filled(record("a", 0, 1), record("a", 1, 2))
    inbox.mark_quiet("a", 5)
    inbox.clear()
    assert inbox.count == 0
    inbox.add("a", [record("a", 0, 1)])
    found = inbox.next_batch(100)
    assert [r.offset for r in found.batch.records] == [0]
    assert found.batch.quiet_until == {}


def test_a_topic_is_quiet_only_when_none_of_its_records_is_left() -> None:
    inbox = filled(record("a", 0, 1), record("a", 1, 2), record("b", 0, 1))
    inbox.mark_quiet("a", 90)
    inbox.mark_quiet("b", 80)
    assert inbox.next_batch(2).batch.quiet_until == {"b": 80}
    assert inbox.next_batch(2).batch.quiet_until == {"a": 90, "b": 80}


def test_quiet_never_goes_back() -> None:
    inbox = Inbox(("a",))
    inbox.mark_quiet("a", 90)
    inbox.mark_quiet("a", 50)
    assert inbox.next_batch(1).batch.quiet_until == {"a": 90}


@pytest.mark.parametrize(("key", "partition"), [(b"SF1234567890123", crc32(b"SF1234567890123") % 7), (None, 3)])
def test_records_go_where_their_key_says_and_without_key_stay(key: bytes | None, partition: int) -> None:
    outcome = Outcome(sends=[Send("t", key, b"1"), Send("t", key, b"2")])
    routed = Records(partitions=7)
    routed.add(3, outcome.sends)
    assert {where: [value for _, value, _ in outputs] for where, outputs in routed.items()} == {
        ("t", partition): [b"1", b"2"]
    }


def large(topic: str, offset: int, size: int) -> Record:
    return Record(topic, 0, offset, offset, b"w", b"v", size=size)


def test_a_batch_ends_with_the_record_that_makes_it_large() -> None:
    third = MOST_BYTES // 3 + 1
    inbox = filled(*(large("a", number, third) for number in range(7)), record("b", 0, 90))
    assert inbox.fills(4000)
    found: list[list[tuple[str, int]]] = []
    while inbox.count:
        cut = inbox.next_batch(4000)
        found.append([(r.topic, r.offset) for r in cut.batch.records])
    assert found == [
        [("a", 0), ("a", 1), ("a", 2)],
        [("a", 3), ("a", 4), ("a", 5)],
        [("a", 6), ("b", 0)],
    ]
    assert not inbox.fills(4000)


def test_a_record_larger_than_a_batch_is_a_batch_of_its_own() -> None:
    inbox = filled(large("a", 0, 2 * MOST_BYTES), record("a", 1, 1))
    assert [r.offset for r in inbox.next_batch(4000).batch.records] == [0]
    assert not inbox.fills(4000)
    assert inbox.next_batch(4000).positions == {"a": 2}


def test_what_is_forgotten_no_longer_fills_a_batch() -> None:
    inbox = filled(large("a", 0, MOST_BYTES))
    assert inbox.fills(4000)
    inbox.clear()
    assert not inbox.fills(4000)


def test_deadlines_wait_for_the_batch_that_holds_all_that_came_before_the_quiet_time() -> None:
    inbox = filled(record("a", 0, 10), record("a", 1, 20), record("b", 0, 15))
    inbox.mark_quiet("a", 5)
    inbox.hold("a", 7)
    inbox.hold("a", 9)  # what is held stays held from its beginning
    assert inbox.next_batch(2).batch.held_from == {"a": 7}
    assert inbox.next_batch(2).batch[1:] == ({}, {"a": 7})
    inbox.mark_quiet("a", 30)
    inbox.add("a", [record("a", 2, 25)])
    assert inbox.next_batch(0).batch[1:] == ({}, {"a": 7})
    assert inbox.next_batch(2).batch[1:] == ({"a": 30}, {"a": 7})
    assert inbox.next_batch(2).batch[1:] == ({"a": 30}, {})


def test_a_hold_ends_with_a_seek() -> None:
    inbox = filled(record("a", 0, 10))
    inbox.hold("a", 7)
    inbox.clear()
    assert inbox.next_batch(2).batch.held_from == {}


def test_a_gap_is_committed_without_a_record_and_once() -> None:
    inbox = filled()
    inbox.pass_gap("a", 25)
    assert not inbox.is_empty
    assert inbox.next_batch(100).positions == {"a": 25}
    assert inbox.is_empty
    assert inbox.next_batch(100).positions == {}


def test_a_gap_is_not_passed_before_the_records_that_came_first() -> None:
    inbox = filled(record("a", 0, 10), record("a", 1, 20), record("b", 0, 30))
    inbox.pass_gap("a", 25)
    assert inbox.next_batch(1).positions == {"a": 1}
    assert inbox.next_batch(1).positions == {"a": 25}
    assert inbox.next_batch(1).positions == {"b": 1}


def test_of_several_gaps_the_last_one_counts_and_records_in_between_come_first() -> None:
    inbox = filled()
    for start in (25, 30):
        inbox.pass_gap("a", start)
    inbox.add("a", [record("a", 30, 10), record("a", 31, 11)])
    inbox.pass_gap("a", 40)
    assert [inbox.next_batch(1).positions for _ in range(2)] == [{"a": 31}, {"a": 40}]


def test_a_gap_never_sets_a_position_back() -> None:
    inbox = filled()
    inbox.pass_gap("a", 25)
    inbox.add("a", [record("a", 26, 10), record("a", 27, 11)])
    assert inbox.next_batch(1).positions == {"a": 27}
    inbox.pass_gap("a", 20)
    assert inbox.next_batch(1).positions == {"a": 28}
    assert inbox.is_empty


def test_a_gap_is_forgotten_with_a_seek() -> None:
    inbox = filled()
    inbox.pass_gap("a", 25)
    inbox.clear()
    assert inbox.is_empty
    assert inbox.next_batch(1).positions == {}
