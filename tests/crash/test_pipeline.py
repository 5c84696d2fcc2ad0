"""The three stages of the product under the same faults: the same state, the same alerts with the same ids."""

from collections.abc import Sequence
from random import Random

from parcelward.screening.build import Stages, build_stages
from parcelward.settings import Settings
from streams.engine.partition import StagePlan
from streams.stages import screening_plans
from tests.builders import inspection, real_name, record
from tests.builders import settings as settings_for_tests
from tests.crash.amount import share_of
from tests.crash.scenario import Chunk, Scenario
from tests.crash.schedules import drawn_fault
from tests.crash.world import World, run

START = 1_763_949_600_000
SECOND = 1000
MINUTE = 60 * SECOND
RUNS = share_of(150)


def scenario(alone: Sequence[bool] = (True,)) -> Scenario:
    """Parcels with and without inspection, one with petrol, one event twice, one that is no event."""
    chunks = []
    for number in range(5):
        at = START + number * MINUTE
        waybill = f"SF{number:013d}"
        goods = {"name": "汽油" if number == 2 else "羽绒服"}
        first = record(real_name(waybill, goods=goods), at, at, f"r{number}")
        rows = [(first.key, first.value, tuple(first.headers))]
        if number % 2:
            rows.append(rows[0])
        if number == 3:
            rows.append((b"x", b"{", ()))
        if number != 4:
            seen = record(inspection(waybill), at + SECOND, at, f"i{number}")
            rows.append((seen.key, seen.value, tuple(seen.headers)))
        chunks.append(Chunk(first.topic, at + 2 * SECOND, rows))
    return Scenario(
        chunks, gaps=[7, 0, 19], fetches=[2, 1, 3], batch_records=2, end_ms=START + 2 * 60 * MINUTE, alone=alone
    )


def test_alerts_states_and_rejected_records_are_those_of_an_undisturbed_run() -> None:
    settings: Settings = settings_for_tests(couriers=("swift",), partitions=1)
    stages: Stages = build_stages(settings)

    def plans(world: World) -> list[StagePlan]:
        return screening_plans(settings, stages)

    names: list[str] = []
    expected = run(scenario(alone=(False,)), plans, settings)
    assert run(scenario(), plans, settings, seen=names) == expected
    assert len(expected.outputs[settings.topics.alerts]) >= 2
    assert len(expected.outputs[settings.topics.rejected("swift")]) == 1
    rng = Random(4)
    for _ in range(RUNS):
        steps = sorted(rng.sample(range(1, len(names) + 20), rng.randint(1, 3)))
        faults = [drawn_fault(rng, step) for step in steps]
        alone = tuple(rng.random() < 0.6 for _ in range(3))
        assert run(scenario(alone), plans, settings, faults) == expected, (alone, faults)
