"""`parcelward screen`: a file of events through the stages in memory, without Kafka: alerts and refusals."""

import sys
from collections import Counter
from datetime import datetime, tzinfo
from typing import Annotated

import typer
from rich.console import Console

from parcelward.alerts.terminal import Language, alert_lines
from parcelward.cli.event_lines import name_of, opened
from parcelward.cli.options import CHINA_ZONE, TIME_TZ, Zone, moment_ms, settings_with, zone_of
from parcelward.contract.alerts import Alert
from parcelward.escaping import escaped, escaped_json, json_line
from parcelward.intake.event_file import numbered_events
from parcelward.moments import duration_in_words, utc
from parcelward.screening.build import build_stages
from parcelward.screening.rehearsal import Refused, Rehearsal
from parcelward.settings import Settings


def screen(
    file: Annotated[str, typer.Argument(help="Structured CloudEvents, one JSON object a line; - reads stdin.")],
    until: Annotated[
        str | None,
        typer.Option(
            help=f"Until when, {TIME_TZ}: fires what is due by then, and leaves out what arrives later; "
            "default: the last arrival in the file.",
            show_default=False,
        ),
    ] = None,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False,
    lang: Annotated[Language, typer.Option(help="Language of the reasons.")] = "en",
    tz: Zone = CHINA_ZONE,
) -> None:
    """Screen a file of events without Kafka, with the settings, rules and model of a worker; print what it would say.

    An event arrives at its own time, or at the time in its attribute receivedtime. Alerts are printed as on the topic,
    all revisions in order; a line that is refused is named with the reason.
    """
    zone = zone_of(tz)
    until_ms = moment_ms("--until", until, zone)
    settings = settings_with(None, security_protocol="PLAINTEXT")  # no broker is asked, so no key is sent anywhere
    stages = build_stages(settings)
    notes = Console(stderr=True, highlight=False, soft_wrap=True)
    with opened(file) as lines:
        rehearsal = Rehearsal(numbered_events(lines), stages, settings.topics, until_ms)
    for note in _notes(rehearsal, settings, file, zone):
        notes.print(f"note: {escaped(note)}", markup=False)
    console = Console(highlight=False, soft_wrap=True)
    told: Counter[str] = Counter()
    for outcome in rehearsal.outcomes():
        told["refused" if isinstance(outcome, Refused) else "alerts"] += 1
        if json_lines:
            sys.stdout.buffer.write(_as_json(outcome) + b"\n")
        else:
            _show(outcome, lang, console, zone)
    sys.stdout.buffer.flush()
    if rehearsal.lines and not json_lines:
        judgement = stages.judgement
        model = "none" if judgement.model is None else judgement.model.version
        notes.print(
            f"{_lines(rehearsal.lines)}{_until(rehearsal, zone)}: {told['refused']:,} refused, "
            f"{told['alerts']:,} alerts, revisions included; rule pack {judgement.pack.name}, model {model}",
            markup=False,
        )


def _notes(rehearsal: Rehearsal, settings: Settings, file: str, zone: tzinfo | None) -> list[str]:
    """Give what the reader of the result should know before it."""
    notes = []
    if not rehearsal.lines:
        notes.append(f"{name_of(file)} holds no event; give one JSON object a line")
    if settings.uses_demo_key:
        notes.append("tokens are made with the public demo key; set PARCELWARD_TOKEN_KEYS before you hand results on")
    if rehearsal.left_out:
        arrive = "arrives" if rehearsal.left_out == 1 else "arrive"
        after = _moment(rehearsal.until_ms, zone)
        notes.append(f"{_lines(rehearsal.left_out)} {arrive} after {after}, left out")
    if far_off := rehearsal.far_off():
        lines, gap_ms = far_off
        more = f" and {len(lines) - 1} more lie" if len(lines) > 1 else " lies"
        notes.append(
            f"line {lines[0]}{more} {duration_in_words(gap_ms)} after the rest; deadlines are fired up to there "
            "(China time has +08:00, not Z; --until ends it earlier)"
        )
    if unread := [courier for courier in rehearsal.couriers if courier not in settings.couriers]:
        notes.append(f"a worker with these settings does not read the topic of {', '.join(unread)} (setting couriers)")
    return notes


def _as_json(outcome: bytes | Refused) -> bytes:
    if isinstance(outcome, bytes):
        return escaped_json(outcome.decode(errors="replace")).encode()
    refusal = {"rejected": outcome.reason, "detail": outcome.detail, "line": outcome.line}
    return json_line(refusal).encode()


def _show(outcome: bytes | Refused, lang: Language, console: Console, zone: tzinfo | None) -> None:
    if isinstance(outcome, Refused):
        console.print(f"line {outcome.line}: {outcome.reason}: {escaped(outcome.detail)}", markup=False)
    else:
        today = datetime.now().astimezone(zone).date()
        console.print(alert_lines(Alert.model_validate_json(outcome), lang, today=today, zone=zone))


def _lines(number: int) -> str:
    return f"{number:,} line{'s' if number != 1 else ''}"


def _until(rehearsal: Rehearsal, zone: tzinfo | None) -> str:
    """Say until when; nothing where no line told a time."""
    return f" until {_moment(rehearsal.until_ms, zone)}" if rehearsal.until_ms else ""


def _moment(ms: int, zone: tzinfo | None) -> str:
    return utc(ms).astimezone(zone).isoformat(timespec="seconds")
