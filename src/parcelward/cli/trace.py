"""`parcelward trace`: where the events of one parcel went, from the topics alone."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from parcelward.cli.options import CHINA_ZONE, TIME_TZ, Kafka, Zone, moment_ms, settings_with, zone_of
from parcelward.cluster.search import Reach, Search
from parcelward.controls import load_controls
from parcelward.errors import UserError
from parcelward.escaping import escaped, json_line
from parcelward.identity.tokens import Tokeniser
from parcelward.intake.decode import Decoder, Limits
from parcelward.moments import utc, zone_name
from parcelward.settings import Settings
from parcelward.shipments.deadlines import Deadlines
from parcelward.trace.parcel import Parcel
from parcelward.trace.step import Kind, Step, Words

MOST_SHOWN = 4
"""Partitions of a topic that are named one by one."""


def trace(
    waybill: Annotated[str, typer.Argument(help="Waybill number.")],
    kafka: Kafka = None,
    courier: Annotated[
        list[str] | None, typer.Option(help="Only this courier; may be given again. Default: all.", show_default=False)
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            help=f"Read only what was appended from then on: {TIME_TZ}.",
            show_default=False,
        ),
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Read every partition: finds records that lie in a wrong one.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object: steps and what was read.")] = False,
    tz: Zone = CHINA_ZONE,
) -> None:
    """Show what became of a parcel's events: intake, refusals, the way between the stages, state and alerts.

    It ends at the alert: `parcelward referrals WAYBILL` shows what people and the courier made of it.
    Everything comes from the topics; names, phones and documents are not shown. Only the partitions in which the parcel
    must lie are read. Exit code 1 when nothing was found.
    """
    settings, zone = settings_with(kafka), zone_of(tz)
    couriers = tuple(courier) if courier else settings.couriers
    if unknown := sorted(set(couriers) - set(settings.couriers)):
        raise UserError(f"--courier {escaped(unknown[0])} is not one of the setting couriers; correct one of them")
    if not waybill:
        raise UserError("an empty text is no waybill number")
    words = Words(load_controls(settings).deadlines_of(Deadlines.from_settings(settings)), zone)
    with Search(settings, [waybill.encode()], moment_ms("--from", from_, zone)) as search:
        parcel = Parcel(waybill, couriers, settings.topics, everywhere)
        steps = parcel.trace(search, search.positions(), _decoder(settings), words)
        reached = search.reached
    if as_json:
        typer.echo(json_line({"waybill": waybill, "steps": list(map(as_plain, steps)), "read": _read(reached)}))
    else:
        _show(waybill, steps, reached, words, everywhere)
    raise typer.Exit(0 if steps else 1)


def _decoder(settings: Settings) -> Decoder:
    content_key = Tokeniser.from_settings(settings).content_key
    return Decoder(settings.topics, Limits.from_settings(settings), content_key, frozenset(settings.token_keys))


def as_plain(step: Step) -> dict[str, object]:
    """Give a step as plain data."""
    return {
        "at": utc(step.at_ms).isoformat(timespec="milliseconds"),
        "topic": step.topic,
        "partition": step.partition,
        "offset": step.offset,
        "kind": step.kind.value,
        "says": step.says,
        **step.details,
    }


def _read(reached: Sequence[Reach]) -> list[dict[str, object]]:
    return [{"topic": one.topic, "partition": one.partition, "from": one.start, "to": one.end} for one in reached]


def _show(waybill: str, steps: Sequence[Step], reached: Sequence[Reach], words: Words, everywhere: bool) -> None:
    console, notes = Console(highlight=False), Console(stderr=True, highlight=False)
    for step in steps:
        text = Text()
        text.append(f"{words.time(step.at_ms)} ", "dim")
        text.append(f"{escaped(step.topic)}/{step.partition}/{step.offset} ", "cyan")
        text.append(escaped(step.says))
        console.print(text, soft_wrap=True)
    said = [f"{len(steps)} records about {escaped(waybill)}, times in {zone_name(utc(0).astimezone(words.zone))}"]
    said += reading(reached)
    if any(step.kind is Kind.ALERT for step in steps):
        said.append(f"what people and the courier made of an alert: parcelward referrals {escaped(waybill)}")
    if not steps:
        case = "; capitals and small letters differ" if waybill.lower() != waybill.upper() else ""
        wider = "" if everywhere else "; --everywhere also looks into the other partitions"
        said.append(f"nothing was found{wider}{case}")
    for line in said:
        notes.print(line, soft_wrap=True, markup=False)


def reading(reached: Sequence[Reach]) -> list[str]:
    """Say in a line or two what was read, and where nothing was."""
    topics: dict[str, list[Reach]] = {one.topic: [] for one in reached}
    for one in reached:
        if one.end > one.start:
            topics[one.topic].append(one)
    read = [f"{escaped(topic)}, partition {_parts(parts)}" for topic, parts in topics.items() if parts]
    empty = [escaped(topic) for topic, parts in topics.items() if not parts]
    lines = [f"read {'; '.join(read)}"] if read else []
    return lines + ([f"nothing is there: {', '.join(empty)}"] if empty else [])


def _parts(parts: Sequence[Reach]) -> str:
    shown = [f"{one.partition} from {one.start} to {one.end}" for one in parts[:MOST_SHOWN]]
    return ", ".join(shown) + (f" and {len(parts) - MOST_SHOWN} more" if len(parts) > MOST_SHOWN else "")
