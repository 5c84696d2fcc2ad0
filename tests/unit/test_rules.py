"""Loading a rule pack: what is refused and how it is said; evaluation that survives bad rows and failing rules."""

import re
from pathlib import Path
from textwrap import indent
from time import monotonic

import pytest
import yaml

from parcelward.errors import UserError
from parcelward.features.table import INDEX, FeatureType
from parcelward.rules import RulePack, finding_of, load_pack
from parcelward.rules.pack import row_of
from parcelward.rules.regex import PatternError, search
from parcelward.rules.text import template

RULE = """\
id: R1
name: many_parcels
version: 1
severity: high
action: hold
owner: goods
legal_basis: 邮政法 第七十五条
about: Too many.
expr: sender_sends_1d > 3
reason:
  zh: 一天{sender_sends_1d}件
  en: "{sender_sends_1d} a day"
examples:
  must_fire:
    - {sender_sends_1d: 4}
  must_not_fire:
    - {sender_sends_1d: 3}
"""


def item(rule: str) -> str:
    """A rule as an entry of the list."""
    return "  - " + indent(rule, "    ").lstrip()


def write(folder: Path, *rules: str) -> Path:
    path = folder / "pack.yaml"
    path.write_text("version: test-1\nrules:\n" + "".join(map(item, rules)), encoding="utf-8")
    return path


def with_expr(expr: str, fire: str, quiet: str, text: str = "x", name: str = "R1") -> str:
    rule = RULE.replace("sender_sends_1d > 3", expr).replace("{sender_sends_1d: 4}", fire)
    rule = rule.replace("{sender_sends_1d: 3}", quiet).replace("一天{sender_sends_1d}件", text)
    rule = rule.replace('"{sender_sends_1d} a day"', text).replace("R1", name)
    return rule.replace("many_parcels", f"rule_{name.lower()}")


def loaded(folder: Path, *rules: str) -> RulePack:
    return load_pack(write(folder, *rules))


def test_a_sound_pack_loads_and_judges(tmp_path: Path) -> None:
    pack = loaded(tmp_path, RULE)
    row = row_of({"sender_sends_1d": 9})
    (hit,) = pack.evaluate(row)
    finding = finding_of(hit, row)
    assert (finding.reason.zh, finding.reason.en) == ("一天9件", "9 a day")
    assert finding.values == {"sender_sends_1d": 9}
    assert finding.thresholds == {"sender_sends_1d": 3}


FAULTS = {
    "unknown feature": (
        "sender_sends_1d > 3",
        "sender_sendz_1d > 3",
        r":11:11: rule R1: unknown .*did you mean 'sender_sends_1d'",
    ),
    "wrong type": (
        "sender_sends_1d > 3",
        "sender_sends_1d > 3.5",
        r":11:27: rule R1: `>` has a whole number .* write a whole number",
    ),
    "syntax": ("sender_sends_1d > 3", "sender_sends_1d >", r":11:\d+: rule R1: the expression ends too early"),
    "not boolean": ("sender_sends_1d > 3", "sender_sends_1d + 3", r"must be true or false, .* int"),
    "no feature": ("sender_sends_1d > 3", "1 > 3", r"uses no feature"),
    "constant": ("sender_sends_1d > 3", "sender_sends_1d > 3 || true", r"constant: it is true"),
    "empty band": (
        "sender_sends_1d > 3",
        "sender_sends_1d > 3 && sender_sends_1d < 2",
        r"no sender_sends_1d satisfies",
    ),
    "touching band": ("sender_sends_1d > 3", "sender_sends_1d > 3 && sender_sends_1d <= 3", r"can never fire"),
    "macro": ("sender_sends_1d > 3", "'[1, 2].exists(i, i == sender_sends_1d)'", r"not supported"),
    "function": ("sender_sends_1d > 3", "string(sender_sends_1d) == 'a'", r"'string' is not supported"),
    "pattern": ("sender_sends_1d > 3", "goods_name.matches('(?=a)')", r"pattern: look-around cannot"),
    "free pattern": ("sender_sends_1d > 3", "goods_name.matches(document_check)", r"must be a literal"),
    "mixed list": ("sender_sends_1d > 3", "sender_sends_1d in [1, 'a']", r"list of literals of the type"),
    "placeholder": (
        "一天{sender_sends_1d}件",
        "一天{sender_sends}件",
        r":13:11: rule R1: reason \(zh\) names unknown feature 'sender_sends'",
    ),
    "unguarded": ("一天{sender_sends_1d}件", "有{photos}张", r"'photos' can be unknown when the rule fires"),
    "brace": ("一天{sender_sends_1d}件", "一天}件", r"brace"),
    "format": ("一天{sender_sends_1d}件", "'{sender_sends_1d:zz}'", r"cannot format \{sender_sends_1d\} with ':zz'"),
    "no reason": ('  en: "{sender_sends_1d} a day"\n', "", r"'en' is missing"),
    "empty reason": ("一天{sender_sends_1d}件", "''", r"must not be empty"),
    "severity": ("severity: high", "severity: hihg", r":6:15: rule R1: 'hihg' is none of low, medium, high, critical"),
    "unknown key": ("about: Too many.", "abuot: Too many.", r"unknown key 'abuot'; did you mean 'about'"),
    "twice": ("about: Too many.", "about: a\nabout: b", r"'about' is given twice"),
    "version": ("version: 1\n", "version: one\n", r"whole number of at least 1"),
    "id": ("id: R1", "id: r1", r"an id is a capital letter"),
    "name": ("name: many_parcels", "name: Many-Parcels", r"snake_case"),
    "no examples": (RULE[RULE.index("examples:") :], "", r"'examples' is missing"),
    "no counterexample": ("    - {sender_sends_1d: 3}", "    []", r"'must_not_fire' needs at least one row"),
    "example field": (
        "{sender_sends_1d: 4}",
        "{sender_sends_2d: 4}",
        r"example names unknown feature 'sender_sends_2d'",
    ),
    "example type": (
        "{sender_sends_1d: 4}",
        "{sender_sends_1d: '4'}",
        r"example gives sender_sends_1d as '4'; it is of type int",
    ),
    "example does not fire": (
        "{sender_sends_1d: 4}",
        "{sender_sends_1d: 2}",
        r":17:\d+: rule R1: example contradicts .* must fire, but does not",
    ),
    "example fires": ("{sender_sends_1d: 3}", "{sender_sends_1d: 30}", r"must not fire, but fires"),
    "alias": ("about: Too many.", "about: &a Too many.\nx: *a", r"anchors and aliases"),
    "yaml": ("about: Too many.", "about: [", r"not well-formed YAML"),
}


@pytest.mark.parametrize(("old", "new", "said"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in RULE
    with pytest.raises(UserError) as caught:
        loaded(tmp_path, RULE.replace(old, new))
    message = str(caught.value)
    assert re.search(said, message), message
    assert re.match(rf"{re.escape(str(tmp_path / 'pack.yaml'))}:\d+:\d+: ", message)
    assert message.split("\n")[-1].endswith("^")


def test_the_caret_stands_under_the_fault_in_a_block(tmp_path: Path) -> None:
    rule = RULE.replace("expr: sender_sends_1d > 3", "expr: |\n  goods_name == '汽油' &&\n  zork > 1")
    with pytest.raises(UserError, match=r":13:7: rule R1: unknown feature or function 'zork'") as caught:
        loaded(tmp_path, rule)
    _, line, caret = str(caught.value).split("\n")
    assert line.index("zork") == caret.index("^")


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (RULE.replace("many_parcels", "other"), "id 'R1' is already taken by rule R1"),
        (RULE.replace("R1", "R2"), "name 'many_parcels' is already taken by rule R1"),
    ],
)
def test_twins_are_refused(tmp_path: Path, second: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        loaded(tmp_path, RULE, second)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b"- a", "must be a mapping"),
        (b"version: a\nrules: []", "there is no rule"),
        (b"version: a\nrules: 3", "must be a list"),
        (b"version: a\nrules: [3]", "must be a mapping"),
        (b"version: A B\nrules: [3]", "small letters"),
        (b"version: 1\nrules: [3]", "put 1 in quotes"),
    ],
)
def test_a_file_that_is_no_pack_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "pack.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said):
        load_pack(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.yaml: cannot read the rule pack"):
        load_pack(tmp_path / "nowhere.yaml")


def test_a_failing_rule_is_reported_and_stops_no_other(tmp_path: Path) -> None:
    divides = with_expr("100 / photos > 3", "{photos: 2}", "{photos: 90}", name="R2")
    pack = loaded(tmp_path, RULE, divides)
    row = row_of({"photos": 0, "sender_sends_1d": 9})
    first, second = pack.evaluate(row)
    assert (first.rule.id, first.error) == ("R1", None)
    assert (second.rule.id, second.error) == ("R2", "divide by zero")
    finding = finding_of(second, row)
    assert finding.severity == "medium"
    assert "divide by zero" in finding.reason.en


def test_a_value_of_a_wrong_type_hurts_only_the_rules_that_look_at_it(tmp_path: Path) -> None:
    other = with_expr("photos > 3", "{photos: 4}", "{photos: 2}", name="R2")
    pack = loaded(tmp_path, RULE, other)
    hits = pack.evaluate(row_of({"sender_sends_1d": "nine", "photos": 5}))
    assert [(hit.rule.id, hit.error) for hit in hits] == [("R1", "TypeError in the rule's evaluation"), ("R2", None)]


def test_a_value_that_cannot_be_formatted_is_shown_as_it_is() -> None:
    assert template("{travel_kmh:.0f}", "en").fill(row_of({"travel_kmh": "fast"}), {}) == "fast"


def test_hits_come_in_the_order_of_the_pack(tmp_path: Path) -> None:
    rules = [
        with_expr(f"{first} && photos > {n}", f"{{{first}: true, photos: 9}}", "{photos: 0}", name=f"R{n}")
        for n, first in enumerate(("goods_vague", "is_person", "goods_vague", "is_person", "goods_battery"))
    ]
    pack = loaded(tmp_path, *rules)
    row = row_of({"goods_vague": True, "is_person": True, "goods_battery": True, "photos": 9})
    assert [hit.rule.id for hit in pack.evaluate(row)] == ["R0", "R1", "R2", "R3", "R4"]


def test_the_built_in_pack_is_yaml_any_reader_accepts() -> None:
    from parcelward.rules.pack import BUILT_IN

    assert yaml.safe_load(BUILT_IN.read_text(encoding="utf-8"))["version"] == "acceptance-1"


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("{travel_kmh:.0f}", 812.6, "813"),
        ("{travel_kmh}", 812.0, "812"),
        ("{outlet_vague_share_1d:.0%}", 0.931, "93%"),
        ("{inspection_delay_s:minutes}", -1800.0, "30"),
        ("{is_person}", False, "no"),
        ("{document_check}", "bad_checksum", "wrong check digit"),
        ("{document_check}", "something_new", "something_new"),
        ("{photos|none}", None, "none"),
        ("{photos}", None, "unknown"),
    ],
)
def test_values_are_written_for_people(text: str, value: float | str | None, shown: str) -> None:
    parsed = template(text, "en")
    row = row_of({parsed.placeholders[0].feature: value})
    assert parsed.fill(row, {}) == shown


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(?=a)", "look-around"),
        ("(?!a)b", "look-around"),
        ("(?<=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "backreference"),
        ("(?P<n>a)(?P=n)", "backreference"),
        (r"(?P<n>a)\k<n>", "backreference"),
        ("a++", "bad repetition"),
        ("(a", "missing )"),
        ("a)", "unexpected )"),
        ("*a", "no argument for repetition"),
        ("a{2,1}", "invalid repetition size"),
        ("a{1001}", "invalid repetition size"),
        ("(.{0,100}){5}", "needs 4,504 steps for each byte, 2,000 are allowed"),
        (r"\Z", "invalid escape sequence"),
    ],
)
def test_a_pattern_that_re2_cannot_express_is_refused_with_the_reason(pattern: str, said: str) -> None:
    with pytest.raises(PatternError, match=re.escape(said)):
        search(pattern)


def test_the_place_of_a_refused_pattern_is_named(tmp_path: Path) -> None:
    rule = with_expr("goods_name.matches('(?!a)b')", "{goods_name: b}", "{goods_name: c}")
    with pytest.raises(UserError, match=r"pack\.yaml:11:30: rule R1: pattern: look-around cannot .* linear time"):
        loaded(tmp_path, rule)


@pytest.mark.parametrize("pattern", ["^(a|aa|b)+$", "(a+)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "^(a|a?)+$", "(.*)*x"])
def test_no_pattern_makes_a_worker_stand_still(tmp_path: Path, pattern: str) -> None:
    rule = with_expr(f"\"goods_name.matches('{pattern}') || photos > 3\"", "{photos: 4}", "{photos: 0}")
    pack = loaded(tmp_path, rule)
    began = monotonic()
    for name in ("a" * 60 + "!", "a" * 199 + "!", "汽" * 199 + "c"):
        assert pack.evaluate(row_of({"goods_name": name, "photos": 0})) == ()
    assert monotonic() - began < 1


def test_half_a_character_pair_in_a_text_fails_no_pattern() -> None:
    assert search("^a.b$")("a\ud800b")


def test_every_kind_of_feature_is_used_here() -> None:
    assert {FeatureType.BOOL, FeatureType.INT, FeatureType.DOUBLE, FeatureType.STRING} == set(FeatureType)
    assert "photos" in INDEX
