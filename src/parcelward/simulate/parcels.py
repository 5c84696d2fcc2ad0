"""A simulated parcel between its acceptance and its events."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from parcelward.simulate.plan import Label
from parcelward.simulate.world import Operator, Outlet


class SimulatedPhoto(NamedTuple):
    """An inspection photo: hashes, and how long before the end of the inspection it was taken, in ms."""

    sha256: str
    phash: str
    before_ms: int


@dataclass(slots=True, eq=False)
class SimulatedInspection:
    """An inspection as its event will tell it; times in ms since the epoch (true time), lengths in ms."""

    operator: Operator
    ended_ms: int
    duration_ms: int
    weight_g: int
    sealed_after_ms: int = 20_000  # negative: sealed before the inspection began
    opened: bool = True
    result: str = "passed"
    found_goods: str | None = None
    photos: list[SimulatedPhoto] = field(default_factory=list)
    mark: bool = True
    upload_ms: int = 800
    backfill: bool = False


@dataclass(slots=True, eq=False)
class Parcel:
    """One waybill as the counter saw it, before events are made of it. Times in ms since the epoch (true time)."""

    outlet: Outlet
    operator: Operator
    waybill: str
    accepted_ms: int
    sender: dict[str, Any]
    receiver: dict[str, Any]
    goods_class: str
    goods: dict[str, Any]
    weight_g: int
    verify_method: str
    transport: str
    latitude: float
    longitude: float
    inspection: SimulatedInspection | None = None
    registered: bool = True  # a real-name event will be sent
    address_differs: bool = False
    upload_ms: int = 800
    backfill: bool = False
    scan_ms: int | None = None
    label: Label | None = None  # ground truth; none for an innocent parcel
    begun: bool = False  # its first event has been yielded
