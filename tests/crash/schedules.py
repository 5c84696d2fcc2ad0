"""Drawing of scenarios: traffic with its cuts, and the faults of each run."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import streams.engine.assignment
import streams.engine.chaining
import streams.engine.pacing
import streams.engine.partition
import streams.engine.transactions
import streams.engine.transport
from parcelward.intake.refusal import set_aside
from parcelward.settings import Settings
from parcelward.stage import Batch, Outcome
from streams.engine.partition import StagePlan
from tests.crash.broker import Row
from tests.crash.faults import Fault, Kind
from tests.crash.scenario import Chunk, Result, Scenario
from tests.crash.stage import ChainStage, TallyStage
from tests.crash.world import World, run

SETTINGS = Settings(couriers=("swift", "orient"), partitions=1, model=None)
SOURCES = tuple(SETTINGS.topics.intake(courier) for courier in SETTINGS.couriers)
RUNS_PER_SCENARIO = 150
PATIENCE_S = (1.0, 12.0, 25.0)  # within all time limits, beyond that of a rebalance, beyond that of a transaction


@contextlib.contextmanager
def simulated() -> Iterator[None]:
    """The engine on the clock of the simulation, without log lines and without what only a real process needs."""
    clock = SimpleNamespace(
        monotonic=lambda: asyncio.get_running_loop().time(),
        time=lambda: 0.0,
        perf_counter=lambda: 0.0,
        thread_time=lambda: 0.0,
    )
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    with contextlib.ExitStack() as stack:
        for module in (
            streams.engine.partition,
            streams.engine.assignment,
            streams.engine.transactions,
            streams.engine.transport,
        ):
            stack.enter_context(patch.object(module, "time", clock))
        stack.enter_context(patch.object(streams.engine.assignment, "gc", SimpleNamespace(collect=int, freeze=int)))
        stack.enter_context(patch.object(streams.engine.transport, "SHORT_POLL_S", 0.7))
        stack.enter_context(patch.object(streams.engine.pacing, "TICK_S", 4.0))
        stack.enter_context(patch.object(streams.engine.transactions, "MOST_RECORDS", 2))
        stack.enter_context(patch.object(streams.engine.chaining, "MOST_AT_ONCE", 2))
        try:
            yield
        finally:
            logging.disable(before)


class _Stepping:
    """A stage whose computing is a step, too."""

    def __init__(self, world: World, *args: Any) -> None:
        super().__init__(*args)
        self._world = world

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        self._world.computing()
        outcome: Outcome = super().step(batch, state)  # type: ignore[misc]
        return outcome


class _Chain(_Stepping, ChainStage):
    pass


class _Tally(_Stepping, TallyStage):
    pass


def one_stage(world: World) -> list[StagePlan]:
    """One stage over two couriers' topics, with ticks; poisoned records are set aside."""
    return [_first_stage(world, SETTINGS.topics.alerts, every=3)]


def two_stages(world: World) -> list[StagePlan]:
    """Another one behind it: its batches share the transactions of the first, and may be chained."""
    topics = SETTINGS.topics
    tally = partial(_Tally, world, topics.into("senders"), topics.alerts)
    return [
        _first_stage(world, topics.into("senders"), every=1),
        StagePlan("senders", (topics.into("senders"),), lambda partition: tally(), fed=True),
    ]


def _first_stage(world: World, sends_to: str, every: int) -> StagePlan:
    aside = partial(set_aside, SETTINGS.topics)
    return StagePlan("duties", SOURCES, lambda partition: _Chain(world, sends_to, every), ticks=True, set_aside=aside)


PLANS = {1: one_stage, 2: two_stages}


def drawn_scenario(rng: Random) -> Scenario:
    """A handful of records of two couriers: with markers, with poison, in batches of any cut."""
    now, number = 1000, 0
    poisoned = rng.choice((1, 1, 8))  # of 16; a batch of nothing else moves a position and no state
    chunks = []
    for _ in range(rng.randint(2, 5)):
        now += rng.randint(1, 6)
        rows: list[Row | None] = []
        for _ in range(rng.randint(1, 4)):
            number += 1
            kind = rng.randint(0, 15)
            value = (b"poison %d" if kind < poisoned else b"value %d") % number
            rows.append(None if kind in (14, 15) else (b"key %d" % rng.randint(0, 2), value, ()))
        chunks.append(Chunk(rng.choice(SOURCES), now, rows))
    gaps = [rng.randint(0, 30) for _ in range(3)]
    fetches = [*(rng.randint(0, 4) for _ in range(4)), 1]
    elsewhere = rng.choice((None, rng.randint(0, 20), rng.randint(20, 150)))
    markers = rng.choice((None, (rng.randint(0, 6), rng.randint(0, 12))))
    alone = rng.choice([(False,), (True,), (False, True), (True, False), (True, False, False)])
    batch_records, stages, deleted = rng.randint(1, 6), rng.randint(1, 2), rng.random() < 0.5
    return Scenario(chunks, gaps, fetches, batch_records, now + 100, stages, elsewhere, markers, alone, deleted)


def drawn_fault(rng: Random, step: int, kind: Kind | None = None) -> Fault:
    """A fault at a step, of any kind unless it is given."""
    kind = kind or rng.choice(list(Kind))
    return Fault(step, kind, rng.randint(0, 30), rng.choice(PATIENCE_S), rng.random() < 0.5, rng.random() < 0.3)


def drawn_schedules(rng: Random, steps: int) -> Iterator[list[Fault]]:
    """A crash before and after each step, another fault at each, and several faults in one run."""
    others = [kind for kind in Kind if kind not in (Kind.CRASH_BEFORE, Kind.CRASH_AFTER)]
    for step in range(1, steps + 1):
        yield [drawn_fault(rng, step, Kind.CRASH_BEFORE)]
        yield [drawn_fault(rng, step, Kind.CRASH_AFTER)]
        yield [drawn_fault(rng, step, rng.choice(others))]
    # Close together, too: a fault in the recovery from the one before.
    for _ in range(max(0, RUNS_PER_SCENARIO - 1 - 3 * steps)):
        found, step = [], 0
        for _ in range(rng.randint(2, 4)):
            step += rng.randint(1, rng.choice((6, steps)))
            found.append(drawn_fault(rng, step))
        yield found


def check(scenario: Scenario, rng: Random, most: int = 10**9) -> int:
    """Run a scenario undisturbed and under drawn faults; returns the number of runs, at most `most`.

    Raises AssertionError naming the faults when a run breaks or leaves anything else than the undisturbed run.
    """
    names: list[str] = []
    plans = PLANS[scenario.stages]
    expected = run(replace(scenario, alone=(False,), deleted=False), plans, SETTINGS)
    found = run(scenario, plans, SETTINGS, seen=names)
    assert found == expected, f"undisturbed: {_difference(found, expected)}\n{_told(scenario, ())}"
    runs = 2
    for faults in drawn_schedules(rng, len(names)):
        if runs >= most:
            break
        runs += 1
        try:
            found = run(scenario, plans, SETTINGS, faults)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{_told(scenario, faults)}") from error
        assert found == expected, f"{_difference(found, expected)}\n{_told(scenario, faults)}"
    return runs


def _told(scenario: Scenario, faults: Sequence[Fault]) -> str:
    return f"faults: {faults}\nscenario: {scenario}"


def _difference(found: Result, expected: Result) -> str:
    parts: list[Any] = [("state of " + name, found.states[name], cells) for name, cells in expected.states.items()]
    topics = {*found.outputs, *expected.outputs}
    parts += [(name, found.outputs.get(name, ()), expected.outputs.get(name, ())) for name in sorted(topics)]
    return "\n".join(f"{name}: {one}\nexpected: {other}" for name, one, other in parts if one != other)
