"""`parcelward alerts`: the alert topic as a readable list, as JSON lines, or one alert in full."""

import sys
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime, tzinfo
from itertools import islice
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.text import Text

from parcelward.alerts.page import alert_page
from parcelward.alerts.terminal import Language, alert_lines
from parcelward.alerts.verdict import MODEL_RULE
from parcelward.cli.alert_filters import (
    Filters,
    Looked,
    Shown,
    newest_revisions,
    read_alert,
    stands,
)
from parcelward.cli.options import CHINA_ZONE, Kafka, Zone, courier_code, settings_with, since_when, zone_of
from parcelward.cluster.reader import TopicReader, in_time_order
from parcelward.contract.alerts import Alert, Lane
from parcelward.contract.referrals import Referral
from parcelward.desk.history import standing
from parcelward.desk.states import ID_BEGINNING, read_referrals
from parcelward.errors import UserError
from parcelward.escaping import escaped, escaped_json
from parcelward.moments import CHINA, zone_name
from parcelward.process.stopping import Stop, stop_signals
from parcelward.rules import load_pack
from parcelward.settings import Settings

Found = tuple[Any, Alert | None]
"""A record of the topic, and the alert in it; None when it cannot be read."""


class Span(NamedTuple):
    """The alerts that are looked at: also those that are there already; at most so many; seconds without one."""

    old_ones: bool
    most: int
    timeout: float


class Look(NamedTuple):
    """Console, language, zone and form of the alerts that are printed."""

    console: Console
    language: Language
    zone: tzinfo | None
    json_lines: bool


def alerts(
    kafka: Kafka = None,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False,
    lang: Annotated[Language, typer.Option(help="Language of the reasons.")] = "en",
    from_start: Annotated[bool, typer.Option("--from-start", help="Show what is there already, too.")] = False,
    most: Annotated[int, typer.Option("--max", min=0, help="Stop after so many alerts; 0: never.")] = 0,
    timeout: Annotated[
        float, typer.Option(min=0, help="Stop after so many seconds without a new alert; 0: never.")
    ] = 0,
    lane: Annotated[Lane | None, typer.Option(help="Only those now in this lane.", show_default=False)] = None,
    rule: Annotated[
        str | None, typer.Option(help="Only alerts with a finding of this rule, for example R14.", show_default=False)
    ] = None,
    courier: Annotated[str | None, typer.Option(help="Only this courier.", show_default=False)] = None,
    outlet: Annotated[str | None, typer.Option(help="Only this outlet.", show_default=False)] = None,
    state: Annotated[
        Shown | None, typer.Option(help="Only those now open, or now cleared.", show_default=False)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Only those raised since: a time (2026-11-23T08:00, of the zone of --tz unless it names one) or "
            "30m, 6h, 2d ago. Implies --from-start.",
            show_default=False,
        ),
    ] = None,
    wanted: Annotated[
        str | None,
        typer.Option(
            "--id",
            help="Show this alert in full, then stop: its id, at least the first six characters of it, or a waybill. "
            "All revisions with --json.",
            show_default=False,
        ),
    ] = None,
    tz: Zone = CHINA_ZONE,
) -> None:
    """Follow the alerts until Ctrl-C: those that come from now on, with --from-start also those before.

    What is there already is shown in the order in which it was raised, with all revisions; with --lane or --state only
    the newest revision of each alert, if it passes.
    """
    settings, zone = settings_with(kafka), zone_of(tz)
    if rule is not None:
        rule = known_rule(rule, settings)
    when = None if since is None else since_when("--since", since, datetime.now().astimezone(zone))
    courier = None if courier is None else courier_code("--courier", courier)
    filters = Filters(lane, rule, courier, outlet, state, when, wanted)
    looked = Looked(filters)
    old_ones = from_start or since is not None or wanted is not None
    look = Look(Console(highlight=False), lang, zone, json_lines)
    if not json_lines and wanted is None:
        _say_what_is_followed(settings, old_ones, zone)
    with stop_signals() as stop, TopicReader(settings, [settings.topics.alerts], old_ones) as reader:
        if wanted is not None:
            shown = show_in_full(list(stored(reader, looked, stop)), wanted, look)
            _show_standing(settings, shown, look)
            return
        _show_what_passes(reader, looked, Span(old_ones, most, timeout), look, stop)


def _show_what_passes(reader: TopicReader, looked: Looked, span: Span, look: Look, stop: Stop) -> None:
    """Print the alerts that pass, and say how many were looked at where none did."""
    notes, most = Console(stderr=True, highlight=False, markup=False, soft_wrap=True), span.most
    if span.old_ones:
        shown = _show_all(islice(stored(reader, looked, stop), most or None), look, stop)
        if not shown and not stop.requested and (said := looked.nothing_passed()):
            notes.print(escaped(said))
        if stop.requested or (most and shown >= most):
            return
        most = max(most - shown, 0)
    shown = _show_all(islice(_followed(reader, looked, span.timeout, stop), most or None), look, stop)
    if not shown and not span.old_ones and (said := looked.nothing_passed()):
        notes.print(escaped(said))


def _show_all(found: Iterator[Found], look: Look, stop: Stop) -> int:
    """Print alerts until a signal; gives how many."""
    count = 0
    for record, alert in found:
        if stop.requested:
            break
        show(record, alert, look)
        count += 1
    return count


def _say_what_is_followed(settings: Settings, old_ones: bool, zone: tzinfo | None) -> None:
    which = "all alerts" if old_ones else "new alerts (--from-start: also those before)"
    now = datetime.now().astimezone(zone)
    Console(stderr=True, highlight=False).print(
        f"following {which} in {settings.topics.alerts} on {settings.kafka}; times are {zone_name(now)} (--tz)",
        soft_wrap=True,
    )


def _followed(reader: TopicReader, looked: Looked, timeout: float, stop: Stop) -> Iterator[Found]:
    """Alerts that pass, as they come, until none came for `timeout`."""
    last = time.monotonic()
    while not (stop.requested or (timeout and time.monotonic() - last > timeout)):
        for record in reader.poll(0.2):
            if looked.lets_pass(alert := read_alert(record)):
                yield record, alert
                last = time.monotonic()


def stored(reader: TopicReader, looked: Looked, stop: Stop) -> Iterator[Found]:
    """Alerts that are there already and pass, in the order in which they were raised.

    Filters that ask what stands are held against the newest revision of each alert, so the topic is read twice.
    """
    newest: dict[str, int] = {}
    if looked.filters.ask_what_stands():
        newest = newest_revisions(reader.read_to_end(stop=lambda: stop.requested))
        reader.rewind()
    found = ((record, read_alert(record)) for record in reader.read_to_end(stop=lambda: stop.requested))
    passing = (one for one in found if stands(one[1], newest) and looked.lets_pass(one[1]))
    return in_time_order(passing, raised_s)


def raised_s(found: Found) -> float:
    """The time at which an alert was raised, in seconds; that of its record where it cannot be read."""
    record, alert = found
    return float(record.timestamp / 1000) if alert is None else alert.raised_at.timestamp()


def show(record: Any, alert: Alert | None, look: Look) -> None:
    """Print one alert as a line of JSON or as readable lines; nothing in it reaches the terminal unescaped."""
    if look.json_lines:
        line = escaped_json((record.value or b"").decode(errors="replace"))
        sys.stdout.buffer.write(line.encode() + b"\n")
        sys.stdout.buffer.flush()
    else:
        look.console.print(lines_of(record, alert, look.language, look.zone), soft_wrap=True)


def lines_of(record: Any, alert: Alert | None, language: Language, zone: tzinfo | None = CHINA) -> Text:
    """An alert as readable lines; one that cannot be read by its position."""
    if alert is None:
        return Text(escaped(f"unreadable alert at {record.topic}/{record.partition}/{record.offset}"), "red")
    return alert_lines(alert, language, today=datetime.now().astimezone(zone).date(), zone=zone)


def show_in_full(found: list[Found], wanted: str, look: Look) -> list[str]:
    """Print the newest revision of each alert found as a page, or all revisions as JSON lines.

    Gives the ids of those that were printed as a page.
    """
    if not found:
        raise UserError(
            f"no alert {escaped(wanted)} (or it does not pass the filters); give its id, at least its first "
            f"{ID_BEGINNING} characters, or a waybill"
        )
    if look.json_lines:
        for record, alert in found:
            show(record, alert, look)
        return []
    newest = {alert.alert_id: alert for _, alert in sorted(found, key=_revision) if alert is not None}
    for alert in newest.values():
        look.console.print(alert_page(alert, look.language, look.zone), soft_wrap=True)
    return list(newest)


def _show_standing(settings: Settings, alert_ids: Collection[str], look: Look) -> None:
    """Print below the pages what people and the courier made of each alert, where that is known."""
    known: dict[str, Referral] = {}
    with suppress(UserError):  # an older installation, or a user who may not read referrals
        known = read_referrals(settings) if alert_ids else {}
    for alert_id in alert_ids:
        if (one := known.get(alert_id)) is not None:
            said = f"stands: {standing(one, look.zone)}; `parcelward referrals {alert_id}` shows its steps"
            look.console.print(Text(escaped(said)), soft_wrap=True)


def _revision(one: Found) -> int:
    return 0 if one[1] is None else one[1].revision


def known_rule(rule: str, settings: Settings) -> str:
    """The rule id as the rule pack in force writes it, or the model's. Raises UserError with the ids that exist."""
    pack = load_pack(settings.rule_pack)
    known = [*(each.id for each in pack.rules), MODEL_RULE]
    found = {each.lower(): each for each in known}.get(rule.lower())
    if found is None:
        raise UserError(
            f"no rule {escaped(rule)} in pack {pack.version}; there are {', '.join(known)} "
            "(for those of another pack set PARCELWARD_RULE_PACK)"
        )
    return found
