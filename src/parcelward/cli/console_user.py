"""`parcelward console-user`: who may log in to the console, and the keys of programs."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated

import typer

from parcelward.cli.options import courier_code, settings_with
from parcelward.cli.tables import show_table
from parcelward.console.people.accounts import Accounts
from parcelward.console.people.keys import Key, Keys
from parcelward.console.people.roles import Role
from parcelward.console.store.database import Database, open_database
from parcelward.errors import UserError
from parcelward.moments import CHINA, ms_of, utc

app = typer.Typer(no_args_is_help=True, help="Who may log in to the console.")
Name = Annotated[str, typer.Argument(help="Log-in name.")]
KeyName = Annotated[str, typer.Argument(help="Name of the key.")]
HEADINGS = ("name", "shown as", "role", "courier", "token", "may log in")
KEY_HEADINGS = ("account", "key", "made", "ends", "last used", "opens")


@contextmanager
def _database() -> Iterator[Database]:
    database = open_database(settings_with(None))
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _accounts() -> Iterator[Accounts]:
    with _database() as database:
        yield Accounts(database)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _password() -> str:
    """Ask for a password twice on a terminal; elsewhere read one line of standard input. It is never an argument:
    everybody on a machine may read those."""
    if sys.stdin.isatty():
        return str(typer.prompt("password", hide_input=True, confirmation_prompt=True))
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise UserError("write the password on standard input, one line")
    return password


@app.command("add")
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What this person may do.")],
    shown: Annotated[
        str | None, typer.Option(help="Name that colleagues see; default: the log-in name.", show_default=False)
    ] = None,
    courier: Annotated[
        str | None, typer.Option(help="Of the role courier: which courier's parcels.", show_default=False)
    ] = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="For a program: nobody logs in, it has keys alone.")
    ] = False,
) -> None:
    """Make an account. The password is asked for, or is read from standard input."""
    code = None if courier is None else courier_code("--courier", courier)
    with _accounts() as accounts:
        secret = None if no_password else _password()
        made = accounts.add(name, shown or name, role, code, secret, _now_ms())
    typer.echo(f"{made.name} may log in as {made.role.value}; decisions carry the token {made.token}")


@app.command("list")
def list_() -> None:
    """List the accounts. The token stands for the person on the topics."""
    with _accounts() as accounts:
        found = accounts.all()
    rows = [
        (one.name, one.shown, one.role.value, one.courier or "", one.token, "no" if one.disabled else "yes")
        for one in found
    ]
    show_table(HEADINGS, rows, f"{len(found)} accounts")


@app.command("password")
def password(name: Name) -> None:
    """Give an account another password; who is logged in by it must log in again."""
    with _accounts() as accounts:
        accounts.set_password(name, _password())
    typer.echo(f"{name}: the password is changed")


@app.command("disable")
def disable(name: Name) -> None:
    """Let nobody log in by this account any more; what it did keeps its name."""
    with _accounts() as accounts:
        accounts.disable(name, _now_ms())
    typer.echo(f"{name} can no longer log in")


@app.command("enable")
def enable(name: Name) -> None:
    """Let an account log in again."""
    with _accounts() as accounts:
        accounts.enable(name)
    typer.echo(f"{name} may log in again")


@app.command("key")
def key(
    name: Name,
    called: Annotated[str, typer.Option(help="Name of the key; each key of an account has another.")] = "key",
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last day of the key, in China's time.", show_default="no end"),
    ] = None,
) -> None:
    """Make a key with which a program asks the API as this account. It is shown this once."""
    ends_ms = None if until is None else ms_of(until.replace(tzinfo=CHINA) + timedelta(days=1))
    with _database() as database:
        text = Keys(database).add(name, called, ends_ms, _now_ms())
    typer.echo(f"{name}: the key {called}; keep it now, nobody can show it again", err=True)
    typer.echo(text)


@app.command("keys")
def keys() -> None:
    """List the keys, and when each was used last."""
    now_ms = _now_ms()
    with _database() as database:
        found = Keys(database).all()
    rows = [
        (one.person, one.name, _day(one.created_ms), _day(one.ends_ms), _day(one.used_ms), _opens(one, now_ms))
        for one in found
    ]
    show_table(KEY_HEADINGS, rows, f"{len(found)} keys")


def _day(moment_ms: int | None) -> str:
    return "" if moment_ms is None else f"{utc(moment_ms).astimezone(CHINA):%Y-%m-%d %H:%M}"


def _opens(key: Key, now_ms: int) -> str:
    if key.revoked_ms is not None:
        return f"no, revoked {_day(key.revoked_ms)}"
    return "no, ended" if key.ends_ms is not None and now_ms >= key.ends_ms else "yes"


@app.command("revoke")
def revoke(name: Name, key_name: KeyName) -> None:
    """Let a key open nothing any more."""
    with _database() as database:
        Keys(database).revoke(name, key_name, _now_ms())
    typer.echo(f"{name}: the key {key_name} is revoked")
