"""`parcelward model`: trains a small release, shows it, proves it, and says in one sentence what is wrong."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from typer.testing import CliRunner

from parcelward.cli.model import app, new_version
from parcelward.errors import UserError

SMALL = ["--days", "3", "--waybills-per-day", "250", "--violations", "0.15", "--dense", "0.3", "--seed", "3"]


def train(root: Path) -> Path:
    """Make a small release with the command itself; return the pointer to it."""
    arguments = ["train", "--out", str(root / "models"), "--docs", str(root / "model.md"), "--version", "t.2", *SMALL]
    with threadpool_limits(1):
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "released" in result.stderr
    return root / "models" / "current"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("model"))


def test_the_same_command_makes_the_same_release_byte_for_byte(release: Path, tmp_path: Path) -> None:
    again = train(tmp_path)
    for name in ("t.2/model.onnx", "t.2/card.json", "t.2/parity.json", "current"):
        assert (release.parent / name).read_bytes() == (again.parent / name).read_bytes()


def test_training_releases_and_reports(release: Path) -> None:
    assert release.read_text() == "t.2\n"
    assert "release t.2" in (release.parents[1] / "model.md").read_text(encoding="utf-8")


def test_a_release_is_never_written_anew(release: Path) -> None:
    folder = release.parent
    with pytest.raises(UserError, match="none is ever written anew"):
        CliRunner().invoke(app, ["train", "--out", str(folder), "--version", "t.2", *SMALL], catch_exceptions=False)


def test_the_next_release_of_a_month_gets_the_next_number(tmp_path: Path) -> None:
    for name in ("2026.10.7", "2026.11.2", "2026.11.10", "2026.11.trial", "current"):
        (tmp_path / name).mkdir()
    assert new_version(tmp_path, datetime(2026, 11, 29, tzinfo=UTC)) == "2026.11.11"
    assert new_version(tmp_path, datetime(2026, 12, 1, tzinfo=UTC)) == "2026.12.1"


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
    ],
    ids=["check", "show", "version", "docs"],
)
def test_what_is_wrong_is_said_in_one_sentence(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    place = ["--out", str(tmp_path)] if arguments[0] == "train" else []
    with pytest.raises(UserError, match=sentence):
        CliRunner().invoke(app, [*arguments, *place], catch_exceptions=False)
