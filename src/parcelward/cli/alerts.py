"""`parcelward alerts`: the alert topic as a readable list, as JSON lines, or one alert in full."""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from parcelward.alerts.page import alert_page
from parcelward.alerts.terminal import Language, alert_lines, zone_name
from parcelward.alerts.verdict import MODEL_RULE
from parcelward.cli.options import Kafka, settings_with
from parcelward.cluster.reader import TopicReader
from parcelward.contract.alerts import Alert, AlertState, Lane
from parcelward.errors import UserError
from parcelward.escaping import escaped, escaped_json
from parcelward.process.stopping import stop_signals
from parcelward.rules import load_pack
from parcelward.settings import Settings


class Shown(StrEnum):
    """State of an alert, in the words of the command line."""

    OPEN = "open"
    CLEARED = "cleared"


class Filters(NamedTuple):
    """Filters of a list of alerts; None lets everything pass."""

    lane: Lane | None = None
    rule: str | None = None
    courier: str | None = None
    outlet: str | None = None
    state: Shown | None = None
    since: datetime | None = None
    wanted: str | None = None
    """An alert id or a waybill."""


def alerts(
    kafka: Kafka = None,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False,
    lang: Annotated[Language, typer.Option(help="Language of the reasons.")] = "en",
    from_start: Annotated[bool, typer.Option("--from-start", help="Show what is there already, too.")] = False,
    most: Annotated[int, typer.Option("--max", min=0, help="Stop after so many alerts; 0: never.")] = 0,
    timeout: Annotated[float, typer.Option(min=0, help="Stop after so many seconds without an alert; 0: never.")] = 0,
    lane: Annotated[Lane | None, typer.Option(help="Only this lane.", show_default=False)] = None,
    rule: Annotated[
        str | None, typer.Option(help="Only alerts with a finding of this rule, for example R14.", show_default=False)
    ] = None,
    courier: Annotated[str | None, typer.Option(help="Only this courier.", show_default=False)] = None,
    outlet: Annotated[str | None, typer.Option(help="Only this outlet.", show_default=False)] = None,
    state: Annotated[Shown | None, typer.Option(help="Only open or only cleared ones.", show_default=False)] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Only those raised since: a time (2026-11-23T08:00, of this machine's zone unless it names one) or "
            "30m, 6h, 2d ago. Implies --from-start.",
            show_default=False,
        ),
    ] = None,
    wanted: Annotated[
        str | None,
        typer.Option(
            "--id",
            help="Show this alert in full, then stop: its id, the beginning of it, or a waybill. All revisions with "
            "--json.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Follow the alerts until Ctrl-C: those that come from now on, with --from-start also those before.

    What is there already is shown in the order in which it was raised. Times are of this machine's zone.
    """
    settings = settings_with(kafka)
    if rule is not None:
        rule = known_rule(rule, settings)
    filters = Filters(lane, rule, courier, outlet, state, None if since is None else since_when(since, _now()), wanted)
    console = Console(highlight=False)
    if wanted is not None:
        with TopicReader(settings, [settings.topics.alerts], True) as reader:
            show_in_full(stored(reader, filters), wanted, lang, console, json_lines)
        return
    old_ones = from_start or since is not None
    if not json_lines:
        _say_what_is_followed(settings, old_ones)
    with stop_signals() as stop, TopicReader(settings, [settings.topics.alerts], old_ones) as reader:
        shown, last = 0, time.monotonic()
        for record, alert in _followed(reader, filters, old_ones):
            if stop.wait(0) or (timeout and time.monotonic() - last > timeout):
                return
            if record is None:
                continue
            last = time.monotonic()
            show(record, alert, lang, console, json_lines)
            shown += 1
            if most and shown >= most:
                return


def _say_what_is_followed(settings: Settings, old_ones: bool) -> None:
    which = "all alerts" if old_ones else "new alerts (--from-start: also those before)"
    Console(stderr=True, highlight=False).print(
        f"following {which} in {settings.topics.alerts} on {settings.kafka}; times are {zone_name(_now())}",
        soft_wrap=True,
    )


def _followed(reader: TopicReader, filters: Filters, old_ones: bool) -> Iterator[tuple[Any, Alert | None]]:
    """Alerts that pass, as they come, those that are there already first; (None, None) after each look at the topic."""
    if old_ones:
        yield from stored(reader, filters)
    while True:
        yield None, None
        for record in reader.poll(0.2):
            if passes(alert := read_alert(record), filters):
                yield record, alert


def stored(reader: TopicReader, filters: Filters) -> list[tuple[Any, Alert | None]]:
    """The alerts that are there already and pass, in the order in which they were raised; unreadable ones last."""
    read = ((record, read_alert(record)) for record in reader.read_to_end())
    return in_time_order([one for one in read if passes(one[1], filters)])


def in_time_order(found: list[tuple[Any, Alert | None]]) -> list[tuple[Any, Alert | None]]:
    """Sort alerts of several partitions by the time they were raised at, and revisions by their number."""
    late = datetime.max.replace(tzinfo=UTC)
    return sorted(found, key=lambda one: (late, 0) if one[1] is None else (one[1].raised_at, one[1].revision))


def show(record: Any, alert: Alert | None, lang: Language, console: Console, json_lines: bool) -> None:
    """Print one alert as a line of JSON or as readable lines; nothing in it reaches the terminal unescaped."""
    if json_lines:
        line = escaped_json((record.value or b"").decode(errors="replace"))
        sys.stdout.buffer.write(line.encode() + b"\n")
        sys.stdout.buffer.flush()
    else:
        console.print(lines_of(record, alert, lang), soft_wrap=True)


def lines_of(record: Any, alert: Alert | None, lang: Language) -> Text:
    """An alert as readable lines; one that cannot be read by its position."""
    if alert is None:
        return Text(escaped(f"unreadable alert at {record.topic}/{record.partition}/{record.offset}"), "red")
    return alert_lines(alert, lang, today=_now().date())


def show_in_full(
    found: list[tuple[Any, Alert | None]], wanted: str, lang: Language, console: Console, json_lines: bool
) -> None:
    """Print the newest revision of each alert found as a page, or all revisions as JSON lines."""
    if not found:
        raise UserError(f"no alert {escaped(wanted)}; give its id, the first characters of it, or a waybill")
    if json_lines:
        for record, alert in found:
            show(record, alert, lang, console, True)
        return
    newest = {alert.alert_id: alert for _, alert in sorted(found, key=_revision) if alert is not None}
    for alert in newest.values():
        console.print(alert_page(alert, lang), soft_wrap=True)


def _revision(one: tuple[Any, Alert | None]) -> int:
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


def since_when(text: str, now: datetime) -> datetime:
    """The moment that `--since` names: a time, or an age such as 30m, 6h, 2d. Raises UserError for anything else.

    >>> since_when("6h", datetime(2026, 11, 23, 18, tzinfo=UTC))
    datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.timezone.utc)
    """
    units = {"m": "minutes", "h": "hours", "d": "days"}
    if text[-1:] in units and text[:-1].isascii() and text[:-1].isdigit() and len(text) < 8:
        return now - timedelta(**{units[text[-1]]: int(text[:-1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"--since {escaped(text)}: write a time like 2026-11-23T08:00, or 30m, 6h, 2d") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=now.tzinfo)


def _now() -> datetime:
    return datetime.now().astimezone()


def read_alert(record: Any) -> Alert | None:
    """The alert in a record; None when this version cannot read it as one."""
    try:
        return Alert.model_validate_json(record.value or b"")
    except ValidationError:
        return None


def passes(alert: Alert | None, filters: Filters) -> bool:
    """Tell whether an alert passes the filters. Without filters everything passes, even what cannot be read."""
    if alert is None:
        return filters == Filters()
    return all(_tests(alert, filters))


def _tests(alert: Alert, filters: Filters) -> Iterator[bool]:
    lane, rule, courier, outlet, state, since, wanted = filters
    yield lane is None or alert.lane is lane
    found = [*(one.rule for one in alert.findings), *(one.rule for one in alert.found_before)]
    yield rule is None or rule in found
    yield courier is None or alert.courier == courier
    yield outlet is None or alert.outlet == outlet
    yield state is None or (alert.state is AlertState.OPEN) == (state is Shown.OPEN)
    yield since is None or alert.raised_at >= since
    yield wanted is None or alert.waybill == wanted or (len(wanted) >= 6 and alert.alert_id.startswith(wanted.lower()))
