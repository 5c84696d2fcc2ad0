"""The audit: who decided what, and what was refused; the same as a file for whoever checks."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from parcelward.alerts.terminal import Language
from parcelward.console.choices import DECISIONS
from parcelward.console.people.accounts import Account
from parcelward.console.store.audit import AuditLine, all_decisions, list_decisions
from parcelward.console.store.courier_days import courier_codes
from parcelward.console.web.audited import ELSEWHERE, YES, Audited
from parcelward.console.web.chosen import all_in, comment_in
from parcelward.console.web.office import account_of, office_of
from parcelward.console.web.rendering import full_time, namer, page
from parcelward.console.web.rights import may
from parcelward.console.web.spreadsheet import csv_lines
from parcelward.console.web.words import known, word
from parcelward.contract.steps import Role

router = APIRouter()
MOST_EXPORTED = 100_000
COLUMNS = ("time", "person", "token", "role", "kind", "choice", "words", "courier", "waybill", "about", "of_case",
           "revision", "refused", "event_id")  # fmt: skip
"""Columns of the file, by the names of their words."""


class Shown(NamedTuple):
    """A decision as a line: what was chosen, and the words with it."""

    line: AuditLine
    choices: list[str]
    comment: str
    times: int = 1


def people_of(accounts: list[Account]) -> list[Account]:
    """Choose the people who decide, or did."""
    return [one for one in accounts if one.role.decides_as is not None]


@router.get("/audit")
def audit(request: Request, after: str | None = None) -> Response:
    """List the decisions that are asked for, the newest first."""
    office, audited = office_of(request), Audited(request.query_params)
    accounts = office.accounts.all()
    listed = list_decisions(office.database, audited.decisions(accounts), after=after)
    codes = {*courier_codes(office.database), *filter(None, (audited.courier,))}
    return page(
        request,
        "audit.html",
        place="audit",
        audited=audited,
        people=people_of(accounts),
        elsewhere=ELSEWHERE,
        yes=YES,
        roles=(Role.ANALYST, Role.SUPERVISOR),
        kinds=DECISIONS,
        couriers=sorted(codes),
        lines=shown_lines(request, listed.lines),
        first_page=audited.path("/audit") if after is not None else None,
        next_page=None if listed.after is None else audited.path("/audit", after=listed.after),
        export=audited.path("/audit.csv") if may(account_of(request).role, "audit_file") else None,
        most_exported=MOST_EXPORTED,
    )


def shown_lines(request: Request, lines: tuple[AuditLine, ...]) -> list[Shown]:
    """Put decisions into the visitor's words."""
    language: Language = request.state.language
    name_of = namer(request.state.names, language)
    return [Shown(one, all_in(one.decision, language, name_of), comment_in(one.decision)) for one in lines]


def folded(lines: list[Shown]) -> list[Shown]:
    """Fold decisions that one person took alike one after the other into the newest of them, with their number."""
    found: list[Shown] = []
    for one in lines:
        if found and _alike(found[-1], one):
            found[-1] = found[-1]._replace(times=found[-1].times + 1)
        else:
            found.append(one)
    return found


def _alike(one: Shown, other: Shown) -> bool:
    said = [(each.line.person, each.line.kind, each.line.is_case, each.choices, each.comment) for each in (one, other)]
    return said[0] == said[1] and one.line.refused is None and other.line.refused is None


@router.get("/audit.csv")
def audit_file(request: Request) -> Response:
    """Give the decisions that are asked for as CSV; of very many the newest."""
    office, audited, language = office_of(request), Audited(request.query_params), request.state.language
    found = all_decisions(office.database, audited.decisions(office.accounts.all()), MOST_EXPORTED)
    name_of = namer(request.state.names, language)
    head = [word(f"column_{name}", language) for name in COLUMNS]
    day = "" if audited.day is None else f"-{audited.day}"
    return StreamingResponse(
        csv_lines(head, _cells(found, language, name_of)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="audit{day}.csv"'},
    )


def _cells(lines: Iterator[AuditLine], language: Language, name_of: Callable[[str], str]) -> Iterator[list[str]]:
    for one in lines:
        refused = "" if one.refused is None else word(f"refused_{one.refused.reason}", language)
        said: tuple[Any, ...] = (
            full_time(one.arrived_ms),
            name_of(one.person),
            one.person,
            known("role_", one.role, language),
            known("kind_", one.kind, language),
            ", ".join(all_in(one.decision, language, name_of)),
            comment_in(one.decision),
            one.courier or "",
            one.waybill or "",
            one.about,
            one.of_case or "",
            one.revision,
            refused,
            one.event_id,
        )
        yield [str(cell) for cell in said]
