"""`parcelward instructions` and `parcelward answer`: a courier reads what it must do, and says what it did."""

import time
from contextlib import suppress
from datetime import tzinfo
from typing import Annotated, Literal

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from parcelward.cli.options import CHINA_ZONE, Kafka, Zone, courier_code, settings_with, zone_of
from parcelward.cli.referrals import clock
from parcelward.cluster.reader import TopicReader
from parcelward.contract.instructions import Instruction
from parcelward.contract.steps import InstructionAction
from parcelward.desk.letters import Mailbox, answer_event
from parcelward.desk.states import one_meant, read_instructions
from parcelward.errors import UserError
from parcelward.escaping import escaped, escaped_json
from parcelward.process.stopping import stop_signals

REFUSED_WITHIN_S = 5.0
NOTHING_TO_DO = (InstructionAction.RELEASE, InstructionAction.PROCEED)


def instructions(
    courier: Annotated[str, typer.Argument(help="The courier.")],
    kafka: Kafka = None,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with those that come, until Ctrl-C.")] = False,
    waybill: Annotated[str | None, typer.Option(help="Only those about this parcel.", show_default=False)] = None,
    lang: Annotated[Literal["en", "zh"], typer.Option(help="Language of the reasons.")] = "en",
    tz: Zone = CHINA_ZONE,
) -> None:
    """Show what a courier must do now, parcel by parcel; what was released is left out."""
    settings, zone, code = settings_with(kafka), zone_of(tz), courier_code("COURIER", courier)
    console = Console(highlight=False)

    def show(one: Instruction) -> None:
        if waybill is None or one.waybill == waybill:
            if json_lines:
                typer.echo(escaped_json(one.model_dump_json()))
            else:
                console.print(instruction_text(one, lang, zone), soft_wrap=True)

    if not follow:
        standing = [one for one in read_instructions(settings, code).values() if one.action not in NOTHING_TO_DO]
        for one in sorted(standing, key=lambda one: (one.issued_at, one.alert_id)):
            show(one)
        return
    with stop_signals() as stop, TopicReader(settings, [settings.topics.instructions(code)], False) as reader:
        while not stop.wait(0):
            for record in reader.poll(0.2):
                with suppress(ValidationError):  # of a later version of the contract
                    show(Instruction.model_validate_json(record.value))


def instruction_text(one: Instruction, lang: str, zone: tzinfo | None) -> Text:
    """Write an instruction in three lines."""
    zh = lang == "zh"
    due = clock(one.answer_by, zone)
    if one.answer_within_s is not None:
        due = f"{one.answer_within_s} 秒内答复" if zh else f"answer within {one.answer_within_s} s"
    text = Text(f"{one.waybill}  {one.outlet}  {one.action.value}", style="bold")
    held = ("，快件暂扣" if zh else ", the parcel stays where it is") if one.hold else ""
    text.append(f"  {escaped(due)}{held}  ({one.alert_id}, {one.revision})\n", style="not bold")
    text.append(f"    {escaped(one.why.zh if zh else one.why.en)}\n", style="not bold")
    text.append(f"    {escaped(one.task.zh if zh else one.task.en)}", style="not bold")
    return text


def answer(
    courier: Annotated[str, typer.Argument(help="The courier that answers.")],
    wanted: Annotated[
        str, typer.Argument(metavar="PARCEL", help="Waybill of the parcel, or the beginning of the alert's id.")
    ],
    result: Annotated[Literal["done", "not_possible", "information"], typer.Argument(help="The answer.")],
    kafka: Kafka = None,
    photo: Annotated[str | None, typer.Option(help="SHA-256 of the photo that shows it.", show_default=False)] = None,
    found: Annotated[str | None, typer.Option(help="Goods as seen in the parcel.", show_default=False)] = None,
    text: Annotated[str | None, typer.Option(help="Information, or why not.", show_default=False)] = None,
    operator: Annotated[str | None, typer.Option(help="Code of the operator who did it.", show_default=False)] = None,
) -> None:
    """Answer the instruction about a parcel. Exit code 2 if it comes back refused within 5 s."""
    settings, code = settings_with(kafka), courier_code("COURIER", courier)
    standing = read_instructions(settings, code)
    of_waybill = [one for one in standing.values() if one.waybill == wanted]
    newest = max(of_waybill, key=lambda one: one.issued_at, default=None)
    one = newest or standing[one_meant(wanted, standing, "alert")]
    if one.action in NOTHING_TO_DO:
        raise UserError(f"nothing is asked about the parcel {one.waybill}: {one.action.value}")
    said = {"operator": operator, "photo_sha256": photo, "found_goods": found, "text": text}
    data = {
        "alert_id": one.alert_id,
        "revision": one.revision,
        "courier": code,
        "waybill": one.waybill,
        "result": result,
        **{name: value for name, value in said.items() if value is not None},
    }
    event = answer_event(code, data)
    begun = time.monotonic()
    with Mailbox(settings, None, settings.topics.rejected(code)) as mailbox:
        mailbox.send(settings.topics.answers(code), one.waybill, event)
        # A courier is not shown where an alert stands: an answer that does not come back was taken.
        mailbox.await_refusal(event, REFUSED_WITHIN_S)
    typer.echo(f"{result} for {one.waybill}: sent, and not refused within {time.monotonic() - begun:.0f} s")
