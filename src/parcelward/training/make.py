"""From a simulation plan to a release: three worlds side by side, one model."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from parcelward.errors import UserError
from parcelward.model.score import RiskModel
from parcelward.settings import Settings
from parcelward.simulate import Plan
from parcelward.training.fit import CANDIDATES, Days, Recipe, train
from parcelward.training.release import write_release
from parcelward.training.rows import Screenings
from parcelward.training.traffic import screen_traffic

Note = Callable[[str], None]
SPARSE_OUTLETS = 20  # times the plan's: so many share the same load that most parcels meet an outlet without a past


def make(
    plan: Plan,
    dense_share: float,
    settings: Settings,
    out: Path,
    version: str,
    note: Note,
    candidates: tuple[Recipe, ...] = CANDIDATES,
) -> RiskModel:
    """Simulate three worlds, train, release into `out`. The same arguments give the same release, byte for byte.

    The honest world follows `plan`: the model is fitted on its first days, chosen on the next, measured on the last.
    The two others only add cases to the training days. They have other outlets and senders, and `dense_share` of
    violations, weighted down to the share of `plan`. In the dense one outlets are busy; in the sparse one they are so
    many that most have hardly any past: there the model learns that to be new is no suspicion.
    Raises UserError when there are too few days or violations.
    """
    days = split_days(int(plan.days))
    dense = replace(plan, seed=plan.seed + 1, days=days.train[1] + 1, violation_share=dense_share)
    sparse = replace(dense, seed=plan.seed + 2, outlets_per_courier=SPARSE_OUTLETS * plan.outlets_per_courier)
    note(f"simulating and screening {plan.days:g} days of {plan.waybills_per_day:,} waybills, and two more worlds ...")
    honest_part, *others = _screened_apart([plan, dense, sparse], settings)
    taught = [part.between(*days.train).as_if_planted(plan.violation_share) for part in others]
    screenings = Screenings.joined([honest_part, *taught])
    note(f"{len(screenings.day):,} waybills, {len(screenings.waybill):,} screenings; training ...")
    trained = train(
        screenings,
        days,
        version=version,
        seed=plan.seed,
        source="Simulated courier traffic, screened event by event by the code of the worker: an honest world, and,"
        " for training only, two with denser violations, weighted down. In one of them outlets are so many that most"
        " are new. Each outlet leaves out some of the optional fields, for honest parcels as for others.",
        parameters={
            "days": int(plan.days),
            "waybills_per_day": plan.waybills_per_day,
            "violation_share": plan.violation_share,
            "violation_share_of_other_worlds": dense_share,
            "left_out_share": plan.left_out_share,
            "walk_in_share": plan.walk_in_share,
            "outlets_per_courier": plan.outlets_per_courier,
            "couriers": len(plan.couriers),
            "start": plan.start.isoformat(),
        },
        candidates=candidates,
        note=note,
    )
    return write_release(out, trained.card, trained.artefact, trained.sample, trained.expected)


def split_days(days: int) -> Days:
    """Days for training, validation (a fifth) and test (a quarter).

    The first day is used for training too, although its windows are still empty: a worker has such a day as well.

    >>> split_days(10)
    Days(train=(0, 5), validation=(6, 7), test=(8, 9))
    """
    if days < 3:
        raise UserError("training needs at least 3 simulated days: to train, to choose, to measure")
    test = max(1, days // 4)
    validation = max(1, days // 5)
    first_test, first_validation = days - test, days - test - validation
    return Days((0, first_validation - 1), (first_validation, first_test - 1), (first_test, days - 1))


def _screened_apart(plans: list[Plan], settings: Settings) -> list[Screenings]:
    """Simulate and screen each world in a process of its own, all with the settings of this one."""
    with ProcessPoolExecutor(
        max_workers=min(len(plans), os.cpu_count() or 1), mp_context=get_context("spawn")
    ) as workers:
        return list(workers.map(_screen, plans, [settings] * len(plans)))


def _screen(plan: Plan, settings: Settings) -> Screenings:
    return screen_traffic(plan, settings, partial(_tell, plan.seed))


def _tell(world: int, text: str) -> None:
    """Tell progress to the user. A process of the pool has only stderr for it."""
    sys.stderr.write(f"world {world}: {text}\n")
