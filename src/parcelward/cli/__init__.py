"""The `parcelward` command: one module per subcommand, registered here."""

import sys

import typer

from parcelward.errors import UserError

app = typer.Typer(
    name="parcelward",
    help="Streaming risk screening of courier shipments at acceptance.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; a `UserError` becomes one line on stderr and exit code 2."""
    try:
        app()
    except UserError as error:
        print(f"parcelward: {error}", file=sys.stderr)  # noqa: T201 - the command line speaks here
        sys.exit(2)
