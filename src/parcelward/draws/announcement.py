"""The announcement of a draw: all that decides it but the seed, published before the seed can be known."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from parcelward.contract.fields import CourierCode, OutletCode, Part
from parcelward.contract.patterns import CODE_PATTERN, SHA256_PATTERN
from parcelward.contract.person_numbers import person_number

FORMAT = "parcelward-draw-1"
DAYS_OF_A_MONTH = 30
PER_VISIT = 2
"""Inspectors of one visit."""


def _code(code: str) -> str:
    if (found := person_number(code)) is not None:
        raise ValueError(f"is a {found}; write a code that says nothing of the person")
    return code


InspectorCode = Annotated[str, Field(pattern=CODE_PATTERN, max_length=32), AfterValidator(_code)]
PlainText = Annotated[str, Field(max_length=120, pattern=r"^[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$")]
"""A line of text: it stands in the seed's lines, so it has no line feed and no tab."""
Tier = Literal["A", "B", "C", "D"]
"""Risk tier (信用风险等级): A is the lowest, D the highest."""
TIERS: tuple[Tier, ...] = ("A", "B", "C", "D")


class Outlet(Part):
    """An outlet that may be drawn, on the roll (检查对象名录库)."""

    courier: CourierCode
    outlet: OutletCode
    tier: Tier
    last_visit: date | None

    @property
    def code(self) -> str:
        """Courier and outlet, as the lots are written."""
        return f"{self.courier}/{self.outlet}"


class Exclusion(Part):
    """An inspector who stands back from an outlet, or from a whole courier. The reason stays in its list."""

    inspector: InspectorCode
    courier: CourierCode
    outlet: OutletCode | None


class Commitment(Part):
    """The hash of a share of the seed, by which its holder is bound before anybody knows the share."""

    holder: PlainText
    sha256: Annotated[str, Field(pattern=SHA256_PATTERN)]


class PublicValue(Part):
    """A value that nobody can know before a day, and everybody can read after it, as the numbers of a lottery.

    Form and length are announced, so that it can be written in one way only: whoever types it must have no choice.
    """

    source: PlainText
    on: date
    form: Literal["numbers", "hexadecimal"]
    count: Annotated[int, Field(ge=1, le=512)]


class Announcement(Part):
    """Everything that decides a draw, but the seed. Lists are sorted, so the order of input lines changes nothing."""

    format: Literal["parcelward-draw-1"]
    authority: PlainText
    period: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{4,20}$")]
    announced_on: date
    first_day: date
    last_day: date
    visits: Annotated[int, Field(ge=1, le=100_000)]
    most_visits: Annotated[int, Field(ge=1, le=1000)]
    tickets: dict[Tier, Annotated[int, Field(ge=1, le=100)]]
    most_months: Annotated[int, Field(ge=0, le=120)]
    shares: Annotated[tuple[Commitment, ...], Field(max_length=9)]
    public: PublicValue | None
    outlets: Annotated[tuple[Outlet, ...], Field(min_length=1)]
    inspectors: Annotated[tuple[InspectorCode, ...], Field(min_length=PER_VISIT)]
    exclusions: tuple[Exclusion, ...]
    files: dict[str, Annotated[str, Field(pattern=SHA256_PATTERN)]]

    def tickets_of(self, outlet: Outlet) -> int:
        """Count the tickets of an outlet: those of its tier, once for now and once for each month without a visit.

        Where nobody has ever been it counts as the longest wait: that is no suspicion, it is only nobody's knowledge.
        """
        waited = self.most_months
        if outlet.last_visit is not None:
            waited = min(waited, (self.first_day - outlet.last_visit).days // DAYS_OF_A_MONTH)
        return self.tickets[outlet.tier] * (1 + waited)


def rendered(part: Part) -> bytes:
    """Write an announcement or a draw as its file: the same content is the same bytes."""
    return (json.dumps(part.model_dump(mode="json"), ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def sha256(content: bytes) -> str:
    """Hash, as `sha256sum` prints it."""
    return hashlib.sha256(content).hexdigest()


def problem(announcement: Announcement) -> str | None:
    """Say in one sentence why no honest draw can follow from an announcement; None if one can."""
    if announcement.last_day < announcement.first_day:
        return "last_day lies before first_day"
    if announcement.announced_on >= announcement.first_day:
        return "announced_on must lie before first_day"
    if set(announcement.tickets) != set(TIERS):
        return "tickets must be given for each of the tiers A, B, C and D"
    if announcement.visits > len(announcement.outlets):
        return f"{announcement.visits} visits are wanted, and the roll has {len(announcement.outlets)} outlets"
    if announcement.public is None and len(announcement.shares) < 2:
        return (
            "a single share can be tried out by whoever made it, before it is announced: name a public value as well, "
            "or a second holder"
        )
    if announcement.public is not None and announcement.public.on <= announcement.announced_on:
        return "the public value must come after announced_on, or it is known when the lists are made"
    if announcement.public is not None and announcement.public.on >= announcement.first_day:
        return "the public value must be out before first_day"
    for outlet in announcement.outlets:
        if outlet.last_visit is not None and outlet.last_visit >= announcement.first_day:
            return f"outlet {outlet.code}: last_visit must lie before first_day"
    return _repeated(announcement)


def _repeated(announcement: Announcement) -> str | None:
    """Name what stands twice on a list, or is excluded without being on one."""
    lists: Mapping[str, list[str]] = {
        "outlet": [outlet.code for outlet in announcement.outlets],
        "inspector": [*announcement.inspectors],
        "holder": [share.holder for share in announcement.shares],
        "share": [share.sha256 for share in announcement.shares],
    }
    for kind, codes in lists.items():
        seen: set[str] = set()
        for code in codes:
            if code in seen:
                return f"{kind} {code} is listed twice"
            seen.add(code)
    outlets, couriers = {*lists["outlet"]}, {outlet.courier for outlet in announcement.outlets}
    for one in announcement.exclusions:
        if one.inspector not in announcement.inspectors:
            return f"exclusions name inspector {one.inspector}, who is not on the list of inspectors"
        known = one.courier in couriers if one.outlet is None else f"{one.courier}/{one.outlet}" in outlets
        if not known:
            return f"exclusions name {one.courier}{'' if one.outlet is None else f'/{one.outlet}'}, which is not listed"
    return None
