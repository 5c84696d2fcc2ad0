"""`parcelward validate`: check a file of events against the contract with the code that runs in production."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Annotated

import typer
from pydantic import ValidationError

from parcelward.cli.event_lines import name_of, opened
from parcelward.cli.options import TIME, courier_code, moment_ms, settings_with
from parcelward.contract.events import EVENT_MODELS
from parcelward.contract.reasons import Reason
from parcelward.contract.schema_files import MESSAGES
from parcelward.errors import UserError
from parcelward.escaping import escaped
from parcelward.intake.decode import Decoder, Event, Limits, Rejected
from parcelward.intake.event import key_of
from parcelward.intake.event_file import numbered_events, record_of, written_record
from parcelward.moments import utc

NOT_CHECKED = (
    "not checked: whether the courier has a topic, since nobody has set the couriers here "
    "(PARCELWARD_COURIERS; those that `parcelward config` shows are a default); `publish` will say"
)


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
    at: Annotated[
        str | None,
        typer.Option(
            help=f"As if the events arrived then: {TIME}; default: now. Production refuses events that are "
            "too old, or ahead, when they arrive. A record written down has its own arrival.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Say offline what production would say to a file of events. Exits 1 if one would be refused, 2 without any."""
    given_ms = moment_ms("--at", at)
    at_ms = round(time.time() * 1000) if given_ms is None else given_ms
    settings = settings_with(None, security_protocol="PLAINTEXT")  # no broker is asked
    courier = None if courier is None else courier_code("--courier", courier)
    decoder = Decoder(settings.topics, Limits.from_settings(settings))
    refused: Counter[str] = Counter()
    is_configured = "couriers" in settings.model_fields_set
    corrections = _Corrections()
    sound = 0
    with opened(file) as lines:
        for number, text in numbered_events(lines):
            record = written_record(text, settings.topics, courier=courier, offset=number)
            if record is None:
                record = record_of(text, settings.topics, courier=courier, offset=number, at_ms=at_ms)
            answer = decoder.decode(record)
            if not isinstance(answer, Rejected):
                if not is_configured or answer.data.courier in settings.couriers:
                    sound += 1
                    corrections.add(number, answer)
                    continue
                answer = Rejected(Reason.WRONG_COURIER, "data.courier: not among the couriers of the setting couriers")
            refused[answer.reason.value] += 1
            typer.echo(f"line {number}: {answer.reason.value}: {escaped(answer.at_home)}")
            is_other = answer.reason is Reason.NOT_CLOUDEVENTS
            typer.echo(f"    {_other_message(text) if is_other else answer.reason.meaning}")
    wrong = refused.total()
    if not sound + wrong:
        raise UserError(f"{name_of(file)} holds no event; give one JSON object a line")
    typer.echo(f"{sound + wrong} event{'s' if sound + wrong != 1 else ''}: {sound} would be accepted, {wrong} refused")
    for reason, count in refused.most_common():
        typer.echo(f"    {reason}: {count}")
    moment = utc(at_ms).astimezone().isoformat(timespec="seconds")
    as_of = f"as of {moment}{'' if at else ', which is now; --at names another time'}"
    for note in (*corrections.notes(), as_of, *([] if is_configured else [NOT_CHECKED])):
        typer.echo(f"note: {note}", err=True)
    if wrong:
        raise typer.Exit(1)


class _Corrections:
    """Events of a file that correct others: one of another waybill is a wrong id; one not in the file may be."""

    def __init__(self) -> None:
        self._keys: dict[bytes, str] = {}
        self._corrections: list[tuple[int, bytes, str]] = []

    def add(self, line: int, event: Event) -> None:
        """Take note of an event that would be accepted."""
        self._keys[event.identity] = key_of(event.data)
        if event.corrects:
            self._corrections.append((line, event.corrects, key_of(event.data)))

    def notes(self) -> Iterator[str]:
        """Say which corrections will change nothing, and how many this file cannot tell about."""
        elsewhere = 0
        for line, corrected, key in self._corrections:
            found = self._keys.get(corrected)
            elsewhere += found is None
            if found not in (None, key):
                yield f"line {line}: corrects an event of another waybill, so it will correct nothing"
        if elsewhere:
            yield f"corrections of events that are not in this file: {elsewhere}; a wrong id would not be noticed here"


def _other_message(text: bytes) -> str:
    """Name another message of the contract that a JSON object is, if it is one, or say what a CloudEvent is."""
    for message in MESSAGES:
        if message.model in EVENT_MODELS.values():
            continue
        try:
            message.model.model_validate_json(text)
        except ValidationError:
            continue
        if message.name.endswith(".data"):
            return f"These are the data of a {message.type}; the attributes around them are missing."
        return f"This is what Parcelward sends to {message.topic}, no event; there is nothing to validate."
    return "An event in a file is a JSON object with specversion, id, source, type, time and data (CloudEvents 1.0)."
