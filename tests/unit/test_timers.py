"""Timers: their order, undoing a batch, and nothing in them for the garbage collector."""

import gc

from hypothesis import given
from hypothesis import strategies as st

from parcelward.shipments.timers import NEVER, Timers

TIMERS = st.lists(st.tuples(st.integers(0, 2**64 - 1), st.binary(min_size=1, max_size=6)), max_size=20)


@given(restored=TIMERS, later=TIMERS)
def test_timers_come_by_deadline_and_then_by_key(restored: list[tuple[int, bytes]], later: list[tuple[int, bytes]]):
    timers = Timers()
    timers.restore(("swift", due_ms, key) for due_ms, key in restored)
    for due_ms, key in later:
        timers.set("swift", due_ms, key)
    expected = sorted(restored + later)
    assert timers.next_due_ms("swift") == (expected[0][0] if expected else NEVER)
    assert [timers.pop("swift") for _ in expected] == expected
    assert timers.next_due_ms("swift") == NEVER
    timers.begin()
    assert [timers.pop("swift") for _ in expected] == expected
    timers.commit()
    timers.begin()
    assert len(timers) == 0


def test_the_garbage_collector_need_not_look_at_timers():
    timers = Timers()
    timers.restore([("swift", 1, b"a")])
    timers.set("swift", 2, b"b")
    assert len(timers) == 2
    assert not any(gc.is_tracked(timer) for queue in timers._queues.values() for timer in queue)
