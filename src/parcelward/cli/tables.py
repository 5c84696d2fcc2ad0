"""Lists for two readers: a person at a terminal, and a program behind a pipe."""

import sys
from collections.abc import Iterable, Sequence

import typer
from rich.console import Console
from rich.table import Table

from parcelward.escaping import escaped


def at_terminal() -> bool:
    """Tell whether a person reads standard output."""
    return sys.stdout.isatty()


def tab_separated(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print one line a row, headings first, cells separated by tabs; nothing is cut, folded or coloured."""
    for row in (headings, *rows):
        typer.echo("\t".join(escaped(" ".join(cell.split())) for cell in row))


def show_table(headings: Sequence[str], rows: Iterable[Sequence[str]], title: str) -> None:
    """Print a table whose first column, the names, is never broken. Behind a pipe it is tab-separated."""
    if not at_terminal():
        tab_separated(headings, rows)
        return
    table = Table(title=title, title_justify="left")
    for position, heading in enumerate(headings):
        table.add_column(heading, no_wrap=position == 0, overflow="fold")
    for row in rows:
        table.add_row(*map(escaped, row))
    Console(highlight=False, markup=False).print(table)
