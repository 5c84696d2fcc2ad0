"""`parcelward rejected`: a courier reads back what was refused, and why."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from parcelward.cli.options import Kafka, settings_with
from parcelward.cluster.reader import TopicReader, in_time_order
from parcelward.contract.reasons import Reason
from parcelward.escaping import escaped, json_line
from parcelward.moments import epoch_ms


def rejected(
    courier: Annotated[str, typer.Argument(help="Courier code.")],
    kafka: Kafka = None,
    reason: Annotated[
        Reason | None,
        typer.Option(help=f"Only this reason: {', '.join(Reason)}.", show_default=False, metavar="<reason>"),
    ] = None,
    most: Annotated[int, typer.Option("--max", min=0, help="Stop after so many records; 0: all.")] = 0,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False,
    show_value: Annotated[
        bool, typer.Option("--show-value", help="Show the value; it may hold personal data.")
    ] = False,
) -> None:
    """Read back refused records with reason and detail; values stay hidden unless asked for."""
    settings = settings_with(kafka)
    console = Console(highlight=False)
    shown = 0
    with TopicReader(settings, [settings.topics.rejected(courier)]) as reader:
        for record in in_time_order(reader.read_to_end(), rejected_ms):
            refusal = describe(record, show_value)
            if reason is not None and refusal["reason"] != reason.value:
                continue
            if json_lines:
                typer.echo(json_line(refusal))
            else:
                console.print(_line(refusal), soft_wrap=True)
            shown += 1
            if most and shown >= most:
                break
    if not json_lines:
        Console(stderr=True, highlight=False).print(f"{shown} refused record{'s' if shown != 1 else ''}")


def rejected_ms(record: Any) -> int:
    """The time at which a record was refused; where it does not say so, that at which it was written."""
    said = dict(record.headers).get("pw_rejected_at") or b""
    known = epoch_ms(said.decode(errors="replace"))
    return int(record.timestamp) if known is None else known


def describe(record: Any, show_value: bool) -> dict[str, Any]:
    """A refused record as plain data: where it was, why it was refused, its size, and on demand its value."""
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    refusal = {name: headers.get(f"pw_{name}", "") for name in ("reason", "detail", "topic", "partition", "offset")}
    refusal["rejected_at"] = headers.get("pw_rejected_at", "")
    refusal["key"] = None if record.key is None else record.key.decode(errors="replace")
    described: dict[str, Any] = {**refusal, "bytes": int(headers.get("pw_value_bytes", len(record.value or b"")))}
    if show_value:
        described["value"] = None if record.value is None else record.value.decode(errors="replace")
    return described


def _line(refusal: dict[str, Any]) -> Text:
    """The record as one line, two with its value; everything in it is the courier's, so all of it is escaped."""
    refusal = {name: escaped(said) if isinstance(said, str) else said for name, said in refusal.items()}
    text = Text()
    text.append(f"{refusal['rejected_at']} ", "dim")
    text.append(f"{refusal['topic']}/{refusal['partition']}/{refusal['offset']} ", "cyan")
    text.append(f"{refusal['key'] if refusal['key'] is not None else '(no key)'} ", "bold")
    text.append(f"{refusal['reason']} ", "red")
    text.append(f"{refusal['detail']} ")
    text.append(f"({refusal['bytes']} bytes)", "dim")
    if "value" in refusal:
        text.append(f"\n    {refusal['value']}")
    return text
