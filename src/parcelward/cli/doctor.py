"""`parcelward doctor`: what does not fit, and how to mend it."""

import json
from typing import Annotated

import typer

from parcelward.cli.options import Kafka, settings_with
from parcelward.cluster.ground import gather
from parcelward.errors import UserError
from parcelward.escaping import escaped_lines
from parcelward.ground.check import check_ground
from parcelward.ground.finding import Code, Finding, Severity, in_order, stops
from parcelward.screening.build import build_stages

WARNED, WOULD_STOP = 1, 2


def doctor(
    kafka: Kafka = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: findings and exit_code.")] = False,
) -> None:
    """Check the ground that a worker would stand on, change nothing, and say how to mend what does not fit.

    A worker makes the same check before it starts and while it runs. Exit code 0: nothing found; 1: warnings; 2: a
    worker would not start. Run it as the worker's user, on the worker's machine.
    """
    findings = examine(kafka)
    code = WOULD_STOP if stops(findings) else WARNED if findings else 0
    if as_json:
        answer = {"exit_code": code, "findings": [one._asdict() for one in findings]}
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        for one in findings:
            typer.echo(escaped_lines(f"{one.severity} {one.code}: {one.sentence}"))
        if not findings:
            typer.echo("nothing found: a worker may start")
    raise typer.Exit(code)


def examine(kafka: str | None) -> list[Finding]:
    """Find all that does not fit; what cannot be looked at is a finding, too."""
    try:
        settings = settings_with(kafka)
    except UserError as error:
        return [_refused(Code.SETTINGS, error)]
    findings = []
    try:
        build_stages(settings)
    except UserError as error:
        findings.append(_refused(Code.RULES_OR_MODEL, error))
    try:
        findings += check_ground(settings, gather(settings))
    except UserError as error:
        findings.append(_refused(Code.KAFKA, error))
    return in_order(findings)


def _refused(code: Code, error: UserError) -> Finding:
    wrong, _, mend = str(error).partition("; ")
    return Finding(code, Severity.STOP, wrong, mend or "mend it")
