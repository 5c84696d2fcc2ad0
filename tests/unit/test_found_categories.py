"""Every category of the list that an inspector writes down is a finding, but publications are nobody's business."""

from typing import Any

import pytest

from parcelward.contract.alerts import Alert, Lane
from parcelward.contract.cards import ContactRole
from parcelward.goods import REPORTED_AT_ONCE
from parcelward.intake.event import InspectionData
from parcelward.rules.words import CATEGORY
from parcelward.stage import Record
from tests.builders import MINUTE, T0, alerts_of, feed_all, inspection, pipeline, real_name, record, rules_of
from tests.decoding import accepted, envelope, structured


def category_of(one: Record) -> str | None:
    data = accepted(one).data
    assert isinstance(data, InspectionData)
    return data.found_category


def screened(**found: Any) -> list[Alert]:
    return alerts_of(feed_all(pipeline(), [record(real_name()), record(inspection(**found), T0 + MINUTE)]))


def test_a_category_that_the_inspector_writes_down_is_red() -> None:
    found = [(category, result) for category in CATEGORY for result in ("passed", "refused_prohibited")]
    line = pipeline()
    for number, (category, result) in enumerate(found):
        waybill = f"SF{number:013}"
        line.feed([record(real_name(waybill))])
        data = inspection(waybill, found_category=category, found_goods="象牙", result=result)
        (alert,) = alerts_of(line.feed([record(data, T0 + MINUTE)]))
        assert "F1" in [finding.rule for finding in alert.findings]
        assert alert.lane is Lane.RED
        assert alert.card is not None
        first = alert.card.contacts[0].role
        assert (first is ContactRole.POLICE_110) == (category in REPORTED_AT_ONCE), category


@pytest.mark.parametrize("result", ["passed", "refused_prohibited"])
def test_publications_are_accepted_and_never_judged(result: str) -> None:
    data = inspection(found_category="13", result=result)
    line = pipeline()
    said = feed_all(line, [record(real_name()), record(data, T0 + MINUTE)])
    assert (rules_of(said), said.rejected) == ([], [])
    assert category_of(record(data)) is None


@pytest.mark.parametrize(("written", "read"), [("5", "05"), ("05", "05"), ("1", "01"), ("17", "17"), ("13", None)])
def test_a_category_without_its_nought_is_read_as_with_it(written: str, read: str | None) -> None:
    data = inspection(found_category=written)
    event = structured(envelope(data=data, type="cn.delivery.acceptance.inspection.v1"))
    by_model = record(data | {"weight_g": 900.0})
    assert {category_of(one) for one in (record(data), event, by_model)} == {read}


def test_an_inspector_who_writes_that_nothing_was_found_raises_nothing() -> None:
    for said in ("无违禁品，未见打火机", "没有打火机", "衣服，无打火机、电池", "未发现违禁品", "no lighter"):
        assert screened(found_goods=said) == [], said


def test_goods_that_were_taken_out_are_at_most_a_look() -> None:
    (alert,) = screened(found_goods="已取出打火机，其余为衣服")
    assert (alert.lane, [finding.rule for finding in alert.findings]) == (Lane.YELLOW, ["F1B"])
    assert "已取出禁寄物品：打火机" in alert.findings[0].reason.zh


def test_drugs_that_were_taken_out_are_red_all_the_same() -> None:
    (alert,) = screened(found_goods="已取出海洛因，其余为衣服")
    assert alert.lane is Lane.RED
    assert "F1" in [finding.rule for finding in alert.findings]
