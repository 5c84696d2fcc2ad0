"""The delivery protocol of one partition under faults at every step; nothing is lost, doubled, reordered or made up.

CRASH_SCHEDULES sets how many runs there are, CRASH_SEED draws others than those of CI.
"""

import os
from random import Random

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.crash.schedules import RUNS_PER_SCENARIO, check, drawn_scenario

SCHEDULES = int(os.environ.get("CRASH_SCHEDULES", "10000"))
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
