"""`parcelward replay`: screen a recorded span again, offline, and compare with what the live run published."""

import time
from contextlib import nullcontext
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from parcelward.cli.options import TIME, Kafka, moment_ms, settings_with
from parcelward.cli.tables import show_table
from parcelward.cluster.search import Search
from parcelward.erasure.changelogs import ERASED, count_erased
from parcelward.errors import UserError
from parcelward.escaping import escaped, json_line
from parcelward.flow import FLOW
from parcelward.moments import duration_ms, utc
from parcelward.replay.check import Checked, check
from parcelward.replay.compare import COMPARED, Comparison, Span
from parcelward.replay.kept import KeptRecording, keep
from parcelward.replay.live import RecordedTopics
from parcelward.replay.recording import FollowedRecording
from parcelward.screening.build import Stages, build_stages
from parcelward.settings import Settings

HEADINGS = ("alerts", "refused records", "instructions", "referrals", "cases")
"""Headings of `COMPARED`."""
KINDS = {
    "equal": "equal",
    "missing": "missing in the live run",
    "extra": "extra in the live run",
    "other_revision": "another final revision",
    "other_content": "another content",
    "repeated": "published twice",
}


def replay(
    folder: Annotated[
        Path | None, typer.Argument(help="A kept recording; without one, the topics are read.", show_default=False)
    ] = None,
    kafka: Kafka = None,
    from_: Annotated[
        str | None, typer.Option("--from", help=f"Compare what was raised from then on: {TIME}.", show_default=False)
    ] = None,
    to: Annotated[
        str | None, typer.Option(help=f"Compare what was raised before then: {TIME}.", show_default=False)
    ] = None,
    warm_up: Annotated[
        float | None,
        typer.Option(min=0, help="Days before --from to replay; unset: all there are.", show_default=False),
    ] = None,
    keep_in: Annotated[
        Path | None,
        typer.Option("--keep", help="Write the recording to this new folder and do no more.", show_default=False),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="The result as one JSON object.")] = False,
) -> None:
    """Replay a recorded span and compare alerts, refusals and what became of the alerts; exit code 0 if all are equal.

    Settings, token keys, rule pack, model and control periods must be those of the live run.
    """
    span = Span(moment_ms("--from", from_), moment_ms("--to", to))
    if span.from_ms is not None and span.to_ms is not None and span.from_ms >= span.to_ms:
        raise UserError(f"--from {from_} is not before --to {to}: there is nothing between them")
    since_ms = _since_ms(span, warm_up)
    settings = settings_with(kafka)
    console = Console(stderr=True, highlight=False)
    if keep_in is not None:
        with RecordedTopics(settings, since_ms) as recording:
            events = keep(recording, keep_in, span.to_ms)
        console.print(
            f"kept {events:,} events in {keep_in}; they hold personal data: guard them like intake topics",
            soft_wrap=True,
        )
        return
    stages = build_stages(settings)
    begun = time.monotonic()
    with (
        RecordedTopics(settings, since_ms) if folder is None else nullcontext(KeptRecording(folder, settings)) as source
    ):
        if isinstance(source, KeptRecording) and source.to_ms is not None:
            span = span._replace(to_ms=min(source.to_ms, span.to_ms or source.to_ms))
        checked = _checked(source, stages, span, since_ms, console)
    if erased := _erased(source, settings, checked):
        checked = replace(checked, notes=(*checked.notes, erased))
    seconds = time.monotonic() - begun
    if not _compared(checked):
        raise UserError("nothing was compared: neither run has an alert or a refused record in the span; widen it")
    if json_:
        typer.echo(json_line(_as_json(checked, seconds)))
    else:
        _show(checked, seconds, console)
    raise typer.Exit(0 if checked.comparison.same else 1)


def _erased(source: RecordedTopics | KeptRecording, settings: Settings, checked: Checked) -> str | None:
    """Say that persons were erased: from a recording, or from the state of the live run, if anything differs."""
    if isinstance(source, KeptRecording):
        if source.erased:
            return f"{source.erased} records of persons were erased from this recording; differences are to be expected"
        return None
    if checked.comparison.same:
        return None
    with Search(settings, [ERASED]) as search:
        topic = settings.topics.changelog(FLOW[0].name)
        parcels = count_erased(search.find(topic, range(settings.partitions)))
    if not parcels:
        return None
    return (
        f"somebody was erased from the state of {parcels} parcels since they were judged, and intake still holds the "
        "events: what the live run no longer knew, the replay knows, so differences are to be expected"
    )


def _compared(checked: Checked) -> int:
    """Alerts, refused records and the like that at least one of the two runs has."""
    all_of_it = (getattr(checked.comparison, what) for what in COMPARED)
    return sum(getattr(counts, kind) for counts in all_of_it for kind in KINDS)


def _checked(source: FollowedRecording, stages: Stages, span: Span, since_ms: int | None, console: Console) -> Checked:
    with console.status("replaying") as status:
        return check(source, stages, span, since_ms, lambda events: status.update(f"{events:,} events replayed"))


def _since_ms(span: Span, warm_up_days: float | None) -> int | None:
    if warm_up_days is None:
        return None
    if span.from_ms is None:
        raise UserError("--warm-up needs --from: it says how much before that time is replayed")
    return max(0, span.from_ms - duration_ms(timedelta(days=warm_up_days)))


def _moment(ms: int | None) -> str | None:
    return None if ms is None else utc(ms).isoformat(timespec="milliseconds")


def _as_json(checked: Checked, seconds: float) -> dict[str, object]:
    result = checked.comparison
    return {
        "same": result.same,
        "events": checked.events,
        "seconds": round(seconds, 3),
        "events_per_second": round(checked.events / max(seconds, 1e-3)),
        "from": _moment(checked.span.from_ms),
        "to": _moment(checked.span.to_ms),
        **{what: asdict(getattr(result, what)) for what in COMPARED},
        "before": result.before,
        "live": {"rule_packs": dict(result.live_packs), "models": dict(result.live_models)},
        "replay": {"rule_pack": checked.pack, "model": checked.model},
        "differences": [one._asdict() for one in result.differences],
        "notes": list(checked.notes),
    }


def _show(checked: Checked, seconds: float, console: Console) -> None:
    result = checked.comparison
    rows = [(words, *(_cell(result, what, kind) for what in COMPARED)) for kind, words in KINDS.items()]
    show_table(("", *HEADINGS), rows, "Live run and replay")
    for one in result.differences:
        console.print(f"{KINDS[one.kind]}: {escaped(one.what)}", soft_wrap=True, markup=False)
        for detail in one.details:
            console.print(f"    {escaped(detail)}", soft_wrap=True, markup=False)
    for note in checked.notes:
        console.print(f"note: {escaped(note)}", soft_wrap=True, markup=False)
    console.print(
        f"{checked.events:,} events in {seconds:.1f} s, {checked.events / max(seconds, 1e-3):,.0f} events/s; "
        f"rule pack {escaped(checked.pack)}, model {escaped(str(checked.model))}: "
        f"{'equal' if result.same else 'DIFFERENT'}",
        soft_wrap=True,
        markup=False,
    )


def _cell(result: Comparison, what: str, kind: str) -> str:
    if what == "rejected" and kind == "other_revision":
        return "-"
    return f"{getattr(getattr(result, what), kind):,}"
