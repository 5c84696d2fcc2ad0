"""`parcelward rules`: check a rule pack, list its rules, write its page, list the features rules may use."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from parcelward.features import FEATURES
from parcelward.rules import load_pack
from parcelward.rules.page import rules_page

app = typer.Typer(no_args_is_help=True, help="Check, list and document rule packs.")

Pack = Annotated[
    Path | None, typer.Argument(help="Rule pack (YAML); without it, the built-in one.", show_default=False)
]


@app.command()
def check(pack: Pack = None) -> None:
    """Parse, type-check and lint a pack, and run every rule's own examples."""
    loaded = load_pack(pack)
    examples = sum(len(rule.examples) for rule in loaded.rules)
    typer.echo(f"{loaded.version}: {len(loaded.rules)} rules are sound, {examples} examples hold")


@app.command("list")
def list_rules(pack: Pack = None) -> None:
    """List the rules of a pack with their expressions."""
    loaded = load_pack(pack)
    table = Table(title=f"Rule pack {loaded.version}", title_justify="left", show_lines=True)
    for heading in ("rule", "severity", "action", "fires when"):
        table.add_column(heading, overflow="fold")
    for rule in loaded.rules:
        table.add_row(f"{rule.id} {rule.name} v{rule.version}", rule.severity, rule.action, rule.source)
    Console(highlight=False, markup=False).print(table)


@app.command()
def docs(pack: Pack = None) -> None:
    """Write the page of a pack (docs/rules.md for the built-in one) to standard output."""
    typer.echo(rules_page(load_pack(pack)), nl=False)


@app.command()
def fields() -> None:
    """List the features that expressions and reason texts may name."""
    table = Table(title="Features", title_justify="left")
    for heading in ("feature", "type", "unit", "meaning"):
        table.add_column(heading, overflow="fold")
    for feature in FEATURES:
        table.add_row(feature.name, feature.kind, feature.unit, f"{feature.meaning} / {feature.meaning_zh}")
    Console(highlight=False, markup=False).print(table)


@app.command()
def python(pack: Pack = None) -> None:
    """Print the Python function that a pack is compiled to."""
    typer.echo(load_pack(pack).python, nl=False)
