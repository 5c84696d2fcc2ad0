"""`parcelward decide`: a person decides on an alert or a case, and is told if it counted and what it did."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

import typer

from parcelward.cli.options import Kafka, settings_with
from parcelward.contract.referrals import Case, Referral
from parcelward.contract.steps import InstructionAction, OutcomeKind, Role, StepKind
from parcelward.desk.choices import chosen, needs
from parcelward.desk.letters import Mailbox, RefusedError, decision_event
from parcelward.desk.states import ID_BEGINNING, alert_meant, one_meant, read_cases, read_referrals
from parcelward.desk.words import effect_of_case, effect_on_parcel, way_out
from parcelward.errors import UserError
from parcelward.escaping import escaped
from parcelward.moments import CHINA
from parcelward.settings import Settings

Decision = Literal["acknowledge", "assign", "comment", "instruct", "outcome", "release", "snooze", "reopen"]
PATIENCE_S = 20.0
NOT_TAKEN = (
    f"sent, but it is not known whether it was taken: no worker told of it within {PATIENCE_S:.0f} s; see "
    "`parcelward doctor`"
)


def decide(
    wanted: Annotated[
        str, typer.Argument(metavar="WHAT", help="An alert (beginning of its id, or waybill), or a case with --case.")
    ],
    decision: Annotated[Decision, typer.Argument(help=f"The decision, and what it needs: {needs()}.")],
    by: Annotated[str, typer.Option(help="Token of the person who decides, as k1.3q2-7wAAAAAAAAAAAAAAAA.")],
    kafka: Kafka = None,
    role: Annotated[Literal["analyst", "supervisor"], typer.Option("--as", help="Role of the person.")] = "analyst",
    case: Annotated[bool, typer.Option("--case", help="WHAT is a case; it is taken on each of its alerts.")] = False,
    revision: Annotated[
        int | None, typer.Option(help="Revision that the person saw; default: the newest.", show_default=False)
    ] = None,
    to: Annotated[str | None, typer.Option(help="assign: token of whoever works on it.", show_default=False)] = None,
    words: Annotated[
        str | None,
        typer.Option(
            "--reason",
            help="Why; of a comment, its text. Also needed to let a parcel go whose outcome is dangerous_goods or "
            "false_identity, and to take an alert from somebody else.",
            show_default=False,
        ),
    ] = None,
    outcome: Annotated[
        OutcomeKind | None, typer.Option(help="outcome: what it turned out to be.", show_default=False)
    ] = None,
    keep: Annotated[
        bool | None,
        typer.Option(
            "--keep/--let-go",
            help="outcome: the parcel stays where it is, or may travel. A false alarm lets it go; all others must say.",
            show_default=False,
        ),
    ] = None,
    action: Annotated[
        InstructionAction | None, typer.Option(help="instruct: what the courier must do.", show_default=False)
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="snooze: until a time (2026-11-30T08:00), or for 6h, 2d.", show_default=False)
    ] = None,
    later_cases: Annotated[
        bool, typer.Option("--later-cases", help="snooze of a case: later cases of its kind and subject, too.")
    ] = False,
) -> None:
    """Decide on an alert or a case, and say what came of it.

    Exit code 2 if it was refused, or if it is not known within 20 s that a worker took it.
    """
    settings = settings_with(kafka)
    given = {
        "--to": to,
        "--reason": words,
        "--outcome": outcome,
        "--keep or --let-go": keep,
        "--action": None if action is None else action.value,
        "--until": until,
        "--later-cases": later_cases or None,
    }
    decided = chosen(StepKind(decision), given, datetime.now(CHINA))
    letter = _Letter(revision, Role(role), by, decided)
    typer.echo((_on_case if case else _on_alert)(settings, wanted, letter))


class _Letter(NamedTuple):
    """A decision before it is known what it is about: the revision seen, if it was given; who decides; the decision."""

    revision: int | None
    role: Role
    by: str
    decision: dict[str, Any]

    @property
    def step(self) -> StepKind:
        return StepKind(self.decision["kind"])


def _on_alert(settings: Settings, wanted: str, letter: _Letter) -> str:
    one, topics, step = _alert(settings, wanted), settings.topics, letter.step
    about = {"kind": "alert", "alert_id": one.alert_id, "courier": one.courier, "waybill": one.waybill}
    seen = one.revision if letter.revision is None else letter.revision
    event = decision_event(about, seen, letter.role.value, letter.by, letter.decision)
    became: list[Referral] = []

    def is_effect(value: bytes) -> bool:
        now = Referral.model_validate_json(value)
        newer = now.alert_id == one.alert_id and now.revision > one.revision
        if newer and (now.step, now.person) == (step, letter.by):
            became.append(now)
        return bool(became)

    said = f"{step.value} on {one.alert_id} of {one.courier}/{one.outlet}, revision {seen}: "
    with Mailbox(settings, topics.referrals, topics.refused_decisions) as mailbox:
        place = mailbox.send(topics.decisions, one.waybill, event)
        try:
            if step is StepKind.COMMENT:  # it changes nothing, so there is no effect to wait for
                taken = mailbox.await_reading(event, place, PATIENCE_S)
            else:
                taken = mailbox.await_effect(event, is_effect, PATIENCE_S)
        except RefusedError as refused:
            raise _explained(refused, letter) from None
    if not taken:
        raise UserError(NOT_TAKEN)
    effect = effect_on_parcel(one, became[0]) if became else ""
    return f"{said}taken; {effect}" if effect else f"{said}taken"


def _on_case(settings: Settings, wanted: str, letter: _Letter) -> str:
    one, topics = _case(settings, wanted), settings.topics
    about = {"kind": "case", "case_id": one.case_id, "subject": one.subject}
    seen = one.revision if letter.revision is None else letter.revision
    event = decision_event(about, seen, letter.role.value, letter.by, letter.decision)
    with Mailbox(settings, None, topics.refused_decisions) as mailbox:
        place = mailbox.send(topics.decisions, one.subject, event)
        try:  # a case does not say who changed it, so what was read and does not come back has counted
            if not mailbox.await_reading(event, place, PATIENCE_S):
                raise UserError(NOT_TAKEN)
        except RefusedError as refused:
            raise _explained(refused, letter) from None
    said = f"{letter.step.value} on {one.case_id}, {one.subject}, revision {seen}: taken"
    effect = effect_of_case(letter.decision)
    return f"{said}; {effect}" if effect else said


def _explained(refused: RefusedError, letter: _Letter) -> RefusedError:
    """The refusal, with what is possible instead."""
    way = way_out(refused.reason, refused.state, letter.step, letter.role)
    detail = f"{refused.detail} {way[:1].upper()}{way[1:]}" if way else refused.detail
    return RefusedError(refused.reason, detail, refused.state)


def _alert(settings: Settings, wanted: str) -> Referral:
    """The alert that is meant. Raises UserError, and says so where a case is meant."""
    try:
        return alert_meant(wanted, read_referrals(settings))
    except UserError:
        if _begins_one(wanted, read_cases(settings)):
            raise UserError(f"{escaped(wanted)} is a case: add --case") from None
        raise


def _case(settings: Settings, wanted: str) -> Case:
    """The case that is meant. Raises UserError, and says so where an alert is meant."""
    known = read_cases(settings)
    try:
        return known[one_meant(wanted, known, "case")]
    except UserError:
        alerts = read_referrals(settings)
        if _begins_one(wanted, alerts) or wanted in {one.waybill for one in alerts.values()}:
            raise UserError(f"{escaped(wanted)} is an alert: leave --case out") from None
        raise


def _begins_one(wanted: str, ids: Collection[str]) -> bool:
    return len(wanted) >= ID_BEGINNING and any(one.startswith(wanted) for one in ids)
