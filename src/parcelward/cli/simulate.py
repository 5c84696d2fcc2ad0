"""`parcelward simulate`: courier traffic with planted patterns, as structured-mode CloudEvents, one a line."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from parcelward.cli.options import TIME, since_when
from parcelward.errors import UserError
from parcelward.moments import CHINA
from parcelward.simulate import PATTERNS, PLANTED, Plan, SimulatedEvent, Simulation


def simulate(
    out: Annotated[Path, typer.Option(help="File to write the events to, one structured-mode CloudEvent a line.")],
    labels: Annotated[Path | None, typer.Option(help="File to write the ground truth to, one label a line.")] = None,
    events: Annotated[int | None, typer.Option(min=1, help="Stop after this many events.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="Stop after this much simulated time.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same plan, same start: same bytes.")] = 1,
    start: Annotated[
        str | None, typer.Option(help=f"First moment: {TIME}; unset: so that the simulated time ends about now.")
    ] = None,
    waybills_per_day: Annotated[int, typer.Option(min=1, help="Waybills a day, all couriers together.")] = 100_000,
    couriers: Annotated[str, typer.Option(help="Courier codes, comma-separated.")] = "swift,orient,harbor",
    outlets: Annotated[int, typer.Option(min=1, help="Outlets per courier.")] = 40,
    violations: Annotated[float, typer.Option(min=0, max=0.5, help="Share of waybills with a planted case.")] = 0.005,
) -> None:
    """Make courier traffic with planted patterns and write it down; the ground truth goes to a file of its own."""
    if events is None and minutes is None:
        minutes = 60.0
    days = (minutes or 14 * 1440) / 1440
    if minutes is None and events is not None:
        days = max(1.0, events / waybills_per_day)  # about twice what is needed: a waybill has 2.3 events
    now = datetime.now(UTC).replace(microsecond=0)
    plan = Plan(
        couriers=tuple(code.strip() for code in couriers.split(",") if code.strip()),
        outlets_per_courier=outlets,
        waybills_per_day=waybills_per_day,
        start=since_when("--start", start, now.astimezone(CHINA)) if start else now - timedelta(days=days),
        days=days,
        seed=seed,
        violation_share=violations,
    )
    simulation = Simulation(plan)
    stream: Iterator[SimulatedEvent] = islice(simulation.events(), events)
    if minutes is not None:
        end_ms = int((plan.start + timedelta(minutes=minutes)).timestamp() * 1000)
        stream = takewhile(lambda event: event.arrival_ms < end_ms, stream)
    written = _write(out, (orjson.dumps(event.envelope) for event in stream))
    truth = simulation.labels()
    if labels is not None:
        _write(labels, (orjson.dumps(label._asdict()) for label in truth))
    _report(written, out, {name: [label.case for label in truth if label.pattern == name] for name in PATTERNS})


def _write(path: Path, lines: Iterator[bytes]) -> int:
    written = 0
    try:
        with path.open("wb") as file:
            for line in lines:
                file.write(line + b"\n")
                written += 1
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; choose another file or folder") from None
    return written


def _report(written: int, out: Path, cases: dict[str, list[str]]) -> None:
    """Say on the error stream what was planted, so that the files may be pipes."""
    console = Console(stderr=True)
    table = Table("pattern", "what is planted", "cases", "waybills")
    for pattern, found in cases.items():
        table.add_row(pattern, PLANTED[pattern], str(len(set(found))), str(len(found)))
    console.print(f"events written to {out}: {written:,}")
    console.print(table)
