"""The duty report: one page for the hand-over of a shift, of one person or of all."""

from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from parcelward.console.people.accounts import Account
from parcelward.console.people.roles import Role
from parcelward.console.store.audit import AuditFilter, list_decisions
from parcelward.console.store.desk import DeskFilter, count_by, list_alerts
from parcelward.console.store.duty import coming_back, count_decisions
from parcelward.console.web.office import account_of, office_of
from parcelward.console.web.pages.audit import folded, people_of, shown_lines
from parcelward.console.web.rendering import page, query
from parcelward.contract.steps import OVER, ReferralState, StepKind
from parcelward.moments import CHINA, DAY_MS, HOUR_MS, ms_of, utc

router = APIRouter()
EVERYBODY = "-"
"""The value of the choice that names nobody; no log-in name begins so."""
SHIFT_MS = 8 * HOUR_MS
KEPT_MS = 90 * DAY_MS
BACK_HOURS = 12
ROWS, DECISIONS = 20, 40
"""So many lines at most: the report is a page or two of paper."""
READ = 500
"""Decisions that are read; many alike are one line."""


@router.get("/duty")
def duty(request: Request, person: str | None = None, since: str = "") -> Response:
    """Report what was decided since a time, and what the next shift takes over."""
    office, now_ms = office_of(request), request.state.now_ms
    store, people = office.database, people_of(office.accounts.all())
    chosen = _chosen(people, _at_first(account_of(request)) if person is None else person)
    token = None if chosen is None else chosen.token
    since_ms = _moment(since, now_ms)
    waiting = DeskFilter(assigned_to=token)
    escalated = DeskFilter(assigned_to=token, state=ReferralState.ESCALATED)
    passed_up = list_alerts(store, escalated, ROWS).lines
    others = list_alerts(store, waiting, ROWS + len(passed_up)).lines
    decided = list_decisions(store, AuditFilter(person=token, no_kind=StepKind.ACKNOWLEDGE, since_ms=since_ms), READ)
    rows = folded(shown_lines(request, decided.lines))
    back = coming_back(store, now_ms, now_ms + BACK_HOURS * HOUR_MS, token)
    counts = count_decisions(store, since_ms, token)
    name = EVERYBODY if chosen is None else chosen.name
    return page(
        request,
        "duty.html",
        place="duty",
        people=people,
        chosen=chosen,
        everybody=EVERYBODY,
        since_ms=since_ms,
        since_text=f"{utc(since_ms).astimezone(CHINA):%Y-%m-%dT%H:%M}",
        open_count=sum(count_by(store, waiting, "lane").values()),
        others=[one for one in others if one.state != ReferralState.ESCALATED][:ROWS],
        escalated_count=sum(count_by(store, escalated, "lane").values()),
        escalated=passed_up,
        back=back,
        back_hours=BACK_HOURS,
        counts=counts,
        decided_count=sum(kinds.get(StepKind.OUTCOME, 0) for kinds in counts.values()),
        decided=rows[:DECISIONS],
        more_decided=decided.after is not None or len(rows) > DECISIONS,
        audit="/audit" + query(person="" if chosen is None else name),
        over=OVER,
    )


def _at_first(account: Account) -> str:
    """Name whose report is shown at first: one's own; of who answers for the shift, or looks after it, everybody's."""
    return account.name if account.role is Role.ANALYST else EVERYBODY


def _chosen(people: list[Account], name: str) -> Account | None:
    """Find the person that is named; None stands for everybody."""
    return next((one for one in people if one.name == name), None)


def _moment(text: str, now_ms: int) -> int:
    """Read a time in China, of what is kept; without one, take the full hour in which a shift ago lies."""
    try:
        asked = ms_of(datetime.fromisoformat(text).replace(tzinfo=CHINA))
    except ValueError:
        return (now_ms - SHIFT_MS) // HOUR_MS * HOUR_MS
    return min(max(asked, now_ms - KEPT_MS), now_ms)
