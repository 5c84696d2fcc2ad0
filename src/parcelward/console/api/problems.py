"""Problems: the one shape of every answer that is an error (RFC 9457), with a reason code."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from parcelward.console.api.shape import Shape

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 10


class ProblemReason(StrEnum):
    """Reason of an error; `status` is its HTTP status, `meaning` says it in words.

    >>> ProblemReason.WRONG_KEY.status, ProblemReason("not_found").meaning
    (401, 'There is no such thing.')
    """

    status: int
    meaning: str

    def __new__(cls, value: str, status: int = 500, meaning: str = "") -> "ProblemReason":
        member = str.__new__(cls, value)
        member._value_, member.status, member.meaning = value, status, meaning
        return member

    NO_KEY = "no_key", 401, "Send a key: Authorization: Bearer pwk_..."
    WRONG_KEY = "wrong_key", 401, "The key is wrong, has ended or was revoked, or its account is disabled."
    NOT_ALLOWED = "not_allowed", 403, "The role of this account may not do this."
    FROM_A_PAGE = "from_a_page", 403, "A page of another site sent this; only programs may."
    NOT_FOUND = "not_found", 404, "There is no such thing."
    WRONG_METHOD = "wrong_method", 405, "This path does not know this method."
    ID_REUSED = "id_reused", 409, "This id was used for another decision; make a new one."
    TOO_LARGE = "too_large", 413, "The request is too large, or does not say its length."
    INVALID = "invalid", 422, "The request is not as the document says; `errors` names what is wrong."
    TOO_MANY_WRONG_KEYS = "too_many_wrong_keys", 429, "Too many wrong keys came from this address; wait 15 minutes."
    FAULT = "fault", 500, "Something went wrong here; it is in the log."
    NOT_SENT = "not_sent", 503, "The decision could not be sent; send it again with the same id."


class FieldProblem(Shape):
    """One thing that is wrong in a request."""

    where: str = Field(description="Path of the field, from `query`, `path` or `body` on.", examples=["query.limit"])
    problem: str = Field(description="The problem in words.", examples=["Input should be less than or equal to 200"])


class Problem(Shape):
    """An error, as RFC 9457 has it. A program decides by `reason`; the words are for people."""

    type: str = Field(description="The reason as a URI.", examples=["urn:parcelward:problem:not_found"])
    title: str = Field(description="The reason in words.", examples=["There is no such thing."])
    status: int = Field(description="HTTP status.", examples=[404])
    reason: ProblemReason = Field(description="Code of the reason.", examples=["not_found"])
    detail: str | None = Field(None, description="More about this one; null: there is no more to say.")
    errors: tuple[FieldProblem, ...] = Field((), description="What is wrong in the request, where that is the reason.")


class ProblemError(Exception):
    """An error of the API, to be answered as a problem."""

    def __init__(self, reason: ProblemReason, detail: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def answer(reason: ProblemReason, detail: str | None = None, errors: Sequence[FieldProblem] = ()) -> Response:
    """Give a problem as an answer."""
    problem = Problem(
        type=f"urn:parcelward:problem:{reason}",
        title=reason.meaning,
        status=reason.status,
        reason=reason,
        detail=detail,
        errors=tuple(errors),
    )
    headers = {"WWW-Authenticate": "Bearer"} if reason.status == 401 else None
    return JSONResponse(problem.model_dump(mode="json"), reason.status, headers, MEDIA_TYPE)


def say_so(_request: Request, error: Exception) -> Response:
    """Answer a request that failed."""
    match error:
        case ProblemError():
            return answer(error.reason, error.detail)
        case RequestValidationError():
            return answer(ProblemReason.INVALID, errors=[_said(one) for one in error.errors()[:MOST_ERRORS]])
        case HTTPException(status_code=404):
            return answer(ProblemReason.NOT_FOUND)
        case HTTPException(status_code=405):
            found = answer(ProblemReason.WRONG_METHOD)
            found.headers.update(error.headers or {})
            return found
        case HTTPException():
            return answer(ProblemReason.INVALID)
    return answer(ProblemReason.FAULT)


def _said(one: dict[str, Any]) -> FieldProblem:
    """Say where and what, and never the value that was sent."""
    return FieldProblem(where=".".join(map(str, one["loc"])), problem=one["msg"])
