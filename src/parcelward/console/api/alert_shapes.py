"""Alerts as the API says them: a line of a list, and everything about one."""

from datetime import datetime
from typing import Any

from pydantic import Field

from parcelward.console.api.case_shapes import CaseSummary
from parcelward.console.api.decision_shapes import DecisionTaken
from parcelward.console.api.shape import Shape, Text, moment, moment_or_none
from parcelward.console.store.alert_page import AlertView, Entry, Position, Revision, Step
from parcelward.console.store.lines import Line
from parcelward.console.web.documents import alert_in
from parcelward.contract.alerts import Alert, Lane, Severity
from parcelward.contract.steps import ReferralState


class AlertSummary(Shape):
    """One alert in a list, and where it stands. What the alert itself says is null where its record is gone."""

    alert_id: str = Field(description="Id of the alert.", examples=["6f9619ff-8b86-5011-b42d-00c04fc964ff"])
    revision: int = Field(description="Counts up with each step; a decision names the one that was seen.", examples=[3])
    courier: str = Field(description="Code of the courier.", examples=["swift"])
    waybill: str = Field(description="Waybill number.", examples=["SF1234567890123"])
    outlet: str = Field(description="Outlet that accepted the parcel.", examples=["WH-027-007"])
    state: ReferralState = Field(description="Where it stands.", examples=["raised"])
    lane: Lane = Field(description="Urgency.", examples=["red"])
    severity: Severity = Field(description="Severity of the worst finding there ever was.", examples=["high"])
    action: str = Field(description="Action that the alert proposes.", examples=["hold"])
    at: datetime = Field(description="Time of the last step.")
    due_at: datetime | None = Field(description="When the next step must have been taken; null: none is awaited.")
    level: int = Field(description="How often it was passed up.", examples=[0])
    held: bool = Field(description="The parcel is kept back until somebody lets it go.", examples=[True])
    assigned_to: str | None = Field(description="Token of the person who has it; null: nobody has.")
    person: str | None = Field(description="Token of the person who took the last step; null: nobody did.")
    step: str | None = Field(description="The last step; null: it was raised and nothing happened since.")
    asked: str | None = Field(description="What the courier was told and has not answered; null: nothing.")
    answered: str | None = Field(description="Result of the courier's last answer; null: there is none.")
    outcome: str | None = Field(description="The outcome; null: there is none yet.")
    rules: tuple[str, ...] = Field(description="Rules that found something, the worst first.", examples=[["R1"]])
    cases: tuple[str, ...] = Field(description="Ids of the cases in which it lies.")
    summary: Text | None = Field(description="One sentence of what to do and why.")
    goods: str | None = Field(description="The goods as declared; personal values in it are blanked.")
    operator: str | None = Field(description="Staff number of whoever accepted the parcel.")
    raised_at: datetime | None = Field(description="When its first revision was raised.")
    score: float | None = Field(description="Risk score of the model, 0 to 1; null: there is none.", examples=[0.73])

    @classmethod
    def of(cls, line: Line) -> "AlertSummary":
        """Take a line of the store."""
        return cls(
            alert_id=line.alert_id,
            revision=line.revision,
            courier=line.courier,
            waybill=line.waybill,
            outlet=line.outlet,
            state=line.state,
            lane=line.lane,
            severity=line.severity,
            action=line.action,
            at=moment(line.at_ms),
            due_at=moment_or_none(line.due_ms),
            level=line.level,
            held=line.held,
            assigned_to=line.assigned_to,
            person=line.person,
            step=line.step,
            asked=line.asked,
            answered=line.answered,
            outcome=line.outcome,
            rules=line.rules,
            cases=line.cases,
            summary=None if line.summary is None else Text.of(line.summary),
            goods=line.goods,
            operator=line.operator,
            raised_at=moment_or_none(line.raised_ms),
            score=line.score,
        )


class AlertList(Shape):
    """Some alerts of a list."""

    alerts: tuple[AlertSummary, ...] = Field(description="What is open the most urgent first, else the newest first.")
    next: str | None = Field(
        description="Send it as `after` to go on, also where a page of all or over is short; null: nothing follows."
    )


class StepTaken(Shape):
    """One step in the life of an alert, and the state that it led to."""

    revision: int = Field(description="Revision that it made.", examples=[2])
    state: ReferralState = Field(description="State after it.", examples=["acknowledged"])
    step: str | None = Field(description="Step; null: the alert was raised.", examples=["acknowledge"])
    by: str = Field(description="Role that took it; `clock` and `evidence` are no people.", examples=["analyst"])
    person: str | None = Field(description="Token of the person who took it; null: nobody did.")
    at: datetime = Field(description="Its time.")
    level: int = Field(description="How often the alert had been passed up.", examples=[0])
    assigned_to: str | None = Field(description="Token of the person who had the alert then.")

    @classmethod
    def of(cls, step: Step) -> "StepTaken":
        """Take a step of the store."""
        return cls(
            revision=step.revision,
            state=ReferralState(step.state),
            step=step.step,
            by=step.by,
            person=step.person,
            at=moment(step.at_ms),
            level=step.level,
            assigned_to=step.assigned_to,
        )


class AlertRevision(Shape):
    """One revision of an alert."""

    revision: int = Field(description="Number of the revision of the alert itself.", examples=[1])
    arrived_at: datetime = Field(description="When its record came to the topic.")
    document: Alert = Field(description="The alert as it stood on the topic `alerts`.")

    @classmethod
    def of(cls, revision: Revision) -> "AlertRevision":
        """Take a revision of the store."""
        return cls(
            revision=revision.revision, arrived_at=moment(revision.arrived_ms), document=alert_in(revision.document)
        )


class TopicEntry(Shape):
    """One instruction, or one answer, as it stood on its topic."""

    arrived_at: datetime = Field(description="When its record came to the topic.")
    document: dict[str, Any] = Field(description="The record: `schemas/instruction.v1.json`, `schemas/answer.v1.json`.")

    @classmethod
    def of(cls, entry: Entry) -> "TopicEntry":
        """Take an entry of the store."""
        return cls(arrived_at=moment(entry.arrived_ms), document=entry.document)


class RecordPosition(Shape):
    """Position of a record."""

    topic: str = Field(description="Topic.", examples=["alerts"])
    partition: int = Field(description="Partition.", examples=[0])
    offset: int = Field(description="Offset.", examples=[1207])

    @classmethod
    def of(cls, position: Position) -> "RecordPosition":
        """Take a position of the store."""
        return cls(topic=position.topic, partition=position.partition, offset=position.offset)


class AlertDetail(Shape):
    """Everything about one alert; of each kind of entry the newest 500, the oldest first."""

    line: AlertSummary | None = Field(description="Where it stands; null: nobody follows it up.")
    alert: Alert | None = Field(
        description="The newest revision; null: its record is gone, only where it stands is known."
    )
    referral: dict[str, Any] | None = Field(description="Its state as on `referrals`: `schemas/referral.v1.json`.")
    revisions: tuple[AlertRevision, ...] = Field(description="Every revision of the alert.")
    steps: tuple[StepTaken, ...] = Field(description="What happened to it.")
    instructions: tuple[TopicEntry, ...] = Field(description="What the courier was told.")
    answers: tuple[TopicEntry, ...] = Field(description="What the courier answered.")
    decisions: tuple[DecisionTaken, ...] = Field(description="What people decided, and what was refused of it.")
    cases: tuple[CaseSummary, ...] = Field(description="The cases in which it lies.")
    position: RecordPosition | None = Field(description="Where the newest revision lies on its topic.")

    @classmethod
    def of(cls, view: AlertView) -> "AlertDetail":
        """Take everything that the store has."""
        return cls(
            line=None if view.line is None else AlertSummary.of(view.line),
            alert=None if view.alert is None else alert_in(view.alert),
            referral=view.referral,
            revisions=tuple(map(AlertRevision.of, view.revisions)),
            steps=tuple(map(StepTaken.of, view.steps)),
            instructions=tuple(map(TopicEntry.of, view.instructions)),
            answers=tuple(map(TopicEntry.of, view.answers)),
            decisions=tuple(map(DecisionTaken.of, view.decisions)),
            cases=tuple(map(CaseSummary.of, view.cases)),
            position=None if view.position is None else RecordPosition.of(view.position),
        )
