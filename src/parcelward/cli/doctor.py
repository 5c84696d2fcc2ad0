"""`parcelward doctor`: names what does not fit, and how to mend it."""

import json
from typing import Annotated

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
from parcelward.identity.token_keys import KEYS_KEY, require_same
from parcelward.identity.tokens import Tokeniser
from parcelward.screening.build import build_stages
from parcelward.settings import Settings

WARNED, WOULD_STOP = 1, 2


def doctor(
    kafka: Kafka = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: flaws and exit_code.")] = False,
) -> None:
    """Check the ground that a worker would stand on, change nothing, and say how to mend what does not fit.

    A worker makes the same check before it starts and while it runs. Exit code 0: nothing found; 1: warnings; 2: a
    worker would not start. Run it as the worker's user, on the worker's machine.
    """
    flaws = examine(kafka)
    code = WOULD_STOP if stops(flaws) else WARNED if flaws else 0
    if as_json:
        answer = {"exit_code": code, "flaws": [one._asdict() for one in flaws]}
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        for one in flaws:
            typer.echo(escaped_lines(f"{one.severity} {one.code}: {one.sentence}"))
        if not flaws:
            typer.echo("nothing found: a worker may start")
    raise typer.Exit(code)


def examine(kafka: str | None) -> list[Flaw]:
    """Find all that does not fit; what cannot be looked at is a flaw, too."""
    try:
        settings = settings_with(kafka)
    except UserError as error:
        return [_refused(Code.SETTINGS, error)]
    flaws = []
    try:
        build_stages(settings)
    except ControlError as error:
        flaws.append(_refused(Code.CONTROL_PERIODS, error))
    except UserError as error:
        flaws.append(_refused(Code.RULES_OR_MODEL, error))
    try:
        flaws += check_ground(settings, gather(settings, look_into_states=True))
        flaws += other_keys(settings)
    except UserError as error:
        flaws.append(_refused(Code.KAFKA, error))
    return in_order(flaws)


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
