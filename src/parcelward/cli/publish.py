"""`parcelward publish`: a file of events, or lines as they come, to the intake topics."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from parcelward.cli.event_lines import arriving_lines, name_of
from parcelward.cli.options import Kafka, courier_code, settings_with
from parcelward.errors import UserError
from parcelward.escaping import escaped
from parcelward.identity.tokens import Tokeniser
from parcelward.intake.event_file import numbered_events, written_record
from parcelward.process.stopping import Stop, stop_signals
from parcelward.publisher import InvalidEvent, NotDelivered, NoTopic, Publisher, SpoolFull
from parcelward.topics import Topics

SHOWN = 20
"""Most invalid lines that are shown one by one; further ones are only counted."""
AT_ONCE = 500
"""Most lines that are taken together."""
SLICE_S = 0.2
INTERRUPTED_S = 5.0
"""Time for delivery after Ctrl-C or SIGTERM."""
RECORDED = " (this is a Kafka record written down, not an event)"
DEMO_KEY_WARNING = (
    "warning: the tokens are made with the public demo key, so anybody can find the values behind them; "
    "set PARCELWARD_TOKEN_KEYS and PARCELWARD_TOKEN_KEY to the key of this installation"
)
NO_SPOOL = (
    "note: without --spool FOLDER, lines that were read and are not acknowledged are lost if this process is killed"
)

Lines = Iterator[list[tuple[int, bytes]]]
"""Numbered lines, by those that are there together."""


@dataclass(slots=True)
class LineCounts:
    """Counts of the file's lines, the problems to show, and why publishing stopped early, if it did."""

    lines: int = 0
    taken: int = 0
    invalid: int = 0
    problems: list[str] = field(default_factory=list)
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """The command line, as far as it says how lines are published."""

    file: str
    rate: float
    skip_invalid: bool
    wait_s: float


def publish(
    file: Annotated[
        str,
        typer.Argument(help="Events, one structured-mode CloudEvent a line (JSON Lines); - reads stdin as it comes."),
    ],
    kafka: Kafka = None,
    rate: Annotated[float, typer.Option(min=0, help="Events per second; 0: as fast as it goes.")] = 0,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Go on after a line that breaks the contract.")
    ] = False,
    tokenise: Annotated[
        bool, typer.Option("--tokenise", help="Replace personal values by tokens and masks before they leave.")
    ] = False,
    spool: Annotated[
        Path | None,
        typer.Option(
            help="Folder that keeps events until they are acknowledged; the next run on it sends what is left. "
            "Default: the setting spool.",
            show_default=False,
        ),
    ] = None,
    courier: Annotated[
        str | None,
        typer.Option(
            help="Your courier code: events of any other courier are refused, and not sent. Default: each event goes "
            "to the courier that it names.",
            show_default=False,
        ),
    ] = None,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for brokers: at the end, and when there is no room.")
    ] = 60,
) -> None:
    """Publish events to their couriers' intake topics; exit code 1 when any of them was not published."""
    if file != "-" and not Path(file).is_file():
        raise UserError(f"{file} is not a file; give a file of events, one JSON object a line, or - for stdin")
    settings = settings_with(kafka)
    tokeniser = Tokeniser.from_settings(settings) if tokenise else None
    folder = spool or settings.spool
    console = Console(stderr=True, highlight=False)
    if tokenise and settings.uses_demo_key:
        console.print(DEMO_KEY_WARNING, style="bold yellow", soft_wrap=True)
    if file == "-" and folder is None:
        console.print(NO_SPOOL, soft_wrap=True)
    counts, started = LineCounts(), time.monotonic()
    publisher = Publisher(settings, tokeniser, folder, None if courier is None else courier_code("--courier", courier))
    try:
        if publisher.waiting:
            console.print(f"{publisher.waiting:,} events of an earlier run are in the spool; they go first")
        with stop_signals() as stop:
            _publish_lines(Choices(file, rate, skip_invalid, wait), publisher, counts, console, stop)
            _finish(publisher, counts, wait, stop)
    finally:
        publisher.abandon()
    _report(counts, publisher, time.monotonic() - started, console, file)
    if publisher.acknowledged < counts.lines or counts.stopped:
        raise typer.Exit(1)


def _publish_lines(choices: Choices, publisher: Publisher, counts: LineCounts, console: Console, stop: Stop) -> None:
    started = time.monotonic()
    most = AT_ONCE if not choices.rate else max(1, int(choices.rate * SLICE_S))
    with _lines(choices.file, most, counts, console, stop) as batches:
        for lines in batches:
            try:
                _publish_batch(lines, publisher, counts, choices, stop)
            except NoTopic as error:
                if not counts.taken:
                    raise UserError(str(error)) from None
                counts.lines += 1
                counts.stopped = str(error)
            except SpoolFull as error:
                counts.stopped = f"{error}; the brokers take nothing"
            if counts.stopped:
                return
            wait = started + counts.taken / choices.rate - time.monotonic() if choices.rate else 0
            # What was read from a pipe cannot be read again: it is taken before the end, without pauses.
            if stop.wait(max(wait, 0)) and choices.file != "-":
                break
    if stop.requested:
        counts.stopped = "interrupted"


@contextmanager
def _lines(file: str, most: int, counts: LineCounts, console: Console, stop: Stop) -> Iterator[Lines]:
    """The lines of a file, with a progress bar, or of the standard input."""
    if file == "-":
        yield arriving_lines(stop, most)
        return
    columns = (TextColumn("publishing"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[sent]} events"))
    shows = Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal)
    with Path(file).open("rb") as content, shows as progress:
        task = progress.add_task("", total=Path(file).stat().st_size, sent=0)

        def batches() -> Lines:
            numbered = numbered_events(content)
            while lines := list(islice(numbered, most)):
                yield lines
                progress.update(task, completed=content.tell(), sent=counts.taken)

        yield batches()


def _publish_batch(
    lines: list[tuple[int, bytes]], publisher: Publisher, counts: LineCounts, choices: Choices, stop: Stop
) -> None:
    """Publish lines, in order. Raises NoTopic, and SpoolFull when there is no room for so long."""

    refused: list[tuple[int, InvalidEvent]] = []

    def complain(place: int, error: InvalidEvent) -> None:
        refused.append((place, error))
        if not choices.skip_invalid:
            raise error

    before, until = publisher.taken, time.monotonic() + choices.wait_s
    try:
        while True:
            try:
                refused.clear()
                publisher.publish_all((line for _, line in lines), complain)
            except SpoolFull:
                if time.monotonic() > until or stop.wait(SLICE_S):
                    raise
            else:
                return
    except InvalidEvent:
        counts.stopped = "stopped at the first line that breaks the contract; --skip-invalid goes on"
    finally:
        counts.taken += publisher.taken - before
        counts.invalid += len(refused)
        counts.lines += publisher.taken - before + len(refused)
        for place, error in refused[: SHOWN - len(counts.problems)]:
            number, line = lines[place]
            what = RECORDED if written_record(line, Topics()) else ""
            counts.problems.append(f"{name_of(choices.file)}:{number}: {error}{what}")


def _finish(publisher: Publisher, counts: LineCounts, wait_s: float, stop: Stop) -> None:
    """Wait for delivery, less long after a signal, and take down what is missing."""
    until = time.monotonic() + wait_s
    interrupted = False
    while not publisher.wait(SLICE_S) and time.monotonic() < until:
        if stop.wait(0) and not interrupted:
            interrupted, until = True, min(until, time.monotonic() + INTERRUPTED_S)
    try:
        publisher.flush(0)
    except NotDelivered as error:
        counts.stopped = f"{counts.stopped}; {error}" if counts.stopped else str(error)


def _report(counts: LineCounts, publisher: Publisher, seconds: float, console: Console, file: str) -> None:
    acknowledged, name = publisher.acknowledged, name_of(file)
    for problem in counts.problems:
        console.print(escaped(problem), style="red", markup=False, soft_wrap=True)
    if counts.invalid > len(counts.problems):
        more = f"... and {counts.invalid - len(counts.problems)} more lines that break the contract"
        shows = "" if file == "-" else f"; parcelward validate {escaped(file)} shows all"
        console.print(f"{more}{shows}", style="red", markup=False, soft_wrap=True)
    if counts.stopped:
        console.print(escaped(counts.stopped), style="yellow", markup=False, soft_wrap=True)
    if not counts.lines:
        console.print(f"{'the file' if name != 'stdin' else name} holds no event", style="yellow")
    console.print(
        f"{acknowledged} published and acknowledged, {counts.invalid} invalid, "
        f"{counts.lines - counts.invalid - acknowledged} not acknowledged, in {seconds:.1f} s"
    )
    if len(by_topic := publisher.taken_by_topic) > 1:
        console.print(
            f"note: the file has events of {len(by_topic)} couriers: "
            f"{', '.join(f'{count} for {topic}' for topic, count in by_topic.items())}; with --courier CODE those of "
            "all others are refused",
            style="yellow",
            soft_wrap=True,
        )
