"""The delivery protocol of one partition under faults at every step; nothing is lost, doubled, reordered or made up.

CRASH_SCHEDULES sets how many runs there are (1,500; in `make check` 2,500), CRASH_SEED draws others than those of CI.
"""

import os
from random import Random

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.crash.amount import SCHEDULES
from tests.crash.faults import Fault, Kind
from tests.crash.scenario import Chunk, Scenario
from tests.crash.schedules import PLANS, RUNS_PER_SCENARIO, SETTINGS, SOURCES, check, drawn_scenario
from tests.crash.world import run

SEED = os.environ.get("CRASH_SEED", "1")


@settings(
    max_examples=-(-SCHEDULES // RUNS_PER_SCENARIO),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@seed(int(SEED))
@given(st.randoms(use_true_random=False), st.integers(0, 2**32))
def test_whatever_happens_at_whatever_step_the_outcome_is_that_of_an_undisturbed_run(rng: Random, faults: int) -> None:
    check(drawn_scenario(rng), Random(faults))


def test_what_a_void_recovery_still_reads_does_not_get_into_the_new_state() -> None:
    """One of half a million schedules (seed 801): a fetch is answered while the partitions are being taken anew."""
    chunks = [
        Chunk(topic, now, [(b"key 0", value, ())])
        for topic, now, value in zip(SOURCES, (1001, 1002), (b"value 1", b"value 2"), strict=True)
    ]
    scenario = Scenario(
        chunks, gaps=[0, 10, 0], fetches=[0, 1, 1, 1, 1], batch_records=2, end_ms=1102, stages=1, elsewhere=11,
        markers=None, alone=(False,),
    )  # fmt: skip
    faults = (
        Fault(11, Kind.REBALANCE_BEFORE, pause=20, patience_s=12.0, back=False, stay=True),
        Fault(13, Kind.CRASH_LATE, pause=12, patience_s=25.0, back=True, stay=False),
        Fault(30, Kind.ERROR_AFTER, pause=2, patience_s=25.0, back=True, stay=True),
        Fault(38, Kind.REBALANCE_AFTER, pause=2, patience_s=12.0, back=False, stay=True),
    )
    assert run(scenario, PLANS[1], SETTINGS, faults) == run(scenario, PLANS[1], SETTINGS)


def test_a_worker_that_was_paused_does_not_apply_what_another_one_has_written_since() -> None:
    """It was restored, and its recovery still reads: the records are another worker's, and the group will say so."""
    chunks = [
        Chunk(SOURCES[1], 1003, [None]),
        Chunk(SOURCES[0], 1007, [(b"key 0", b"value 2", ()), None, (b"key 1", b"poison 4", ()), (b"key 2", b"v", ())]),
    ]
    scenario = Scenario(
        chunks, gaps=[22, 14, 8], fetches=[1, 4, 0, 2, 1], batch_records=6, end_ms=1107, stages=1, elsewhere=None,
        markers=None, alone=(True, False),
    )  # fmt: skip
    faults = (
        Fault(4, Kind.STALL_AFTER, pause=21, patience_s=12.0),
        Fault(9, Kind.ERROR_AFTER, pause=13, patience_s=1.0, back=True),
        Fault(42, Kind.STALL_AFTER, pause=2, patience_s=12.0),
    )
    assert run(scenario, PLANS[1], SETTINGS, faults) == run(scenario, PLANS[1], SETTINGS)
