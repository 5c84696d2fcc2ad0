"""One accepted intake event, in plain values: what the contract's models say, without what only validation needs.

Codes and enumerations are plain strings, times are ms since the epoch, and `gc=False` keeps all of it out of the
garbage collector. `contract.events` describes the fields; a test compares the two. `number` is the position of the
event type in `EVENT_TYPES`, as a plain int: looking up an `Enum` costs a call of a Python function.
"""

from typing import ClassVar

from msgspec import Struct

from parcelward.contract.events import EVENT_TYPES, EventType

_number = EVENT_TYPES.index


class PlaceData(Struct, frozen=True, gc=False):
    """A point on the ground, WGS 84, degrees."""

    latitude: float
    longitude: float


class SenderData(Struct, frozen=True, gc=False, kw_only=True):
    """Person or organisation that hands the parcel over. PERSONAL values come raw or as tokens."""

    kind: str
    document_type: str | None = None
    document_number: str | None = None
    issuing_country: str | None = None
    document_token: str | None = None
    document_mask: str | None = None
    document_check: str | None = None
    name: str | None = None
    name_token: str | None = None
    name_mask: str | None = None
    phone: str | None = None
    phone_token: str | None = None
    phone_mask: str | None = None
    agreement_id: str | None = None


class ReceiverData(Struct, frozen=True, gc=False, kw_only=True):
    """Person or organisation that will receive the parcel. PERSONAL values come raw or as tokens."""

    name: str | None = None
    name_token: str | None = None
    phone: str | None = None
    phone_token: str | None = None
    region: str | None = None


class GoodsData(Struct, frozen=True, gc=False, kw_only=True):
    """Contents of the parcel as the sender declares them."""

    name: str
    nature: str
    quantity: int
    declared_value_cny: float | None = None
    dangerous_declared: bool


class RealNameData(Struct, frozen=True, gc=False, kw_only=True):
    """Data of a real-name event (实名收寄)."""

    number: ClassVar[int] = _number(EventType.REAL_NAME)

    courier: str
    waybill: str
    outlet: str
    operator: str
    operator_document: str | None = None
    operator_document_token: str | None = None
    device: str | None = None
    fill_mode: str
    corrects: str | None = None
    sender: SenderData
    receiver: ReceiverData
    goods: GoodsData
    weight_g: int
    verify_method: str
    transport_mode: str | None = None
    place: PlaceData | None = None
    stated_region: str | None = None
    address_difference_recorded: bool


class PhotoData(Struct, frozen=True, gc=False, kw_only=True):
    """Reference to one inspection photo."""

    sha256: str
    phash: str | None = None
    taken_ms: int | None = None
    place: PlaceData | None = None


class InspectionData(Struct, frozen=True, gc=False, kw_only=True):
    """Data of an inspection event (收寄验视)."""

    number: ClassVar[int] = _number(EventType.INSPECTION)

    courier: str
    waybill: str
    outlet: str
    operator: str
    device: str | None = None
    fill_mode: str
    corrects: str | None = None
    started_ms: int | None = None
    sealed_ms: int | None = None
    opened: bool
    result: str
    found_goods: str | None = None
    found_category: str | None = None
    weight_g: int | None = None
    photos: tuple[PhotoData, ...]
    mark_applied: bool
    place: PlaceData | None = None


class ScanData(Struct, frozen=True, gc=False, kw_only=True):
    """Data of a security-scan event (过机安检), which is never filled in later and corrects nothing."""

    number: ClassVar[int] = _number(EventType.SECURITY_SCAN)
    fill_mode: ClassVar[str] = "online"
    corrects: ClassVar[str | None] = None

    courier: str
    waybill: str
    site: str
    operator: str
    machine: str
    image_sha256: str | None = None
    labels: tuple[str, ...]
    judged_ms: int | None = None
    decision: str
    mark_applied: bool


class HeartbeatData(Struct, frozen=True, gc=False, kw_only=True):
    """Data of a heartbeat, which is of no waybill."""

    number: ClassVar[int] = _number(EventType.HEARTBEAT)
    fill_mode: ClassVar[str] = "online"
    corrects: ClassVar[str | None] = None

    courier: str
    outlet: str | None = None


EventData = RealNameData | InspectionData | ScanData | HeartbeatData
STRUCT_OF: dict[str, type[Struct]] = {
    "Goods": GoodsData,
    "Heartbeat": HeartbeatData,
    "Inspection": InspectionData,
    "Photo": PhotoData,
    "Place": PlaceData,
    "RealName": RealNameData,
    "Receiver": ReceiverData,
    "SecurityScan": ScanData,
    "Sender": SenderData,
}
"""The struct of each model in `contract.events`, by the model's name."""


class Event(Struct, frozen=True, gc=False):
    """One accepted intake event.

    `time_ms` is the event time in ms since the epoch. `identity` (8 bytes) is a hash of source and id: equal for an
    event sent twice. `content` (8 bytes) is a hash of the time and the value's bytes: an event with the same identity
    and another content contradicts itself. `corrects` is the identity of the event that this one corrects, of the same
    source; empty when it corrects none. All three are stable across processes and replays.
    """

    type: EventType
    id: str
    time_ms: int
    data: EventData
    identity: bytes
    content: bytes
    corrects: bytes = b""


def key_of(data: EventData) -> str:
    """The key of an event's record: its waybill; of a heartbeat its outlet, or its courier."""
    return data.outlet or data.courier if isinstance(data, HeartbeatData) else data.waybill
