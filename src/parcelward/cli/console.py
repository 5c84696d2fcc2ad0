"""`parcelward console`: the pages for the platform's people."""

import time
from contextlib import ExitStack
from typing import Annotated

import typer

from parcelward.cli.options import Kafka, settings_with
from parcelward.console.people.accounts import Accounts
from parcelward.console.serving import is_over_tls, serve
from parcelward.console.store.database import open_database
from parcelward.process.stopping import stop_signals


def console(
    kafka: Kafka = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; default: the setting console_port.", show_default=False)
    ] = None,
) -> None:
    """Serve the console until Ctrl-C. `parcelward console-user add` makes accounts."""
    settings = settings_with(kafka, **({} if port is None else {"console_port": port}))
    is_over_tls(settings)
    with ExitStack() as stack:
        stop = stack.enter_context(stop_signals())
        database = open_database(settings)
        stack.callback(database.close)
        if not Accounts(database).all():
            typer.echo("nobody can log in yet: `parcelward console-user add NAME --role supervisor`", err=True)
        serve(settings, database, lambda: time.time_ns() // 1_000_000, stop.wait)
