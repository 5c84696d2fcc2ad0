"""`parcelward schemas`: write the wire contract's schemas and the document of all topics, or check both for drift."""

from pathlib import Path
from typing import Annotated

import typer

from parcelward.channels import files as schemas

app = typer.Typer(
    help="Write and check the JSON Schemas of the wire contract, and the document of all topics.",
    no_args_is_help=True,
    add_completion=False,
)
Folder = Annotated[Path, typer.Option(help="Folder of the schemas.")]


@app.command()
def write(folder: Folder = Path("schemas")) -> None:
    """Write schemas, index, field tables, the AsyncAPI document and its page (topics.html) from the models."""
    changed = schemas.write(folder)
    typer.echo(f"{folder}: {', '.join(changed)} written" if changed else f"{folder}: up to date")


@app.command()
def check(folder: Folder = Path("schemas")) -> None:
    """Exit 1 when the folder is not what the models say."""
    stale = schemas.drift(folder)
    if stale:
        typer.echo(f"{folder}: not what the models say: {', '.join(stale)}; run `make schemas`", err=True)
        raise typer.Exit(1)
    typer.echo(f"{folder}: up to date")
