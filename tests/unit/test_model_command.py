"""`parcelward model`: trains a small release, shows it, proves it, and says in one sentence what is wrong."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from parcelward.cli.model import app
from parcelward.errors import UserError

SMALL = ["--days", "4", "--waybills-per-day", "250", "--violations", "0.15", "--dense", "0.3", "--seed", "3"]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small release, made by the command itself."""
    root = tmp_path_factory.mktemp("model")
    arguments = ["train", "--out", str(root / "models"), "--docs", str(root / "model.md"), "--version", "t.2", *SMALL]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "released" in result.stderr
    return root / "models" / "current"


def test_training_releases_and_reports(release: Path) -> None:
    assert release.read_text() == "t.2\n"
    assert "release t.2" in (release.parents[1] / "model.md").read_text(encoding="utf-8")


def test_check_says_that_a_release_is_sound_and_show_prints_its_card(release: Path) -> None:
    checked = CliRunner().invoke(app, ["check", str(release)], catch_exceptions=False)
    shown = CliRunner().invoke(app, ["show", str(release)], catch_exceptions=False)
    assert "model t.2 is sound" in checked.stdout
    assert "rules only" in shown.stdout
    assert "simulated traffic only" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["check", "nowhere"], "no model at nowhere"),
        (["show", "nowhere"], "no model at nowhere"),
        (["train", "--version", "../up"], "--version"),
        (["train", "--docs", "nowhere/model.md"], "--docs"),
        (["train", "--days", "4", "--waybills-per-day", "100", "--docs", "PAGE"], "fewer than 10 violations"),
    ],
    ids=["check", "show", "version", "docs", "too few violations"],
)
def test_what_is_wrong_is_said_in_one_sentence(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    place = ["--out", str(tmp_path)] if arguments[0] == "train" else []
    named = [argument.replace("PAGE", str(tmp_path / "model.md")) for argument in arguments]
    with pytest.raises(UserError, match=sentence):
        CliRunner().invoke(app, [*named, *place], catch_exceptions=False)
