"""`parcelward rules`: check a rule pack, list its rules, write its page, list the features rules may use."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding

from parcelward.cli.tables import at_terminal, show_table, tab_separated
from parcelward.features.table import FEATURES
from parcelward.rules import load_pack
from parcelward.rules.page import rules_page

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Check, list and document rule packs.")

Pack = Annotated[
    Path | None, typer.Argument(help="Rule pack (YAML); without it, the built-in one.", show_default=False)
]


@app.command()
def check(pack: Pack = None) -> None:
    """Parse, type-check and lint a pack, and run every rule's own examples."""
    loaded = load_pack(pack)
    examples = sum(len(rule.examples) for rule in loaded.rules)
    sound = f"{_counted(len(loaded.rules), 'rule')} {'are' if len(loaded.rules) != 1 else 'is'} sound"
    typer.echo(f"{loaded.version}: {sound}, {examples} examples hold; hash {loaded.hash}")


@app.command("list")
def list_rules(pack: Pack = None) -> None:
    """List the rules of a pack: what each looks for, when it fires, and the law it rests on."""
    loaded = load_pack(pack)
    headings = ("rule", "name", "version", "severity", "action", "looks for", "fires when", "law")
    if not at_terminal():
        tab_separated(
            headings,
            [
                (r.id, r.name, str(r.version), r.severity, r.action, r.about, r.source, r.legal_basis)
                for r in loaded.rules
            ],
        )
        return
    console = Console(highlight=False, markup=False)
    console.print(f"Rule pack {loaded.name}, {_counted(len(loaded.rules), 'rule')}")
    for rule in loaded.rules:
        console.print(f"\n{rule.id} {rule.name}", style="bold", end="")
        console.print(f"  {rule.severity}, {rule.action}, version {rule.version}")
        for label, said in (("looks for", rule.about), ("fires when", rule.source), ("law", rule.legal_basis)):
            console.print(Padding(f"{label}: {' '.join(said.split())}", (0, 0, 0, 4)))


@app.command()
def docs(pack: Pack = None) -> None:
    """Write the page of a pack (docs/rules.md for the built-in one) to standard output."""
    typer.echo(rules_page(load_pack(pack)), nl=False)


@app.command()
def fields() -> None:
    """List the features that expressions and reason texts may name."""
    rows = [(f.name, f.type, f.unit, f"{f.meaning} / {f.meaning_zh}") for f in FEATURES]
    show_table(("feature", "type", "unit", "meaning"), rows, "Features")


@app.command()
def python(pack: Pack = None) -> None:
    """Print the Python function that a pack is compiled to."""
    typer.echo(load_pack(pack).python, nl=False)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}"
