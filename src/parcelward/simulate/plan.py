"""The plan of a simulation and its results: events that the model may see, labels that it may not."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from parcelward.contract.reasons import Reason
from parcelward.errors import UserError

# Relative frequency of planted cases; R22 stands for the hidden patterns that only a model can find.
PATTERNS: dict[str, float] = {
    "R1": 3, "R2": 3, "R3": 4, "R5": 1, "R6": 1, "R7": 2, "R8": 1, "R9": 0.7, "R10": 1, "R12": 0.4, "R13": 3, "R14": 4,
    "R15": 2, "R20": 2, "R22": 6,
}  # fmt: skip
PLANTED: dict[str, str] = {
    "R1": "a document number that cannot be, or none",
    "R2": "no real-name event, or an inspection long before it",
    "R3": "no inspection, not opened, sealed before it, or too late",
    "R5": "one document with many phones at several outlets",
    "R6": "customers' parcels under a clerk's own document",
    "R7": "one document read far apart within the hour",
    "R8": "one phone with many documents",
    "R9": "inspections seconds apart",
    "R10": "the photo of another waybill",
    "R12": "one vague goods name on nearly everything",
    "R13": "a weight that does not fit the goods, or that changed",
    "R14": "dangerous goods, declared or found",
    "R15": "too many e-cigarettes or cigarettes",
    "R20": "a waybill number used twice",
    "R22": "no rule describes it: several harmless traits at once, left to the model",
}
"""What is done to the parcels of each pattern."""
EVENTS_PER_WAYBILL = 2.3  # mean of what is simulated: two duties, scans of some parcels, resends, corrections


@dataclass(frozen=True)
class Plan:
    """A simulation's plan. The same plan gives the same events, byte for byte.

    `violation_share` is a share of waybills, `malformed_share` one of records. `duty_delay` scales the time from
    acceptance to inspection (1.0: minutes, as in life). With `live` everything fits into seconds: hours of the day do
    not matter, cases unfold within `time_scale` of their usual time, and late uploads arrive at once with old times.
    With `left_out_share` the software of an outlet leaves out each optional field with that probability, for good.
    """

    couriers: tuple[str, ...] = ("swift", "orient", "harbor")
    outlets_per_courier: int = 40
    operators: int = 4  # counter staff per outlet, at least; more where the load asks for them
    senders: int = 60  # persons per outlet who come back
    waybills_per_day: int = 100_000
    start: datetime = datetime(2026, 11, 1, tzinfo=UTC)
    days: float = 1.0
    seed: int = 1
    violation_share: float = 0.005
    malformed_share: float = 0.0
    walk_in_share: float = 0.1
    scan_share: float = 0.3
    left_out_share: float = 0.0
    duty_delay: float = 1.0
    time_scale: float = 1.0
    live: bool = False

    def __post_init__(self) -> None:
        """Raise UserError for a plan that cannot be simulated."""
        if not self.couriers or min(self.outlets_per_courier, self.operators, self.senders, self.waybills_per_day) < 1:
            raise UserError("simulation plan: couriers, outlets, operators, senders and waybills must be at least 1")
        if self.start.tzinfo is None:
            raise UserError("simulation plan: start must have a time zone, for example 2026-11-23T08:00:00+08:00")
        for name in ("violation_share", "malformed_share", "walk_in_share", "scan_share", "left_out_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"simulation plan: {name} must be between 0 and 1")
        if self.days <= 0 or self.duty_delay <= 0 or self.time_scale <= 0:
            raise UserError("simulation plan: days, duty_delay and time_scale must be above 0")


def live(plan: Plan, events_per_second: float, start: datetime | None = None, violation_share: float = 0.05) -> Plan:
    """The plan for a live run of about `events_per_second`: duties within 0.2 to 3 s, cases of all rules at once.

    `violation_share` is far above an honest share, so that a viewer sees violations. The world is small, so that
    windows fill within a minute, and has just enough operators that none of them inspects too fast.

    >>> plan = live(Plan(), events_per_second=100)
    >>> plan.live, plan.waybills_per_day, plan.outlets_per_courier
    (True, 3756522, 7)
    """
    waybills_per_second = events_per_second / EVENTS_PER_WAYBILL
    outlets = max(4, round(waybills_per_second * plan.walk_in_share * 20 / len(plan.couriers) / 4))
    return replace(
        plan,
        start=start or plan.start,
        outlets_per_courier=outlets,
        waybills_per_day=max(1, round(waybills_per_second * timedelta(days=1).total_seconds())),
        duty_delay=0.01,
        time_scale=0.0005,
        violation_share=violation_share,
        live=True,
    )


class SimulatedEvent(NamedTuple):
    """One event as a courier sends it: arrival in ms since the epoch, courier, structured-mode CloudEvent."""

    arrival_ms: int
    courier: str
    envelope: dict[str, Any]


class SimulatedRecord(NamedTuple):
    """One Kafka record. It must be refused for the reason `refused_for`; None for a well-formed one."""

    arrival_ms: int
    courier: str
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None
    refused_for: Reason | None = None


class Label(NamedTuple):
    """Ground truth of one waybill: the planted pattern (R1 to R22), a note on what was done, and the case."""

    waybill: str
    courier: str
    pattern: str
    note: str
    case: str
