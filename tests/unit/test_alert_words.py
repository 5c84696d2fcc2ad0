"""The words of an alert: facts in a reason, what to do in the step, what clears each finding, the law in English."""

import re
from typing import Any

import pytest

from parcelward.alerts.clears import BY_ACTION, finding_clears
from parcelward.alerts.law import law_in_english
from parcelward.alerts.regions import region_name
from parcelward.alerts.verdict import MODEL_RULE, judge
from parcelward.contract.alerts import Action, Alert, Finding, Severity
from parcelward.contract.cards import ContactRole
from parcelward.rules import Rule, finding_of, load_pack
from parcelward.rules.pack import row_of
from tests.builders import MINUTE, T0, alerts_of, feed_all, inspection, pipeline, real_name, record

PACK = load_pack(None)
RULES = pytest.mark.parametrize("rule", PACK.rules, ids=[rule.id for rule in PACK.rules])
INSTRUCTS_ZH = re.compile("请|立即|不得交运|应当")
INSTRUCTS_EN = re.compile(
    r"(?:^|[;,] )(?:please|refuse|hold|stop|check|report|supply|open|inspect|scan|find|explain)\b"
)
ACCUSES_ZH = re.compile("伪造|冒用|身份池|虚假|造假|未进行")
ACCUSES_EN = re.compile(r"\b(forged|copied|fake\w*|borrowed|pool|probably not|proves nothing)\b")


def finding(rule: Rule) -> Finding:
    """The finding of a rule on the first row that fires it."""
    row = row_of(next(example.values for example in rule.examples if example.fires))
    return finding_of(next(hit for hit in PACK.evaluate(row) if hit.rule is rule), row)


@RULES
def test_a_reason_says_what_is_known_and_not_what_to_do(rule: Rule) -> None:
    reason = finding(rule).reason
    assert not INSTRUCTS_ZH.search(reason.zh)
    assert not INSTRUCTS_EN.search(reason.en)


@RULES
def test_a_reason_accuses_nobody(rule: Rule) -> None:
    reason = finding(rule).reason
    assert not ACCUSES_ZH.search(reason.zh)
    assert not ACCUSES_EN.search(reason.en)


@RULES
def test_every_rule_says_what_clears_it(rule: Rule) -> None:
    assert finding(rule).clears_when is not None


@RULES
def test_the_law_of_every_rule_is_there_in_english(rule: Rule) -> None:
    assert not re.search("[一-鿿]", law_in_english(rule.legal_basis)), law_in_english(rule.legal_basis)


def test_several_words_are_listed_with_the_comma_of_the_language() -> None:
    reason = raised((real_name(goods={"name": "butane gas canister"}), 0)).findings[0].reason
    assert "“butane、gas canister”" in reason.zh
    assert "“butane, gas canister”" in reason.en


def test_a_law_that_the_table_does_not_know_stays_in_chinese() -> None:
    assert law_in_english("某某条例 第一百零五条、第十条") == "某某条例 art. 105, 10"


def test_a_rule_that_does_not_say_what_clears_it_gets_the_words_of_its_action() -> None:
    silent = finding(PACK.rules[0]).model_copy(update={"clears_when": None})
    assert finding_clears(silent) == BY_ACTION[silent.action]
    assert set(BY_ACTION) == set(Action)


def test_a_rule_comes_before_the_model_where_both_are_as_severe() -> None:
    hint = (MODEL_RULE, Severity.MEDIUM, Action.REINSPECT)
    assert judge([hint, ("R8", Severity.MEDIUM, Action.VERIFY_IDENTITY)]).action == Action.VERIFY_IDENTITY
    assert judge([hint, ("X1", Severity.LOW, Action.HOLD)]).action == Action.REINSPECT
    assert judge([hint]).action == Action.REINSPECT


def raised(*events: tuple[dict[str, Any], int]) -> Alert:
    return alerts_of(feed_all(pipeline(), [record(data, T0 + at) for data, at in events]))[-1]


def roles(alert: Alert) -> list[ContactRole]:
    assert alert.card is not None
    return [contact.role for contact in alert.card.contacts]


def test_a_parcel_that_nobody_has_opened_is_not_to_be_opened_again() -> None:
    alert = raised((real_name(goods={"name": "硝酸铵"}, weight_g=900), 0))
    assert alert.card is not None
    assert "重新" not in alert.card.next_step.zh
    assert "again" not in alert.card.next_step.en


def test_who_has_the_parcel_is_called_before_who_is_told_of_it() -> None:
    bad = {"document_number": "123"}
    here = roles(raised((real_name(sender=bad), 0)))
    assert here.index(ContactRole.OUTLET_MANAGER) < here.index(ContactRole.COURIER_SECURITY_DESK)


def test_what_passed_all_the_same_is_said_after_what_to_do() -> None:
    alert = raised((real_name(goods={"name": "五金件"}), 0), (inspection(found_goods="汽油"), MINUTE))
    assert alert.card is not None
    step = alert.card.next_step
    assert step.zh.index("暂停流转") < step.zh.index("放行")
    assert step.en.index("hold") < step.en.index("all the same")


def test_a_record_that_comes_later_is_said_to_be_new_and_not_to_have_changed() -> None:
    alert = raised((real_name(sender={"document_number": "123"}), 0), (inspection(found_goods="旧书籍"), MINUTE))
    (result,) = (one.text for one in alert.changes if one.what == "inspection_result")
    assert (result.zh, result.en) == ("验视结果：通过（此前未知）", "inspection result: passed (unknown before)")


@pytest.mark.parametrize(
    ("code", "zh", "en"),
    [
        ("330106", "浙江省杭州市西湖区（330106）", "Zhejiang (330106)"),
        ("441900", "广东省东莞市（441900）", "Guangdong (441900)"),
        ("330199", "浙江省杭州市（330199）", "Zhejiang (330199)"),
        ("810000", "香港特别行政区（810000）", "Hong Kong (810000)"),
        ("990101", "990101", "990101"),
    ],
)
def test_a_county_is_named_or_its_city_or_only_its_code(code: str, zh: str, en: str) -> None:
    assert (region_name(code).zh, region_name(code).en) == (zh, en)
