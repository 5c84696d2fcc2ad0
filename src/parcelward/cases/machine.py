"""The one table of states and steps: who may do what to an alert, where it leads, and which deadline runs there.

Everything else asks this table: the referrals, the cases, the drawing in `docs/referrals.md`, and the tests, which try
each state with each step of each role.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from parcelward.contract.steps import ReferralState, Role, StepKind, StepReason

RAISED, ACKNOWLEDGED, IN_WORK, ANSWERED, ESCALATED, EXPIRED, WITHDRAWN, REOPENED, DECIDED, CLOSED = ReferralState

LEVELS = 3
"""How often an alert is passed up. If nobody takes it then, it expires, and stays so until a supervisor takes it."""

_PEOPLE = frozenset((Role.ANALYST, Role.SUPERVISOR))
_SUPERVISOR = frozenset((Role.SUPERVISOR,))
_COURIER = frozenset((Role.COURIER,))
_EVIDENCE = frozenset((Role.EVIDENCE,))
_CLOCK = frozenset((Role.CLOCK,))


class Deadline(StrEnum):
    """Kind of deadline that runs in a state: until it is acknowledged, is decided, or counts as settled."""

    ACKNOWLEDGE = "acknowledge"
    DECIDE = "decide"
    SETTLE = "settle"


class Way(NamedTuple):
    """A step that is possible in a state: the state that it leads to, and the roles that may take it."""

    to: ReferralState
    roles: frozenset[Role]


Ways = Mapping[StepKind, Way]

_MISSED: Ways = {StepKind.MISS: Way(ESCALATED, _CLOCK)}
_UNANSWERED: Ways = {StepKind.UNANSWERED: Way(ESCALATED, _CLOCK)}


def _evidence(stays: ReferralState, worse: ReferralState, withdrawn: ReferralState = WITHDRAWN) -> Ways:
    return {
        StepKind.REVISE: Way(stays, _EVIDENCE),
        StepKind.WORSEN: Way(worse, _EVIDENCE),
        StepKind.WITHDRAW: Way(withdrawn, _EVIDENCE),
    }


def _open(here: ReferralState, who: frozenset[Role] = _PEOPLE) -> Ways:
    """Steps that are possible as long as somebody has to do something."""
    return {
        StepKind.ASSIGN: Way(IN_WORK, who),
        StepKind.COMMENT: Way(here, _PEOPLE),
        StepKind.INSTRUCT: Way(IN_WORK, who),
        StepKind.OUTCOME: Way(DECIDED, who),
        StepKind.RELEASE: Way(here, who),
        StepKind.ANSWER: Way(ANSWERED, _COURIER),
        **_evidence(here, here),
        **_UNANSWERED,
        **_MISSED,
    }


_put_off = StepKind.SNOOZE
TABLE: Mapping[ReferralState, Ways] = {
    RAISED: {**_open(RAISED), StepKind.ACKNOWLEDGE: Way(ACKNOWLEDGED, _PEOPLE)},
    REOPENED: {**_open(REOPENED), StepKind.ACKNOWLEDGE: Way(ACKNOWLEDGED, _PEOPLE)},
    ACKNOWLEDGED: {**_open(ACKNOWLEDGED), _put_off: Way(ACKNOWLEDGED, _PEOPLE)},
    IN_WORK: {**_open(IN_WORK), _put_off: Way(IN_WORK, _PEOPLE)},
    ANSWERED: {
        **_open(ANSWERED),
        StepKind.ACKNOWLEDGE: Way(IN_WORK, _PEOPLE),
        _put_off: Way(ANSWERED, _PEOPLE),
    },
    ESCALATED: {
        **_open(ESCALATED, _SUPERVISOR),
        StepKind.ACKNOWLEDGE: Way(ACKNOWLEDGED, _SUPERVISOR),
        StepKind.GIVE_UP: Way(EXPIRED, _CLOCK),
    },
    EXPIRED: {
        StepKind.COMMENT: Way(EXPIRED, _PEOPLE),
        StepKind.OUTCOME: Way(DECIDED, _SUPERVISOR),
        StepKind.RELEASE: Way(EXPIRED, _SUPERVISOR),
        StepKind.REOPEN: Way(REOPENED, _SUPERVISOR),
        StepKind.ANSWER: Way(REOPENED, _COURIER),
        **_evidence(EXPIRED, REOPENED),
    },
    WITHDRAWN: {
        StepKind.COMMENT: Way(WITHDRAWN, _PEOPLE),
        StepKind.OUTCOME: Way(DECIDED, _PEOPLE),
        StepKind.RELEASE: Way(WITHDRAWN, _PEOPLE),
        StepKind.REOPEN: Way(REOPENED, _PEOPLE),
        StepKind.ANSWER: Way(WITHDRAWN, _COURIER),
        StepKind.SETTLE: Way(CLOSED, _CLOCK),
        **_evidence(REOPENED, REOPENED),
        **_MISSED,
    },
    DECIDED: {
        StepKind.COMMENT: Way(DECIDED, _PEOPLE),
        StepKind.RELEASE: Way(DECIDED, _PEOPLE),
        StepKind.REOPEN: Way(REOPENED, _PEOPLE),
        StepKind.ANSWER: Way(DECIDED, _COURIER),
        StepKind.SETTLE: Way(CLOSED, _CLOCK),
        **_evidence(DECIDED, REOPENED, DECIDED),
    },
    CLOSED: {
        StepKind.COMMENT: Way(CLOSED, _PEOPLE),
        StepKind.REOPEN: Way(REOPENED, _SUPERVISOR),
        **_evidence(CLOSED, REOPENED, CLOSED),
    },
}
"""What is not here is refused."""

DEADLINES: Mapping[ReferralState, Deadline] = {
    RAISED: Deadline.ACKNOWLEDGE,
    REOPENED: Deadline.ACKNOWLEDGE,
    ESCALATED: Deadline.ACKNOWLEDGE,
    ACKNOWLEDGED: Deadline.DECIDE,
    IN_WORK: Deadline.DECIDE,
    ANSWERED: Deadline.DECIDE,
    WITHDRAWN: Deadline.SETTLE,
    DECIDED: Deadline.SETTLE,
}
"""The deadline that runs in a state; none runs in those that are not here."""

WAITING = (RAISED, REOPENED, ACKNOWLEDGED, IN_WORK, ANSWERED)
"""States in which an analyst owes a step; the drawing shows what all of them have in common once."""

_TAKEN_BY: Mapping[StepKind, frozenset[Role]] = {
    step: frozenset(role for ways in TABLE.values() if step in ways for role in ways[step].roles) for step in StepKind
}


def look_up(state: ReferralState, step: StepKind, role: Role) -> ReferralState | StepReason:
    """Give the state that a step leads to, or the reason why it is refused.

    >>> look_up(ReferralState.RAISED, StepKind.ACKNOWLEDGE, Role.ANALYST)
    <ReferralState.ACKNOWLEDGED: 'acknowledged'>
    >>> look_up(ReferralState.CLOSED, StepKind.ANSWER, Role.COURIER)
    <StepReason.LATE: 'late'>
    """
    way = TABLE[state].get(step)
    if role not in _TAKEN_BY[step]:
        return StepReason.UNAUTHORISED
    if way is None:
        return StepReason.LATE if state is CLOSED else StepReason.ILLEGAL
    return way.to if role in way.roles else StepReason.UNAUTHORISED


def missed(state: ReferralState, held: bool, level: int) -> StepKind:
    """Give the step that the clock takes when the deadline of a state has passed.

    What was decided is settled. So is what evidence has withdrawn, unless the parcel is still held: then somebody must
    say when it may go, and the alert is passed up.
    """
    if state is DECIDED or (state is WITHDRAWN and not held):
        return StepKind.SETTLE
    return StepKind.GIVE_UP if state is ESCALATED and level >= LEVELS else StepKind.MISS
