"""`parcelward rules`: what it prints, and that a broken pack ends in one clear message."""

from pathlib import Path

import pytest

from parcelward.cli import main
from parcelward.features import FEATURES
from parcelward.rules import load_pack


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Exit code of `parcelward rules ...`."""
    monkeypatch.setattr("sys.argv", ["parcelward", "rules", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_check_counts_rules_and_examples(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "check") == 0
    pack = load_pack(None)
    assert f"{pack.version}: {len(pack.rules)} rules are sound" in capsys.readouterr().out


def test_a_broken_pack_ends_with_its_place_and_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("version: mine-1\nruels: []\n", encoding="utf-8")
    assert run(monkeypatch, "check", str(path)) == 2
    said = capsys.readouterr().err
    assert f"{path}:2:1: rule pack: unknown key 'ruels'; did you mean 'rules'?" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", ["list", "docs", "python"])
def test_every_rule_is_shown(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, command) == 0
    shown = capsys.readouterr().out
    if command == "python":
        assert "def evaluate(row):" in shown
    else:
        assert all(rule.id in shown for rule in load_pack(None).rules)


def test_every_feature_is_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(monkeypatch, "fields") == 0
    shown = capsys.readouterr().out
    assert all(feature.name in shown for feature in FEATURES)
