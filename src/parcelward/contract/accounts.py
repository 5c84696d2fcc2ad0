"""The account of a courier's day: a record that the courier may read, and compare with what it has acknowledged."""

from typing import Annotated

from pydantic import Field

from parcelward.contract.fields import CourierCode, Part
from parcelward.contract.patterns import DATE_PATTERN
from parcelward.contract.reasons import Reason

ACCOUNT_TYPE = "cn.delivery.acceptance.account.v1"

Count = Annotated[int, Field(ge=0)]


class Overdue(Part):
    """Duties whose deadline passed on the day before their event had come."""

    real_name: Count = Field(description="Real names (实名收寄).", examples=[0])
    inspection: Count = Field(description="Inspections (收寄验视).", examples=[2])
    security_scan: Count = Field(description="Security scans (过机安检), where they are demanded.", examples=[0])


class Account(Part):
    """Count of the records that a courier sent on one day: each one stands in one line, so they add up.

    A record is of the day on which the brokers stored it in `intake.<courier>`, by their clock, in China's time. `sent`
    is the sum of `screened`, `scan_only`, `duplicate`, `heartbeats`, `refused`, `pending`, `undecided` and
    `unaccounted`.
    """

    courier: CourierCode
    date: str = Field(pattern=DATE_PATTERN, description="The day, in China's time.", examples=["2026-11-23"])
    final: bool = Field(
        description="The day is over and all of it has been worked off; only such accounts are published.",
        examples=[True],
    )
    complete: bool = Field(
        description="The day's records are still in intake; otherwise some were deleted before they were counted.",
        examples=[True],
    )
    adds_up: bool = Field(
        description="Complete, and nothing is undecided, unaccounted or there twice.", examples=[True]
    )
    sent: Count = Field(description="Records that the brokers acknowledged.", examples=[6607])
    screened: Count = Field(description="Events that were accepted, and their parcels judged.", examples=[6480])
    scan_only: Count = Field(
        description="Security scans of parcels of which nothing else was known yet: they are judged with their parcel.",
        examples=[3],
    )
    duplicate: Count = Field(description="Events that had been sent before.", examples=[57])
    heartbeats: Count = Field(description="Heartbeats; each counts, also one that is sent twice.", examples=[0])
    refused: Count = Field(description="Records that are on `rejected.<courier>`.", examples=[67])
    refused_for: dict[Reason, Count] = Field(
        description="The same by reason; a reason that did not occur is left out.", examples=[{"invalid_json": 67}]
    )
    pending: Count = Field(description="Records that are still to be worked off; 0 in a final account.", examples=[0])
    undecided: Count = Field(
        description="Events without a trace that are duplicates, or lost: what was sent before them is deleted.",
        examples=[0],
    )
    unaccounted: Count = Field(description="Records without a trace: they were lost.", examples=[0])
    twice: Count = Field(
        description="Records that were judged or refused twice, or both, and duplicates that were judged.", examples=[0]
    )
    corrections: Count = Field(description="Of the screened: events that correct an earlier one.", examples=[12])
    late: Count = Field(
        description="Of the screened: events that arrived more than an hour after their time.", examples=[31]
    )
    overdue: Overdue = Field(description="Duties whose deadline passed on this day before their event had come.")
