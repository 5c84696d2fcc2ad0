"""Rules that say nothing: values that a feature never has, tests always or never true, branches without effect."""

from pathlib import Path

import pytest
from annotated_types import Ge, Le
from hypothesis import given, note
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from parcelward.contract.events import Goods, RealName
from parcelward.errors import UserError
from parcelward.features.ranges import RANGES, SHARE, Range
from parcelward.features.table import FEATURES, FeatureType, Value
from parcelward.rules import load_pack
from parcelward.rules.check import check
from parcelward.rules.lint import meaning_fault
from parcelward.rules.truth import Question
from tests.unit.test_rules import RULE, write
from tests.unit.test_rules_meaning import RELAXED, checked, ours, plain, truths

NONSENSE = {
    "sender_kind == 'persn'": "sender_kind is never 'persn'; did you mean 'person'?",
    "sender_kind != 'persn'": "never 'persn'",
    "sender_kind in ['person', 'organization']": "never 'organization'; did you mean 'organisation'?",
    "'persn' == sender_kind": "never 'persn'",
    "hour_of_day >= 25": "can never fire: no hour_of_day satisfies this (hour_of_day is 0 to 23)",
    "25 <= hour_of_day": "can never fire",
    "hour_of_day == 24": "hour_of_day is never 24; it is 0 to 23",
    "hour_of_day in [22, 23, 24]": "hour_of_day is never 24",
    "hour_of_day < 24": "always true",
    "weight_g >= 0": "always true where weight_g is known (weight_g is 1 to 2,000,000)",
    "is_person && weight_g >= 0": "always true where weight_g",
    "weight_g > 3000000": "can never fire",
    "weight_g * 2 < 0": "can never fire",
    "size(goods_name) < 0": "can never fire",
    "outlet_vague_share_1d > 1.0": "can never fire",
    "goods_danger_severity == 4": "goods_danger_severity is never 4",
    "photos < 0": "can never fire",
    "is_person || !is_person": "always true where is_person is known",
    "is_person && !is_person": "can never fire: no is_person",
    "photos > 3 || photos <= 3": "always true",
    "photos > 3 && photos < 4": "can never fire: no photos",
    "photos >= photos": "always true",
    "goods_name == 'a' && goods_name == 'b'": "can never fire",
    "goods_name.contains('a') || !goods_name.contains('a')": "always true",
    "sender_kind == 'person' && sender_kind == 'organisation'": "can never fire",
    "sender_kind.startsWith('x')": "can never fire",
    "sender_kind in ['person', 'organisation', 'agreement']": "always true",
    "weight_g > 10 && (weight_g < 5 || is_person)": "this branch can never make the rule fire",
    "weight_g > 10 && (is_person ? weight_g < 5 : photos > 2)": "this branch can never make the rule fire",
    "!(is_person && photos > 3 && photos < 2)": "can never be true: no is_person, photos",
    "photos > 1 && !(photos > 0 && is_person)": "this branch can never make the rule fire",
}
SENSE = (
    "travel_km > 3.0 && travel_km < 4.0",
    "photos > 3 && photos < 5",
    "size(goods_name) >= 1",
    "is_person && sender_kind == 'person'",
    "100 / photos > 3",
    "(photos > 3 ? photos : sender_sends_1d) > 5",
    "is_person == true",
    "weight_g == 1 || weight_g == 2000000",
    "inspection_delay_s < -600.0",
    "weight_change < -0.2",
    "found_danger_severity >= 3 || found_danger_severity < 3 && is_person",
    "goods_name == 'a' || goods_name != 'a' && is_person",
    "weight_g - quantity < 0",
    "travel_km / travel_kmh < 1.0 || travel_km / travel_kmh >= 1.0",
    "travel_km / travel_kmh <= travel_km / travel_kmh",
)


@pytest.mark.parametrize(("expr", "said"), NONSENSE.items())
def test_nonsense_is_refused_with_its_reason(expr: str, said: str) -> None:
    fault = meaning_fault(check(expr))
    assert fault is not None
    assert said in fault.message


@pytest.mark.parametrize("expr", SENSE)
def test_what_makes_sense_is_not(expr: str) -> None:
    assert meaning_fault(check(expr)) is None


@pytest.mark.parametrize("rule", load_pack(None).rules, ids=lambda rule: rule.id)
def test_the_built_in_rules_make_sense(rule) -> None:
    assert meaning_fault(rule.expression) is None


def in_range(name: str, kind: FeatureType) -> st.SearchStrategy[Value]:
    least, most = RANGES[name]
    if kind is FeatureType.BOOL:
        return st.booleans()
    if kind is FeatureType.STRING:
        return st.sampled_from(["valid", "missing"]) if name == "document_check" else st.text("ab汽", max_size=3)
    whole = st.integers(max(int(least), -5) if least > -1e9 else -5, min(int(most), 8) if most < 1e9 else 8)
    return whole if kind is FeatureType.INT else whole.map(lambda number: number / 2)


NAMES = ("is_person", "physical_read", "goods_vague", "sender_sends_1d", "sender_sends_7d", "photos",
         "travel_km", "travel_kmh", "weight_ratio", "goods_name", "document_check")  # fmt: skip
ROWS = st.fixed_dictionaries({f.name: in_range(f.name, f.type) for f in FEATURES if f.name in NAMES})


@RELAXED
@given(st.one_of(truths(2), plain(3)), st.lists(ROWS, min_size=5, max_size=5))
def test_what_is_called_impossible_never_happens(source: str, tables: list[dict[str, Value]]) -> None:
    """Fired where it is said to be never true, or quiet where always true: neither is seen on any row in range."""
    _, nodes = checked([source])
    for node in nodes:
        question = Question(node)
        said = [ours([node], table)[0] for table in tables]
        note(source)
        assert question.can_be(True, node) or "fires" not in said
        assert question.can_be(False, node) or "quiet" not in said


@RELAXED
@given(plain(2), plain(2), plain(1), st.lists(ROWS, min_size=8, max_size=8))
def test_a_dead_branch_is_never_the_one_that_fires(around: str, dead: str, live: str, tables) -> None:
    _, nodes = checked([f"({around}) && (({dead}) || ({live}))", f"({around}) && ({dead})"])
    if len(nodes) == 2:
        whole, branch = nodes
        if whole.args[1].args[0] in list(Question(whole).dead_branches()):
            assert all(ours([branch], table) == ["quiet"] for table in tables)


def test_the_place_of_nonsense_is_named(tmp_path: Path) -> None:
    rule = RULE.replace("expr: sender_sends_1d > 3", "expr: |\n  sender_sends_1d > 3\n  && sender_kind == 'persn'")
    with pytest.raises(UserError, match=r":13:\d+: rule R1: sender_kind is never 'persn'") as caught:
        load_pack(write(tmp_path, rule))
    _, line, caret = str(caught.value).split("\n")
    assert line.index("'persn'") == caret.index("^")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{sender_sends_1d: 4, sender_kind: persn}", "example: sender_kind is never 'persn'"),
        ("{sender_sends_1d: 4, hour_of_day: 25}", "example: hour_of_day is never 25"),
    ],
)
def test_an_example_with_an_impossible_value_is_refused(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        load_pack(write(tmp_path, RULE.replace("{sender_sends_1d: 4}", row)))


def bounds(field: FieldInfo) -> Range:
    """The bounds that a field of the contract states."""
    least = [one.ge for one in field.metadata if isinstance(one, Ge)]
    most = [one.le for one in field.metadata if isinstance(one, Le)]
    return Range(*map(float, (*least, *most)))  # type: ignore[arg-type]


def test_ranges_are_those_of_the_contract() -> None:
    assert RANGES["weight_g"] == bounds(RealName.model_fields["weight_g"])
    assert RANGES["quantity"] == bounds(Goods.model_fields["quantity"])


def test_a_share_is_a_share_by_its_meaning_too() -> None:
    shares = {feature.name for feature in FEATURES if feature.meaning.startswith("share of")}
    assert shares == {name for name, reach in RANGES.items() if reach == SHARE}
