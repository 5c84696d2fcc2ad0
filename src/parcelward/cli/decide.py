"""`parcelward decide`: a person decides on an alert or a case, and is told if it counted."""

from datetime import datetime
from typing import Annotated, Any, Literal

import typer

from parcelward.cli.options import Kafka, settings_with
from parcelward.contract.referrals import Case, Referral
from parcelward.contract.steps import InstructionAction, OutcomeKind, StepKind
from parcelward.desk.letters import Mailbox, decision_event
from parcelward.desk.states import alert_meant, one_meant, read_cases, read_referrals
from parcelward.errors import UserError
from parcelward.moments import CHINA, duration_of
from parcelward.settings import Settings

Decision = Literal["acknowledge", "assign", "comment", "instruct", "outcome", "release", "snooze", "reopen"]
PATIENCE_S = 20.0
REFUSED_WITHIN_S = 5.0


def decide(
    wanted: Annotated[
        str, typer.Argument(metavar="WHAT", help="An alert (beginning of its id, or waybill), or a case with --case.")
    ],
    decision: Annotated[Decision, typer.Argument(help="The decision.")],
    by: Annotated[str, typer.Option(help="Token of the person who decides, as k1.3q2-7wAAAAAAAAAAAAAAAA.")],
    kafka: Kafka = None,
    role: Annotated[Literal["analyst", "supervisor"], typer.Option("--as", help="Role of the person.")] = "analyst",
    case: Annotated[bool, typer.Option("--case", help="WHAT is a case; it is taken on each of its alerts.")] = False,
    revision: Annotated[
        int | None, typer.Option(help="Revision that the person saw; default: the newest.", show_default=False)
    ] = None,
    to: Annotated[str | None, typer.Option(help="assign: token of whoever works on it.", show_default=False)] = None,
    words: Annotated[
        str | None, typer.Option("--reason", help="Why; of a comment, its text.", show_default=False)
    ] = None,
    outcome: Annotated[
        OutcomeKind | None, typer.Option(help="outcome: what it turned out to be.", show_default=False)
    ] = None,
    keep: Annotated[bool, typer.Option("--keep/--let-go", help="outcome: what becomes of the parcel.")] = False,
    action: Annotated[
        InstructionAction | None, typer.Option(help="instruct: what the courier must do.", show_default=False)
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(help="snooze: until a time (2026-11-30T08:00), or for 6h, 2d.", show_default=False),
    ] = None,
    later_cases: Annotated[
        bool, typer.Option("--later-cases", help="snooze of a case: later cases of its kind and subject, too.")
    ] = False,
) -> None:
    """Decide on an alert or a case. Exit code 2 if it was refused, or if no worker took it within 20 s."""
    settings = settings_with(kafka)
    step = StepKind(decision)
    fields: dict[StepKind, dict[str, Any]] = {
        StepKind.ASSIGN: {"to": to, "reason": words},
        StepKind.COMMENT: {"text": words},
        StepKind.INSTRUCT: {"action": None if action is None else action.value},
        StepKind.OUTCOME: {
            "outcome": None if outcome is None else outcome.value,
            "parcel": "keep" if keep else "release",
            "comment": words,
        },
        StepKind.RELEASE: {"reason": words},
        StepKind.SNOOZE: {
            "until": None if until is None else _until(until),
            "reason": words,
            "later_cases": later_cases,
        },
        StepKind.REOPEN: {"reason": words},
    }
    given = {name: value for name, value in fields.get(step, {}).items() if value is not None}
    chosen = {"kind": decision, **given}
    _decide(settings, wanted, case, revision, role, by, chosen)


def _decide(
    settings: Settings, wanted: str, of_case: bool, revision: int | None, role: str, by: str, chosen: dict[str, Any]
) -> None:
    topics, step = settings.topics, StepKind(chosen["kind"])
    one: Case | Referral
    if of_case:
        cases = read_cases(settings)
        one = cases[one_meant(wanted, cases, "case")]
        about = {"kind": "case", "case_id": one.case_id, "subject": one.subject}
        key, told, name = one.subject, None, one.case_id
    else:
        one = alert_meant(wanted, read_referrals(settings))
        about = {"kind": "alert", "alert_id": one.alert_id, "courier": one.courier, "waybill": one.waybill}
        key, told, name = one.waybill, topics.referrals, one.alert_id
    seen = one.revision if revision is None else revision
    event = decision_event(about, seen, role, by, chosen)

    def is_effect(value: bytes) -> bool:
        now = Referral.model_validate_json(value)
        return now.alert_id == name and now.revision > one.revision and (now.step, now.person) == (step, by)

    with Mailbox(settings, told, topics.refused_decisions) as mailbox:
        mailbox.send(topics.decisions, key, event)
        # A note changes nothing, and a case does not say who changed it: what does not come back has counted.
        if silent := of_case or step is StepKind.COMMENT:
            mailbox.await_refusal(event, REFUSED_WITHIN_S)
        elif not mailbox.await_effect(event, is_effect, PATIENCE_S):
            raise UserError("sent, but no worker has taken it yet; see `parcelward doctor`")
    said = f"sent, and not refused within {REFUSED_WITHIN_S:.0f} s" if silent else "taken"
    where = f" of {one.courier}/{one.outlet}" if isinstance(one, Referral) else f", {one.subject}"
    typer.echo(f"{step.value} on {name}{where}, revision {seen}: {said}")


def _until(text: str) -> str:
    if (span := duration_of(text)) is not None:
        return (datetime.now(CHINA) + span).isoformat(timespec="seconds")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError("--until: write a time like 2026-11-30T08:00+08:00, or 6h, 2d") from None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=CHINA)).isoformat()
