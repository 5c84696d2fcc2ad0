"""`parcelward publish`: a file of events to the intake topics, with a progress bar."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from parcelward.cli.options import Kafka, settings_with
from parcelward.errors import UserError
from parcelward.escaping import escaped
from parcelward.identity.tokens import Tokeniser
from parcelward.intake.event_file import numbered_events, written_record
from parcelward.process.stopping import Stop, stop_signals
from parcelward.publisher import InvalidEvent, NotDelivered, NoTopic, Publisher
from parcelward.settings import DEMO_KEY, Settings
from parcelward.topics import Topics

SHOWN = 20
"""Most invalid lines that are shown one by one; further ones are only counted."""
RECORDED = " (this is a Kafka record written down, not an event)"
DEMO_KEY_WARNING = (
    "warning: the tokens are made with the public demo key, so anybody can find the values behind them; "
    "set PARCELWARD_TOKEN_KEYS and PARCELWARD_TOKEN_KEY to the key of this installation"
)


@dataclass(slots=True)
class LineCounts:
    """Counts of the file's lines, the problems to show, and why publishing stopped early, if it did."""

    lines: int = 0
    sent: int = 0
    invalid: int = 0
    problems: list[str] = field(default_factory=list)
    stopped: str | None = None


def publish(
    file: Annotated[Path, typer.Argument(help="Events, one structured-mode CloudEvent a line (JSON Lines).")],
    kafka: Kafka = None,
    rate: Annotated[float, typer.Option(min=0, help="Events per second; 0: as fast as it goes.")] = 0,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Go on after a line that breaks the contract.")
    ] = False,
    tokenise: Annotated[
        bool, typer.Option("--tokenise", help="Replace personal values by tokens and masks before they leave.")
    ] = False,
) -> None:
    """Publish events to their couriers' intake topics; exit code 1 when any of them was not published."""
    if not file.is_file():
        raise UserError(f"{file} is not a file; give a file of events, one JSON object a line")
    settings = settings_with(kafka)
    tokeniser = Tokeniser.from_settings(settings) if tokenise else None
    console = Console(stderr=True, highlight=False)
    if tokenise and _has_demo_key(settings):
        console.print(DEMO_KEY_WARNING, style="bold yellow", soft_wrap=True)
    publisher = Publisher(settings, tokeniser)
    counts = LineCounts()
    started = time.monotonic()
    with stop_signals() as stop:
        try:
            _publish_lines(file, publisher, counts, rate, skip_invalid, console, stop)
            publisher.close()
        except NoTopic as error:
            publisher.abandon()
            raise UserError(str(error)) from None
        except NotDelivered as error:
            publisher.abandon()
            counts.stopped = str(error)
    _report(counts, publisher.acknowledged, time.monotonic() - started, console)
    if publisher.acknowledged < counts.lines or counts.stopped:
        raise typer.Exit(1)


def _has_demo_key(settings: Settings) -> bool:
    key = settings.token_keys.get(settings.token_key)
    return key is not None and key.get_secret_value() == DEMO_KEY


def _publish_lines(
    file: Path, publisher: Publisher, counts: LineCounts, rate: float, skip_invalid: bool, console: Console, stop: Stop
) -> None:
    columns = (TextColumn("publishing"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[sent]} events"))
    started = time.monotonic()
    shows = Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal)
    with file.open("rb") as lines, shows as progress:
        task = progress.add_task("", total=file.stat().st_size, sent=0)
        for number, event in numbered_events(lines):
            progress.update(task, completed=lines.tell(), sent=counts.sent)
            counts.lines += 1
            try:
                publisher.publish_json(event)
                counts.sent += 1
            except NoTopic as error:
                if not counts.sent:
                    raise
                counts.stopped = str(error)
                return
            except InvalidEvent as error:
                counts.invalid += 1
                if len(counts.problems) < SHOWN:
                    what = RECORDED if written_record(event, Topics()) else ""
                    counts.problems.append(f"{file}:{number}: {error}{what}")
                if not skip_invalid:
                    counts.stopped = "stopped at the first line that breaks the contract; --skip-invalid goes on"
                    return
            wait = started + counts.sent / rate - time.monotonic() if rate else 0
            if stop.wait(max(wait, 0)):
                counts.stopped = "interrupted"
                return


def _report(counts: LineCounts, acknowledged: int, seconds: float, console: Console) -> None:
    for problem in counts.problems:
        console.print(escaped(problem), style="red", markup=False, soft_wrap=True)
    if counts.invalid > len(counts.problems):
        console.print(
            f"... and {counts.invalid - len(counts.problems)} more lines that break the contract", style="red"
        )
    if counts.stopped:
        console.print(escaped(counts.stopped), style="yellow", markup=False)
    if not counts.lines:
        console.print("the file holds no event", style="yellow")
    console.print(
        f"{acknowledged} published and acknowledged, {counts.invalid} invalid, "
        f"{counts.lines - counts.invalid - acknowledged} not acknowledged, in {seconds:.1f} s"
    )
