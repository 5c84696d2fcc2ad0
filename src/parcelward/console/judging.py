"""What judges, as far as the console knows: the rule pack, the card of the model, and the folder of draws.

A worker elsewhere may have others. So pages compare this with what alerts say of themselves.
"""

from dataclasses import dataclass
from pathlib import Path

from parcelward.errors import UserError
from parcelward.model.card import Card, read_card, resolve_release
from parcelward.rules import RulePack, load_pack
from parcelward.settings import Settings


@dataclass(frozen=True, slots=True)
class Judging:
    """Rule pack and card, each None where there is none; `problems` say what could not be read."""

    pack: RulePack | None
    card: Card | None
    sampled_share: float
    draws: Path | None
    problems: tuple[str, ...] = ()


NOTHING_KNOWN = Judging(None, None, 0.0, None)


def judging_of(settings: Settings) -> Judging:
    """Read what the settings name. Pages tell of a file that cannot be read: people go on deciding without it."""
    pack, card, problems = None, None, list[str]()
    try:
        pack = load_pack(settings.rule_pack)
    except UserError as error:
        problems.append(str(error))
    try:
        card = None if settings.model is None else read_card(resolve_release(settings.model))
    except UserError as error:
        problems.append(str(error))
    return Judging(pack, card, settings.sampled_share, settings.console_draws, tuple(problems))
