"""`parcelward referrals`: where each alert stands, what is due first on top."""

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Annotated

import typer

from parcelward.cli.alert_filters import SHOWN_COURIERS
from parcelward.cli.options import CHINA_ZONE, Kafka, Zone, courier_code, settings_with, zone_of
from parcelward.cli.tables import show_table
from parcelward.contract.referrals import Referral
from parcelward.contract.steps import OVER, ReferralState, StepKind
from parcelward.desk.history import history_lines, read_history
from parcelward.desk.states import alert_meant, read_referrals
from parcelward.escaping import escaped, escaped_json

HEADINGS = ("alert", "due", "lane", "state", "rules", "parcel", "asked", "who has it", "revision")
SHORT = 13


def referrals(
    wanted: Annotated[
        str | None, typer.Argument(metavar="ALERT", help="One alert: the beginning of its id, or its waybill.")
    ] = None,
    kafka: Kafka = None,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False,
    courier: Annotated[str | None, typer.Option(help="Only this courier.", show_default=False)] = None,
    state: Annotated[
        ReferralState | None,
        typer.Option(help="Only those in this state; default: open ones.", show_default=False),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    tz: Zone = CHINA_ZONE,
) -> None:
    """Show where the alerts stand: who must do what by when. What is due first stands first.

    Of one alert also what happened: each step that is still kept, what people said and what the courier was told and
    answered; with --json only where it stands.
    """
    zone = zone_of(tz)
    code = None if courier is None else courier_code("--courier", courier)
    settings = settings_with(kafka)
    known = read_referrals(settings)
    if wanted is not None:
        found = [alert_meant(wanted, known)]
        if not json_lines:
            for line in history_lines(found[0], read_history(settings, found[0].alert_id), zone):
                typer.echo(escaped(line))
            return
    else:
        found = [one for one in known.values() if _passes(one, code, state, everything)]
    found.sort(key=lambda one: (one.due_by is None, one.due_by or one.at, one.alert_id))
    if json_lines:
        for one in found:
            typer.echo(escaped_json(one.model_dump_json()))
        return
    show_table(HEADINGS, [_row(one, zone) for one in found], f"{len(found)} alerts")
    if code is not None and (unknown := unknown_courier(code, known.values())):
        typer.echo(unknown, err=True)


def unknown_courier(courier: str, known: Iterable[Referral]) -> str | None:
    """Say that a courier has no alert at all, and who has; None where it has some."""
    couriers = sorted({one.courier for one in known})
    if courier in couriers:
        return None
    others = f", but of {', '.join(couriers[:SHOWN_COURIERS])}" if couriers else ", nor of any other courier"
    return f"there is no alert of courier {courier}{others}"


def _passes(one: Referral, courier: str | None, state: ReferralState | None, everything: bool) -> bool:
    if courier is not None and one.courier != courier:
        return False
    return one.state is state if state is not None else everything or one.state not in OVER


def _row(one: Referral, zone: tzinfo | None) -> Sequence[str]:
    asked = "" if one.asked is None else one.asked.action.value
    return (
        one.alert_id[:SHORT],
        clock(one.due_by, zone),
        one.lane.value,
        state_words(one),
        " ".join(one.rules) or "random check",
        f"{one.courier}/{one.outlet} {one.waybill}",
        f"{asked}, held" if one.held else asked,
        one.assigned_to or "",
        str(one.revision),
    )


def state_words(one: Referral) -> str:
    """Say where an alert stands: its state, and if it was put off or passed up."""
    put_off = [] if one.step is not StepKind.SNOOZE else ["was put off"]
    passed_up = [f"passed up {one.level}x"] if one.level else []
    return ", ".join([one.state.value, *put_off, *passed_up])


def clock(moment: datetime | None, zone: tzinfo | None) -> str:
    """Write a time for a list; empty without one."""
    return "" if moment is None else f"{moment.astimezone(zone):%m-%d %H:%M:%S}"
