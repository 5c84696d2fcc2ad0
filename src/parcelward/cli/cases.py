"""`parcelward cases`: what belongs together, one line each, what a person must read first on top."""

from typing import Annotated

import typer

from parcelward.alerts.terminal import Language
from parcelward.alerts.verdict import SEVERITIES
from parcelward.cli.options import CHINA_ZONE, Kafka, Zone, settings_with, zone_of
from parcelward.cli.referrals import SHORT, clock
from parcelward.cli.tables import show_table
from parcelward.contract.referrals import Case
from parcelward.contract.steps import OVER
from parcelward.desk.states import one_meant, read_cases
from parcelward.escaping import escaped_json

HEADINGS = ("case", "severity", "open", "summary", "last alert", "state", "who has it", "revision")


def cases(
    wanted: Annotated[
        str | None, typer.Argument(metavar="CASE", help="One case in full: the beginning of its id.")
    ] = None,
    kafka: Kafka = None,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False,
    lang: Annotated[Language, typer.Option(help="Language of the summaries.")] = "en",
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    tz: Zone = CHINA_ZONE,
) -> None:
    """Show the cases: alerts of one kind about one outlet, person, phone or document. The gravest stand first."""
    zone = zone_of(tz)
    known = read_cases(settings_with(kafka))
    if wanted is not None:
        typer.echo(escaped_json(known[one_meant(wanted, known, "case")].model_dump_json()))
        return
    found = sorted(
        (one for one in known.values() if everything or one.open or one.state not in OVER), key=_gravest_first
    )
    if json_lines:
        for one in found:
            typer.echo(escaped_json(one.model_dump_json()))
        return
    rows = [
        (
            one.case_id[:SHORT],
            one.severity.value,
            str(one.open),
            one.summary.zh if lang == "zh" else one.summary.en,
            clock(one.last_at, zone),
            one.state.value,
            one.assigned_to or "",
            str(one.revision),
        )
        for one in found
    ]
    show_table(HEADINGS, rows, f"{len(found)} cases")


def _gravest_first(one: Case) -> tuple[int, int, str]:
    return SEVERITIES.index(one.severity), -one.open, one.case_id
