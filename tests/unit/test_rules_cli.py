"""`parcelward rules`: what it prints, and that a broken pack ends in one clear message."""

from pathlib import Path

import pytest

from parcelward.cli import main
from parcelward.features.table import FEATURES
from parcelward.rules import load_pack
from parcelward.rules.pack import row_of
from parcelward.rules.page import TEMPLATE, rules_page
from parcelward.rules.text import template


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


@pytest.mark.parametrize("watched", [True, False], ids=["terminal", "pipe"])
def test_the_list_says_what_a_rule_looks_for_and_its_law(
    watched: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("parcelward.cli.rules.at_terminal", lambda: watched)
    monkeypatch.setenv("COLUMNS", "1000")
    assert run(monkeypatch, "list") == 0
    shown = capsys.readouterr().out
    for rule in load_pack(None).rules:
        assert rule.about.split("\n")[0] in shown
        assert rule.legal_basis in shown


def test_behind_a_pipe_every_rule_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    assert run(monkeypatch, "list") == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split("\t")[0] == "rule"
    assert [line.split("\t")[0] for line in lines] == [rule.id for rule in load_pack(None).rules]


def test_the_template_of_the_page_is_a_sound_pack(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE, encoding="utf-8")
    assert [rule.id for rule in load_pack(path).rules] == [*(rule.id for rule in load_pack(None).rules), "N1"]
    assert TEMPLATE in rules_page(load_pack(None))


def test_one_rule_is_counted_in_the_singular(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "template.yaml"
    alone = [line for line in TEMPLATE.splitlines() if not line.startswith("extends")]
    path.write_text("\n".join(alone), encoding="utf-8")
    assert run(monkeypatch, "check", str(path)) == 0
    assert "1 rule is sound, 3 examples hold" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("speed", "zh", "en"), [(1088283.0, "超过1,000", "over 1,000"), (1000.0, "1,000", "1,000"), (412.4, "412", "412")]
)
def test_a_speed_beyond_reach_is_not_spelt_out(speed: float, zh: str, en: str) -> None:
    row = row_of({"travel_kmh": speed})
    assert template("{travel_kmh:cap1000}", "zh").fill(row, {}) == zh
    assert template("{travel_kmh:cap1000}", "en").fill(row, {}) == en


def test_no_built_in_reason_says_question_mark_for_an_unknown_value() -> None:
    defaults = {
        place.default
        for rule in load_pack(None).rules
        for place in (*rule.reason_zh.placeholders, *rule.reason_en.placeholders)
    }
    assert not {"?", "？"} & defaults


def test_every_feature_is_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(monkeypatch, "fields") == 0
    shown = capsys.readouterr().out
    assert all(feature.name in shown for feature in FEATURES)
