"""`parcelward control`: check, sign and show control periods, and make a key to sign them with."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from parcelward.cli.options import TIME, moment_ms
from parcelward.controls.controls import Span
from parcelward.controls.folder import WHAT, ControlError, known_to, load_controls, require_span, signature_beside
from parcelward.controls.outline import outline
from parcelward.controls.period import Period
from parcelward.controls.reading import period_of
from parcelward.controls.signature import (
    KEY_ID,
    SUFFIX,
    key_bytes,
    keys_of,
    new_key,
    private_key,
    proven_by,
    setting_line,
    signature_line,
)
from parcelward.errors import UserError
from parcelward.escaping import escaped, json_line
from parcelward.moments import CHINA, ms_of, utc
from parcelward.rules import load_pack
from parcelward.rules.source import content_of
from parcelward.settings import Settings, load_settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Check, sign and show control periods.")

PeriodFile = Annotated[Path, typer.Argument(help="File of a control period (YAML).", show_default=False)]
Passphrase = Annotated[
    Path | None,
    typer.Option(help="File that holds the private key's passphrase; without it the key has none.", show_default=False),
]


@app.command()
def check(file: PeriodFile) -> None:
    """Check a period against the settings and say what it does; say if it is signed, and by which key."""
    settings = load_settings()
    raw, period = _read(file, settings)
    for line in outline(period):
        typer.echo(escaped(line))
    signature = signature_beside(file)
    if signature is None:
        typer.echo("sound; not signed yet: a worker does not start with it")
        return
    key = proven_by(raw, signature, keys_of(settings.control_keys), str(file))
    require_span(period, key.until_ms, str(file))
    typer.echo(f"sound, and signed with key {signature.split()[0].decode()}")


@app.command()
def sign(
    file: PeriodFile,
    key: Annotated[Path, typer.Option(help="File of the private key.")],
    key_id: Annotated[str, typer.Option("--id", help="Id of the key in the setting control_keys.")],
    passphrase: Passphrase = None,
) -> None:
    """Check a period and sign it: writes FILE.sig. The settings must have the public key, and it must last as long."""
    settings = load_settings()
    raw, period = _read(file, settings)
    line = signature_line(raw, key_id, private_key(_bytes(key), str(key), _passphrase(passphrase)))
    signed_by = proven_by(raw, line, keys_of(settings.control_keys), str(file))
    require_span(period, signed_by.until_ms, str(file))
    _write(Path(f"{file}{SUFFIX}"), line, mode=0o644)
    typer.echo(f"signed {period.name} with key {key_id}: {file}{SUFFIX}")


@app.command()
def keygen(
    file: Annotated[Path, typer.Argument(help="New file for the private key.", show_default=False)],
    key_id: Annotated[str, typer.Option("--id", help="Id of the key, as in duty-2026.")],
    until: Annotated[str, typer.Option(help="Time until which periods that it signs may last, with date.")],
    passphrase: Passphrase = None,
) -> None:
    """Make a key to sign periods with, and print the line for the settings. Keep the file away from the workers."""
    until_ms = moment_ms("--until", until)
    if not KEY_ID.fullmatch(key_id) or until_ms is None:
        raise UserError(f"--id {escaped(key_id)}: an id is at most 31 small letters, digits and '-', as in duty-2026")
    private = new_key()
    _write(file, key_bytes(private, _passphrase(passphrase)), mode=0o600, new=True)
    typer.echo(f"the private key is in {file}; whoever has it can put control periods in force")
    typer.echo("\n[control_keys]")
    typer.echo(setting_line(key_id, private, until_ms))


@app.command()
def show(
    at: Annotated[str | None, typer.Option(help=f"As of another time than now: {TIME}.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a version.")] = False,
) -> None:
    """Show the periods of the setting control_periods: which are in force, which come next, which have ended.

    Parcels whose first record arrived within a period stay under it to their end.
    """
    settings = load_settings()
    if settings.control_periods is None:
        raise UserError("setting control_periods (environment PARCELWARD_CONTROL_PERIODS) is unset; name a folder")
    now_ms = moment_ms("--at", at) or ms_of(datetime.now().astimezone())
    controls = load_controls(settings, load_pack(settings.rule_pack))
    spans = {span.period: span for span in controls.spans}
    for period in sorted(controls.periods, key=lambda one: one.starts_ms):
        span = spans.get(period)
        if as_json:
            typer.echo(json_line(_as_plain(period, span, now_ms)))
        else:
            typer.echo(
                f"{_state(span, now_ms):<9}{_span_words(period, span)}  {escaped(period.title.en)}, {period.name}"
            )
            for line in outline(period):
                typer.echo(f"         {escaped(line)}")


def _state(span: Span | None, now_ms: int) -> str:
    if span is None:
        return "replaced"
    return "next" if now_ms < span.start_ms else "in force" if now_ms < span.end_ms else "ended"


def _span_words(period: Period, span: Span | None) -> str:
    begin, end = (period.from_ms, period.until_ms) if span is None else (span.start_ms, span.end_ms)
    begins, ends = (utc(one).astimezone(CHINA) for one in (begin, end))
    return f"{begins:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M} UTC+8"


def _as_plain(period: Period, span: Span | None, now_ms: int) -> dict[str, object]:
    return {
        "id": period.id,
        "version": period.version,
        "hash": period.hash,
        "state": _state(span, now_ms).replace(" ", "_"),
        "from": None if span is None else utc(span.start_ms).isoformat(),
        "until": None if span is None else utc(span.end_ms).isoformat(),
        "title": period.title.model_dump(),
        "kind": period.kind,
        "does": outline(period),
    }


def _read(file: Path, settings: Settings) -> tuple[bytes, Period]:
    raw = content_of(file, str(file), WHAT)
    return raw, period_of(raw, str(file), settings, known_to(settings, load_pack(settings.rule_pack)))


def _passphrase(file: Path | None) -> bytes | None:
    return None if file is None else _bytes(file).rstrip(b"\r\n")


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}; name an existing file") from None


def _write(file: Path, content: bytes, mode: int, new: bool = False) -> None:
    """Write a file that only those may read whom `mode` says; with `new` it must not exist."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if new else os.O_TRUNC)
    try:
        with open(os.open(file, flags, mode), "wb") as out:
            os.fchmod(out.fileno(), mode)
            out.write(content)
    except OSError as error:
        raise ControlError(f"cannot write {file}: {error.strerror}; choose another file") from None
