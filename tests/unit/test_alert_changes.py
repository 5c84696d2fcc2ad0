"""The changes between two revisions: from what to what, and never nothing where a finding is gone."""

import msgspec
import pytest

from parcelward.alerts.changes import NAMES, changes_between
from parcelward.alerts.facts import Facts, Found
from parcelward.features.table import FEATURES, Feature, FeatureType, Value

SAME = Facts()
SAMPLES: dict[FeatureType, tuple[Value, Value]] = {
    FeatureType.BOOL: (True, False),
    FeatureType.INT: (3, 1),
    FeatureType.DOUBLE: (3.5, 1.5),
    FeatureType.STRING: ("a", "b"),
}


def gone(**values: Value) -> list[Found]:
    return [Found("R99", "high", "曾有", "was", values)]


@pytest.mark.parametrize("feature", FEATURES, ids=[feature.name for feature in FEATURES])
def test_whatever_feature_a_finding_rested_on_its_change_is_named(feature: Feature) -> None:
    before, after = SAMPLES[feature.type]
    for now in (after, None):
        (change,) = changes_between(SAME, SAME, gone(**{feature.name: before}), {feature.name: now})
        assert change.what == feature.name
        assert (change.before, change.after) == (_plain(before), _plain(now))
        assert " → " in change.text.zh
        assert " → " in change.text.en


def _plain(value: Value) -> str | None:
    return None if value is None else str(value).lower()


def test_values_that_differ_are_never_shown_alike() -> None:
    (change,) = changes_between(SAME, SAME, gone(weight_ratio=3.0001), {"weight_ratio": 2.9999})
    assert change.text.zh.endswith("3.0001 → 2.9999")


def test_what_stayed_the_same_is_not_named() -> None:
    (change,) = changes_between(SAME, SAME, gone(weight_g=900, photos=0), {"weight_g": 900, "photos": 2})
    assert (change.what, change.text.zh) == ("photos", "验视照片数：0 → 2")


def test_a_finding_that_is_gone_on_the_same_values_was_of_a_rule_that_was_changed() -> None:
    (change,) = changes_between(SAME, SAME, gone(weight_g=900), {"weight_g": 900})
    assert (change.what, change.before, change.text.en) == ("rule", "R99", "rule R99 itself was changed")


def test_a_score_that_fell_is_named() -> None:
    (change,) = changes_between(SAME, SAME, gone(score=0.4123), {"score": 0.0512})
    assert (change.what, change.text.zh, change.text.en) == (
        "score",
        "模型评分：0.41 → 0.05",
        "model score: 0.41 → 0.05",
    )


def test_a_record_of_an_older_version_holds_no_values_and_says_nothing_of_them() -> None:
    older = msgspec.msgpack.encode(["R99", "high", "曾有", "was"])
    found = msgspec.msgpack.decode(older, type=Found)
    assert found.values == {}
    assert changes_between(None, SAME, [found], {"weight_g": 900}) == ()


def test_every_fact_has_a_name_in_both_languages() -> None:
    assert set(NAMES) == set(Facts.__struct_fields__)
