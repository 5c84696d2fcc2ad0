"""`parcelward alerts`: the alert topic as a readable list, or as JSON lines."""

import sys
import time
from datetime import datetime
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from parcelward.alerts.alert import MODEL_RULE
from parcelward.alerts.terminal import Language, alert_lines, zone_name
from parcelward.cli.options import Kafka, settings_with
from parcelward.cluster.reader import TopicReader
from parcelward.contract.alerts import Alert, Lane
from parcelward.errors import UserError
from parcelward.process.stopping import stop_signals
from parcelward.rules import load_pack
from parcelward.settings import Settings


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
) -> None:
    """Follow the alerts until Ctrl-C: those that come from now on, with --from-start also those before."""
    settings = settings_with(kafka)
    if rule is not None:
        rule = known_rule(rule, settings)
    console = Console(highlight=False)
    shown, last = 0, time.monotonic()
    with stop_signals() as stop, TopicReader(settings, [settings.topics.alerts], from_start) as reader:
        if not json_lines:
            which = "all alerts" if from_start else "new alerts (--from-start: also those before)"
            Console(stderr=True, highlight=False).print(
                f"following {which} in {settings.topics.alerts} on {settings.kafka}; times are {zone_name(_now())}",
                soft_wrap=True,
            )
        while not stop.wait(0) and not (timeout and time.monotonic() - last > timeout):
            for record in reader.poll(0.2):
                alert = read_alert(record)
                if not wanted(alert, lane, rule):
                    continue
                last = time.monotonic()
                if json_lines:
                    sys.stdout.buffer.write(record.value + b"\n")
                    sys.stdout.buffer.flush()
                elif alert is None:
                    console.print(f"unreadable alert at {record.topic}/{record.partition}/{record.offset}", style="red")
                else:
                    console.print(alert_lines(alert, lang, today=_now().date()), soft_wrap=True)
                shown += 1
                if most and shown >= most:
                    return


def known_rule(rule: str, settings: Settings) -> str:
    """The rule id as the rule pack in force writes it, or the model's. Raises UserError with the ids that exist."""
    pack = load_pack(settings.rule_pack)
    known = [*(each.id for each in pack.rules), MODEL_RULE]
    found = {each.lower(): each for each in known}.get(rule.lower())
    if found is None:
        raise UserError(
            f"no rule {rule} in pack {pack.version}; there are {', '.join(known)} "
            "(for those of another pack set PARCELWARD_RULE_PACK)"
        )
    return found


def _now() -> datetime:
    return datetime.now().astimezone()


def read_alert(record: Any) -> Alert | None:
    """The alert in a record; None when this version cannot read it as one."""
    try:
        return Alert.model_validate_json(record.value or b"")
    except ValidationError:
        return None


def wanted(alert: Alert | None, lane: Lane | None, rule: str | None) -> bool:
    """Tell whether an alert passes the filters. Without filters everything passes, even what cannot be read."""
    if alert is None:
        return lane is None and rule is None
    return (lane is None or alert.lane is lane) and (rule is None or any(f.rule == rule for f in alert.findings))
