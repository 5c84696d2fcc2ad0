"""Parameters that several routes ask for, and the cursor of a list."""

from typing import Annotated

from fastapi import Path, Query
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from parcelward.console.api.problems import ProblemError, ProblemReason
from parcelward.console.store.desk import View
from parcelward.console.store.lines import values_of
from parcelward.console.web.wanted import MOST_CHARACTERS
from parcelward.contract.alerts import Lane, Severity
from parcelward.contract.patterns import CODE_PATTERN, COURIER_PATTERN, ID_PATTERN

MOST_LINES = 200
_TEXT = r"^[^\x00]*$"
"""No database takes a NUL."""

ViewAsked = Annotated[View, Query(description="Part of the list; `due`, `mine` and `unclaimed` hold what is open.")]
AlertPath = Annotated[
    str,
    Path(
        min_length=1,
        max_length=64,
        pattern=ID_PATTERN,
        description="Id of the alert.",
        examples=["6f9619ff-8b86-5011-b42d-00c04fc964ff"],
    ),
]
CasePath = Annotated[
    str,
    Path(
        min_length=1,
        max_length=64,
        pattern=ID_PATTERN,
        description="Id of the case.",
        examples=["0a7f7f0e-51a5-5d0c-9a52-3d2f0c6f2a10"],
    ),
]
Limit = Annotated[int, Query(ge=1, le=MOST_LINES, description="Most lines of one answer.", examples=[50])]
After = Annotated[
    str | None,
    Query(
        pattern=r"^([0-9]{1,19}~){1,4}[^~\x00]{0,64}$",
        description="`next` of the answer before; without it the list begins.",
    ),
]
LaneAsked = Annotated[Lane | None, Query(description="Only this lane.", examples=["red"])]
SeverityAsked = Annotated[Severity | None, Query(description="This severity or a graver one.", examples=["high"])]
CourierAsked = Annotated[
    str | None, Query(pattern=COURIER_PATTERN, description="Only this courier.", examples=["swift"])
]
OutletAsked = Annotated[
    str | None, Query(pattern=CODE_PATTERN, description="Only this outlet.", examples=["WH-027-007"])
]
RuleAsked = Annotated[
    str | None,
    Query(
        max_length=40, pattern=r"^[\x21-\x7e]*$", description="Only alerts in which this rule found something.",
        examples=["R1"],
    ),
]  # fmt: skip
WordsAsked = Annotated[
    str,
    Query(
        max_length=MOST_CHARACTERS,
        pattern=_TEXT,
        description="Words to search for: the beginning of a waybill or an id, codes, words of the goods; all must be"
        " there.",
        examples=["打火机"],
    ),
]
PersonAsked = Annotated[
    str | None,
    Query(max_length=40, pattern=_TEXT, description="Log-in name of the person who decided.", examples=["lin"]),
]


def checked(after: str | None, numbers: int) -> str | None:
    """Give a cursor back if it is one of this list, by the numbers in it. Raises ProblemError.

    A page begins at its beginning for one that is none; a program would never end.
    """
    if after is not None and values_of(after, numbers) is None:
        raise ProblemError(ProblemReason.INVALID, "`after` is no place of this list")
    return after


def refuse_unknown(request: Request) -> None:
    """Refuse a parameter that the route does not know, so that a misspelt filter is seen. Its name is not repeated."""
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    if set(request.query_params) - set(known):
        said = f"unknown parameter; known are: {', '.join(known)}" if known else "this path takes no parameters"
        raise RequestValidationError([{"type": "unknown", "loc": ("query",), "msg": said}])
