"""Words for whoever has decided: what it does to the parcel, or why it was refused and what is possible instead."""

from collections.abc import Mapping
from typing import Any

from parcelward.cases.machine import TABLE
from parcelward.contract.decisions import Parcel
from parcelward.contract.referrals import Referral
from parcelward.contract.steps import ReferralState, Role, StepKind, StepReason
from parcelward.desk.choices import TAKES

_MEND: Mapping[str, str] = {
    StepReason.STALE: "`parcelward referrals ALERT` and `parcelward cases` show the present state",
    StepReason.REASON_MISSING: "give --reason",
    StepReason.CONTRADICTORY: "leave --keep out",
    StepReason.SNOOZE_TOO_LONG: "give another --until",
}
_TOLD = "the courier is told: "


def effect_on_parcel(before: Referral, now: Referral) -> str:
    """Say what a decision on an alert did to its parcel, and what the courier hears; empty if it did nothing to it."""
    match now.step:
        case StepKind.OUTCOME | StepKind.RELEASE if now.held:
            return "the parcel stays, as the courier was told before" if before.held else _TOLD + "the parcel stays"
        case StepKind.OUTCOME | StepKind.RELEASE:
            asked = before.held or before.asked is not None
            return _TOLD + "the parcel may go" if asked else "the parcel may go; the courier was asked nothing"
        case StepKind.INSTRUCT if now.asked is not None:
            return _TOLD + now.asked.action.value + (", and the parcel stays" if now.held else "")
        case StepKind.REOPEN if now.held:
            return "the parcel is held"
        case StepKind.REOPEN:
            return (
                "the parcel is not held, and the courier hears nothing of this; "
                f"`parcelward decide {now.alert_id} instruct --action hold` holds it"
            )
    return ""


def effect_of_case(decision: Mapping[str, Any]) -> str:
    """Say what a decision on a case does to the parcels of the alerts that it reaches; empty if nothing."""
    match StepKind(decision["kind"]):
        case StepKind.OUTCOME if decision["parcel"] == Parcel.KEEP.value:
            return "the parcels of the alerts that it reaches stay"
        case StepKind.OUTCOME | StepKind.RELEASE:
            return "the parcels of the alerts that it reaches may go, and their couriers are told so"
        case StepKind.INSTRUCT:
            return f"the couriers of the alerts that it reaches are told: {decision['action']}"
        case StepKind.REOPEN:
            return "parcels that were let go are not held by this; instruct --action hold holds them"
    return ""


def possible_now(state: ReferralState, role: Role) -> list[StepKind]:
    """Give the decisions that a role may take in a state.

    >>> [step.value for step in possible_now(ReferralState.CLOSED, Role.SUPERVISOR)]
    ['comment', 'reopen']
    """
    return [step for step in TAKES if step in TABLE[state] and role in TABLE[state][step].roles]


def way_out(reason: str, state: ReferralState | None, step: StepKind, role: Role) -> str:
    """Say what whoever was refused can do: which option to give, and which decisions are possible now."""
    said = [_MEND[reason]] if reason in _MEND else []
    if state is not None and reason in (StepReason.ILLEGAL, StepReason.UNAUTHORISED, StepReason.LATE):
        possible = possible_now(state, role)
        said.append(f"possible now, as {role.value}: {', '.join(possible)}")
        if first := [one for one in possible if step in possible_now(TABLE[state][one].to, role)]:
            said.append(f"{step.value} is possible after {' or '.join(first)}")
        if role is Role.ANALYST and step in possible_now(state, Role.SUPERVISOR):
            said.append("a supervisor may (--as supervisor)")
    return "; ".join(said)
