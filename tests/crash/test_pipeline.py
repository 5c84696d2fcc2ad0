"""The five stages of the product under the same faults: the same alerts with the same ids, and each led to an end once.

What becomes of an alert goes by when it arrives, and a fault makes it later. So the screening is compared with an
undisturbed run, and the lives of alerts are judged by themselves.
"""

from collections import Counter
from collections.abc import Sequence
from random import Random

from parcelward.alerts.alert import alert_id
from parcelward.contract.referrals import Referral
from parcelward.contract.steps import StepKind
from parcelward.flow import SCREENING
from parcelward.screening.build import Stages, build_stages
from parcelward.settings import Settings
from parcelward.stage import Record
from streams.engine.partition import StagePlan
from streams.stages import screening_plans
from tests.builders import inspection, real_name, record
from tests.builders import settings as settings_for_tests
from tests.crash.amount import share_of
from tests.crash.lives import check_lives, overdue
from tests.crash.scenario import Chunk, Result, Scenario
from tests.crash.schedules import drawn_fault
from tests.crash.world import World, run
from tests.letters import answer_for, decision_for

START = 1_763_949_600_000
SECOND = 1000
MINUTE = 60 * SECOND
END = START + 4 * 60 * MINUTE
WHEN_QUIET = 10**9
"""Steps; a chunk comes before if nothing else happens."""
RUNS = share_of(150)
PETROL = alert_id("swift", f"SF{2:013d}", START + 2 * MINUTE + 2 * SECOND)
"""The alert on the parcel with petrol, which the courier answers and people decide on."""


def _chunk(at: int, *records: Record) -> Chunk:
    rows = [(one.key, one.value, tuple(one.headers)) for one in records]
    return Chunk(records[0].topic, at, rows)


def scenario(alone: Sequence[bool] = (True,)) -> Scenario:
    """Parcels with and without inspection, one with petrol, one event twice, one that is no event; then letters."""
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
    whom, later = ("swift", f"SF{2:013d}", PETROL), START + 6 * MINUTE
    answer = answer_for(*whom, 1, later)
    acknowledged = decision_for(*whom, 1, later, kind="acknowledge")
    released = decision_for(*whom, 3, later, kind="release", reason="查明")
    chunks += [
        _chunk(later, acknowledged),
        _chunk(later + SECOND, answer, answer),
        _chunk(later + 2 * SECOND, released, acknowledged),
    ]
    # Letters come when all before them is done; the last one is followed by hours of silence.
    gaps = [0, WHEN_QUIET, WHEN_QUIET, WHEN_QUIET, 7, 0, 19, 7]
    return Scenario(chunks, gaps, fetches=[2, 1, 3], batch_records=2, end_ms=END, alone=alone)


def _screened(result: Result) -> tuple[object, ...]:
    """The part of a run that does not depend on when a transaction was committed."""
    states = [result.states[stage.name] for stage in SCREENING]
    refused = [row for row in result.outputs["rejected.swift"] if dict(row[2])["pw_topic"] == b"intake.swift"]
    return states, result.outputs["alerts"], refused


def test_alerts_states_and_rejected_records_are_those_of_an_undisturbed_run_and_each_alert_is_led_to_an_end() -> None:
    settings: Settings = settings_for_tests(couriers=("swift",), partitions=1)
    stages: Stages = build_stages(settings)
    sent = Counter(chunk.topic for chunk in scenario().chunks for _ in chunk.rows)

    def plans(world: World) -> list[StagePlan]:
        return screening_plans(settings, stages)

    def judged(result: Result) -> tuple[object, ...]:
        check_lives(result, settings.couriers, sent)
        assert overdue(result.states["referrals"], END) == [], "a deadline never fired"
        return _screened(result)

    names: list[str] = []
    undisturbed = run(scenario(alone=(False,)), plans, settings)
    expected = judged(undisturbed)
    assert judged(run(scenario(), plans, settings, seen=names)) == expected
    assert len(undisturbed.outputs["alerts"]) >= 2
    told = [Referral.model_validate_json(value or b"") for _, value, _ in undisturbed.outputs["referrals"]]
    assert {one.step for one in told} >= {
        StepKind.ACKNOWLEDGE,
        StepKind.ANSWER,
        StepKind.RELEASE,
        StepKind.MISS,
        StepKind.GIVE_UP,
    }
    rng = Random(4)
    for _ in range(RUNS):
        steps = sorted(rng.sample(range(1, len(names) + 20), rng.randint(1, 3)))
        faults = [drawn_fault(rng, step) for step in steps]
        alone = tuple(rng.random() < 0.6 for _ in range(3))
        try:
            assert judged(run(scenario(alone), plans, settings, faults)) == expected
        except AssertionError as error:
            raise AssertionError(f"{error}\n{alone}, {faults}") from error
