"""`parcelward model`: train and release the risk model, show a release's card, prove a release usable."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from parcelward.errors import UserError
from parcelward.model.card import VERSION_PATTERN, read_card, resolve_release
from parcelward.model.score import load_model
from parcelward.settings import load_settings
from parcelward.simulate import Plan
from parcelward.training.report import page

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Train, release and inspect the risk model.")
Release = Annotated[Path, typer.Argument(help="Release folder, or the pointer file that names one.")]
CURRENT = Path("models/current")
DEFAULTS = Plan()
# A smaller simulation has fewer outlets, not emptier ones: in an empty one every sender is new.
OUTLETS_PER_WAYBILL = DEFAULTS.outlets_per_courier / DEFAULTS.waybills_per_day


@app.command()
def train(
    out: Annotated[Path, typer.Option(help="Folder of all releases.")] = Path("models"),
    version: Annotated[str | None, typer.Option(help="Name of the release; default: the month's next number.")] = None,
    docs: Annotated[Path, typer.Option(help="Page to write the card to; its folder must exist.")] = Path(
        "docs/model.md"
    ),
    days: Annotated[int, typer.Option(min=3, help="Simulated days.")] = 10,
    waybills_per_day: Annotated[int, typer.Option(min=100, help="Waybills a day in each of three worlds.")] = 24_000,
    violations: Annotated[float, typer.Option(min=0.0005, max=0.5, help="Share of waybills with a planted case.")] = (
        DEFAULTS.violation_share
    ),
    dense: Annotated[
        float, typer.Option(min=0.0005, max=0.5, help="The same in the two worlds for training only.")
    ] = 0.02,
    left_out: Annotated[
        float, typer.Option(min=0, max=0.9, help="How probably an outlet's software leaves out an optional field.")
    ] = 0.25,
    seed: Annotated[int, typer.Option(help="Same seed, same release.")] = 20261101,
) -> None:
    """Simulate traffic, screen it with the code of the worker, train on the first days, release, write the report.

    Two more simulated worlds with more violations add cases to learn from; they are never measured on.
    """
    version = _free(out, new_version(out, datetime.now(UTC)) if version is None else version)
    if not docs.parent.is_dir():
        raise UserError(f"--docs {docs}: its folder does not exist; make it or name another page")
    try:
        from parcelward.training.make import make  # the training libraries are heavy and optional
    except ModuleNotFoundError as error:
        raise UserError(f"training needs {error.name}; install the extra `train`") from None

    console = Console(stderr=True)
    plan = Plan(
        days=days,
        waybills_per_day=waybills_per_day,
        outlets_per_courier=max(4, round(waybills_per_day * OUTLETS_PER_WAYBILL)),
        violation_share=violations,
        seed=seed,
        left_out_share=left_out,
    )
    model = make(
        plan, dense, load_settings(model=None), out, version, lambda text: console.print(text, highlight=False)
    )
    try:
        docs.write_text(page(model.card), encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {docs} ({error.strerror}); pass another page with --docs") from None
    ranking, at = model.card.metrics.model, model.card.metrics.at_threshold
    console.print(
        f"released {out / version}: AUC {ranking.auc:.4f}, average precision {ranking.average_precision:.4f}"
        f" at a base rate of {model.card.metrics.base_rate:.2%}; over the threshold {model.threshold}:"
        f" precision {at.precision:.0%}, recall {at.recall:.0%}",
        highlight=False,
    )


def _free(releases: Path, version: str) -> str:
    if not re.match(VERSION_PATTERN, version):
        raise UserError(f"--version {version!r}: letters, digits, dots, dashes and underscores only, as in 2026.11.1")
    if (releases / version).exists():
        raise UserError(
            f"{releases / version} exists; alerts name the release that scored them, so none is ever written anew: "
            "choose another --version, or delete it if it never judged a parcel"
        )
    return version


def new_version(releases: Path, now: datetime) -> str:
    """Return the name of the month's next release in a folder.

    >>> new_version(Path("empty"), datetime(2026, 11, 29, tzinfo=UTC))
    '2026.11.1'
    """
    month = f"{now.year}.{now.month}."
    numbers = [path.name.removeprefix(month) for path in releases.glob(f"{month}*")]
    return f"{month}{max((int(number) for number in numbers if number.isdigit()), default=0) + 1}"


@app.command()
def show(release: Release = CURRENT) -> None:
    """Print a release's card: data, metrics, baselines, threshold, limits."""
    Console().print(Markdown(page(read_card(resolve_release(release)))))


@app.command()
def check(release: Release = CURRENT) -> None:
    """Load a release as the worker does: features, artefact, library and parity sample must fit."""
    model = load_model(release)
    Console().print(
        f"model {model.version} is sound: {len(model.card.features)} features, threshold {model.threshold},"
        " parity sample scored as at training",
        highlight=False,
    )
