"""`parcelward doctor`: names what does not fit, and how to mend it."""

import json
from datetime import datetime
from typing import Annotated, NamedTuple

import typer

from parcelward.cli.options import Kafka, settings_with
from parcelward.cluster.daily_values import newest_daily
from parcelward.cluster.ground import gather
from parcelward.controls import ControlError
from parcelward.errors import UserError
from parcelward.escaping import escaped_lines
from parcelward.flow import FLOW
from parcelward.ground.check import check_ground
from parcelward.ground.flaw import Code, Flaw, Severity, in_order, stops
from parcelward.ground.overview import overview
from parcelward.identity.token_keys import KEYS_KEY, require_same
from parcelward.identity.tokens import Tokeniser
from parcelward.moments import CHINA, ms_of
from parcelward.screening.build import build_stages
from parcelward.screening.judge import Judgement
from parcelward.settings import Settings

WARNED, WOULD_STOP = 1, 2


class Examined(NamedTuple):
    """Flaws, and lines on what was looked at, which are no flaws."""

    flaws: list[Flaw]
    seen: list[str]


def doctor(
    kafka: Kafka = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: flaws and exit_code.")] = False,
) -> None:
    """Check the ground that a worker would stand on, change nothing, and say how to mend what does not fit.

    A worker makes the same check before it starts and while it runs. Exit code 0: nothing found; 1: warnings; 2: a
    worker would not start. Run it as the worker's user, on the worker's machine. It also says if a worker is there, and
    what waits for one; before the start, none is, and that is no flaw.
    """
    flaws, seen = examine(kafka)
    code = WOULD_STOP if stops(flaws) else WARNED if flaws else 0
    if as_json:
        answer = {"exit_code": code, "flaws": [one._asdict() for one in flaws], "seen": seen}
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        for one in flaws:
            typer.echo(escaped_lines(f"{one.severity} {one.code}: {one.sentence}"))
        for line in seen:
            typer.echo(escaped_lines(line))
        if not flaws:
            typer.echo("nothing found: a worker may start")
    raise typer.Exit(code)


def examine(kafka: str | None) -> Examined:
    """Find all that does not fit; what cannot be looked at is a flaw, too."""
    try:
        settings = settings_with(kafka)
    except UserError as error:
        return Examined([_refused(Code.SETTINGS, error)], [])
    flaws, seen = [], []
    try:
        seen.append(judged_by(build_stages(settings).judgement, ms_of(datetime.now(CHINA))))
    except ControlError as error:
        flaws.append(_refused(Code.CONTROL_PERIODS, error))
    except UserError as error:
        flaws.append(_refused(Code.RULES_OR_MODEL, error))
    try:
        facts = gather(settings, look_into_states=True)
        flaws += check_ground(settings, facts)
        seen += overview(settings, facts)
        flaws += other_keys(settings)
    except UserError as error:
        flaws.append(_refused(Code.KAFKA, error))
    return Examined(in_order(flaws), seen)


def judged_by(judgement: Judgement, now_ms: int) -> str:
    """Name what a worker would judge by: rules, model, and the control periods that are in force."""
    model = "no model" if judgement.model is None else f"model {judgement.model.version}"
    inside = [one.period.name for one in judgement.controls.spans if one.start_ms <= now_ms < one.end_ms]
    periods = ", ".join(inside) if inside else "none"
    return f"rules {judgement.pack.version}, {model}, control periods in force: {periods}"


def other_keys(settings: Settings) -> list[Flaw]:
    """Find token keys that are not those by which the tokens in the state were made. Raises UserError as `gather`."""
    fingerprints = Tokeniser.from_settings(settings).fingerprints
    (first,) = (stage for stage in FLOW if stage.reads_intake)
    kept = newest_daily(settings, settings.topics.changelog(first.name), KEYS_KEY)
    for record in kept.values():
        try:
            require_same(record, fingerprints)
        except UserError as error:
            return [_refused(Code.TOKEN_KEYS, error)]
    return []


def _refused(code: Code, error: UserError) -> Flaw:
    wrong, _, mend = str(error).partition("; ")
    return Flaw(code, Severity.STOP, wrong, mend or "mend it")
