"""`parcelward draw`: outlets and inspectors by lot (双随机), announced before, repeatable by anybody after."""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Annotated

import typer

from parcelward.cli.tables import show_table
from parcelward.draws.announcement import rendered, sha256
from parcelward.draws.draw import differences, made, read_announcement, read_draw, without_inspectors
from parcelward.draws.lists import announcement_of, read_file
from parcelward.draws.pages import after_files, before_files, draw_table
from parcelward.draws.visits import results_of
from parcelward.errors import UserError
from parcelward.escaping import escaped
from parcelward.moments import CHINA

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Draw outlets and inspectors by lot, and check a draw."
)
Folder = Annotated[Path, typer.Option("--out", help="Folder for the files; it is made.", file_okay=False)]


@app.command()
def share(path: Annotated[Path, typer.Argument(help="File for the secret; it must not exist.")]) -> None:
    """Make a secret share of a seed, readable by you alone, and print the hash that is announced."""
    text = token_hex(32)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UserError(f"{escaped(str(path))} cannot be made: {error.strerror}") from None
    with os.fdopen(handle, "w") as file:
        file.write(f"{text}\n")
    typer.echo(sha256(text.encode()))


@app.command()
def announce(plan: Annotated[Path, typer.Argument(help="Plan of the draw (TOML).")], out: Folder) -> None:
    """Check plan and lists, and write what is published before the draw: announcement, notice, lists."""
    announcement = announcement_of(plan)
    content = rendered(announcement)
    _write(out, {"announcement.json": content.decode(), **before_files(announcement)})
    typer.echo(f"publish the files in {escaped(str(out))} now, before the seed can be known")
    typer.echo(f"SHA-256 of announcement.json: {sha256(content)}")


@app.command()
def make(
    announcement: Annotated[Path, typer.Argument(help="The announcement, as it was published.")],
    out: Folder,
    seed: Annotated[
        list[Path] | None, typer.Option(help="File with a revealed share; once for each holder.", show_default=False)
    ] = None,
    public: Annotated[
        str | None, typer.Option(help="The public value that was announced, as it came out.", show_default=False)
    ] = None,
) -> None:
    """Draw, once the shares are revealed and the public value is out. The same announcement gives the same draw."""
    content = read_file(announcement)
    given = read_announcement(content, announcement.name)
    if rendered(given) != content:
        raise UserError(f"{escaped(announcement.name)} was changed since it was written")
    if given.public is not None and given.public.on > (today := datetime.now(CHINA).date()):
        raise UserError(f"the public value comes out on {given.public.on}, and today is {today}: wait for it")
    shares = [read_file(path).decode(errors="replace") for path in seed or ()]
    draw = made(given, shares, public)
    _write(out, {"draw.json": rendered(draw).decode(), "draw.zh.csv": draw_table(draw)})
    show_table(
        ("outlet", "tier", "tickets", "inspectors"),
        [
            (visit.outlet.code, visit.outlet.tier, str(visit.tickets), ", ".join(visit.inspectors) or "none free")
            for visit in draw.visits
        ],
        f"Drawn for {escaped(given.period)}",
    )
    if alone := without_inspectors(draw.visits):
        typer.echo(f"{len(alone)} visits have no two inspectors without a conflict: ask another authority", err=True)


@app.command()
def verify(
    draw: Annotated[Path, typer.Argument(help="The file of a draw, `draw.json`.")],
    announcement: Annotated[
        Path | None, typer.Option(help="The announcement, as it was published.", show_default=False)
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(help="The plan, with the lists that it names, byte for byte.", show_default=False)
    ] = None,
) -> None:
    """Repeat a draw from its file, and say if it is the same. Exits 1 if anything differs."""
    content = read_file(draw)
    found = read_draw(content, draw.name)
    wrong = differences(content, found)
    if announcement is not None and sha256(read_file(announcement)) != found.announcement_sha256:
        wrong.append("the announcement is another one than the draw rests on")
    if plan is not None:
        again = announcement_of(plan)
        wrong += [
            f"the file of {name} is another one than was announced"
            for name, known in found.announcement.files.items()
            if again.files.get(name) != known
        ]
    for sentence in wrong:
        typer.echo(f"differs: {escaped(sentence)}")
    if not wrong:
        typer.echo(f"repeated: {len(found.visits)} of {len(found.tickets)} outlets, the same ones in the same order")
        typer.echo(f"SHA-256 of the announcement: {found.announcement_sha256}; is this what was published before?")
    raise typer.Exit(1 if wrong else 0)


@app.command()
def results(
    draw: Annotated[Path, typer.Argument(help="The file of the draw, `draw.json`.")],
    visits: Annotated[Path, typer.Argument(help="Results of the visits (CSV or TOML).")],
    out: Folder,
    final: Annotated[
        bool, typer.Option("--final", help="The visits are over, though some have no result; publish them as open.")
    ] = False,
) -> None:
    """Check the results of the visits, and write what is published: results, and the draw itself.

    Both name all who were drawn, so nothing is written while a visit may still be made.
    """
    content = read_file(draw)
    found = read_draw(content, draw.name)
    if wrong := differences(content, found):
        raise UserError(f"{escaped(draw.name)}: {escaped(wrong[0])}")
    back = results_of(found, sha256(content), read_file(visits), visits.name)
    if back.open and not final:
        raise UserError(
            f"{len(back.open)} of {len(found.visits)} visits have no result yet, and the files would name them: "
            "wait for them, or write --final if nobody will go there any more"
        )
    _write(
        out,
        {"results.json": rendered(back).decode(), "draw.json": content.decode(), **after_files(found, back)},
    )
    typer.echo(f"{len(back.outcomes)} of {len(found.visits)} visits have a result; publish {escaped(str(out))}")


def _write(folder: Path, files: Mapping[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UserError(f"{escaped(str(folder))} cannot be written: {error.strerror}") from None
