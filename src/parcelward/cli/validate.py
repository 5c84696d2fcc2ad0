"""`parcelward validate`: check a file of events against the contract with the code that runs in production."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from parcelward.decode import Decoder, Limits, Rejected
from parcelward.errors import UserError
from parcelward.stage import Record
from parcelward.topics import Topics

# A file has no arrival time, so the age of an event is not judged here.
NO_TIME_LIMIT_MS = 10**18


def validate(
    file: Annotated[str, typer.Argument(help="File of structured CloudEvents, one JSON object a line; - reads stdin.")],
    courier: Annotated[
        str | None,
        typer.Option(help="Courier that will publish it; default: the one each event names.", show_default=False),
    ] = None,
) -> None:
    """Check a file of events against the contract, offline. Exits 1 when any line would be refused."""
    decoder = Decoder(Topics(), Limits(max_event_age_ms=NO_TIME_LIMIT_MS, max_event_ahead_ms=NO_TIME_LIMIT_MS), b"")
    refused: Counter[str] = Counter()
    sound = 0
    with _opened(file) as lines:
        for number, line in enumerate(lines, 1):
            text = line.strip(b" \t\r\n")
            if not text:
                continue
            answer = decoder.decode(_record(text, courier, number))
            if isinstance(answer, Rejected):
                refused[answer.reason.value] += 1
                typer.echo(f"line {number}: {answer.reason.value}: {answer.detail}")
                typer.echo(f"    {answer.reason.meaning}")
            else:
                sound += 1
    wrong = refused.total()
    typer.echo(f"{sound + wrong} events: {sound} would be accepted, {wrong} refused")
    for reason, count in refused.most_common():
        typer.echo(f"    {reason}: {count}")
    if wrong:
        raise typer.Exit(1)


def _record(text: bytes, courier: str | None, number: int) -> Record:
    """The record this event would be published as: its waybill as key, on its courier's topic."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None  # the decoder says what is wrong with it
    named = _text(_data(body).get("courier"))
    key = _text(_data(body).get("waybill"))
    topic = Topics().intake(courier or named or "unknown")
    return Record(topic, 0, number, 0, key.encode("utf-8", "replace") or b"-", text)


def _data(body: Any) -> dict[str, Any]:
    data = body.get("data") if isinstance(body, dict) else None
    return data if isinstance(data, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 - closed below; only opening may be the user's mistake
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}); give a file of one JSON event a line") from None
    with stream:
        yield stream
