"""The hash of a rule pack: other rules under one version are told apart, other formatting is not."""

from pathlib import Path

import pytest

from parcelward.rules import load_pack
from parcelward.rules.pack import BUILT_IN
from tests.builders import alerts_of, feed_all, pipeline, real_name, record

BUILT_IN_TEXT = BUILT_IN.read_text(encoding="utf-8")


def hash_of(folder: Path, text: str) -> str:
    path = folder / "pack.yaml"
    path.write_text(text, encoding="utf-8")
    return load_pack(path).hash


def test_a_rule_added_under_the_built_in_label_changes_the_hash(tmp_path: Path) -> None:
    start, end = BUILT_IN_TEXT.index("  - id: R21"), BUILT_IN_TEXT.index("  # ---- inspection")
    another = BUILT_IN_TEXT[start:end].replace("R21", "R99").replace("agreement_number_missing", "another_rule")
    assert hash_of(tmp_path, BUILT_IN_TEXT + "\n" + another) != load_pack(None).hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("staff_sends_1d >= 10", "staff_sends_1d >= 9"),
        ("severity: critical", "severity: high"),
        ("期限内没有收寄验视记录", "没有收寄验视记录"),
        ("期限内完成的安检", "按时完成的安检"),
        ("{travel_km:,.0f}", "{travel_km:,.1f}"),
        ("第五十九条、第七十五条", "第五十九条、第七十四条"),
    ],
)
def test_what_changes_a_verdict_or_an_alert_changes_the_hash(tmp_path: Path, old: str, new: str) -> None:
    assert old in BUILT_IN_TEXT
    assert hash_of(tmp_path, BUILT_IN_TEXT.replace(old, new)) != load_pack(None).hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: acceptance-1", "version: mine-7"),
        ("staff_sends_1d >= 3", "(staff_sends_1d   >= 3)"),
        ("# ---- inspection", "# inspection"),
        ("expr: agreement_missing", "expr: 'agreement_missing'"),
        ("owner: waybill", "owner: nobody"),
        ("    - {scan_decision: reopen}", "    - {scan_decision: reopen}\n        - {scan_decision: pass}"),
    ],
)
def test_what_changes_neither_leaves_it(tmp_path: Path, old: str, new: str) -> None:
    assert old in BUILT_IN_TEXT
    assert hash_of(tmp_path, BUILT_IN_TEXT.replace(old, new)) == load_pack(None).hash


def test_the_order_of_the_rules_counts(tmp_path: Path) -> None:
    start, end = BUILT_IN_TEXT.index("  - id: R21"), BUILT_IN_TEXT.index("  # ---- inspection")
    moved = BUILT_IN_TEXT[:start] + BUILT_IN_TEXT[end:] + "\n" + BUILT_IN_TEXT[start:end]
    assert hash_of(tmp_path, moved) != load_pack(None).hash


def test_every_alert_carries_the_hash_beside_the_version() -> None:
    (alert,) = alerts_of(feed_all(pipeline(), [record(real_name(goods={"name": "汽油"}))]))
    assert (alert.rule_pack_version, alert.rule_pack_hash) == ("acceptance-1", load_pack(None).hash)
