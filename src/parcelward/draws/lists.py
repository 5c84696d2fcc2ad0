"""The lists of an authority, as CSV or TOML, become an announcement. What is not right is refused, with its line."""

import csv
import io
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parcelward.contract.fields import CourierCode, OutletCode, Part
from parcelward.contract.patterns import IN_WORDS
from parcelward.draws.announcement import (
    FORMAT,
    PER_VISIT,
    TIERS,
    Announcement,
    Commitment,
    Exclusion,
    InspectorCode,
    Outlet,
    PlainText,
    PublicValue,
    Tier,
    problem,
    sha256,
)
from parcelward.draws.draw import free_for
from parcelward.errors import UserError
from parcelward.escaping import escaped

Line = TypeVar("Line", bound=BaseModel)
USUAL_TICKETS: Mapping[Tier, int] = {"A": 1, "B": 2, "C": 4, "D": 8}
LONGEST = 20_000_000
"""Bytes of a list."""


class ListLine(BaseModel):
    """Line of a list: texts, as CSV has them; an unknown column is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OutletLine(ListLine):
    """Line of the list of outlets; `last_visit` is empty where nobody has been yet."""

    courier: CourierCode
    outlet: OutletCode
    tier: Tier
    last_visit: date | None = None


class InspectorLine(ListLine):
    """Line of the list of inspectors: a code and nothing else, above all no name."""

    inspector: InspectorCode


class ExclusionLine(ListLine):
    """Line of the list of those who stand back; without an outlet it is about the whole courier."""

    inspector: InspectorCode
    courier: CourierCode
    outlet: OutletCode | None = None
    reason: Literal["former_employer", "relative", "shares", "dispute", "other"]


class Plan(Part):
    """Plan of a draw: `plan.toml`. It names the lists, relative to itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    authority: PlainText
    period: str
    announced_on: date
    first_day: date
    last_day: date
    outlets: str
    inspectors: str
    exclusions: str
    visits: Annotated[int, Field(ge=1)] | None = None
    percent: Annotated[int, Field(ge=1, le=100)] | None = None
    most_visits: int
    tickets: dict[Tier, int] = Field(default_factory=lambda: dict(USUAL_TICKETS))
    most_months: int = 12
    share: tuple[Commitment, ...] = ()
    public: PublicValue | None = None


def announcement_of(path: Path) -> Announcement:
    """Read a plan and its lists. Raises UserError, naming the file and the line, for anything that is not right."""
    content = read_file(path)
    plan = checked(Plan, toml_of(content, path.name), path.name)
    outlets = path.parent / plan.outlets
    inspectors, exclusions = path.parent / plan.inspectors, path.parent / plan.exclusions
    contents = {"plan": content}
    contents |= {
        "outlets": read_file(outlets),
        "inspectors": read_file(inspectors),
        "exclusions": read_file(exclusions),
    }
    roll = _lines(OutletLine, contents["outlets"], outlets.name, "outlet", may_be_empty=False)
    excluded = _lines(ExclusionLine, contents["exclusions"], exclusions.name, "exclusion", may_be_empty=True)
    announcement = checked(
        Announcement,
        {
            "format": FORMAT,
            "authority": plan.authority,
            "period": plan.period,
            "announced_on": plan.announced_on,
            "first_day": plan.first_day,
            "last_day": plan.last_day,
            "visits": _visits(plan, len(roll), path.name),
            "most_visits": plan.most_visits,
            "tickets": {tier: plan.tickets[tier] for tier in TIERS if tier in plan.tickets},
            "most_months": plan.most_months,
            "shares": tuple(sorted(plan.share, key=lambda one: one.holder)),
            "public": plan.public,
            "outlets": tuple(
                Outlet(**one.model_dump()) for one in sorted(roll, key=lambda one: (one.courier, one.outlet))
            ),
            "inspectors": tuple(
                sorted(
                    one.inspector
                    for one in _lines(
                        InspectorLine, contents["inspectors"], inspectors.name, "inspector", may_be_empty=False
                    )
                )
            ),
            "exclusions": tuple(
                Exclusion(inspector=inspector, courier=courier, outlet=outlet or None)
                for inspector, courier, outlet in sorted(
                    {(one.inspector, one.courier, one.outlet or "") for one in excluded}
                )
            ),
            "files": {name: sha256(text) for name, text in contents.items()},
        },
        path.name,
    )
    if (wrong := problem(announcement) or _too_few(announcement)) is not None:
        raise UserError(f"{escaped(path.name)}: {escaped(wrong)}")
    return announcement


def _visits(plan: Plan, outlets: int, name: str) -> int:
    if (plan.visits is None) == (plan.percent is None):
        raise UserError(f"{escaped(name)}: write either visits or percent")
    return plan.visits if plan.visits is not None else -(-outlets * (plan.percent or 0) // 100)


def _too_few(announcement: Announcement) -> str | None:
    """Say why the inspectors cannot make these visits, before the seed is known: afterwards no list may change."""
    places, needed = announcement.most_visits * len(announcement.inspectors), PER_VISIT * announcement.visits
    if places < needed:
        return (
            f"{announcement.visits} visits by {PER_VISIT} inspectors each need {needed} places, and"
            f" {len(announcement.inspectors)} inspectors with at most {announcement.most_visits} visits have {places}"
        )
    for outlet in announcement.outlets:
        if (free := len(free_for(announcement, outlet))) < PER_VISIT:
            return (
                f"outlet {outlet.code} has {free} inspectors without a conflict of interest, and a visit needs "
                f"{PER_VISIT}: put inspectors of another authority on the list"
            )
    return None


def read_file(path: Path) -> bytes:
    """Read a file whole. Raises UserError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{escaped(str(path))} cannot be read: {error.strerror}") from None
    if len(content) > LONGEST:
        raise UserError(f"{escaped(path.name)} has more than {LONGEST:,} bytes; is it the right file?")
    return content


def toml_of(content: bytes, name: str) -> dict[str, Any]:
    """Read TOML. Raises UserError."""
    try:
        return tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{escaped(name)} is no TOML file in UTF-8: {escaped(str(error))}") from None


def _lines(model: type[Line], content: bytes, name: str, entry: str, *, may_be_empty: bool) -> list[Line]:
    lines = rows(model, content, name, entry)
    if not lines and not may_be_empty:
        raise UserError(f"{escaped(name)} lists nobody and nothing")
    return [line for _, line in lines]


def rows(model: type[Line], content: bytes, name: str, entry: str) -> list[tuple[str, Line]]:
    """Read a list, as CSV or (with `[[entry]]` tables) as TOML; each line with the words for where it stands."""
    found = _toml_rows(content, name, entry) if name.endswith(".toml") else _csv_rows(model, content, name)
    return [(where, checked(model, line, where)) for where, line in found]


def _toml_rows(content: bytes, name: str, entry: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    tables = toml_of(content, name)
    lines = tables.get(entry, [])
    if tables.keys() - {entry} or not isinstance(lines, list) or not all(isinstance(one, dict) for one in lines):
        raise UserError(f"{escaped(name)}: write [[{entry}]] above each entry, and nothing else")
    return ((f"{name}, {entry} {number}", line) for number, line in enumerate(lines, start=1))


def _csv_rows(model: type[BaseModel], content: bytes, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        text = content.decode("utf-8-sig")  # spreadsheets write a mark in front
    except UnicodeDecodeError:
        raise UserError(f"{escaped(name)} is not in UTF-8; save it as CSV UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in line]) for line in reader]
    except csv.Error as error:
        raise UserError(f"{escaped(name)}, line {reader.line_num}: {error}") from None
    headings: Sequence[str] = lines[0][1] if lines else ()
    wanted = [*model.model_fields]
    if sorted(headings) != sorted(wanted):
        raise UserError(f"{escaped(name)}: the first line must name the columns {', '.join(wanted)}, and no others")
    for number, cells in lines[1:]:
        if any(cells):
            if len(cells) != len(headings):
                raise UserError(f"{escaped(name)}, line {number}: {len(cells)} cells instead of {len(headings)}")
            yield f"{name}, line {number}", {head: cell for head, cell in zip(headings, cells, strict=True) if cell}


def checked(model: type[Line], values: Mapping[str, Any], where: str) -> Line:
    """Check a line or a file against its model. Raises UserError: where, which field, what it must be; no value."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise UserError(f"{escaped(where)}: {escaped(field)}: {_words(first['type'], first)}") from None


def _words(kind: str, found: Any) -> str:
    context = found.get("ctx", {})
    if kind == "string_pattern_mismatch" and context.get("pattern") in IN_WORDS:
        return IN_WORDS[context["pattern"]]
    if kind == "missing":
        return "required"
    if kind == "extra_forbidden":
        return "unknown; is it misspelt?"
    if kind in ("literal_error", "enum"):
        return f"must be {context['expected']}"
    if kind.startswith("date"):
        return "must be a day, as 2026-12-01"
    return str(found["msg"]).removeprefix("Value error, ")
