"""`parcelward rejected`: a courier reads back what was refused, and why, and gets it back as events to mend."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import islice, takewhile
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console

from parcelward.cli.options import CHINA_ZONE, Kafka, Zone, courier_code, settings_with, since_when, zone_of
from parcelward.cli.refusals import MEANINGS, Groups, describe, refusal_line, rejected_ms
from parcelward.cli.repair_file import RepairFile
from parcelward.cli.spool_refusals import opened_spool, set_aside_in
from parcelward.cli.tables import show_table
from parcelward.cluster.reader import TopicReader, in_time_order
from parcelward.cluster.waiting import records_waiting
from parcelward.contract.reasons import Reason
from parcelward.contract.steps import StepReason
from parcelward.errors import UserError
from parcelward.escaping import escaped, json_line
from parcelward.intake.refusal import of_intake
from parcelward.moments import zone_name
from parcelward.process.stopping import Stop, stop_signals
from parcelward.settings import Settings

INTERRUPTED = 130
"""Exit code of a command that Ctrl-C ended before it was done."""
POLL_S = 0.2
OF_ANSWERS = (
    StepReason.UNKNOWN,
    StepReason.DOUBLED,
    StepReason.STALE,
    StepReason.AHEAD,
    StepReason.LATE,
    StepReason.NOT_ASKED,
)
"""Reasons for which a courier's answer may come back."""


@dataclass(frozen=True, slots=True)
class Look:
    """The command line, as far as it says which records are shown, and how."""

    zone: tzinfo | None
    from_ms: float
    until_ms: float
    reason: str | None
    most: int
    follow: bool
    group: bool
    json_lines: bool
    show_value: bool
    repair: Path | None

    def passes(self, record: Any) -> bool:
        """Tell whether a record is asked for."""
        said = dict(record.headers).get("pw_reason")
        is_wanted = self.reason is None or said == self.reason.encode()
        return is_wanted and self.from_ms <= rejected_ms(record) < self.until_ms


class Shown(NamedTuple):
    """Records that were shown or written, those that are no event, and the offsets of those that are in the file."""

    records: int
    left_out: int = 0
    written: tuple[int, ...] = ()


def known_reason(text: str) -> str:
    """Give a reason of events or of answers. Raises BadParameter naming those that there are."""
    if text not in MEANINGS:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(Reason)}; of answers: {', '.join(OF_ANSWERS)}")
    return text


From = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="Only those refused since: a time (2026-11-23T08:00, of the zone of --tz unless it names one) or 30m, 6h, "
        "2d ago.",
        show_default=False,
    ),
]
Until = Annotated[
    str | None, typer.Option(help="Only those refused before then, written as for --from.", show_default=False)
]
WithReason = Annotated[
    str | None,
    typer.Option(
        help=f"Only this reason: {', '.join(Reason)}; of answers: {', '.join(OF_ANSWERS)}.",
        show_default=False,
        metavar="<reason>",
        parser=known_reason,
    ),
]
Repair = Annotated[
    Path | None,
    typer.Option(
        help="Write them as events to this new file, to be mended and published; it holds personal data.",
        show_default=False,
    ),
]
OfSpool = Annotated[
    Path | None,
    typer.Option(
        help="Those that a publisher's spool has set aside because brokers will never take them; --repair moves them "
        "into its file.",
        show_default=False,
    ),
]


def rejected(
    courier: Annotated[
        str | None, typer.Argument(help="Courier code; with --spool none is needed.", show_default=False)
    ] = None,
    kafka: Kafka = None,
    from_: From = None,
    until: Until = None,
    reason: WithReason = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what is refused from now on.")] = False,
    group: Annotated[bool, typer.Option("--group", help="Count by reason, each with an example.")] = False,
    most: Annotated[int, typer.Option("--max", min=0, help="Stop after so many records; 0: all.")] = 0,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False,
    show_value: Annotated[
        bool, typer.Option("--show-value", help="Show headers and value; they may hold personal data.")
    ] = False,
    repair: Repair = None,
    spool: OfSpool = None,
    tz: Zone = CHINA_ZONE,
) -> None:
    """Read back refused records with reason and detail; values stay hidden unless asked for."""
    given = {"--from": from_, "--until": until, "--reason": reason, "--follow": follow, "--group": group}
    _require_together(given | {"--repair": repair, "--spool": spool}, courier)
    zone = zone_of(tz)
    now = datetime.now().astimezone(zone)
    from_ms = float("-inf") if from_ is None else since_when("--from", from_, now).timestamp() * 1000
    until_ms = float("inf") if until is None else since_when("--until", until, now).timestamp() * 1000
    if from_ms > now.timestamp() * 1000:
        raise UserError(f"--from {escaped(str(from_))} lies in the future; nothing was refused since")
    if from_ms >= until_ms:
        raise UserError("--until is not after --from, so nothing lies between them; exchange them?")
    look = Look(zone, from_ms, until_ms, reason, most, follow, group, json_lines, show_value, repair)
    settings = settings_with(kafka)
    notes = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    with stop_signals() as stop:
        if spool is None:
            shown = _on_topic(courier_code("courier", str(courier)), settings, look, notes, stop)
        else:
            shown = _in_spool(spool, courier, settings, look, notes)
        is_cut = stop.requested and not follow
    if not json_lines:
        rest = ", and there may be more: interrupted" if is_cut else _times(look)
        notes.print(f"{shown.records:,} refused record{'s' if shown.records != 1 else ''}{rest}")
    if is_cut or shown.left_out:
        raise typer.Exit(INTERRUPTED if is_cut else 1)


def _on_topic(courier: str, settings: Settings, look: Look, notes: Console, stop: Stop) -> Shown:
    with TopicReader(settings, [settings.topics.rejected(courier)]) as reader:
        if look.follow and not look.json_lines:
            notes.print(f"following what is refused{_times(look)}; Ctrl-C ends")
        refused = _refused(reader, look, stop)
        # What was refused of answers is no event that could be published again.
        shown = _show(refused if look.repair is None else of_intake(refused, settings.topics), look, notes, courier)
    intake = settings.topics.intake(courier)
    if not (look.follow or stop.requested) and (waiting := records_waiting(settings, intake)):
        notes.print(
            f"note: {waiting:,} record{'s wait' if waiting != 1 else ' waits'} on {intake} to be read; whether they "
            "are accepted is not known yet (does a worker run?)"
        )
    return shown


def _times(look: Look) -> str:
    """Say whose times were shown, where some were."""
    return "" if look.repair else f"; times are {zone_name(datetime.now().astimezone(look.zone))} (--tz)"


def _require_together(given: Mapping[str, object], courier: str | None) -> None:
    """Raises UserError for options that contradict each other, and when nothing says whose records are meant."""
    alone = {
        "--follow": ("--until", "--group", "--repair", "--spool"),
        "--group": ("--repair",),
        "--spool": ("--from", "--until", "--reason"),
    }
    for option, others in alone.items():
        for other in others:
            if given[option] and given[other]:
                raise UserError(f"{option} and {other} do not go together; leave one of them out")
    if courier is None and not given["--spool"]:
        raise UserError("whose refused records? Name a courier, as in: parcelward rejected swift")


def _refused(reader: TopicReader, look: Look, stop: Stop) -> Iterator[Any]:
    """Refused records that are asked for, those that are there already in the order of their times."""
    stored = in_time_order(reader.read_to_end(stop=lambda: stop.requested), rejected_ms)
    records = takewhile(lambda _: not stop.requested, stored)
    yield from filter(look.passes, records)
    while look.follow and not stop.requested:
        yield from filter(look.passes, reader.poll(POLL_S))


def _in_spool(folder: Path, courier: str | None, settings: Settings, look: Look, notes: Console) -> Shown:
    """The same of what a spool has set aside. What the repair file has, for certain, the spool gives up."""
    with opened_spool(folder, settings) as spool:
        shown = _show(set_aside_in(spool, settings.topics, courier), look, notes, courier)
        spool.forget_refused(shown.written)
    return shown


def _show(records: Iterable[Any], look: Look, notes: Console, courier: str | None) -> Shown:
    records = islice(records, look.most or None)
    if look.repair is not None:
        return _repair(records, RepairFile(look.repair, courier), notes)
    return _group(records, look) if look.group else _list(records, look)


def _list(records: Iterable[Any], look: Look) -> Shown:
    console = Console(highlight=False)
    count = 0
    for record in records:
        refusal = describe(record, look.show_value)
        if look.json_lines:
            typer.echo(json_line(refusal))
        else:
            console.print(refusal_line(refusal, rejected_ms(record), look.zone), soft_wrap=True)
        count += 1
    return Shown(count)


def _group(records: Iterable[Any], look: Look) -> Shown:
    groups, count = Groups(), 0
    for record in records:
        groups.add(describe(record, show_value=False), rejected_ms(record))
        count += 1
    if look.json_lines:
        for one in groups.as_objects():
            typer.echo(json_line(one))
    elif count:
        show_table(Groups.HEADINGS, groups.as_rows(look.zone), "refused records by reason")
    return Shown(count)


def _repair(records: Iterable[Any], repair: RepairFile, notes: Console) -> Shown:
    count, written = 0, []
    with repair as file:
        for record in records:
            count += 1
            if (left_out := file.add(record, describe(record, show_value=False))) is None:
                written.append(record.offset)
            else:
                notes.print(left_out)
    for line in file.outcome():
        notes.print(line)
    return Shown(count, file.left_out, tuple(written))
