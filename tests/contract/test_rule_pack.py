"""The built-in rule pack: complete, its examples hold, its page is current, its words are those of the wire."""

from enum import StrEnum
from pathlib import Path

import pytest

from parcelward.contract.fields import (
    DocumentCheck,
    InspectionResult,
    ScanDecision,
    SenderKind,
    TransportMode,
    VerifyMethod,
)
from parcelward.features.table import INDEX
from parcelward.identity.phones import PhoneCheck
from parcelward.rules import Rule, RulePack, finding_of, load_pack
from parcelward.rules.compile import is_plain
from parcelward.rules.pack import row_of
from parcelward.rules.page import rules_page
from parcelward.rules.words import CATEGORY, WORDS

PACK = load_pack(None)
RULES = pytest.mark.parametrize("rule", PACK.rules, ids=[rule.id for rule in PACK.rules])
ROOT = Path(__file__).parents[2]
ASKED_FOR = {"R1", "R1B", "R2", "R3", "R5", "R6", "R7", "R8", "R9", "R10", "R12", "R13", "R14", "R15", "R20"}


@pytest.fixture
def pack() -> RulePack:
    return PACK


def test_the_pack_holds_every_rule_asked_for(pack: RulePack) -> None:
    assert pack.version == "acceptance-1"
    assert {rule.id for rule in pack.rules} >= ASKED_FOR


@RULES
def test_examples_hold_and_reasons_carry_the_values(rule: Rule, pack: RulePack) -> None:
    for example in rule.examples:
        row = row_of(example.values)
        hit = next((hit for hit in pack.evaluate(row) if hit.rule is rule), None)
        assert (hit is not None) is example.fires
        if hit is None:
            continue
        finding = finding_of(hit, row)
        assert (finding.rule, finding.version, finding.severity) == (rule.id, rule.version, rule.severity)
        for text in (finding.reason.zh, finding.reason.en):
            assert "{" not in text
            assert "None" not in text
        assert finding.values == {name: row[INDEX[name]] for name in rule.fields}
        assert set(finding.thresholds) <= set(finding.values)


@RULES
def test_a_rule_has_both_kinds_of_examples_and_cites_the_law(rule: Rule) -> None:
    assert {example.fires for example in rule.examples} == {True, False}
    assert rule.legal_basis
    assert rule.about.endswith(".")
    assert any("一" <= sign <= "鿿" for sign in "".join(map(str, rule.reason_zh.parts)))
    assert not any("一" <= sign <= "鿿" for part in rule.reason_en.parts if isinstance(part, str) for sign in part)


@RULES
def test_a_rule_takes_the_fast_form(rule: Rule) -> None:
    assert is_plain(rule.expression)


@RULES
def test_both_languages_show_the_same_features(rule: Rule) -> None:
    zh, en = ({place.feature for place in text.placeholders} for text in (rule.reason_zh, rule.reason_en))
    assert zh == en


def test_nothing_known_means_nothing_found(pack: RulePack) -> None:
    assert pack.evaluate(row_of({})) == ()


def test_the_page_is_current(pack: RulePack) -> None:
    written = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert written == rules_page(pack), "run `parcelward rules docs > docs/rules.md`"


@pytest.mark.parametrize(
    ("feature", "codes"),
    [
        ("sender_kind", SenderKind),
        ("document_check", DocumentCheck),
        ("sender_phone_check", PhoneCheck),
        ("verify_method", VerifyMethod),
        ("inspection_result", InspectionResult),
        ("scan_decision", ScanDecision),
        ("transport_mode", TransportMode),
    ],
)
def test_every_code_of_the_wire_has_words(feature: str, codes: type[StrEnum]) -> None:
    assert set(WORDS[feature]) == {code.value for code in codes}


def test_rules_name_only_codes_that_exist() -> None:
    for rule in PACK.rules:
        for node in rule.expression.walk():
            if node.op not in ("equals", "in_list") or node.args[0].value not in WORDS:
                continue
            literals = node.args[1].args or (node.args[1],)
            assert {literal.value for literal in literals} <= set(WORDS[str(node.args[0].value)]), rule.id


def test_category_thirteen_is_out_of_scope() -> None:
    assert "13" not in CATEGORY
