"""The oracle of alerts' lives: nothing lost or twice, each deadline once, no hold lifted in silence."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from parcelward.cases.referral import decode_referral
from parcelward.contract.instructions import Instruction
from parcelward.contract.referrals import Case, Referral
from parcelward.contract.steps import Role
from tests.crash.scenario import Result

Rows = Sequence[tuple[bytes | None, bytes | None, Any]]


def check_lives(result: Result, couriers: Iterable[str], sent: Counter[str]) -> None:
    """Raise AssertionError for whatever is wrong. `sent` counts the records that went to each topic of strangers."""
    outputs = result.outputs
    referrals = [Referral.model_validate_json(value) for _, value, _ in outputs["referrals"] if value]
    told = [
        Instruction.model_validate_json(value)
        for courier in couriers
        for _, value, _ in outputs.get(f"instructions.{courier}", ())
        if value
    ]
    alerts = {msgspec.json.decode(value or b"")["alert_id"] for _, value, _ in outputs["alerts"]}
    lives = _in_order(referrals)
    assert lives.keys() == alerts, "an alert without a life, or a life without its alert"
    _check_states(result.states["referrals"], lives)
    _check_deadlines(referrals)
    _check_instructions(lives, told)
    _check_letters(outputs, referrals, sent)
    _check_cases([Case.model_validate_json(value) for _, value, _ in outputs["cases"] if value], lives)


def _in_order(referrals: Iterable[Referral]) -> dict[str, list[Referral]]:
    lives: defaultdict[str, list[Referral]] = defaultdict(list)
    for one in referrals:
        lives[one.alert_id].append(one)
    for life in lives.values():
        life.sort(key=lambda one: one.revision)
        assert [one.revision for one in life] == list(range(1, len(life) + 1)), "a step is lost, or is there twice"
    return dict(lives)


def _check_states(states: Mapping[bytes, bytes], lives: Mapping[str, Sequence[Referral]]) -> None:
    records = [decode_referral(value) for value in states.values()]
    assert {one.alert_id: (one.revision, one.state) for one in records} == {
        alert_id: (life[-1].revision, life[-1].state.value) for alert_id, life in lives.items()
    }, "the state is not what was told last"


def _check_deadlines(referrals: Iterable[Referral]) -> None:
    fired = Counter((one.alert_id, one.step, one.at) for one in referrals if one.by is Role.CLOCK)
    assert set(fired.values()) <= {1}, "a deadline fired twice"


def overdue(states: Mapping[bytes, bytes], end_ms: int) -> list[str]:
    """Alerts whose deadline has passed by the end, and has not fired."""
    records = map(decode_referral, states.values())
    return [one.alert_id for one in records if 0 < one.due_ms < end_ms]


def _check_instructions(lives: Mapping[str, Sequence[Referral]], told: Sequence[Instruction]) -> None:
    of = {(one.alert_id, one.revision): one for one in told}
    assert len(of) == len(told), "an instruction was sent twice"
    for alert_id, life in lives.items():
        asked = [one for one in life if one.asked is not None and one.asked.revision == one.revision]
        assert all((alert_id, one.revision) in of for one in asked), "an instruction is lost"
        for before, after in pairwise(life):
            if before.held and not after.held:
                lifted = of.get((alert_id, after.revision))
                assert lifted is not None, "a hold was lifted and nobody was told"
                assert (lifted.action, lifted.hold) == ("release", False)


def _check_letters(outputs: Mapping[str, Rows], referrals: Sequence[Referral], sent: Counter[str]) -> None:
    """Each answer and each decision on an alert has led to one step or to one refusal."""
    refused = Counter(
        dict(headers)["pw_topic"].decode()
        for topic, rows in outputs.items()
        if topic.startswith(("rejected.", "refused."))
        for _, _, headers in rows
    )
    answered = sum(one.by is Role.COURIER for one in referrals)
    decided = sum(one.by in (Role.ANALYST, Role.SUPERVISOR) for one in referrals)
    answers = sum(count for topic, count in sent.items() if topic.startswith("answers."))
    assert answered + sum(refused[topic] for topic in sent if topic.startswith("answers.")) == answers
    assert decided + refused["decisions"] == sent["decisions"]


def _check_cases(cases: Sequence[Case], lives: Mapping[str, Sequence[Referral]]) -> None:
    newest: dict[str, Case] = {}
    for one in sorted(cases, key=lambda one: one.revision):
        assert one.revision == (newest[one.case_id].revision + 1 if one.case_id in newest else 1)
        newest[one.case_id] = one
    members = Counter(case_id for life in lives.values() for case_id in set(life[-1].cases))
    assert {case_id: case.count for case_id, case in newest.items() if case.count} == dict(members)
