"""The card of an alert: everything that a person needs in order to decide, without asking anybody."""

from enum import StrEnum

from pydantic import Field

from parcelward.contract.fields import (
    CourierCode,
    Moment,
    OperatorCode,
    OutletCode,
    Part,
    RegionCode,
    WaybillNo,
)


class Bilingual(Part):
    """One text in Chinese and in English."""

    zh: str = Field(description="Chinese text.", examples=["申报品名含禁寄物品词“汽油”"])
    en: str = Field(description="English text.", examples=["declared goods name contains the dangerous term “汽油”"])


class ParcelState(StrEnum):
    """State of the parcel, as far as its events tell. Nobody reports departure or delivery, so age speaks for them."""

    AT_OUTLET = "at_outlet"
    """Accepted a short time ago, and nothing later is known."""
    REFUSED = "refused"
    """The inspector refused it."""
    HELD = "held"
    """Kept back at the outlet or at the X-ray machine."""
    HANDED_OVER = "handed_over"
    """The X-ray judge handed it over to the police."""
    UNDER_WAY = "under_way"
    """An X-ray machine on its way has seen it."""
    UNKNOWN = "unknown"
    """Accepted hours ago and not seen since: it has probably left."""
    PERHAPS_DELIVERED = "perhaps_delivered"
    """Accepted days ago."""


class ContactRole(StrEnum):
    """Role of somebody to call. Alerts hold no names and no numbers of people."""

    OUTLET_MANAGER = "outlet_manager"
    COURIER_SECURITY_DESK = "courier_security_desk"
    HUB_SECURITY = "hub_security"
    DELIVERY_OUTLET = "delivery_outlet"
    POSTAL_AUTHORITY = "postal_authority"
    POLICE_110 = "police_110"


class Contact(Part):
    """Somebody to call, and why."""

    role: ContactRole = Field(description="Role.", examples=["outlet_manager"])
    where: str | None = Field(
        None, description="Code of the outlet or site, where the role has one.", examples=["HZ-0571-014"]
    )
    text: Bilingual = Field(description="Who, and what for.")


class Goods(Part):
    """Goods as declared, and as the inspector saw them."""

    declared: str | None = Field(
        None, description="Declared name; null when no real-name event is known.", examples=["羽绒服"]
    )
    quantity: int | None = Field(None, description="Declared number of pieces.", examples=[1])
    declared_value_cny: float | None = Field(
        None, description="Declared value.", examples=[299.0], json_schema_extra={"x-unit": "CNY"}
    )
    found: str | None = Field(None, description="Goods as seen by the inspector; null if unknown.", examples=["羽绒服"])
    found_category: str | None = Field(
        None, description="Category of the 2016 list, by the inspector.", examples=["05"]
    )
    weight_g: int | None = Field(
        None, description="Weight at acceptance.", examples=[900], json_schema_extra={"x-unit": "g"}
    )
    inspected_weight_g: int | None = Field(
        None, description="Weight at inspection.", examples=[905], json_schema_extra={"x-unit": "g"}
    )


class Seen(Part):
    """The inspection, as its event reports it."""

    at: Moment = Field(description="When it was done.")
    operator: OperatorCode
    outlet: OutletCode
    result: str = Field(description="Outcome, as in the inspection event.", examples=["passed"])
    opened: bool = Field(description="The parcel was opened.", examples=[True])
    duration_s: float | None = Field(
        None,
        description="Length of the inspection; null when unknown.",
        examples=[35.0],
        json_schema_extra={"x-unit": "s"},
    )
    photos: int = Field(0, ge=0, description="Photos taken.", examples=[2])


class Whereabouts(Part):
    """The place of the parcel, as far as its events tell."""

    state: ParcelState = Field(description="State of the parcel.", examples=["under_way"])
    site: OutletCode | None = Field(None, description="Outlet or site that saw it last.")
    seen_at: Moment | None = Field(None, description="When that was.")
    text: Bilingual = Field(description="The same in words.")


class CounterpartKind(StrEnum):
    """Thing that two parcels share."""

    PHOTO = "photo"
    DOCUMENT_PLACE = "document_place"


class Counterpart(Part):
    """The other parcel: the one whose photo came again, or at whose place the same document was read."""

    kind: CounterpartKind = Field(description="What both share.", examples=["photo"])
    courier: CourierCode
    waybill: WaybillNo
    outlet: OutletCode
    at: Moment = Field(description="Time of its inspection or of its acceptance.")


class ProfileOf(StrEnum):
    """Owner of a profile."""

    DOCUMENT = "document"
    """The sender's document, over all outlets and couriers."""
    PHONE = "phone"
    """The sender's phone, over all outlets and couriers."""
    OPERATOR = "operator"
    """One operator at one outlet."""
    OUTLET = "outlet"


class Counting(StrEnum):
    """Kind of thing that the buckets of a profile count."""

    EVENTS = "events"
    """Each one that happened."""
    NEW_VALUES = "new_values"
    """Values such as names or phones, each in the bucket in which the window has it first."""


class CountedEvent(Part):
    """One event that a profile counted. The parcel is named where the profile keeps it."""

    at: Moment = Field(description="Event time.")
    courier: CourierCode | None = Field(None, description="Courier of the parcel; null where it is not kept.")
    waybill: WaybillNo | None = Field(None, description="Waybill of the parcel; null where it is not kept.")
    outlet: OutletCode | None = Field(None, description="Outlet that accepted it; null where it is not kept.")


class Profile(Part):
    """The counts in time behind one number that a finding rests on, as they were when the parcel was measured.

    Bucket `i` begins at `begins_at` plus `i` times `bucket_s`. The last `within` buckets hold what was counted: their
    sum is `value`, unless that is an estimate. Buckets before them only show what was usual.
    """

    feature: str = Field(
        description="Feature that a finding names in its `values`.", examples=["operator_inspections_10min"]
    )
    of: ProfileOf = Field(description="Whose profile it is.", examples=["operator"])
    operator: OperatorCode | None = Field(None, description="The operator, where it is an operator's.")
    outlet: OutletCode | None = Field(None, description="The outlet, where it is an outlet's or an operator's.")
    counting: Counting = Field(description="What the buckets count.", examples=["events"])
    value: int = Field(ge=0, description="The number that the finding names.", examples=[62])
    begins_at: Moment = Field(description="Begin of the first bucket.")
    bucket_s: int = Field(ge=1, description="Length of a bucket.", examples=[60], json_schema_extra={"x-unit": "s"})
    counts: tuple[int, ...] = Field(
        min_length=1, max_length=60, description="Counts by bucket, the newest last.", examples=[[0, 1, 0, 31, 30]]
    )
    within: int = Field(ge=1, description="How many of the last buckets the finding counted.", examples=[2])
    estimated: bool = Field(
        False,
        description="True: `value` is estimated from a sample, and the buckets count the sample.",
        examples=[False],
    )
    events: tuple[CountedEvent, ...] = Field(
        (),
        max_length=20,
        description="The newest of what the window counted, the newest last; none where only counts are kept.",
    )


class Card(Part):
    """All that a person needs in order to decide on an alert. Unknown values are null, and are named as unknown."""

    goods: Goods
    from_region: RegionCode | None = Field(None, description="County of the pick-up address, as given.")
    to_region: RegionCode | None = Field(None, description="County of the receiver; never an address.")
    accepted_at: Moment | None = Field(None, description="Event time of the acceptance; null when unknown.")
    age_s: float | None = Field(
        None,
        description="Time from the acceptance to this revision.",
        examples=[65.0],
        json_schema_extra={"x-unit": "s"},
    )
    inspection: Seen | None = Field(None, description="The inspection; null when none is known.")
    whereabouts: Whereabouts
    contacts: tuple[Contact, ...] = Field(description="Who can be called, the most urgent first.")
    counterparts: tuple[Counterpart, ...] = Field((), description="Other parcels that this one is compared with.")
    profiles: tuple[Profile, ...] = Field(
        (), max_length=8, description="What the counts of the findings are made of; left out where there is none."
    )
    next_step: Bilingual = Field(description="What to do, as the parcel's present state allows.")
    clears_when: Bilingual = Field(description="What evidence would clear the alert.")


class Change(Part):
    """One thing that later evidence changed since the revision before."""

    what: str = Field(description="Name of what changed.", examples=["goods_name"])
    before: str | None = Field(None, description="Value before; null when it was unknown.", examples=["汽油"])
    after: str | None = Field(None, description="Value now.", examples=["汽油滤清器"])
    text: Bilingual = Field(description="The same in words.")


class EarlierFinding(Part):
    """Something that an earlier revision found and this one no longer does."""

    rule: str = Field(description="Rule id, or `model`.", examples=["R14"])
    severity: str | None = Field(None, description="Severity then; null when no longer known.", examples=["critical"])
    reason: Bilingual | None = Field(None, description="Reason then; null when no longer known.")
