"""The case that an alert belongs to: by its worst finding, and no red hidden in a case of another theme."""

from typing import Any

import pytest

from parcelward.cases.case import THEMES
from parcelward.cases.news import FindingNews
from parcelward.cases.subjects import FOR_THE_SHIFT, KINDS, SAMPLED, SUGGESTED, places_of
from parcelward.rules import load_pack
from tests.lives import news


def places(*rules: str, **changes: Any) -> list[tuple[str, str]]:
    told = news(*rules, **changes)
    return [(one.theme, one.subject(told.courier, told.outlet, told.waybill)) for one in places_of(told)]


def test_each_built_in_rule_has_its_kind_of_case_and_each_theme_its_name() -> None:
    assert {rule.id for rule in load_pack(None).rules} | {"model"} == set(KINDS)
    themes = {kind.theme for kind in (*KINDS.values(), SAMPLED, FOR_THE_SHIFT)}
    assert themes == set(THEMES)
    assert set(SUGGESTED) <= themes


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("R14", ("prohibited_goods", "document/k1.ZG9jdW1lbnRkb2N1bWVudA")),
        ("R7", ("identity_used_by_others", "document/k1.ZG9jdW1lbnRkb2N1bWVudA")),
        ("R3", ("inspection_missing", "outlet/swift/HZ-01")),
        ("R13", ("for_the_shift", "outlet/swift/HZ-01")),
    ],
)
def test_an_alert_belongs_to_the_case_of_its_worst_finding(rule: str, expected: tuple[str, str]) -> None:
    assert places(rule) == [expected]


def test_a_photo_is_one_case_whatever_parcels_carry_it_and_without_one_the_operator_is() -> None:
    assert (
        places("R10", photo="SF1")
        == places("R10", photo="SF1", waybill="SF9")
        == [("photo_reused", "photo/swift/HZ-01/SF1")]
    )
    assert places("R10") == [("photo_reused", "operator/swift/HZ-01/E1")]


def test_goods_without_a_document_are_a_case_of_their_parcel() -> None:
    assert places("R14", document=None) == [("prohibited_goods", "parcel/swift/SF0000000000001")]


def test_an_alert_with_red_findings_of_two_themes_lies_in_both_cases() -> None:
    assert [theme for theme, _ in places("R3", "R14")] == ["prohibited_goods", "inspection_missing"]


def test_a_yellow_finding_beside_a_red_one_opens_no_case_of_its_own() -> None:
    assert [theme for theme, _ in places("R3", "R13")] == ["inspection_missing"]


def test_what_was_red_once_is_not_put_among_the_yellow() -> None:
    assert [theme for theme, _ in places("R13", lane="red")] == ["goods_differ"]


def test_a_rule_of_ones_own_pack_is_a_theme_of_its_own() -> None:
    own = news("R3", findings=(FindingNews("N1", "high", "verify_identity", "夜间", "at night"),))
    assert [(one.theme, one.kind) for one in places_of(own)] == [("rule_N1", "document")]


def test_random_checks_are_one_case_of_their_courier() -> None:
    drawn = news("R3", findings=(), lane="green_sampled", cleared=False)
    assert [(one.theme, one.subject("swift", "HZ-01", "SF1")) for one in places_of(drawn)] == [
        ("random_check", "courier/swift")
    ]
