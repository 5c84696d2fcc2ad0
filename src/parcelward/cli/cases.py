"""`parcelward cases`: what belongs together, one line each, what a person must read first on top."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
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
from parcelward.escaping import escaped, escaped_json
from parcelward.moments import CHINA

HEADINGS = ("case", "severity", "open", "attention", "summary", "last alert", "state", "who has it", "revision")


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
    zone, now = zone_of(tz), datetime.now(CHINA)
    known = read_cases(settings_with(kafka))
    if wanted is None:
        found = [one for one in known.values() if everything or one.open or one.state not in OVER]
    else:
        found = [known[one_meant(wanted, known, "case")]]
    found.sort(key=_gravest_first)
    if json_lines:
        for one in found:
            typer.echo(escaped_json(one.model_dump_json()))
        return
    if wanted is not None:
        for line in case_lines(found[0], lang, zone, now):
            typer.echo(escaped(line))
        return
    rows = [
        (
            one.case_id[:SHORT],
            one.severity.value,
            str(one.open),
            attention_words(one, zone, now),
            one.summary.zh if lang == "zh" else one.summary.en,
            clock(one.last_at, zone),
            one.state.value,
            one.assigned_to or "",
            str(one.revision),
        )
        for one in found
    ]
    show_table(HEADINGS, rows, f"{len(found)} cases")


def attention_words(one: Case, zone: tzinfo | None, now: datetime) -> str:
    """Say if a case asks to be read, until when it is put off, and how many of its alerts were passed up."""
    found = ["asks"] * one.attention
    if one.snoozed_until is not None and one.snoozed_until > now:
        but = ", but red still asks" if one.red else ""
        found.append(f"put off until {clock(one.snoozed_until, zone)}{but}")
    found += [f"{one.escalated} passed up"] * bool(one.escalated)
    return "; ".join(found)


def case_lines(one: Case, lang: Language, zone: tzinfo | None, now: datetime) -> Iterator[str]:
    """Write one case for a person."""
    yield f"case {one.case_id}, revision {one.revision}"
    yield f"    {one.summary.zh if lang == 'zh' else one.summary.en}"
    counted = {"withdrawn": one.withdrawn, "red": one.red, "now in other cases": one.left}
    parts = ", ".join(f"{number:,} {name}" for name, number in counted.items() if number)
    by_rule = ", ".join(f"{rule} {count:,}" for rule, count in one.rules.items())
    snoozed = one.snoozed_by if one.snoozed_until is not None and one.snoozed_until > now else None
    said = {
        "about": f"{one.theme}, {one.subject_kind.value} {one.subject}",
        "state": one.state.value,
        "attention": attention_words(one, zone, now),
        "put off by": snoozed,
        "who has it": one.assigned_to,
        "outcome": None if one.outcome is None else one.outcome.value,
        "gravest": f"{one.severity.value}, {one.lane.value}; suggested: {one.action.value}",
        "alerts": f"{one.count:,}, open: {one.open:,}" + (f" ({parts})" if parts else ""),
        "by rule": by_rule,
        "couriers": ", ".join(one.couriers),
        "first alert": clock(one.first_at, zone),
        "last alert": clock(one.last_at, zone),
        "over budget": "it counts alerts of a courier whose own cases came over the budget"
        if one.over_budget
        else None,
    }
    for name, value in said.items():
        if value:
            yield f"{name:<12} {value}"
    if one.samples:
        yield (
            "some of its alerts, the gravest first:"
            if one.count > len(one.samples)
            else "its alerts, the gravest first:"
        )
    for member in one.samples:
        parcel = f"{member.courier}/{member.outlet} {member.waybill}"
        yield f"    {member.alert_id[:SHORT]}  {clock(member.at, zone)}  {member.lane.value}  {member.rule}  {parcel}"


def _gravest_first(one: Case) -> tuple[int, int, str]:
    return SEVERITIES.index(one.severity), -one.open, one.case_id
