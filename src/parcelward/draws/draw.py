"""A draw: what was announced, the seed, and what follows from both; and the check that it really follows."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated

from pydantic import Field, ValidationError

from parcelward.contract.fields import Part
from parcelward.contract.patterns import SHA256_PATTERN
from parcelward.draws.announcement import Announcement, InspectorCode, Outlet, problem, rendered, sha256
from parcelward.draws.lots import drawn, order_of_inspectors
from parcelward.draws.pairing import paired
from parcelward.draws.seeds import Revealed, public_value_of, seed_of, shares_of
from parcelward.errors import UserError
from parcelward.escaping import escaped

Hash = Annotated[str, Field(pattern=SHA256_PATTERN)]


class Visit(Part):
    """An outlet that was drawn. `inspectors` is empty where no two without a conflict had a visit left."""

    number: Annotated[int, Field(ge=1)]
    outlet: Outlet
    tickets: int
    ticket: int
    hash: Hash
    inspectors: tuple[InspectorCode, ...]


class Draw(Part):
    """A draw as its file holds it: whoever has it can repeat the draw."""

    announcement: Announcement
    announcement_sha256: Hash
    shares: tuple[Revealed, ...]
    public_value: str | None
    seed: Hash
    tickets: dict[str, int]
    visits: tuple[Visit, ...]


def made(announcement: Announcement, shares: Sequence[str], public: str | None) -> Draw:
    """Draw outlets and inspectors. Raises UserError where a share is missing or not the one that was announced."""
    if (wrong := problem(announcement)) is not None:
        raise UserError(f"the announcement is unsound: {escaped(wrong)}")
    revealed, value = shares_of(announcement, shares), public_value_of(announcement, public)
    seed = seed_of(announcement.period, revealed, value)
    outlets = {outlet.code: outlet for outlet in announcement.outlets}
    tickets = {code: announcement.tickets_of(outlet) for code, outlet in outlets.items()}
    lots = drawn(seed, announcement.period, tickets, announcement.visits)
    asked = {
        lot.code: order_of_inspectors(seed, announcement.period, lot.code, free_for(announcement, outlets[lot.code]))
        for lot in lots
    }
    pairs = paired(asked, announcement.most_visits)
    return Draw(
        announcement=announcement,
        announcement_sha256=sha256(rendered(announcement)),
        shares=revealed,
        public_value=value,
        seed=seed,
        tickets=tickets,
        visits=tuple(
            Visit(
                number=number,
                outlet=outlets[lot.code],
                tickets=tickets[lot.code],
                ticket=lot.ticket,
                hash=lot.hash,
                inspectors=pairs[lot.code],
            )
            for number, lot in enumerate(lots, start=1)
        ),
    )


def free_for(announcement: Announcement, outlet: Outlet) -> list[str]:
    """List the inspectors who have no interest in an outlet or its courier."""
    bound = {
        one.inspector
        for one in announcement.exclusions
        if one.courier == outlet.courier and one.outlet in (None, outlet.outlet)
    }
    return [one for one in announcement.inspectors if one not in bound]


def read_announcement(content: bytes, name: str) -> Announcement:
    """Read the file of an announcement. Raises UserError."""
    try:
        return Announcement.model_validate_json(content)
    except ValidationError as error:
        raise UserError(f"{escaped(name)} is no announcement of a draw: {first_problem(error)}") from None


def read_draw(content: bytes, name: str) -> Draw:
    """Read the file of a draw. Raises UserError."""
    try:
        return Draw.model_validate_json(content)
    except ValidationError as error:
        raise UserError(f"{escaped(name)} is no draw: {first_problem(error)}") from None


def differences(content: bytes, draw: Draw) -> list[str]:
    """Repeat a draw from what was announced and revealed, and name what in its file does not follow from that."""
    try:
        again = made(draw.announcement, [one.share for one in draw.shares], draw.public_value)
    except UserError as error:
        return [str(error)]
    wrong = [
        f"{name} does not follow from the announcement and the shares"
        for name in Draw.model_fields
        if getattr(again, name) != getattr(draw, name)
    ]
    if not wrong and rendered(again) != content:
        wrong.append("the file is not written as the program writes it; something in it was changed")
    return wrong


def first_problem(error: ValidationError) -> str:
    """Say the first thing that is wrong: where, and what; never the value itself."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{escaped('.'.join(map(str, first['loc']))) or 'the file'}: {first['msg']}"


def in_period(day: date, announcement: Announcement) -> bool:
    """Tell whether a day lies in the period of the draw."""
    return announcement.first_day <= day <= announcement.last_day


def without_inspectors(visits: Iterable[Visit]) -> list[Visit]:
    """List the visits for which another authority must lend inspectors."""
    return [visit for visit in visits if not visit.inspectors]
