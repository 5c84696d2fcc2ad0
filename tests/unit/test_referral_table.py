"""The table of states and steps: complete, and each state, step and role has an answer."""

from itertools import product

import pytest

from parcelward.cases.effects import EFFECTS, GUARDS
from parcelward.cases.machine import DEADLINES, LEVELS, TABLE, look_up, missed
from parcelward.contract.steps import ReferralState, Role, StepKind, StepReason

PEOPLE = {Role.ANALYST, Role.SUPERVISOR}
BY_PEOPLE = {"acknowledge", "assign", "comment", "instruct", "outcome", "release", "snooze", "reopen"}
TAKEN_BY = {
    **{StepKind(step): PEOPLE for step in BY_PEOPLE},
    StepKind.ANSWER: {Role.COURIER},
    **{step: {Role.EVIDENCE} for step in (StepKind.REVISE, StepKind.WORSEN, StepKind.WITHDRAW)},
    **{step: {Role.CLOCK} for step in (StepKind.UNANSWERED, StepKind.MISS, StepKind.GIVE_UP, StepKind.SETTLE)},
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("state", ReferralState)
def test_each_step_of_each_role_is_taken_or_refused_with_a_reason(state: ReferralState, role: Role) -> None:
    for step in StepKind:
        answer = look_up(state, step, role)
        if role not in TAKEN_BY[step]:
            assert answer is StepReason.UNAUTHORISED
        elif step not in TABLE[state]:
            assert answer is (StepReason.LATE if state is ReferralState.CLOSED else StepReason.ILLEGAL)
        elif role in TABLE[state][step].roles:
            assert answer is TABLE[state][step].to
        else:
            assert answer is StepReason.UNAUTHORISED


def test_each_state_can_be_reached_and_each_step_leads_somewhere() -> None:
    reached = {way.to for ways in TABLE.values() for way in ways.values()} | {ReferralState.RAISED}
    assert reached == set(ReferralState) == set(TABLE)
    assert {step for ways in TABLE.values() for step in ways} == set(StepKind) == set(EFFECTS)
    assert set(GUARDS) <= set(EFFECTS)


def test_from_each_state_a_supervisor_or_the_clock_comes_to_an_end() -> None:
    for start in ReferralState:
        seen, waiting = {start}, [start]
        while waiting:
            ways = TABLE[waiting.pop()].values()
            new = {way.to for way in ways if way.roles & {Role.SUPERVISOR, Role.CLOCK}} - seen
            seen |= new
            waiting += new
        assert ReferralState.CLOSED in seen


def test_what_was_passed_up_is_no_longer_the_analysts() -> None:
    for state in (ReferralState.ESCALATED, ReferralState.EXPIRED):
        taken = {step for step in StepKind if not isinstance(look_up(state, step, Role.ANALYST), StepReason)}
        assert taken == {StepKind.COMMENT}


def test_the_courier_can_answer_and_do_nothing_else() -> None:
    taken = {step for state, step in product(ReferralState, StepKind) if Role.COURIER in _roles(state, step)}
    assert taken == {StepKind.ANSWER}


def _roles(state: ReferralState, step: StepKind) -> frozenset[Role]:
    return TABLE[state][step].roles if step in TABLE[state] else frozenset()


def test_the_step_of_the_clock_is_possible_wherever_a_deadline_runs() -> None:
    for state, held, level in product(DEADLINES, (False, True), range(LEVELS + 1)):
        assert not isinstance(look_up(state, missed(state, held, level), Role.CLOCK), StepReason)
    assert {state for state in ReferralState if state not in DEADLINES} == {ReferralState.EXPIRED, ReferralState.CLOSED}
