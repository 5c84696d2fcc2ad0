"""Cases as the API says them: a line of a list, and everything about one."""

from datetime import datetime
from typing import Any

from pydantic import Field

from parcelward.console.api.decision_shapes import DecisionTaken
from parcelward.console.api.shape import Shape, Text, moment, moment_or_none
from parcelward.console.store.case_desk import CaseLine
from parcelward.console.store.case_page import CaseView
from parcelward.contract.alerts import Lane, Severity
from parcelward.contract.steps import ReferralState


class CaseSummary(Shape):
    """One case in a list, and where it stands."""

    case_id: str = Field(description="Id of the case.", examples=["0a7f7f0e-51a5-5d0c-9a52-3d2f0c6f2a10"])
    revision: int = Field(
        description="Counts up with each change; a decision names the one that was seen.", examples=[4]
    )
    subject: str = Field(description="The thing that its alerts share.", examples=["outlet/swift/HZ-0571-014"])
    subject_kind: str = Field(description="Kind of that thing.", examples=["outlet"])
    theme: str = Field(description="What its alerts are about.", examples=["inspection_missing"])
    state: ReferralState = Field(description="Where it stands.", examples=["raised"])
    attention: bool = Field(description="A person must read this revision.", examples=[True])
    lane: Lane = Field(description="Worst lane of its alerts.", examples=["red"])
    severity: Severity = Field(description="Worst severity of its alerts.", examples=["high"])
    action: str = Field(description="Action that is proposed.", examples=["audit_outlet"])
    count: int = Field(description="Alerts in it.", examples=[12])
    open: int = Field(description="Open ones among them.", examples=[9])
    red: int = Field(description="Red ones among them.", examples=[1])
    escalated: int = Field(description="Ones among them that were passed up.", examples=[0])
    withdrawn: int = Field(description="Ones among them that later evidence cleared.", examples=[2])
    first_at: datetime = Field(description="When the first of its alerts was raised.")
    last_at: datetime = Field(description="When the last of its alerts was raised.")
    at: datetime = Field(description="Time of its last change.")
    due_at: datetime | None = Field(description="When the first of its open alerts is due; null: none is.")
    assigned_to: str | None = Field(description="Token of the person who has it; null: nobody has.")
    snoozed_until: datetime | None = Field(description="When it comes back; null: it is not put off.")
    over_budget: bool = Field(description="It came when its subject had used up its budget of cases.", examples=[False])
    outcome: str | None = Field(description="The outcome; null: there is none yet.")
    couriers: tuple[str, ...] = Field(description="Couriers of its alerts.", examples=[["swift"]])
    rules: dict[str, int] = Field(description="Alerts by rule.", examples=[{"R3": 12}])
    summary: Text = Field(description="One sentence of what it is.")

    @classmethod
    def of(cls, line: CaseLine) -> "CaseSummary":
        """Take a line of the store."""
        return cls(
            case_id=line.case_id,
            revision=line.revision,
            subject=line.subject,
            subject_kind=line.subject_kind,
            theme=line.theme,
            state=line.state,
            attention=line.attention,
            lane=line.lane,
            severity=line.severity,
            action=line.action,
            count=line.count,
            open=line.open,
            red=line.red,
            escalated=line.escalated,
            withdrawn=line.withdrawn,
            first_at=moment(line.first_ms),
            last_at=moment(line.last_ms),
            at=moment(line.at_ms),
            due_at=moment_or_none(line.due_ms),
            assigned_to=line.assigned_to,
            snoozed_until=moment_or_none(line.snoozed_until_ms),
            over_budget=line.over_budget,
            outcome=line.outcome,
            couriers=line.couriers,
            rules=line.rules,
            summary=Text.of(line.summary),
        )


class CaseList(Shape):
    """Some cases of a list."""

    cases: tuple[CaseSummary, ...] = Field(description="What is open the most urgent first, else the newest first.")
    next: str | None = Field(description="Send it as `after` to go on; null: nothing follows.")


class CaseDetail(Shape):
    """Everything about one case, its alerts apart."""

    line: CaseSummary = Field(description="Where it stands.")
    document: dict[str, Any] = Field(description="The case as on the topic `cases`: `schemas/case.v1.json`.")
    decisions: tuple[DecisionTaken, ...] = Field(description="What people decided on it, the newest 500.")

    @classmethod
    def of(cls, view: CaseView) -> "CaseDetail":
        """Take everything that the store has."""
        return cls(
            line=CaseSummary.of(view.line),
            document=view.document,
            decisions=tuple(map(DecisionTaken.of, view.decisions)),
        )
