"""`parcelward broker`: the local Kafka in the foreground."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from parcelward.broker import LocalBroker, StartInterrupted, is_fetched
from parcelward.cluster.admin import ensure_topics
from parcelward.errors import UserError
from parcelward.process.stopping import Stop, stop_signals
from parcelward.settings import load_settings


def broker(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes any free one.")] = 19092,
    home: Annotated[
        Path | None, typer.Option(help="Folder of its data; default: the setting broker_home.", show_default=False)
    ] = None,
) -> None:
    """Run a real local Kafka in the foreground, with all topics, until Ctrl-C."""
    console = Console(stderr=True)
    settings = load_settings()
    with stop_signals() as stop:
        try:
            _run(LocalBroker(home or settings.broker_home, port, stop.wait), stop, console)
        except StartInterrupted:
            console.print("interrupted during the start")
        console.print("stopped")


def _run(local: LocalBroker, stop: Stop, console: Console) -> None:
    """Start the broker, wait for a signal, and stop it. Raises StartInterrupted for a signal before it listens."""
    if not is_fetched():
        console.print("fetching Kafka, 40 MB, this first time only ...")
    console.print(f"starting Kafka on {local.home} ...", highlight=False, markup=False)
    with local:
        settings = load_settings(kafka=local.bootstrap, security_protocol="PLAINTEXT", replication=1)
        created = ensure_topics(settings)
        console.print(
            f"Kafka listens on [bold]{local.bootstrap}[/bold], topics made: {len(created)}; Ctrl-C stops it",
            highlight=False,
        )
        while not stop.wait(0.2):
            if local.exit_code is not None:
                raise UserError(f"the broker stopped by itself (exit code {local.exit_code}); see {local.log_path}")
        console.print("stopping Kafka ...")
