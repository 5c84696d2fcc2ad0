"""The generated Python means what Google's C++ evaluator means, for any well-typed expression and any row."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parcelward.features.table import FEATURES, INDEX, FeatureType, Value
from parcelward.rules.check import ExpressionError, Node, check, environment
from parcelward.rules.compile import compiled, is_plain, python_source
from parcelward.rules.lint import surely_known
from parcelward.rules.pack import row_of

# A few features of each type are enough for every shape; more would make collisions of values rare.
NAMES = {
    FeatureType.BOOL: ("is_person", "physical_read", "goods_vague"),
    FeatureType.INT: ("sender_sends_1d", "sender_sends_7d", "photos"),
    FeatureType.DOUBLE: ("travel_km", "travel_kmh", "weight_ratio"),
    FeatureType.STRING: ("goods_name", "document_check"),
}
EDGE_INTS = (-(2**63), -(2**63) + 1, -7, -1, 0, 1, 2, 3, 7, 2**62, 2**63 - 1)
INTS = st.one_of(st.integers(-4, 4), st.sampled_from(EDGE_INTS))
DOUBLES = st.one_of(st.sampled_from((-2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 1e18, 1e19, -1e19, 1e308)), st.floats(-3, 3))
STRINGS = st.text(alphabet="ab汽\n.", max_size=4)
LITERALS: dict[FeatureType, st.SearchStrategy[Any]] = {
    FeatureType.BOOL: st.booleans(),
    FeatureType.INT: INTS,
    FeatureType.DOUBLE: DOUBLES,
    FeatureType.STRING: STRINGS,
}
PATTERNS = ("^a+$", "a|b", "[ab]{2}", "(?:ab)+", "^$", ".b", r"\.", "[^a]", "汽")


def written(value: object) -> str:
    """A literal as CEL writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("\n", "\\n") + "'"
    return repr(value)


def joined(kind: FeatureType, inner: st.SearchStrategy[str], signs: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.builds("({} {} {})".format, inner, st.sampled_from(signs), inner)


def leaves(kind: FeatureType) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(NAMES[kind]), LITERALS[kind].map(written))


def values(kind: FeatureType, depth: int) -> st.SearchStrategy[str]:
    """Expressions of a type that is not bool."""
    if depth == 0:
        return leaves(kind)
    inner = st.deferred(lambda: values(kind, depth - 1))
    options = [leaves(kind), st.builds("({} ? {} : {})".format, truths(depth - 1), inner, inner)]
    if kind is FeatureType.INT:
        options += [joined(kind, inner, ("+", "-", "*", "/", "%")), inner.map("-({})".format)]
        options += [
            values(FeatureType.DOUBLE, depth - 1).map("int({})".format),
            values(FeatureType.STRING, depth - 1).map("size({})".format),
        ]
    elif kind is FeatureType.DOUBLE:
        options += [joined(kind, inner, ("+", "-", "*", "/")), inner.map("-({})".format)]
        options += [values(FeatureType.INT, depth - 1).map("double({})".format)]
    else:
        options += [joined(kind, inner, ("+",))]
    return st.one_of(options)


def truths(depth: int) -> st.SearchStrategy[str]:
    """Boolean expressions."""
    atoms: list[st.SearchStrategy[str]] = [leaves(FeatureType.BOOL)]
    for kind in (FeatureType.INT, FeatureType.DOUBLE, FeatureType.STRING):
        side = values(kind, max(depth - 1, 0))
        atoms.append(joined(kind, side, ("<", "<=", ">", ">=", "==", "!=")))
        items = st.lists(LITERALS[kind].map(written), max_size=3).map(", ".join)
        atoms.append(st.builds("({} in [{}])".format, side, items))
    texts = values(FeatureType.STRING, max(depth - 1, 0))
    verbs = st.sampled_from(("contains", "startsWith", "endsWith"))
    atoms.append(st.builds("({}).{}({})".format, texts, verbs, texts))
    atoms.append(st.builds("({}).matches({})".format, texts, st.sampled_from(PATTERNS).map(lambda p: "r'" + p + "'")))
    if depth == 0:
        return st.one_of(atoms)
    inner = st.deferred(lambda: truths(depth - 1))
    return st.one_of(
        *atoms,
        joined(FeatureType.BOOL, inner, ("&&", "||", "&&", "||", "==", "!=")),
        inner.map("!({})".format),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
    )


SIMPLE = (
    "is_person", "goods_vague", "photos > 1", "photos < 1", "sender_sends_1d >= 2", "photos != sender_sends_1d",
    "travel_km > 0.0", "goods_name == 'a'", "goods_name in ['a', 'b']", "goods_name.contains('b')",
)  # fmt: skip


def plain(depth: int) -> st.SearchStrategy[str]:
    """Logic over a handful of tests, so that rules share tests and features: what the compiler factors out."""
    if depth == 0:
        return st.sampled_from(SIMPLE)
    inner = st.deferred(lambda: plain(depth - 1))
    return st.one_of(
        st.sampled_from(SIMPLE),
        joined(FeatureType.BOOL, inner, ("&&", "||")),
        joined(FeatureType.BOOL, inner, ("&&", "||")),
        inner.map("!({})".format),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
    )


SMALL: dict[str, st.SearchStrategy[Value]] = {
    "is_person": st.sampled_from((None, True, False)),
    "goods_vague": st.sampled_from((None, True, False)),
    "photos": st.sampled_from((None, 0, 1, 2)),
    "sender_sends_1d": st.sampled_from((None, 1, 2)),
    "travel_km": st.sampled_from((None, 0.0, 1.5, float("nan"))),
    "goods_name": st.sampled_from((None, "a", "b", "cb")),
}


def rows(unknowns: bool) -> st.SearchStrategy[dict[str, Value]]:
    return st.fixed_dictionaries(
        {
            name: st.one_of(st.none(), LITERALS[kind]) if unknowns else LITERALS[kind]
            for kind, names in NAMES.items()
            for name in names
        }
    )


def oracle(source: str, values: dict[str, Value]) -> bool | str:
    """Ask the C++ evaluator: true, false, 'unknown' or 'error'."""
    data = {name: value for name, value in values.items() if value is not None}
    answer = environment().compile(source).eval(data=data).value()
    if isinstance(answer, bool):
        return answer
    return "unknown" if str(answer).startswith("UNKNOWN") else "error"


def ours(nodes: list[Node], values: dict[str, Value]) -> list[str]:
    """Per expression: 'fires', 'fails' or 'quiet', from one function generated for all of them."""
    names = {f"H{position}": (position, "fires") for position in range(len(nodes))}
    function = compiled(
        python_source(nodes),
        nodes,
        {**names, "nothing": (), "in_order": list, "failed": lambda position, _: (position, "fails")},
    )
    said = ["quiet"] * len(nodes)
    for position, what in function(row_of(values)):
        assert said[position] == "quiet", "a rule is reported once"
        said[position] = what
    return said


def meaning(answer: bool | str) -> str:
    if answer == "error":
        return "fails"
    return "fires" if answer is True else "quiet"


def checked(sources: list[str]) -> tuple[list[str], list[Node]]:
    """The expressions that are no constants, with their trees."""
    kept, nodes = [], []
    for source in sources:
        try:
            nodes.append(check(source))
        except ExpressionError as error:
            if "constant" not in error.message:
                raise
            continue
        kept.append(source)
    return kept, nodes


RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@RELAXED
@given(st.lists(truths(2), min_size=1, max_size=4), st.lists(rows(unknowns=False), min_size=1, max_size=4))
def test_the_generated_function_agrees_with_the_evaluator(sources: list[str], tables: list[dict[str, Value]]) -> None:
    sources, nodes = checked(sources)
    for table in tables:
        assert ours(nodes, table) == [meaning(oracle(source, table)) for source in sources]


@RELAXED
@given(st.lists(truths(2), min_size=1, max_size=4), st.lists(rows(unknowns=True), min_size=1, max_size=4))
def test_with_unknown_features_it_still_agrees(sources: list[str], tables: list[dict[str, Value]]) -> None:
    sources, nodes = checked(sources)
    for table in tables:
        assert ours(nodes, table) == [meaning(oracle(source, table)) for source in sources]


@settings(RELAXED, max_examples=250)
@given(st.lists(plain(3), min_size=1, max_size=6), st.lists(st.fixed_dictionaries(SMALL), min_size=10, max_size=10))
def test_rules_that_share_tests_still_agree(sources: list[str], tables: list[dict[str, Value]]) -> None:
    sources, nodes = checked(sources)
    for table in tables:
        assert ours(nodes, table) == [meaning(oracle(source, table)) for source in sources]


@RELAXED
@given(truths(2), st.lists(rows(unknowns=True), min_size=1, max_size=6))
def test_a_surely_known_feature_is_known_whenever_the_rule_fires(source: str, tables: list[dict[str, Value]]) -> None:
    _, nodes = checked([source])
    for node in nodes:
        for table in tables:
            if ours([node], table) == ["fires"]:
                assert all(table[name] is not None for name in surely_known(node))


@pytest.mark.parametrize(
    ("source", "values", "said"),
    [
        ("sender_sends_1d > 3", {}, "quiet"),
        ("sender_sends_1d > 3 || is_person", {"is_person": True}, "fires"),
        ("!(sender_sends_1d > 3)", {}, "quiet"),
        ("!(sender_sends_1d > 3 && is_person)", {"is_person": False}, "fires"),
        ("goods_name != 'a'", {}, "quiet"),
        ("goods_name == document_check", {}, "quiet"),
        ("is_person ? photos > 3 : goods_vague", {"goods_vague": True}, "quiet"),
        ("100 / photos > 3", {"photos": 0}, "fails"),
        ("100 / photos > 3 || is_person", {"photos": 0, "is_person": True}, "fires"),
        ("is_person && 100 / photos > 3", {"photos": 0, "is_person": False}, "quiet"),
        ("100 / photos > 3", {}, "quiet"),
        ("photos / 2 == -3", {"photos": -7}, "fires"),
        ("photos % 3 == -1", {"photos": -7}, "fires"),
        ("photos * photos > 0", {"photos": 2**40}, "fails"),
        ("travel_km / travel_kmh > 1.0", {"travel_km": 1.0, "travel_kmh": 0.0}, "fires"),
        ("travel_km / travel_kmh != 1.0", {"travel_km": 0.0, "travel_kmh": 0.0}, "fires"),
        ("int(travel_km) == -1", {"travel_km": -1.9}, "fires"),
        ("int(travel_km) == 1", {"travel_km": 1e30}, "fails"),
        ("double(photos) * 1.5 > 4.0", {"photos": 3}, "fires"),
        ("size(goods_name) == 2", {"goods_name": "汽油"}, "fires"),
        ("goods_name.matches('a$')", {"goods_name": "a\n"}, "quiet"),
        ("goods_name.matches('[0-9]{3}')", {"goods_name": "No 1234"}, "fires"),
        ("true && is_person", {"is_person": True}, "fires"),
        ("goods_name in []", {"goods_name": "a"}, "quiet"),
        ("(photos > 3 ? photos : sender_sends_1d) > 5", {"photos": 9}, "fires"),
    ],
)
def test_decided_cases(source: str, values: dict[str, Value], said: str) -> None:
    node = check(source)
    assert ours([node], values) == [said]
    assert meaning(oracle(source, values)) == said


def test_plain_expressions_are_the_rule_and_careful_ones_the_exception() -> None:
    assert is_plain(check("is_person && (sender_sends_1d > 3 || !(goods_name in ['a', 'b']))"))
    assert not is_plain(check("sender_sends_1d + sender_sends_7d > 3"))
    assert not is_plain(check("(is_person ? photos : sender_sends_1d) > 3"))


def test_every_feature_is_a_variable_of_its_type() -> None:
    literal = {FeatureType.BOOL: "true", FeatureType.INT: "1", FeatureType.DOUBLE: "1.0", FeatureType.STRING: "'a'"}
    for feature in FEATURES:
        node = check(f"{feature.name} == {literal[feature.type]}")
        assert node.features == (feature.name,)
        assert INDEX[feature.name] == FEATURES.index(feature)
