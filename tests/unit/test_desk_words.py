"""A person who decides at a terminal: nothing is let go by default, and refusals and effects are said in words."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from parcelward.cases.outgoing import referral_of
from parcelward.cli import app
from parcelward.contract.referrals import Referral
from parcelward.contract.steps import OutcomeKind, ReferralState, Role, StepKind
from parcelward.desk.choices import chosen, needs
from parcelward.desk.letters import refusal_of
from parcelward.desk.words import effect_of_case, effect_on_parcel, possible_now, way_out
from parcelward.errors import UserError
from parcelward.moments import CHINA
from tests.lives import ANALYST, LIFE, TIMES, raised
from tests.lives import decision as hop

NOW = datetime(2026, 11, 29, 12, tzinfo=CHINA)
PARCEL = "--keep or --let-go"


def decision(step: StepKind, **given: Any) -> dict[str, Any]:
    named = {"parcel": PARCEL, "reason": "--reason", "later_cases": "--later-cases"}
    return chosen(step, {named.get(name, f"--{name}"): value for name, value in given.items()}, NOW)


@pytest.mark.parametrize("outcome", [one for one in OutcomeKind if one is not OutcomeKind.FALSE_ALARM])
def test_no_outcome_but_a_false_alarm_lets_a_parcel_go_unless_somebody_says_so(outcome: OutcomeKind) -> None:
    with pytest.raises(UserError, match="needs --keep or --let-go: say if the parcel stays"):
        decision(StepKind.OUTCOME, outcome=outcome)
    assert decision(StepKind.OUTCOME, outcome=outcome, parcel=True)["parcel"] == "keep"
    let_go = decision(StepKind.OUTCOME, outcome=outcome, parcel=False, reason="已移交公安机关")
    assert (let_go["parcel"], let_go["comment"]) == ("release", "已移交公安机关")


def test_a_decision_that_does_not_say_what_becomes_of_the_parcel_is_never_sent() -> None:
    arguments = ["decide", "SF0000000000001", "outcome", "--outcome", "dangerous_goods", "--by", ANALYST]
    for more in ([], ["--case"], ["--let-go"]):
        result = CliRunner().invoke(app, [*arguments, *more, "--kafka", "127.0.0.1:1"])
        assert isinstance(result.exception, UserError)
        assert "--let-go" in str(result.exception), "refused before Kafka is asked for anything"


def test_a_false_alarm_lets_the_parcel_go() -> None:
    assert decision(StepKind.OUTCOME, outcome=OutcomeKind.FALSE_ALARM) == {
        "kind": "outcome",
        "outcome": "false_alarm",
        "parcel": "release",
    }


@pytest.mark.parametrize("outcome", [OutcomeKind.DANGEROUS_GOODS, OutcomeKind.FALSE_IDENTITY])
@pytest.mark.parametrize("reason", [None, ""])
def test_what_is_confirmed_as_dangerous_travels_only_with_a_reason(outcome: OutcomeKind, reason: str | None) -> None:
    with pytest.raises(UserError, match="--let-go needs --reason"):
        decision(StepKind.OUTCOME, outcome=outcome, parcel=False, reason=reason)


@pytest.mark.parametrize(
    ("step", "given", "words"),
    [
        (StepKind.RELEASE, {}, "release needs --reason"),
        (StepKind.SNOOZE, {}, "snooze needs --until and --reason"),
        (StepKind.ASSIGN, {}, "assign needs --to"),
        (StepKind.OUTCOME, {"parcel": True}, "outcome needs --outcome"),
        (StepKind.INSTRUCT, {}, "instruct needs --action"),
        (
            StepKind.RELEASE,
            {"reason": "查", "parcel": True},
            "release does not take --keep or --let-go; it takes --reas",
        ),
        (StepKind.ACKNOWLEDGE, {"reason": "查"}, "acknowledge does not take --reason; it takes none"),
        (StepKind.SNOOZE, {"until": "2020-01-01", "reason": "查"}, "a snooze ends after now, and at most 30 days"),
        (StepKind.SNOOZE, {"until": "31d", "reason": "查"}, "a snooze ends after now, and at most 30 days"),
        (StepKind.SNOOZE, {"until": "soon", "reason": "查"}, "write a time like"),
    ],
)
def test_what_is_missing_is_named_by_its_option(step: StepKind, given: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as refused:
        decision(step, **given)
    assert words in str(refused.value)


def test_a_snooze_of_30_days_may_be_given() -> None:
    until = decision(StepKind.SNOOZE, until="30d", reason="查")["until"]
    assert datetime.fromisoformat(until) - NOW == timedelta(days=30)


def test_the_help_says_which_decision_needs_what() -> None:
    assert "snooze (--until, --reason)" in needs()
    assert "outcome (--outcome, unless it is a false alarm --keep or --let-go)" in needs()


def lived(*steps: dict[str, Any]) -> list[Referral]:
    """The states of a red alert after it was raised, and after each decision."""
    record = raised("R14")
    states = [referral_of(record, None, Role.EVIDENCE, None, record.raised_ms, TIMES)]
    for step in steps:
        result = LIFE.decide(record, hop(revision=record.revision, **step), record.raised_ms)
        assert result.refused is None, result.refused
        assert result.record is not None
        record = result.record
        states.append(referral_of(record, StepKind(step["step"]), Role.ANALYST, ANALYST, record.raised_ms, TIMES))
    return states


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([{"step": "outcome", "outcome": "dangerous_goods", "keep": False}], "the courier is told: the parcel may go"),
        (
            [{"step": "outcome", "outcome": "dangerous_goods", "keep": True}],
            "the parcel stays, as the courier was told",
        ),
        ([{"step": "release"}], "the courier is told: the parcel may go"),
        (
            [{"step": "release"}, {"step": "instruct", "action": "hold"}],
            "the courier is told: hold, and the parcel stays",
        ),
        ([{"step": "release"}, {"step": "outcome", "outcome": "not_inspected", "keep": False}], "was asked nothing"),
        (
            [{"step": "release"}, {"step": "outcome", "outcome": "not_inspected", "keep": True}],
            "the courier is told: the parcel stays",
        ),
        (
            [{"step": "outcome", "outcome": "false_alarm", "keep": False}, {"step": "reopen"}],
            "is not held, and the cou",
        ),
        ([{"step": "outcome", "outcome": "dangerous_goods", "keep": True}, {"step": "reopen"}], "the parcel is held"),
    ],
)
def test_a_decision_says_what_becomes_of_the_parcel_and_what_the_courier_hears(
    steps: list[dict[str, Any]], words: str
) -> None:
    *_, before, now = lived(*steps)
    assert words in effect_on_parcel(before, now)


def test_a_step_that_does_nothing_to_the_parcel_says_nothing_of_it() -> None:
    before, now = lived({"step": "acknowledge"})
    assert effect_on_parcel(before, now) == ""


def test_a_decision_on_a_case_says_what_becomes_of_its_parcels() -> None:
    assert "stay" in effect_of_case({"kind": "outcome", "parcel": "keep"})
    assert "may go, and their couriers are told" in effect_of_case({"kind": "outcome", "parcel": "release"})
    assert "are not held by this" in effect_of_case({"kind": "reopen"})
    assert effect_of_case({"kind": "acknowledge"}) == ""


def test_a_refusal_is_the_sentence_of_the_table_and_says_where_it_stands() -> None:
    headers = {"pw_reason": "stale", "pw_detail": "made on revision 2; what counts now is 3", "pw_state": "in_work"}
    refused = refusal_of(headers | {"pw_revision": "3", "pw_assigned_to": ANALYST})
    assert str(refused) == (
        "refused (stale): It was made on an earlier revision: something has happened since. Read the present state and "
        f"decide again. (made on revision 2; what counts now is 3) It is in_work now, revision 3, {ANALYST} has it."
    )
    assert refused.state is ReferralState.IN_WORK


def test_a_refusal_that_breaks_the_contract_keeps_its_detail() -> None:
    refused = refusal_of({"pw_reason": "wrong_type", "pw_detail": "data.revision: must be a number"})
    assert str(refused) == "refused (wrong_type): data.revision: must be a number"
    assert way_out(refused.reason, refused.state, StepKind.RELEASE, Role.ANALYST) == ""


def test_a_step_that_is_not_possible_names_those_that_are() -> None:
    way = way_out("illegal", ReferralState.RAISED, StepKind.SNOOZE, Role.SUPERVISOR)
    assert "possible now, as supervisor: acknowledge, assign, comment, instruct, outcome, release" in way
    assert "snooze is possible after acknowledge or assign or instruct" in way
    alone = way_out("unauthorised", ReferralState.ESCALATED, StepKind.RELEASE, Role.ANALYST)
    assert alone == "possible now, as analyst: comment; a supervisor may (--as supervisor)"
    assert way_out("reason_missing", ReferralState.RAISED, StepKind.ASSIGN, Role.ANALYST) == "give --reason"


def test_every_decision_that_is_possible_is_named() -> None:
    assert possible_now(ReferralState.RAISED, Role.COURIER) == []
    assert StepKind.ACKNOWLEDGE in possible_now(ReferralState.ANSWERED, Role.ANALYST)
