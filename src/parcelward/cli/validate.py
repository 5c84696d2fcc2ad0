"""`parcelward validate`: check a file of events against the contract with the code that runs in production."""

from collections import Counter
from typing import Annotated

import typer

from parcelward.cli.event_lines import name_of, opened
from parcelward.errors import UserError
from parcelward.escaping import escaped
from parcelward.intake.decode import Decoder, Limits, Rejected
from parcelward.intake.event_file import numbered_events, record_of, written_record
from parcelward.topics import Topics

# An event in a file has no arrival time, so its age is not checked. A Kafka record in a file has one.
NO_TIME_LIMIT_MS = 10**18


def validate(
    file: Annotated[
        str,
        typer.Argument(
            help="Structured CloudEvents, or Kafka records written down as in schemas/examples: one JSON object a "
            "line, or a single one; - reads stdin."
        ),
    ],
    courier: Annotated[
        str | None,
        typer.Option(help="Courier that will publish it; default: the one each event names.", show_default=False),
    ] = None,
) -> None:
    """Check a file of events against the contract, offline. Exits 1 if an event would be refused, 2 without any."""
    topics = Topics()
    of_events = Decoder(topics, Limits(max_event_age_ms=NO_TIME_LIMIT_MS, max_event_ahead_ms=NO_TIME_LIMIT_MS), b"")
    of_records = Decoder(topics, Limits(), b"")
    refused: Counter[str] = Counter()
    sound = 0
    with opened(file) as lines:
        for number, text in numbered_events(lines):
            if (record := written_record(text, topics, courier=courier, offset=number)) is not None:
                answer = of_records.decode(record)
            else:
                answer = of_events.decode(record_of(text, topics, courier=courier, offset=number))
            if isinstance(answer, Rejected):
                refused[answer.reason.value] += 1
                typer.echo(f"line {number}: {answer.reason.value}: {escaped(answer.detail)}")
                typer.echo(f"    {answer.reason.meaning}")
            else:
                sound += 1
    wrong = refused.total()
    if not sound + wrong:
        raise UserError(f"{name_of(file)} holds no event; give one JSON object a line")
    typer.echo(f"{sound + wrong} event{'s' if sound + wrong != 1 else ''}: {sound} would be accepted, {wrong} refused")
    for reason, count in refused.most_common():
        typer.echo(f"    {reason}: {count}")
    if wrong:
        raise typer.Exit(1)
