"""Couriers: their days in figures; and what a courier itself must do."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request

from parcelward.console.api.asked import After, CourierAsked, Limit, checked
from parcelward.console.api.shape import Shape, moment, moment_or_none
from parcelward.console.store.courier_days import DAYS, Day, Duties, courier_codes, courier_days, last_heard
from parcelward.console.store.desk import LIMIT
from parcelward.console.store.feed import WEEK, AnswerTimes, Task, answer_times, tasks
from parcelward.console.web.office import account_of, office_of
from parcelward.moments import DAY_MS

router = APIRouter(tags=["couriers"])
DaysAsked = Annotated[int, Query(ge=1, le=DAYS, description="The newest days of each courier.", examples=[7])]
DayOfChina = Annotated[date, Field(description="The day, in China's time.", examples=["2026-11-26"])]


class OverdueDuties(Shape):
    """Duties whose deadline passed before their event had come."""

    real_name: int = Field(description="Identity checks (实名收寄).", examples=[0])
    inspection: int = Field(description="Inspections (收寄验视).", examples=[2])
    security_scan: int = Field(description="Security scans (过机安检).", examples=[1])

    @classmethod
    def of(cls, duties: Duties) -> "OverdueDuties":
        """Take duties of the store."""
        return cls(real_name=duties.real_name, inspection=duties.inspection, security_scan=duties.security_scan)


class CourierDay(Shape):
    """A courier's day in records, as its account counts it."""

    date: DayOfChina
    sent: int = Field(description="Records that the brokers acknowledged.", examples=[6607])
    screened: int = Field(description="Events that were accepted, and their parcels judged.", examples=[6480])
    duplicate: int = Field(description="Records that said again what was known.", examples=[3])
    heartbeats: int = Field(description="Heartbeats.", examples=[288])
    refused: int = Field(description="Records that were refused.", examples=[79])
    refused_for: dict[str, int] = Field(description="Refused records by the code of the reason.")
    unaccounted: int = Field(
        description="Records of which nothing is known; 0 unless something is wrong.", examples=[0]
    )
    late: int = Field(description="Events that came late.", examples=[12])
    adds_up: bool = Field(description="Every record has its line in the account.", examples=[True])
    overdue: OverdueDuties = Field(description="Duties that were missed.")

    @classmethod
    def of(cls, day: Day) -> "CourierDay":
        """Take a day of the store."""
        return cls(
            date=day.date,
            sent=day.sent,
            screened=day.screened,
            duplicate=day.duplicate,
            heartbeats=day.heartbeats,
            refused=day.refused,
            refused_for=day.refused_for,
            unaccounted=day.unaccounted,
            late=day.late,
            adds_up=day.adds_up,
            overdue=OverdueDuties.of(day.overdue),
        )


class AnswerSpeed(Shape):
    """Times from an instruction to its answer, of the last seven days; and what waits now."""

    answered: int = Field(description="Answers.", examples=[31])
    median_s: float | None = Field(
        description="Half were quicker, in seconds; null: there were none.", examples=[540.0]
    )
    p90_s: float | None = Field(description="Nine of ten were quicker, in seconds.", examples=[1320.0])
    waiting: int = Field(description="Open alerts with an instruction that is not answered.", examples=[4])
    overdue: int = Field(description="Those of them whose time is over.", examples=[1])

    @classmethod
    def of(cls, times: AnswerTimes) -> "AnswerSpeed":
        """Take times of the store."""
        return cls(
            answered=times.answered,
            median_s=None if times.median_ms is None else times.median_ms / 1000,
            p90_s=None if times.p90_ms is None else times.p90_ms / 1000,
            waiting=times.waiting,
            overdue=times.overdue,
        )


class CourierFigures(Shape):
    """One courier in figures."""

    courier: str = Field(description="Code of the courier.", examples=["swift"])
    days: tuple[CourierDay, ...] = Field(description="Its days, the oldest first; one without an account is left out.")
    answers: AnswerSpeed = Field(description="How quickly it answers.")
    told_at: datetime | None = Field(description="When it was last told something; null: no record of it is left.")
    answered_at: datetime | None = Field(description="When it last answered; null: no record of it is left.")


class CourierList(Shape):
    """The couriers in figures."""

    couriers: tuple[CourierFigures, ...] = Field(description="By their codes.")


class CourierTask(Shape):
    """The newest instruction about one alert."""

    alert_id: str = Field(description="Id of the alert.", examples=["6f9619ff-8b86-5011-b42d-00c04fc964ff"])
    waybill: str = Field(description="Waybill number.", examples=["SF1234567890123"])
    outlet: str = Field(description="Outlet that accepted the parcel.", examples=["WH-027-007"])
    revision: int = Field(description="Revision of the instruction; an answer names it.", examples=[1])
    action: str = Field(description="What to do.", examples=["hold"])
    arrived_at: datetime = Field(description="When it came to the topic.")
    answer_by: datetime | None = Field(description="When the answer must have come; null: none is awaited.")
    result: str | None = Field(description="Result of the last answer; null: there is none.", examples=["done"])
    document: dict[str, Any] = Field(description="The record: `schemas/instruction.v1.json`.")

    @classmethod
    def of(cls, task: Task) -> "CourierTask":
        """Take a task of the store."""
        return cls(
            alert_id=task.alert_id,
            waybill=task.waybill,
            outlet=task.outlet,
            revision=task.revision,
            action=task.action,
            arrived_at=moment(task.arrived_ms),
            answer_by=moment_or_none(task.answer_by_ms),
            result=task.result,
            document=task.document,
        )


class TaskList(Shape):
    """Some instructions to a courier."""

    instructions: tuple[CourierTask, ...] = Field(description="The latest first.")
    next: str | None = Field(description="Send it as `after` to go on; null: nothing follows.")


@router.get("/courier-days", name="api_courier_days")
def courier_figures(request: Request, courier: CourierAsked = None, days: DaysAsked = DAYS) -> CourierList:
    """Give the days of each courier in figures, how quickly it answers, and when it was last heard of."""
    store, now_ms = office_of(request).database, request.state.now_ms
    found = courier_days(store, days)
    rows = []
    for code in courier_codes(store):
        if courier in (None, code):
            times, heard = answer_times(store, code, now_ms, now_ms - WEEK * DAY_MS), last_heard(store, code)
            rows.append(
                CourierFigures(
                    courier=code,
                    days=tuple(map(CourierDay.of, found.get(code, ()))),
                    answers=AnswerSpeed.of(times),
                    told_at=moment_or_none(heard.told_ms),
                    answered_at=moment_or_none(heard.answered_ms),
                )
            )
    return CourierList(couriers=tuple(rows))


@router.get("/instructions", name="api_instructions")
def instructions(request: Request, limit: Limit = LIMIT, after: After = None) -> TaskList:
    """List the instructions to the courier whose key it is, the newest about each parcel, the latest first."""
    listed = tasks(office_of(request).database, account_of(request).courier or "", limit, checked(after, 2))
    return TaskList(instructions=tuple(map(CourierTask.of, listed.lines)), next=listed.after)
