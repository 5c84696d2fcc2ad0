"""`parcelward console-user`: who may log in to the console."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from parcelward.cli.options import courier_code, settings_with
from parcelward.cli.tables import show_table
from parcelward.console.people.accounts import Accounts
from parcelward.console.people.roles import Role
from parcelward.console.store.database import open_database
from parcelward.errors import UserError

app = typer.Typer(no_args_is_help=True, help="Who may log in to the console.")
Name = Annotated[str, typer.Argument(help="Log-in name.")]
HEADINGS = ("name", "shown as", "role", "courier", "token", "may log in")


@contextmanager
def _accounts() -> Iterator[Accounts]:
    database = open_database(settings_with(None))
    try:
        yield Accounts(database)
    finally:
        database.close()


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
) -> None:
    """Make an account. The password is asked for, or is read from standard input."""
    code = None if courier is None else courier_code("--courier", courier)
    with _accounts() as accounts:
        made = accounts.add(name, shown or name, role, code, _password(), _now_ms())
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
