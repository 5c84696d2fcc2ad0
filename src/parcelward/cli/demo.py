"""`parcelward demo`: everything at once on one machine."""

import time
from typing import Annotated

import typer
from rich.console import Console

from parcelward.alerts.terminal import Language
from parcelward.demo.run import Wish, run
from parcelward.process.stopping import stop_signals


def demo(
    seconds: Annotated[
        float, typer.Option(min=0, help="Publish for so long, then count and end; 0: until Ctrl-C.")
    ] = 0,
    kafka: Annotated[
        str | None,
        typer.Option(
            help="Kafka to use, host:port, under topic names of its own; default: one is started.", show_default=False
        ),
    ] = None,
    rate: Annotated[
        float, typer.Option(min=1, max=5000, help="Events per second, about; fewer in the first ten seconds.")
    ] = 120,
    lang: Annotated[Language, typer.Option(help="Language of the alerts.")] = "en",
    seed: Annotated[
        int | None,
        typer.Option(help="Seed of the simulated traffic; default: another one every time.", show_default=False),
    ] = None,
    you_decide: Annotated[
        bool,
        typer.Option(
            "--you-decide",
            help="Simulate no analysts: alerts wait for you at the console, with deadlines of real life.",
        ),
    ] = False,
) -> None:
    """Broker, worker, console, simulated couriers and live alerts. Exit code 1 when anything was lost."""
    console = Console(highlight=False)
    with stop_signals() as stop:
        chosen = int(time.time()) if seed is None else seed
        complete = run(Wish(seconds, kafka, rate, lang, chosen, you_decide), console, stop)
    if not complete:
        raise typer.Exit(1)
