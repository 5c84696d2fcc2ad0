"""One decision on all that are ticked in a list; each has its own id, made from that of the form."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from parcelward.console.choices import FormError, chosen_in
from parcelward.console.sending import is_quiet
from parcelward.console.store.case_desk import CaseLine
from parcelward.console.store.case_page import case
from parcelward.console.store.desk import changed
from parcelward.console.store.lines import Line
from parcelward.console.web.fates import NOTHING_TYPED
from parcelward.console.web.office import account_of, fields_of, office_of
from parcelward.console.web.stakes import check_sure
from parcelward.contract.steps import StepKind

MOST = 58
"""Ticks that are read: a page of a list has no more."""
REFUSED_SHOWN = 9
MANY = (StepKind.ACKNOWLEDGE, StepKind.OUTCOME, StepKind.COMMENT, StepKind.SNOOZE)
"""Decisions that can be taken on many at once."""


class Done(NamedTuple):
    """Fates of many decisions: those that counted, those not yet known, the reasons of those that were refused."""

    counted: int
    waiting: int
    refused: list[str]

    @property
    def said(self) -> str:
        """Write it as the rest of a URL."""
        text = f"counted={self.counted}" + (f"&waiting={self.waiting}" if self.waiting else "")
        return text + "".join(f"&refused={reason}" for reason in self.refused[:REFUSED_SHOWN])


class Ticked(NamedTuple):
    """Ticks and fields of a form that could not be sent: the page shows them again."""

    ones: frozenset[str] = frozenset()
    fields: Mapping[str, str] = NOTHING_TYPED

    @classmethod
    def in_form(cls, form: FormData) -> "Ticked":
        """Read it."""
        return cls(frozenset(map(str, form.getlist("one"))), fields_of(form))


NOTHING_TICKED = Ticked()


def decide_ticked(request: Request, form: FormData) -> Done:
    """Take the decision that a form says on what is ticked in it.

    Raises FormError for what a person left out, UnsureError for what must be confirmed first, and UserError if it could
    not be sent.
    """
    office, account, fields = office_of(request), account_of(request), fields_of(form)
    try:
        form_id, chosen = UUID(fields.get("form", "")), chosen_in(fields, account.token, request.state.now_ms)
        ticked = [_ticked(request, str(one)) for one in form.getlist("one")[:MOST]]
    except FormError:
        raise
    except ValueError:
        raise HTTPException(400) from None
    if not ticked:
        raise FormError("problem_none")
    if chosen["kind"] not in MANY:
        raise FormError("problem_step")
    if fields.get("sure") == "no":
        raise FormError("problem_not_sent")
    check_sure([line for line, _ in ticked], chosen, fields.get("sure", ""), account.token)
    sent = [office.desk.decide(form_id, account, line, revision, chosen) for line, revision in ticked]
    fates = office.desk.await_fates(sent, all(is_quiet(line, chosen) for line, _ in ticked))
    refused = [one.refusal.reason for one in fates if one.refusal is not None]
    counted = sum(
        one.state == "counted" or (one.state == "sent" and is_quiet(line, chosen))
        for one, (line, _) in zip(fates, ticked, strict=True)
    )
    return Done(counted, len(sent) - counted - len(refused), refused)


def done_in(request: Request) -> Done:
    """Give what became of many decisions, as the URL that follows on them says."""
    asked = request.query_params
    numbers = [int(text) if (text := asked.get(name, "0")[:6]).isdecimal() else 0 for name in ("counted", "waiting")]
    refused = [one for one in asked.getlist("refused") if one.replace("_", "").isalpha()]
    return Done(numbers[0], numbers[1], refused[:REFUSED_SHOWN])


def _ticked(request: Request, said: str) -> tuple[Line | CaseLine, int]:
    """Find what a tick names: its kind, its id, and the revision that was seen. Raises ValueError."""
    kind, name, revision = said.split(":")
    store = office_of(request).database
    if kind == "case":
        view = case(store, name)
        line: Line | CaseLine | None = None if view is None else view.line
    else:
        line = next(iter(changed(store, (name,), -1)), None)
    if line is None:
        raise ValueError(said)
    return line, int(revision)
