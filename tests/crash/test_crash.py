"""The delivery protocol of one partition under faults at every step; nothing is lost, doubled, reordered or made up.

CRASH_SCHEDULES sets how many runs there are (2,500; in `make check` 10,000), CRASH_SEED draws others than those of CI.
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
