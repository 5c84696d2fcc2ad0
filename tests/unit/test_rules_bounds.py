"""A pack that is sound can never stop a worker: every size is bounded, and the check says so quickly."""

from pathlib import Path
from time import monotonic, perf_counter

import pytest

from parcelward.errors import UserError
from parcelward.rules import load_pack
from parcelward.rules.check import ExpressionError, check
from parcelward.rules.cost import MAX_STEPS, steps
from parcelward.rules.pack import row_of
from tests.unit.test_rules import RULE, with_expr, write

LARGE = 400_000


def refused(path: Path) -> str:
    began = monotonic()
    with pytest.raises(UserError) as caught:
        load_pack(path)
    assert monotonic() - began < 5
    assert len(str(caught.value)) < 1000
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[" * LARGE, "not well-formed"),
        ("version: a\nrules: " + "{" * LARGE, "not well-formed"),
        ("- " * LARGE, "not well-formed"),
        ("version: a\nrules: [" + "a: 1," * LARGE + "]", "larger than"),
        ("version: a\nrules: [" + "a: 1," * (LARGE // 4) + "]", "more than 20,000 values"),
        ("version: 1" + ":1" * LARGE + "\nrules: [1]", "longer than 40 characters and no text"),
        ("version: 0x" + "f" * LARGE + "\nrules: [1]", "longer than 40 characters and no text"),
        ("version: " + "1" * 23 + "\nrules: [1]", "must be text"),
        ("version: '" + "1" * 23 + "'\nrules: [1]", "more than 14 digits"),
        ("version: a\nrules: [" + "1," * 301 + "]", "301 rules; 300 are allowed"),
    ],
)
def test_a_file_made_to_hurt_is_refused_quickly(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "pack.yaml"
    path.write_text(content, encoding="utf-8")
    assert said in refused(path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version: 1\n", f"version: {'1' * 23}\n", "must be at most 999,999,999"),
        ("version: 1\n", "version: 1000000000\n", "must be at most 999,999,999"),
        ("一天{sender_sends_1d}件", "一天{sender_sends_1d:20000000d}件", "cannot format"),
        ("一天{sender_sends_1d}件", "一天{sender_sends_1d:9999999999d}件", "cannot format"),
        ("一天{sender_sends_1d}件", "柜" * 1001, "longer than 1,000 characters"),
        ("一天{sender_sends_1d}件", "3号柜 #3 {sender_sends_1d}", "ends before '#', which begins a comment"),
        ("about: Too many.", "about: Too many at counter #3.", "ends before '#'"),
        ("邮政法 第七十五条", "邮政法 #3", "ends before '#'"),
        ("expr: sender_sends_1d > 3", "expr: sender_sends_1d > 3 #3", "ends before '#'"),
    ],
)
def test_a_value_out_of_bounds_or_cut_off_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in RULE
    assert said in refused(write(tmp_path, RULE.replace(old, new)))


def test_a_hash_sign_in_quotes_or_after_a_code_is_none_of_our_business(tmp_path: Path) -> None:
    rule = RULE.replace("about: Too many.", 'about: "Too many at counter #3."').replace(
        "owner: goods", "owner: goods # g"
    )
    assert load_pack(write(tmp_path, rule)).rules[0].about == "Too many at counter #3."


def nested(text: str, times: int) -> str:
    inner = "is_person"
    for _ in range(times):
        inner = text.format(inner)
    return inner


@pytest.mark.parametrize(
    "expr",
    [
        nested("({} ? physical_read : goods_vague)", 20),
        nested("(physical_read ? {} : goods_vague)", 20),
        "(" * 990 + "is_person" + ")" * 990,
        "photos" + " + 1" * 400 + " > 3",
        "photos in " + "[" * 900 + "]" * 900,
        "[1, 2].all(i, " * 40 + "is_person" + ")" * 40,
        " + ".join(["goods_name"] * 100) + " == 'a'",
        "goods_name.matches('" + "(.{0,100}){5}" + "')",
        "photos > 99999999999999999999999",
        "is_person && " * 200 + "is_person",
    ],
)
def test_an_expression_made_to_hurt_is_refused_quickly(expr: str) -> None:
    began = monotonic()
    with pytest.raises(ExpressionError):
        check(expr)
    assert monotonic() - began < 1


def test_a_pack_of_more_steps_than_a_parcel_may_take_is_refused(tmp_path: Path) -> None:
    def rule(number: int) -> str:
        tests = " || ".join(f"goods_name.matches('[ab]*a[ab]{{{300 + n}}}{number}')" for n in range(8))
        return with_expr(f'"{tests} || photos > 3"', "{photos: 4}", "{photos: 0}", "x", f"R{number}")

    assert f"{MAX_STEPS:,} are allowed" in refused(write(tmp_path, *map(rule, range(9))))


def test_the_heaviest_pattern_that_is_allowed_takes_milliseconds_at_worst(tmp_path: Path) -> None:
    expr = "\"goods_name.matches('[ab]*a[ab]{900}c') || photos > 3\""
    pack = load_pack(write(tmp_path, with_expr(expr, "{photos: 4}", "{photos: 0}")))
    name = "".join("ab"[number * number // 7 % 2] for number in range(200))
    began = perf_counter()
    pack.evaluate(row_of({"goods_name": name, "photos": 0}))
    assert perf_counter() - began < 0.2


def test_the_built_in_pack_is_far_below_the_bound() -> None:
    assert steps(rule.expression for rule in load_pack(None).rules) < MAX_STEPS / 40
