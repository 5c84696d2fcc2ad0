"""Results of the visits: a file of outcomes comes back, each line about one outlet that was drawn."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from parcelward.contract.fields import CourierCode, OutletCode, Part
from parcelward.contract.steps import OutcomeKind
from parcelward.draws.draw import Draw, in_period
from parcelward.draws.lists import ListLine, rows
from parcelward.errors import UserError
from parcelward.escaping import escaped


class VisitResult(StrEnum):
    """Result of a visit, in the words in which it is published."""

    chinese: str

    def __new__(cls, value: str, chinese: str = "") -> "VisitResult":
        member = str.__new__(cls, value)
        member._value_, member.chinese = value, chinese
        return member

    NO_PROBLEM = "no_problem", "未发现问题"
    CORRECTED = "corrected", "发现问题已责令改正"
    TO_BE_HANDLED = "to_be_handled", "发现问题待后续处理"
    NOT_COOPERATING = "not_cooperating", "不配合检查情节严重"
    NOT_REACHABLE = "not_reachable", "通过登记的住所（经营场所）无法联系"
    NOT_OPERATING = "not_operating", "未发现开展快递业务经营活动"


PROBLEM = frozenset({VisitResult.CORRECTED, VisitResult.TO_BE_HANDLED, VisitResult.NOT_COOPERATING})
"""Results that say that something was wrong."""
UNKNOWN = frozenset({VisitResult.NOT_REACHABLE, VisitResult.NOT_OPERATING})
"""Results of visits at which nothing could be looked at: no verdict on how the duties are kept."""


class FoundKind(StrEnum):
    """Kind of problem that a visit found; the words are those of an alert's outcome."""

    DANGEROUS_GOODS = OutcomeKind.DANGEROUS_GOODS.value
    FALSE_IDENTITY = OutcomeKind.FALSE_IDENTITY.value
    PROCEDURE_NOT_KEPT = OutcomeKind.PROCEDURE_NOT_KEPT.value


FOUND_CHINESE = {
    FoundKind.DANGEROUS_GOODS: "收寄禁止寄递物品",
    FoundKind.FALSE_IDENTITY: "未按规定实名收寄",
    FoundKind.PROCEDURE_NOT_KEPT: "未按规定收寄验视或者过机安检",
}


class ResultLine(ListLine):
    """Line of the file of results."""

    courier: CourierCode
    outlet: OutletCode
    visited_on: date
    result: VisitResult
    found: FoundKind | None = None
    parcels_checked: Annotated[int, Field(ge=0, le=100_000)] = 0
    parcels_wrong: Annotated[int, Field(ge=0, le=100_000)] = 0


class Outcome(Part):
    """Result of one visit, as it is kept."""

    courier: CourierCode
    outlet: OutletCode
    visited_on: date
    result: VisitResult
    found: FoundKind | None
    parcels_checked: int
    parcels_wrong: int


class Results(Part):
    """Results of the visits of a draw. `open` are outlets that were drawn and of which nothing is known yet."""

    period: str
    draw_sha256: str
    outcomes: tuple[Outcome, ...]
    open: tuple[str, ...]


def results_of(draw: Draw, draw_sha256: str, content: bytes, name: str) -> Results:
    """Read the results of a draw's visits. Raises UserError, naming the line, for whatever cannot be so."""
    drawn = {visit.outlet.code: visit for visit in draw.visits}
    found: dict[str, Outcome] = {}
    for where, line in rows(ResultLine, content, name, "visit"):
        code = f"{line.courier}/{line.outlet}"
        wrong = _contradiction(line)
        if code not in drawn:
            wrong = f"outlet {code} was not drawn"
        elif code in found:
            wrong = f"outlet {code} has a result already"
        elif not in_period(line.visited_on, draw.announcement):
            first, last = draw.announcement.first_day, draw.announcement.last_day
            wrong = f"visited_on must lie in the period, {first} to {last}"
        if wrong is not None:
            raise UserError(f"{escaped(where)}: {escaped(wrong)}")
        found[code] = Outcome(**line.model_dump())
    return Results(
        period=draw.announcement.period,
        draw_sha256=draw_sha256,
        outcomes=tuple(found[code] for code in drawn if code in found),
        open=tuple(code for code in drawn if code not in found),
    )


def _contradiction(line: ResultLine) -> str | None:
    if line.parcels_wrong > line.parcels_checked:
        return "parcels_wrong is more than parcels_checked"
    if line.result in PROBLEM - {VisitResult.NOT_COOPERATING} and line.found is None:
        return f"found must say what was wrong, for the result is {line.result}"
    if line.result not in PROBLEM and (line.found is not None or line.parcels_wrong):
        return f"the result is {line.result}, and yet something was found"
    if line.result in UNKNOWN and line.parcels_checked:
        return f"the result is {line.result}, and yet parcels were checked"
    return None
