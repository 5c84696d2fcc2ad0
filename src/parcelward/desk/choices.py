"""Decisions as a person gives them: what each needs, what it cannot say, and the words for what is missing."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from parcelward.cases.times import MOST_SNOOZE_MS
from parcelward.contract.decisions import Parcel
from parcelward.contract.steps import OutcomeKind, StepKind
from parcelward.errors import UserError
from parcelward.moments import CHINA, duration_of

TAKES: Mapping[StepKind, Mapping[str, str]] = {
    StepKind.ACKNOWLEDGE: {},
    StepKind.ASSIGN: {"--to": "to", "--reason": "reason"},
    StepKind.COMMENT: {"--reason": "text"},
    StepKind.INSTRUCT: {"--action": "action"},
    StepKind.OUTCOME: {"--outcome": "outcome", "--keep or --let-go": "parcel", "--reason": "comment"},
    StepKind.RELEASE: {"--reason": "reason"},
    StepKind.SNOOZE: {"--until": "until", "--reason": "reason", "--later-cases": "later_cases"},
    StepKind.REOPEN: {"--reason": "reason"},
}
"""Options that a decision takes, and the fields that they fill."""

NOT_NEEDED = {
    (StepKind.ASSIGN, "--reason"),  # the worker asks for it where somebody else has the alert
    (StepKind.OUTCOME, "--keep or --let-go"),  # below
    (StepKind.OUTCOME, "--reason"),  # below
    (StepKind.SNOOZE, "--later-cases"),
}
DANGEROUS = (OutcomeKind.DANGEROUS_GOODS, OutcomeKind.FALSE_IDENTITY)
"""Outcomes with which a parcel is let go only if somebody says why."""


def needs() -> str:
    """List the decisions, each with the options that it needs.

    >>> needs().split("; ")[:3]
    ['acknowledge', 'assign (--to)', 'comment (--reason)']
    """
    listed = []
    for step, options in TAKES.items():
        needed = [one for one in options if (step, one) not in NOT_NEEDED]
        if step is StepKind.OUTCOME:
            needed.append("unless it is a false alarm --keep or --let-go")
        listed.append(f"{step.value} ({', '.join(needed)})" if needed else step.value)
    return "; ".join(listed)


def chosen(step: StepKind, given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Write a decision by the options that were given (by their names in `TAKES`; None: not given).

    Nothing is let go unless somebody says so: only a false alarm lets the parcel go by itself. Raises UserError naming
    the option that is missing, or that the decision does not take.
    """
    takes = TAKES[step]
    said = {option: value for option, value in given.items() if value is not None}
    if strange := [option for option in said if option not in takes]:
        taken = f"it takes {', '.join(takes)}" if takes else "it takes none"
        raise UserError(f"{step.value} does not take {strange[0]}; {taken}")
    missing = [option for option in takes if option not in said and (step, option) not in NOT_NEEDED]
    if missing:
        raise UserError(f"{step.value} needs {' and '.join(missing)}")
    if step is StepKind.OUTCOME:
        said = _with_parcel(said)
    if step is StepKind.SNOOZE:
        said["--until"] = _until(said["--until"], now)
    return {"kind": step.value} | {takes[option]: value for option, value in said.items()}


def _with_parcel(said: Mapping[str, Any]) -> dict[str, Any]:
    outcome, keep = OutcomeKind(said["--outcome"]), said.get("--keep or --let-go")
    if keep is None and outcome is not OutcomeKind.FALSE_ALARM:
        raise UserError(
            f"outcome {outcome.value} needs --keep or --let-go: say if the parcel stays where it is, or may travel"
        )
    if keep is False and outcome in DANGEROUS and not said.get("--reason"):
        raise UserError(
            f"outcome {outcome.value} with --let-go needs --reason: why may the parcel travel all the same?"
        )
    parcel = Parcel.KEEP if keep else Parcel.RELEASE
    return {**said, "--outcome": outcome.value, "--keep or --let-go": parcel.value}


def _until(text: str, now: datetime) -> str:
    try:
        span = duration_of(text)
        moment = datetime.fromisoformat(text) if span is None else now.astimezone(CHINA) + span
    except (ValueError, OverflowError):
        raise UserError("--until: write a time like 2026-11-30T08:00+08:00, or 6h, 2d") from None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=CHINA)
    if not timedelta(0) < moment - now <= timedelta(milliseconds=MOST_SNOOZE_MS):
        raise UserError("--until: a snooze ends after now, and at most 30 days from now")
    return moment.isoformat(timespec="seconds")
