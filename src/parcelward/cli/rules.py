"""`parcelward rules`: check a rule pack, list its rules, write its page, list the features rules may use."""

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding

from parcelward.cli.tables import at_terminal, show_table, tab_separated
from parcelward.errors import UserError
from parcelward.features.table import FEATURES
from parcelward.rules import Rule, RulePack, load_pack
from parcelward.rules.page import rules_page
from parcelward.rules.rule import content_hash

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
    if pack is not None:
        _compare(loaded, load_pack(None))


def _compare(pack: RulePack, built_in: RulePack) -> None:
    """Say which built-in rules a pack leaves out or changes."""
    own = {rule.id: rule for rule in pack.rules}
    missing = [rule for rule in built_in.rules if rule.id not in own]
    changed = [
        rule for rule in built_in.rules if rule.id in own and content_hash([own[rule.id]]) != content_hash([rule])
    ]
    if changed:
        typer.echo(f"other than built in ({len(changed)}): {_named(changed)}")
    if missing:
        typer.echo(f"built-in rules that are NOT in this pack and NOT applied ({len(missing)}): {_named(missing)}")
        if len(missing) > len(built_in.rules) // 2:
            typer.echo("to keep the built-in rules beside your own, write `extends: built-in` below `version`")


def _named(rules: list[Rule]) -> str:
    return ", ".join(f"{rule.id} {rule.name}" for rule in rules)


@app.command("list")
def list_rules(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="Rule ids such as R14, and a rule pack (YAML); without ids, all rules.", show_default=False
        ),
    ] = None,
) -> None:
    """List the rules of a pack: what each looks for, when it fires, and the law it rests on."""
    ids = [word for word in what or () if re.fullmatch(r"[A-Z][A-Z0-9]{0,7}", word) and not Path(word).exists()]
    files = [word for word in what or () if word not in ids]
    if len(files) > 1:
        raise UserError(f"one rule pack at a time, not {' and '.join(files)}; a rule's id is as in R14")
    loaded = load_pack(Path(files[0]) if files else None)
    rules = [rule for rule in loaded.rules if not ids or rule.id in ids]
    if unknown := sorted(set(ids) - {rule.id for rule in rules}):
        raise UserError(
            f"no rule {', '.join(unknown)} in {loaded.version}; it has {', '.join(r.id for r in loaded.rules)}"
        )
    headings = ("rule", "name", "version", "severity", "action", "looks for", "fires when", "law")
    if not at_terminal():
        tab_separated(
            headings,
            [(r.id, r.name, str(r.version), r.severity, r.action, r.about, r.source, r.legal_basis) for r in rules],
        )
        return
    console = Console(highlight=False, markup=False)
    console.print(f"Rule pack {loaded.name}, {_counted(len(loaded.rules), 'rule')}")
    for rule in rules:
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
