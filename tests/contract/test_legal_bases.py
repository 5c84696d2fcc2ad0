"""Every article that a rule cites is in the law, and its text has the words that the rule rests on.

The texts of the laws lie beside the repository; where they are absent, the comparison is left out.
"""

import re
from pathlib import Path

import pytest

from parcelward.alerts.model_finding import model_finding
from parcelward.contract.alerts import Action, Score
from parcelward.rules import load_pack
from parcelward.rules.laws import ARTICLES, number_of

LAWS = Path(__file__).parents[3] / "shared" / "data" / "laws-cn"
WITH_LAWS = pytest.mark.skipif(not LAWS.is_dir(), reason="the texts of the laws are not here")

WORDS = {
    ("邮政法", "二十四"): ("禁止寄递或者限制寄递物品",),
    ("邮政法", "二十五"): ("收寄验视制度", "当场验视内件"),
    ("邮政法", "五十九"): ("第二十四条", "第二十五条", "适用于快递企业"),
    ("邮政法", "七十五"): ("不执行收件验视制度", "禁止寄递或者限制寄递物品", "快递企业"),
    ("反恐怖主义法", "二十"): ("快递", "对客户身份进行查验", "安全检查或者开封验视", "客户身份、物品信息登记制度"),
    ("反恐怖主义法", "八十五"): ("快递", "对客户身份进行查验", "开封验视", "登记制度", "罚款"),
    ("快递暂行条例（2025年修订）", "二十三"): (
        "寄件人姓名", "对寄件人身份进行查验，并登记身份信息", "安全协议", "名称、性质、数量",
    ),
    ("快递暂行条例（2025年修订）", "三十二"): ("验视内件", "验视标识", "安全协议"),
    ("快递暂行条例（2025年修订）", "三十三"): ("安全检查", "安全检查标识"),
    ("快递暂行条例（2025年修订）", "三十四"): ("应当拒绝收寄", "立即停止分拣、运输、投递", "限制寄递物品"),
    ("危险化学品安全管理条例", "六十四"): ("不得交寄危险化学品", "谎报为普通物品", "快递企业不得收寄"),
}  # fmt: skip
"""The articles whose text is at hand, and what they must say for the rules that cite them."""

NOT_AT_HAND = {
    ("快递市场管理办法", "二十六"),
    ("快递市场管理办法", "三十二"),
    ("快递市场管理办法", "三十六"),
    ("快递市场管理办法", "五十三"),
}
"""Articles that were compared with a copy of the text elsewhere."""

RENUMBERED = {"二十三": "二十二", "三十二": "三十一", "三十三": "三十二", "三十四": "三十三"}
"""Articles of 快递暂行条例 since 2025-06-01, and their numbers in the text of 2019 that is at hand."""


def cited(basis: str) -> set[tuple[str, str]]:
    """The (law, article) pairs of a legal basis."""
    found, law = set(), ""
    for part in re.split(r"[；、]|属危险化学品的：", basis):
        article = re.search(r"第([一二三四五六七八九十百]+)条", part)
        name = part[: article.start()].strip() if article else ""
        law = name or law
        if article:
            found.add((law, article[1]))
    return found


BASES = {rule.id: rule.legal_basis for rule in load_pack(None).rules}
SCORE = Score(value=1, threshold=0.5, model_version="m", contributions=())
BASES |= {
    f"model {action}": model_finding(SCORE, action).legal_basis for action in (Action.REINSPECT, Action.VERIFY_IDENTITY)
}
ALL = {pair: rule for rule, basis in BASES.items() for pair in cited(basis)}


def article(law: str, number: str) -> str:
    if law.startswith("快递暂行条例"):
        law, number = "快递暂行条例", RENUMBERED[number]
    (path,) = LAWS.glob(f"{law}(*.md")
    text = path.read_text(encoding="utf-8")
    match = re.search(rf"^第{number}条 .*?(?=^第[一二三四五六七八九十百]+条 |^#|\Z)", text, re.DOTALL | re.MULTILINE)
    assert match is not None, f"{law} has no 第{number}条"
    return match[0]


def test_every_cited_article_is_one_that_was_looked_up() -> None:
    assert ALL.keys() == WORDS.keys() | NOT_AT_HAND


@WITH_LAWS
@pytest.mark.parametrize(("law", "number"), WORDS, ids=lambda part: part)
def test_the_article_says_what_the_rule_rests_on(law: str, number: str) -> None:
    text = article(law, number)
    for words in WORDS[law, number]:
        assert words in text


@WITH_LAWS
def test_the_renumbering_is_that_of_the_source() -> None:
    source = (LAWS / "SOURCE.txt").read_text(encoding="utf-8")
    for new, old in (("23", "22"), ("32", "31"), ("33", "32"), ("34", "33")):
        assert f"{old}->{new}" in source


def test_the_law_on_hazardous_chemicals_is_cited_where_its_regulation_is_and_called_unchecked() -> None:
    for rule, basis in BASES.items():
        assert ("危险化学品安全管理条例" in basis) == ("危险化学品安全法（2026年5月1日起施行，条款待核）" in basis), (
            rule
        )
    assert any("危险化学品安全法" in basis for basis in BASES.values())


@pytest.mark.parametrize("rule", ["R3", "R3B", "R3C", "R3D", "R9"])
def test_rules_of_the_inspection_cite_the_duty_as_well_as_the_penalty(rule: str) -> None:
    assert {("邮政法", "二十五"), ("邮政法", "五十九"), ("邮政法", "七十五")} <= cited(BASES[rule])


@WITH_LAWS
def test_the_number_of_articles_is_that_of_the_text() -> None:
    counted = 0
    for law, most in ARTICLES.items():
        texts = [path for path in LAWS.glob("*.md") if path.name.split("(")[0].removesuffix(".md") == law]
        if not texts or law == "快递暂行条例":  # at hand as of 2019 only
            continue
        numbers = re.findall(r"^第([零一二三四五六七八九十百]+)条 ", texts[0].read_text(encoding="utf-8"), re.MULTILINE)
        assert number_of(numbers[-1]) == most, law
        counted += 1
    assert counted >= 8
