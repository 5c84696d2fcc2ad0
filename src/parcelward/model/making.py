"""From a simulation plan to a release: several worlds side by side, one model."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from parcelward.errors import UserError
from parcelward.model.release import write_release
from parcelward.model.replay import replay
from parcelward.model.score import RiskModel
from parcelward.model.screenings import Screenings
from parcelward.model.training import CANDIDATES, Days, Recipe, train
from parcelward.settings import Settings
from parcelward.simulate import Plan

Note = Callable[[str], None]


def make(
    base: Plan,
    worlds: int,
    settings: Settings,
    out: Path,
    version: str,
    note: Note,
    candidates: tuple[Recipe, ...] = CANDIDATES,
) -> RiskModel:
    """Simulate `worlds` worlds like `base` (each with outlets, senders and cases of its own), train on all, release.

    Deterministic by the plan. Raises UserError when the days are too few or hold too few violations.
    """
    days = split_days(int(base.days))
    plans = [replace(base, seed=base.seed + number) for number in range(worlds)]
    note(f"replaying {worlds} worlds of {base.days:g} days with {base.waybills_per_day:,} waybills a day each ...")
    screenings = Screenings.joined(_replayed(plans, settings, note))
    note(f"{len(screenings.day):,} waybills, {len(screenings.waybill):,} screenings; training ...")
    trained = train(
        screenings,
        days,
        version=version,
        seed=base.seed,
        source="Simulated courier traffic, screened event by event by the code of the worker.",
        parameters={
            "worlds": worlds,
            "days": int(base.days),
            "waybills_per_day": base.waybills_per_day,
            "violation_share": base.violation_share,
            "walk_in_share": base.walk_in_share,
            "outlets_per_courier": base.outlets_per_courier,
            "couriers": len(base.couriers),
            "start": base.start.isoformat(),
        },
        candidates=candidates,
        note=note,
    )
    return write_release(out, trained.card, trained.artefact, trained.sample, trained.expected)


def split_days(days: int) -> Days:
    """Days for training, validation and test: half, a fifth, the rest; the first day only fills the windows.

    Waybills of the day after the last are left out: only their late ends are seen.
    """
    if days < 4:
        raise UserError(
            "training needs at least 4 simulated days: to fill the windows, to train, to choose, to measure"
        )
    test = max(1, days // 4)
    validation = max(1, days // 5)
    first_test, first_validation = days - test, days - test - validation
    return Days((1, first_validation - 1), (first_validation, first_test - 1), (first_test, days - 1))


def _replayed(plans: list[Plan], settings: Settings, note: Note) -> list[Screenings]:
    if len(plans) == 1:
        return [replay(plans[0], settings, note)]
    with ProcessPoolExecutor(max_workers=len(plans), mp_context=get_context("spawn")) as workers:
        return list(workers.map(replay, plans, [settings] * len(plans)))
