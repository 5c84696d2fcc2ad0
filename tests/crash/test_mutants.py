"""The simulation finds every protocol with a step wrong, and nothing wrong with ours."""

from random import Random

import pytest

from tests.crash.amount import share_of
from tests.crash.chaining_mutants import CHAINING_MUTANTS
from tests.crash.mutants import MUTANTS, Mutant
from tests.crash.schedules import check, drawn_scenario

RUNS = 12_000
FOUND_LATE = {"chained_state_is_written_at_once": 14}
"""Seeds to begin with, of mutants that the earlier ones do not find: a minute less."""


def runs_until_broken(most: int = RUNS, seed: int = 0) -> int | None:
    """Count the runs until something is found wrong; None when nothing is."""
    runs = 0
    while runs < most:
        rng = Random(seed)
        try:
            runs += check(drawn_scenario(rng), rng)
        except AssertionError:
            return runs
        seed += 1
    return None


@pytest.mark.parametrize("mutant", [*MUTANTS, *CHAINING_MUTANTS], ids=lambda mutant: mutant.__name__)
def test_a_protocol_with_a_step_wrong_is_found(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    assert runs_until_broken(seed=FOUND_LATE.get(mutant.__name__, 0)) is not None


def test_nothing_is_wrong_with_ours_on_the_same_runs() -> None:
    """On the first of them, 3,000 in `make check`: `test_crash.py` runs as many again."""
    assert runs_until_broken(share_of(3_000)) is None
