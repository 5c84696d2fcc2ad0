"""`parcelward instructions` and `parcelward answer`: a courier reads what it must do, and says what it did."""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, tzinfo
from typing import Annotated, Literal

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from parcelward.alerts.card import age_in_words
from parcelward.alerts.terminal import Language
from parcelward.cli.options import CHINA_ZONE, Kafka, Zone, courier_code, settings_with, zone_of
from parcelward.cli.referrals import clock
from parcelward.cluster.reader import TopicReader
from parcelward.contract.cards import Bilingual
from parcelward.contract.steps import InstructionAction
from parcelward.desk.letters import Mailbox, answer_event
from parcelward.desk.states import NOTHING_TO_DO, Told, instruction_meant, read_instructions, told_in
from parcelward.errors import UserError
from parcelward.escaping import escaped, escaped_json
from parcelward.moments import CHINA
from parcelward.process.stopping import stop_signals

REFUSED_WITHIN_S = 5.0
ANSWERS_HIDDEN = Bilingual(
    zh="此处不显示答复（寄递企业只能写入、不能读取）；已答复的指令在解除或被替换前仍会列出",
    en="answers are not shown, a courier cannot read them: an instruction that was answered stands here until it is "
    "released or replaced",
)


def instructions(
    courier: Annotated[str, typer.Argument(help="The courier.")],
    kafka: Kafka = None,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with those that come, until Ctrl-C.")] = False,
    waybill: Annotated[
        str | None,
        typer.Option(help="The last word about this parcel, also that it may go.", show_default=False),
    ] = None,
    lang: Annotated[Language, typer.Option(help="Language of the instructions.")] = "en",
    tz: Zone = CHINA_ZONE,
) -> None:
    """Show what a courier must do now, parcel by parcel, and by when. Released parcels are counted."""
    settings, zone, code = settings_with(kafka), zone_of(tz), courier_code("COURIER", courier)
    console = Console(highlight=False)

    def show(told: Told) -> None:
        if json_lines:
            typer.echo(escaped_json(told.instruction.model_dump_json()))
        else:
            console.print(instruction_text(told, lang, zone, datetime.now(CHINA)), soft_wrap=True)

    if not follow:
        told = read_instructions(settings, code, waybill)
        for one in last_words(told.values(), waybill):
            show(one)
        if not json_lines:
            for note in notes(told.values(), waybill, lang):
                typer.echo(escaped(note), err=True)
        return
    with stop_signals() as stop, TopicReader(settings, [settings.topics.instructions(code)], False) as reader:
        while not stop.wait(0):
            for record in reader.poll(0.2):
                with suppress(ValidationError):  # of a later version of the contract
                    one = told_in(record)
                    if waybill in (None, one.instruction.waybill):
                        show(one)


def last_words(told: Iterable[Told], waybill: str | None) -> list[Told]:
    """Give what must be done, the oldest first; of a parcel that is named, the last word about it, whatever it is."""
    wanted = [one for one in told if (one.asks if waybill is None else one.instruction.waybill == waybill)]
    return sorted(wanted, key=lambda one: (one.instruction.issued_at, one.instruction.alert_id))


def notes(told: Iterable[Told], waybill: str | None, lang: Language) -> Iterator[str]:
    """Say what a list of instructions does not show."""
    zh = lang == "zh"
    shown = last_words(told, waybill)
    if waybill is None:
        released = sum(one.instruction.action is InstructionAction.RELEASE for one in told)
        yield (
            f"待执行指令{len(shown)}条；已放行快件{released}件"
            if zh
            else f"{_counted(len(shown), 'instruction stands', 'instructions stand')}; "
            f"{_counted(released, 'parcel was', 'parcels were')} released"
        )
    elif not shown:
        yield (
            f"尚无关于{waybill}的指令；这不表示可以交运"
            if zh
            else f"no word yet about {waybill}; that does not say that it may travel"
        )
    if any(one.asks for one in shown):
        yield ANSWERS_HIDDEN.zh if zh else ANSWERS_HIDDEN.en


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def instruction_text(told: Told, lang: Language, zone: tzinfo | None, now: datetime) -> Text:
    """Write an instruction in three lines."""
    zh, one = lang == "zh", told.instruction
    issued = clock(one.issued_at, zone)
    text = Text(f"{one.waybill}  {one.outlet}  {one.action.value}", style="bold")
    text.append(f"  {issued} 发出" if zh else f"  issued {issued}", style="not bold")
    if (due := told.answer_by) is not None:
        by = clock(due, zone)
        text.append(f"，{by} 前答复" if zh else f", answer by {by}", style="not bold")
        text.append(_left(due, now, lang), style="not bold" if now < due else "red not bold")
    held = ("，快件暂扣" if zh else ", the parcel stays where it is") if one.hold else ""
    text.append(f"{held}  ({one.alert_id}, {one.revision})\n", style="not bold")
    text.append(f"    {escaped(one.why.zh if zh else one.why.en)}\n", style="not bold")
    text.append(f"    {escaped(one.task.zh if zh else one.task.en)}", style="not bold")
    return text


def _left(due: datetime, now: datetime, lang: Language) -> str:
    """Say how much of the time to answer is left. It may have been answered: that is not known here."""
    span = age_in_words(abs((due - now).total_seconds()))
    if lang == "zh":
        return f"（剩余{span.zh}）" if now < due else f"（已超时{span.zh}，已答复的除外）"
    return f" ({span.en} left)" if now < due else f" (overdue for {span.en}, unless answered)"


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
    one = instruction_meant(wanted, read_instructions(settings, code, wanted))
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
        # A courier is not shown where an alert stands: it only hears of an answer that comes back.
        mailbox.await_refusal(event, REFUSED_WITHIN_S)
    waited_s = time.monotonic() - begun
    sent = f"{result} for {one.waybill}: sent, and not refused within {waited_s:.0f} s"
    typer.echo(f"{sent}; whether it was taken is not known yet")
