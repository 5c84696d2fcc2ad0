"""The check of a pack says the mend in plain words, what a pack leaves out, and which articles do not exist."""

from pathlib import Path

import pytest

from parcelward.cli import main
from parcelward.errors import UserError
from parcelward.rules import load_pack
from parcelward.rules.check import ExpressionError, check
from parcelward.rules.laws import article_fault
from tests.unit.test_rules import RULE, item

EXTENDS = "version: mine-1\nextends: built-in\n"

MENDS = [
    ("weight_g > 20.5", "write a whole number (20, not 20.5)"),
    ("weight_ratio > 20", "write the number with decimals (20.0, not 20)"),
    ("is_person and weight_g > 5", "write `&&` instead of `and`"),
    ("is_person or sender_named", "write `||` instead of `or`"),
    ("not is_person", "write `!` instead of `not`"),
    ("weight_g = 5", "write `==` instead of `=`"),
    ("weight_g => 5", "write `>=` instead of `=>`"),
    ("weight_g <> 5", "write `!=` instead of `<>`"),
    ("is_person & sender_named", "write `&&` instead of `&`"),
    ("weight_g > '20'", "a number has no quotes, a text has"),
    ("is_person == 'true'", "true or false by itself"),
    ("is_person == True", "write `true` in small letters"),
    ("sender_kind in [person]", "'person' is a value, and stands in quotes"),
    ("sender_kind in ('person', 'agreement')", "a list stands in square brackets"),
    ("goods_name in '香水'", "`in` needs a list on its right"),
    ("goods_name.contains(香水)", "a text stands in quotes"),
    ("goods_name == “香水”", "in half width"),
    ("weight_g ＞ 5", "in half width"),
    ("weight_g > 20,000", "without commas"),
    ("weight_g > 20kg", "a number has no unit"),
    ("5 < weight_g < 10", "comparisons cannot be chained"),
    ("sender_kind != null", "there is no null in rules"),
    ("weight_g > 5 &&", "something is missing after `&&`"),
    ("(weight_g > 5", "a bracket is not closed"),
    ("weight_g > 5)", "a `)` too many"),
    ("goods_name.startswith('x')", "did you mean 'startsWith'?"),
]


@pytest.mark.parametrize(("expression", "mend"), MENDS, ids=[one[0] for one in MENDS])
def test_an_error_in_an_expression_says_the_mend(expression: str, mend: str) -> None:
    with pytest.raises(ExpressionError) as fault:
        check(expression)
    assert mend in fault.value.message
    assert not any(word in fault.value.message for word in ("overload", "expecting", "token", "EOF"))


def test_what_is_missing_names_the_rule(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("version: mine-1\nrules:\n" + item(RULE.replace("owner: goods\n", "")), encoding="utf-8")
    with pytest.raises(UserError, match="rule R1: 'owner' is missing"):
        load_pack(path)


def pack_of(folder: Path, head: str, *rules: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(head + "rules:\n" + "".join(map(item, rules)), encoding="utf-8")
    return path


def test_a_pack_extends_the_built_in_one(tmp_path: Path) -> None:
    own, mine = RULE.replace("id: R1\n", "id: N1\n"), RULE.replace("many_parcels", "document_number_invalid")
    built_in = [rule.id for rule in load_pack(None).rules]
    added = load_pack(pack_of(tmp_path, EXTENDS + "without: [R12]\n", own))
    assert [rule.id for rule in added.rules] == [one for one in built_in if one != "R12"] + ["N1"]
    changed = load_pack(pack_of(tmp_path, EXTENDS, mine))
    assert [rule.id for rule in changed.rules] == built_in
    assert changed.rules[0].source == "sender_sends_1d > 3"
    assert changed.hash != load_pack(None).hash


@pytest.mark.parametrize(
    ("head", "rule", "said"),
    [
        ("version: mine-1\nextends: acceptance-1\n", RULE, "a pack can extend 'built-in' only"),
        ("version: mine-1\nwithout: [R12]\n", RULE, "'without' belongs to 'extends: built-in'"),
        (EXTENDS + "without: [R99]\n", RULE, "there is no built-in rule 'R99'"),
        (EXTENDS + "without: [R1]\n", RULE, "rule R1 is left out and given at once"),
        (EXTENDS, RULE.replace("many_parcels", "photo_reused"), "name 'photo_reused' is already taken by rule R10"),
    ],
)
def test_a_pack_that_cannot_extend_is_refused(head: str, rule: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as fault:
        load_pack(pack_of(tmp_path, head, rule))
    assert said in str(fault.value)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["parcelward", "rules", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_check_says_which_built_in_rules_are_not_in_a_pack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "check", str(pack_of(tmp_path, "version: mine-1\n", RULE))) == 0
    said = capsys.readouterr().out
    assert f"NOT applied ({len(load_pack(None).rules) - 1}): R1B sender_name_missing" in said
    assert "other than built in (1): R1 document_number_invalid" in said
    assert "write `extends: built-in`" in said
    assert run(monkeypatch, "check") == 0
    assert "NOT" not in capsys.readouterr().out


def test_a_rule_is_listed_by_its_id(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "list", "R14", "F1") == 0
    said = capsys.readouterr().out
    assert "prohibited_goods_words" in said
    assert "photo_reused" not in said
    assert run(monkeypatch, "list", "R99") == 2
    assert "no rule R99 in acceptance-1; it has R1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("basis", "fault"),
    [
        ("邮政法 第二十四条、第三百条", "邮政法 has 87 articles, there is no 第三百条"),
        ("《中华人民共和国邮政法》第八十八条", "邮政法 has 87 articles"),
        ("快递暂行条例（2025年修订）第三百条", "there is no 第三百条"),
        ("反恐怖主义法 第二十条第一款、第98条", "there is no 第98条"),
        ("邮政法 第二十五条；刑法 第三百条", None),
        ("危险化学品安全管理条例 第一百零二条", None),
    ],
)
def test_an_article_that_its_law_does_not_have_is_refused(basis: str, fault: str | None, tmp_path: Path) -> None:
    assert fault in (article_fault(basis) or "") if fault else article_fault(basis) is None
    path = pack_of(tmp_path, "version: mine-1\n", RULE.replace("邮政法 第七十五条", basis))
    if fault is None:
        load_pack(path)
        return
    with pytest.raises(UserError, match="rule R1: legal_basis: "):
        load_pack(path)
