"""Reason texts: formats that cannot fill memory, and numbers shown with decimals enough to differ from their limits."""

import re
from time import monotonic

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from parcelward.alerts.model_finding import model_finding
from parcelward.contract.alerts import Action, Score
from parcelward.features.table import FEATURES, FeatureType
from parcelward.rules import finding_of, load_pack
from parcelward.rules.pack import row_of
from parcelward.rules.text import MAX_LENGTH, template

NUMBERS = st.one_of(st.integers(-(10**6), 10**6).map(float), st.floats(-1e6, 1e6))
NEAR = st.sampled_from([0.0, 1e-9, -1e-9, 1e-4, -1e-4, 0.004, -0.004, 0.04, 0.4, -0.4, 0.5, 1.0])
FORMATS = ("", ":.0f", ":.1f", ":,.0f", ":minutes", ":cap999999999", ":+.0%", ":.2e", ":.3g", ":,", ":8.2f", ":f")


@pytest.mark.parametrize(
    "spec",
    ["20000000d", "9999999999d", "40d", ".10f", ".999999999f", "1000000000000000000000", "n", "c", "b", "_", "=5", "zz",
     "0>99999", "s", "cap0", "cap9999999999", "minutes5", "{photos}"],
)  # fmt: skip
def test_a_format_that_is_not_bounded_is_refused_at_once(spec: str) -> None:
    began = monotonic()
    with pytest.raises(ValueError, match=r"cannot format|brace"):
        template(f"{{weight_g:{spec}}}", "en")
    assert monotonic() - began < 0.1


@pytest.mark.parametrize("name", [next(f.name for f in FEATURES if f.type is kind) for kind in FeatureType])
def test_a_format_that_does_not_fit_the_type_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"cannot format .{name}. with ':q'; "):
        template(f"{{{name}:q}}", "en")


@pytest.mark.parametrize(
    ("text", "said"), [("x" * (MAX_LENGTH + 1), "longer than 1,000 characters"), ("{photos}" * 21, "more than 20 plac")]
)
def test_a_text_has_bounds(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        template(text, "en")


@pytest.mark.parametrize(
    ("spec", "value", "limit", "shown"),
    [
        (":.0f", 30.4, 30.0, "30.4"),
        (":.0f", 30.0, 30.0, "30"),
        (":.0f", 4.6, 5.0, "4.6"),
        (":.0f", 600.0, 30.0, "600"),
        (":minutes", -601.0, -600.0, "10.02"),
        (":minutes", -1800.0, -600.0, "30"),
        (":+.0%", -0.204, -0.2, "-20.4%"),
        (":.1f", 0.04, 0.1, "0.04"),
        (":cap1000", 300.2, 300.0, "300.2"),
        (":cap1000", 5000.0, 300.0, "over 1,000"),
        ("", 0.1300001, 0.13, "0.1300001"),
    ],
)
def test_a_value_is_shown_apart_from_its_limit(spec: str, value: float, limit: float, shown: str) -> None:
    assert template(f"{{travel_km{spec}}}", "en").fill(row_of({"travel_km": value}), {"travel_km": (limit,)}) == shown


def number_in(shown: str, spec: str) -> float:
    """The number that a reader takes from a text, in the unit of the value; minutes without their sign."""
    number = float(shown.replace(",", "").rstrip("%"))
    return number * 60 if spec == ":minutes" else number / 100 if spec.endswith("%") else number


@settings(deadline=None)
@given(st.sampled_from(FORMATS), NUMBERS, NEAR)
@example(":minutes", -600.0, -0.004)
@example("", 0.0, -1e-9)
def test_a_value_beyond_its_limit_is_shown_beyond_it(spec: str, limit: float, off: float) -> None:
    value = limit + off
    parsed = template(f"{{travel_km{spec}}}", "en")
    said = number_in(parsed.fill(row_of({"travel_km": value}), {"travel_km": (limit,)}), spec)
    if spec == ":minutes":
        value, limit = abs(value), abs(limit)
    if value != limit:
        assert (said > limit) is (value > limit)
        assert (said < limit) is (value < limit)


@given(st.sampled_from([(one.id, name) for one in load_pack(None).rules for name in one.limits]), NEAR)
def test_no_built_in_reason_shows_a_limit_where_the_value_is_another(of: tuple[str, str], off: float) -> None:
    rule = next(one for one in load_pack(None).rules if one.id == of[0])
    for limit in rule.limits[of[1]]:
        if isinstance(limit, int) or off == 0:
            continue
        texts = [
            tuple(text.fill(row_of({of[1]: value}), rule.limits) for text in (rule.reason_zh, rule.reason_en))
            for value in (limit, limit + off)
        ]
        if f"{{{of[1]}" in rule.reason_en.fill(row_of({}), {}) or any(
            place.feature == of[1] for place in rule.reason_en.placeholders
        ):
            assert texts[0][0] != texts[1][0]
            assert texts[0][1] != texts[1][1]


def test_the_hasty_inspection_is_not_said_to_take_the_five_seconds_it_took_less_than() -> None:
    row = row_of({"inspection_done": True, "sender_kind": "person", "operator_fast_gaps_1h": 7, "operator_gap_s": 4.97})
    (hit,) = (one for one in load_pack(None).evaluate(row) if one.rule.id == "R9")
    assert "before: 4.97;" in finding_of(hit, row).reason.en


@given(st.integers(0, 100).map(lambda n: n / 100), st.one_of(st.just(0.0), st.floats(1e-15, 0.01)))
@example(0.13, 0.0004)
def test_the_score_of_a_finding_is_shown_apart_from_the_threshold(threshold: float, off: float) -> None:
    value = min(threshold + off, 1.0)
    score = Score(value=value, threshold=threshold, model_version="m", contributions=())
    said = model_finding(score, Action.REINSPECT).reason
    match = re.search(r"risk score (\S+) is (over|at) (\S+)$", said.en)
    assert match is not None
    assert (float(match[1]) > float(match[3])) is (value > threshold) is (match[2] == "over")
    assert f"{match[1]}{'超过' if match[2] == 'over' else '达到'}阈值{match[3]}" in said.zh
