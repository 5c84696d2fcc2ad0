"""Decisions: taken by the same desk as those of the pages; what became of one; and the audit of all."""

from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request

from parcelward.console.api import alerts, cases
from parcelward.console.api.asked import After, AlertPath, CasePath, CourierAsked, Limit, PersonAsked, checked
from parcelward.console.api.decision_shapes import (
    AlertDecisionRequest,
    AuditEntry,
    AuditList,
    DecisionFate,
    DecisionRequest,
)
from parcelward.console.api.problems import ProblemError, ProblemReason
from parcelward.console.sending import NotSentError, is_quiet
from parcelward.console.store.alert_page import decision_of
from parcelward.console.store.audit import AuditFilter, list_decisions
from parcelward.console.store.case_desk import CaseLine
from parcelward.console.store.desk import LIMIT
from parcelward.console.store.lines import Line
from parcelward.console.web.office import account_of, office_of
from parcelward.contract.patterns import ID_PATTERN
from parcelward.contract.steps import Role, StepKind
from parcelward.errors import UserError
from parcelward.moments import CHINA, DAY_MS, ms_of

router = APIRouter(tags=["decisions"])
DecisionPath = Annotated[
    str,
    Path(
        min_length=1,
        max_length=64,
        pattern=ID_PATTERN,
        description="`decision_id`, as the answer to a decision says it.",
        examples=["5b0f6f7c-2b1a-5b7e-8a51-0b6a4a1f2c3d"],
    ),
]
RoleAsked = Annotated[Role | None, Query(description="Only decisions in this role.", examples=["analyst"])]
KindAsked = Annotated[StepKind | None, Query(description="Only decisions of this kind.", examples=["outcome"])]
DayAsked = Annotated[date | None, Query(description="Only this day, in China's time.", examples=["2026-11-27"])]
RefusedAsked = Annotated[bool, Query(description="Only those that were refused.")]


@router.post("/alerts/{alert_id}/decisions", name="api_decide_alert")
def decide_alert(request: Request, alert_id: AlertPath, body: AlertDecisionRequest) -> DecisionFate:
    """Take a decision on an alert; answers when its fate is known, after two seconds at most."""
    line = alerts.view_of(request, alert_id).line
    if line is None:
        raise ProblemError(ProblemReason.NOT_FOUND, "nobody follows this alert up")
    return _decide(request, line, body)


@router.post("/cases/{case_id}/decisions", name="api_decide_case")
def decide_case(request: Request, case_id: CasePath, body: DecisionRequest) -> DecisionFate:
    """Take one decision on all open alerts of a case."""
    return _decide(request, cases.view_of(request, case_id).line, body)


def _decide(request: Request, about: Line | CaseLine, body: DecisionRequest) -> DecisionFate:
    office, account = office_of(request), account_of(request)
    chosen: dict[str, Any] = body.decision.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    sent = office.desk.event_id(body.id, about)
    before = decision_of(office.database, sent)
    if before is not None and before != (account.token, body.revision, chosen):
        raise ProblemError(ProblemReason.ID_REUSED)
    try:
        office.desk.decide(body.id, account, about, body.revision, chosen)
    except NotSentError as error:
        raise ProblemError(ProblemReason.NOT_SENT, str(error)) from None
    except UserError as error:
        raise ProblemError(ProblemReason.INVALID, str(error)) from None
    (fate,) = office.desk.await_fates([sent], is_quiet(about, chosen))
    return DecisionFate.of(sent, fate)


@router.get("/decisions/{decision_id}", name="api_fate")
def fate(request: Request, decision_id: DecisionPath) -> DecisionFate:
    """Tell what became of a decision, as far as the topics say."""
    found = office_of(request).desk.fate(decision_id)
    if found.state == "unknown":
        raise ProblemError(ProblemReason.NOT_FOUND, "no topic knows it (yet)")
    return DecisionFate.of(decision_id, found)


@router.get("/decisions", name="api_decisions")
def decisions(
    request: Request,
    person: PersonAsked = None,
    role: RoleAsked = None,
    kind: KindAsked = None,
    courier: CourierAsked = None,
    day: DayAsked = None,
    refused: RefusedAsked = False,
    limit: Limit = LIMIT,
    after: After = None,
) -> AuditList:
    """List who decided what, the newest first. A decision on a case is one line; with a courier, one of each alert."""
    office = office_of(request)
    accounts = office.accounts.all()
    tokens = {one.name: one.token for one in accounts}
    begin_ms = None if day is None else ms_of(datetime.combine(day, time(), CHINA))
    wanted = AuditFilter(
        person=None if person is None else tokens.get(person, ""),  # a name that nobody has finds nothing
        role=role,
        kind=kind,
        courier=courier,
        refused=refused,
        since_ms=begin_ms,
        until_ms=None if begin_ms is None else begin_ms + DAY_MS,
    )
    listed = list_decisions(office.database, wanted, limit, checked(after, 2))
    names = {one.token: one.name for one in accounts}
    lines = tuple(AuditEntry.of(one, names.get(one.person)) for one in listed.lines)
    return AuditList(decisions=lines, next=listed.after)
