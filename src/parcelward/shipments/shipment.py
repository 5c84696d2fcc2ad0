"""The record of one waybill, and the form in which it travels between the stages: MessagePack arrays, by msgspec.

`Shipment` is both the duty ledger's state (value of the duties changelog) and what the later stages read, so that one
serialisation serves both. Nothing in it is a raw personal value. What is a record by itself says its format, its tag
(`parcelward/formats.py` has what to do when a struct changes). `gc=False`: none of these can be part of a reference
cycle, so the garbage collector need not know them.
"""

import msgspec

from parcelward.contract.fields import GoodsNature
from parcelward.formats import FROM_0, FROM_1, reading
from parcelward.shipments.series import Series

LETTER = GoodsNature.LETTER.value
"""Nature of goods that need no inspection."""
PHYSICAL_READS = ("nfc", "ocr")
"""Verify methods in which the document itself was read on the spot."""


class Trigger:
    """The reason for this pass of the shipment. Plain ints, as below."""

    REAL_NAME = 1
    INSPECTION = 2
    SCAN = 3
    OVERDUE = 4
    CONFLICT = 5


class First:
    """Parts of a shipment that the profiles count at this pass, or take back: none is counted twice.

    A part is counted when it becomes known, and again when it was corrected: what was counted before is taken back.

    Bits of a plain int: an `enum.IntFlag` costs a microsecond per operation on the hot path.
    """

    NOTHING = 0
    SENDER = 1  # document and phone of a real-name entry
    ACCEPTANCE = 2  # a real-name entry
    INSPECTION = 4  # an inspection entry, once the real-name entry is known too
    OVERDUE = 8  # first overdue duty


class Duty:
    """The obligations at acceptance, as bits of a plain int."""

    NONE = 0
    REAL_NAME = 1
    INSPECTION = 2
    SECURITY_SCAN = 4


DUE_WITHIN = 23
"""Bytes of a ledger record in which its deadline lies: what the array begins with (3), format (2), two times (9 each).

In format 0, which had no format there, it lies two bytes earlier.
"""


class RealNameEntry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The real-name event, with tokens and masks in place of personal values. Times in epoch ms."""

    event_ms: int
    arrival_ms: int
    outlet: str
    operator: str
    backfill: bool
    sender_kind: str
    document_token: str | None
    document_mask: str | None
    document_check: str | None
    name_token: str | None
    name_mask: str | None
    phone_token: str | None
    phone_mask: str | None
    operator_token: str | None
    receiver_token: str | None
    agreement_id: str | None
    goods_name: str
    goods_nature: str
    quantity: int
    declared_value_cny: float | None
    dangerous_declared: bool
    weight_g: int
    verify_method: str
    transport_mode: str | None
    latitude: float | None
    longitude: float | None
    receiver_region: str | None = None
    stated_region: str | None = None
    phone_check: str | None = None  # a `PhoneCheck`; None: no phone was given, or an earlier version made the entry
    other_goods: tuple[str, ...] = ()  # goods names of real-name events that contradict this one, the gravest first
    contradicted: tuple[str, ...] = ()  # fields of the contract in which they do

    @property
    def all_goods(self) -> str:
        """Goods names as they were told, those of contradicting events after its own."""
        return " / ".join((self.goods_name, *self.other_goods))


class InspectionEntry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The inspection event. Times in epoch ms; photos as the first 8 bytes of their SHA-256."""

    event_ms: int
    arrival_ms: int
    outlet: str
    operator: str
    backfill: bool
    started_ms: int | None
    sealed_ms: int | None
    opened: bool
    result: str
    found_goods: str | None
    found_category: str | None
    weight_g: int | None
    photos: tuple[bytes, ...]
    oldest_photo_ms: int | None
    mark_applied: bool
    # Of an earlier inspection, where this one says nothing of it; None: of this one. See `standing`.
    found_by: str | None = None  # operator of the one that found `found_goods` and `found_category`
    timed_ms: int | None = None  # time of the one that `started_ms` and `sealed_ms` are of
    photos_ms: int | None = None  # time of the one that the photos are of
    photo_times: tuple[int, ...] = ()  # of a correction, as told: empty where it stands, and they are bounded


class ScanEntry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The security scan. Times in epoch ms."""

    event_ms: int
    arrival_ms: int
    site: str
    operator: str
    decision: str
    judged_ms: int | None


class Version(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One real-name or inspection event of a waybill that was told of more than one of its kind, or of a correction.

    `corrects` is the identity of the event that this one corrects, `corrects_id` the id that it names; empty for none.
    """

    number: int  # of the event type
    identity: bytes  # 8 bytes
    event_id: str
    corrects: bytes
    corrects_id: str
    event_ms: int
    arrival_ms: int
    says: int  # hash of what is compared to tell if two events say the same
    entry: bytes  # encoded; empty once another event has corrected this one


NotedControl = tuple[str, int]
"""A control period's id, and the arrival (epoch ms) of the record with which a parcel came under it."""


class ShipmentBrief(msgspec.Struct, array_like=True, gc=False, tag="2"):
    """The beginning of a `Shipment`: all that measuring it needs."""

    touched_ms: int  # arrival of the last change, epoch ms; first, so that expiry can read it alone
    due_ms: int  # earliest deadline of a duty that is still to be done (arrival clock, epoch ms); 0: none
    courier: str
    waybill: str
    home_outlet: str  # outlet of the first real-name or inspection event: where the waybill is judged, for good
    partition: int  # intake partition
    first_arrival_ms: int
    trigger: int = 0
    trigger_event_ms: int = 0
    firsts: int = 0  # First bits that this pass counts
    real_name: RealNameEntry | None = None
    inspection: InspectionEntry | None = None
    scan: ScanEntry | None = None
    overdue: int = 0  # Duty bits that passed their deadline undone
    past_firsts: int = 0  # First bits handed on so far, those of this pass included
    via_senders: bool = False  # once on the longer path, always
    passes: int = 0  # how often it was passed on; tells a later stage which of two passes is the newer one
    accepted_ms: int = 0  # arrival of the first real-name event; a correction does not restart deadlines
    corrections: int = 0
    conflicts: int = 0


class Shipment(ShipmentBrief, array_like=True, gc=False, tag="2"):
    """The duty ledger of one waybill and the last thing that happened to it."""

    duplicates: int = 0
    events: int = 0  # accepted events, duplicates included; the audit compares it
    # (event id, number of its type, offset), newest last, bounded
    evidence: list[tuple[str, int, int]] = []
    seen: bytes = b""  # identity and content (8 bytes each) of accepted events, newest last, bounded
    stands: bytes = b""  # identities (8 bytes) of the events whose entries stand, by number of the type; zeros: unknown
    versions: list[Version] = []  # of the types of which more than one event, or a correction, is known; bounded
    contradictions: int = 0  # events that came again under their identity and said something else
    corrected: list[str] = []  # ids that a ledger of format 1 knew to be corrected; it did not know identities
    lifted: int = 0  # Duty bits that were overdue, until a late record showed that they had been done in time
    controls: tuple[NotedControl, ...] = ()  # the control periods that the parcel has come under


class Due(msgspec.Struct, array_like=True, gc=False, tag="2"):
    """The beginning of a `Shipment`: all that setting its timer needs."""

    touched_ms: int
    due_ms: int
    courier: str


TravelFrom = tuple[str, str, str, int] | None
"""Courier, waybill, outlet and time (epoch ms) of the previous physical reading of a document."""


class PhoneView(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Features that a phone's profile gives at acceptance time of the parcel in hand, under their names."""

    phone_documents_1d: int
    phone_documents_7d: int


class SenderView(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Features that a document's profile gives at acceptance time of the parcel in hand, this parcel included.

    The fields are named after the features, and in the order in which they travel: new ones go at the end.
    """

    sender_sends_1h: int
    sender_sends_1d: int
    sender_sends_7d: int
    sender_phones_7d: int
    sender_names_7d: int
    sender_outlets_1d: int
    sender_outlets_7d: int
    sender_receivers_7d: int
    sender_goods_7d: int
    sender_weight_spread: float
    sender_e_cigarettes_1d: int
    sender_known_days: float | None
    travel_km: float | None
    travel_kmh: float | None


class Hop(msgspec.Struct, array_like=True, gc=False, tag="2"):
    """A shipment on its way: the ledger's bytes as they are, and what the stages passed so far have added.

    The ledger's bytes say their own format, which may be an older one. With `takes_back` (bits of `First`) it is no
    pass: it holds the shipment as it was, and follows the way of the pass that counted these parts, to take them back.
    With `only_counts` it is no pass either: it goes to the outlet that accepted the parcel, where that is another one
    than the outlet where the waybill is judged, and is counted there.
    """

    shipment: msgspec.Raw
    at_document: bool = False  # on the senders topic: False = keyed by phone, True = keyed by document
    phone: PhoneView | None = None
    sender: SenderView | None = None
    takes_back: int = 0
    travel_from: TravelFrom = None
    only_counts: bool = False
    series: list[Series] = []  # behind counts of phone and document on which a rule's finding may rest


class Arrived(msgspec.Struct, array_like=True, gc=False, tag="2"):
    """A `Hop` as the last stage reads it: the shipment in brief and what the stages before have added."""

    shipment: ShipmentBrief
    at_document: bool
    phone: PhoneView | None
    sender: SenderView | None
    takes_back: int
    travel_from: TravelFrom = None
    only_counts: bool = False
    series: list[Series] = []


A_LEDGER_RECORD = "a record of the duty ledger"

encode = msgspec.msgpack.Encoder().encode


def _with_versions(record: bytes) -> bytes:
    """Migrate a ledger record of format 1 to format 2.

    Format 1 knew events by their ids. These stay in `evidence` and `corrected`, and so do the conflicts it had counted.
    """
    fields = msgspec.msgpack.decode(record)
    known, corrected = fields[:_STANDS_AT], fields[_STANDS_AT:]
    added = [b"", [], known[_CONFLICTS_AT], *corrected] if corrected else []
    return encode(["2", *known[1:], *added])


_CONFLICTS_AT = 1 + ShipmentBrief.__struct_fields__.index("conflicts")
_STANDS_AT = 1 + Shipment.__struct_fields__.index("stands")
_STEPS = {**FROM_0, 1: _with_versions}
decode_shipment = reading(Shipment, A_LEDGER_RECORD, _STEPS)
decode_brief = reading(ShipmentBrief, A_LEDGER_RECORD, _STEPS)
decode_due = reading(Due, A_LEDGER_RECORD, _STEPS)
decode_hop = reading(Hop, "a record between the stages", FROM_1)
_decode_arrived = msgspec.msgpack.Decoder(Arrived).decode


def decode_arrived(record: bytes) -> Arrived:
    """Decode a `Hop` as the last stage reads it: both formats, its own and that of its shipment, may be older ones."""
    try:
        return _decode_arrived(record)
    except msgspec.ValidationError:
        hop = decode_hop(record)
        return Arrived(
            decode_brief(hop.shipment),
            hop.at_document,
            hop.phone,
            hop.sender,
            hop.takes_back,
            hop.travel_from,
            hop.only_counts,
            hop.series,
        )


_HERE = b"\x7f"
HOP_HEAD = encode(Hop(msgspec.Raw(_HERE))).split(_HERE)[0]
HOP_TAILS = tuple(encode(Hop(msgspec.Raw(_HERE), at_document)).split(_HERE)[1] for at_document in (False, True))
"""What is before and after the ledger's bytes in a `Hop` to which no stage has added anything, by `at_document`."""


def note_first(shipment: ShipmentBrief, what: int) -> None:
    """Mark something (a bit of `First`) that happens at this pass, unless it happened at an earlier one."""
    if not shipment.past_firsts & what:
        shipment.firsts |= what
        shipment.past_firsts |= what


def ledger_key(courier: str, waybill: str) -> bytes:
    """State key of a waybill; two couriers may use the same number."""
    return f"{courier}/{waybill}".encode()


def outlet_key(courier: str, outlet: str) -> bytes:
    """Kafka and state key of an outlet."""
    return f"{courier}/{outlet}".encode()
