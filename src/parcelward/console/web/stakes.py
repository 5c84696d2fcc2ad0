"""Asks once more before many alerts are decided alike, and says what is at stake."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from parcelward.console.store.case_desk import CaseLine
from parcelward.console.store.lines import Line
from parcelward.console.web.chosen import comment_in
from parcelward.console.web.rendering import page
from parcelward.console.web.words import word
from parcelward.contract.alerts import Lane
from parcelward.contract.steps import StepKind


class Stake(NamedTuple):
    """Alerts that a decision would reach: all of them, the red ones, those that others have, those that are held."""

    alerts: int
    red: int
    of_others: int
    held: int


class UnsureError(Exception):
    """A decision on many that nobody has confirmed yet."""

    def __init__(self, stake: Stake, chosen: Mapping[str, Any]) -> None:
        super().__init__("not confirmed")
        self.stake, self.chosen = stake, chosen


def check_sure(lines: Sequence[Line | CaseLine], chosen: Mapping[str, Any], sure: str, own_token: str) -> None:
    """Let an outcome of several alerts through only if the person has seen what is at stake. Raises UnsureError."""
    stake = _stake(lines, own_token)
    if chosen["kind"] == StepKind.OUTCOME and stake.alerts > 1 and sure != "yes":
        raise UnsureError(stake, chosen)


def _stake(lines: Sequence[Line | CaseLine], own_token: str) -> Stake:
    alerts = red = of_others = held = 0
    for one in lines:
        count = one.open if isinstance(one, CaseLine) else 1
        alerts += count
        red += one.red if isinstance(one, CaseLine) else one.lane is Lane.RED
        of_others += count if one.assigned_to not in (None, own_token) else 0
        held += 0 if isinstance(one, CaseLine) else one.held
    return Stake(alerts, red, of_others, held)


def ask_once_more(request: Request, form: FormData, unsure: UnsureError) -> Response:
    """Show what is at stake, with a form that sends the same again."""
    language, chosen = request.state.language, unsure.chosen
    choices = [
        ("outcome", word(f"outcome_{chosen['outcome']}", language)),
        ("parcel", word(f"parcel_{chosen['parcel']}", language)),
    ]
    if comment := comment_in(chosen):
        choices.append(("comment", f"“{comment}”"))
    return page(
        request,
        "confirm.html",
        place="desk",
        action=request.url.path,
        fields=[(name, value) for name, value in form.multi_items() if isinstance(value, str)],
        stake=unsure.stake,
        choices=choices,
    )
