"""Word to the counter about every parcel: once its records are complete, and only if nothing is to be done."""

import json
from typing import Any

import pytest

from parcelward.contract.instructions import Instruction
from parcelward.errors import UserError
from parcelward.screening.in_memory import Pipeline, Result
from parcelward.settings import load_settings
from tests.builders import SECOND, T0, alerts_of, inspection, pipeline, real_name, record

WAYBILL = "SF1234567890123"


def told(*results: Result) -> list[Instruction]:
    """Instructions that left, oldest first."""
    sends = [send for result in results for send in result.followed if send.topic == "instructions.swift"]
    return [Instruction.model_validate_json(send.value or b"") for send in sends]


def line(**changes: Any) -> Pipeline:
    return pipeline(answer_every_parcel=("swift",), **changes)


def accepted(at: int = T0, **changes: Any) -> Any:
    return record(real_name(WAYBILL, **changes), at)


def inspected(at: int = T0 + 5 * SECOND, **changes: Any) -> Any:
    return record(inspection(WAYBILL, **changes), at)


def test_a_parcel_about_which_nothing_is_to_be_done_is_told_once_its_records_are_complete() -> None:
    stages = line()
    assert told(stages.feed([accepted()])) == []
    (word,) = told(stages.feed([inspected()]))
    assert (word.action, word.revision, word.hold, word.answer_by, word.waybill) == ("proceed", 0, False, None, WAYBILL)
    again = told(stages.feed([inspected(T0 + 9 * SECOND)]))
    assert [(one.alert_id, one.revision) for one in again] == [(word.alert_id, 0)]


def test_records_in_the_other_order_lead_to_the_same_word() -> None:
    stages = line()
    first = stages.feed([inspected(T0)])
    assert told(first) == []
    assert [one.action for one in told(stages.feed([accepted(T0 + SECOND)]))] == ["proceed"]


def test_what_must_not_travel_is_never_told_to_proceed() -> None:
    stages = line()
    results = stages.feed([accepted(goods={"name": "雷管"})]), stages.feed([inspected()])
    assert [one.action for one in told(*results)] == ["refuse"]


def test_a_yellow_alert_asks_nothing_when_it_is_raised_and_may_have_been_asked_about_later() -> None:
    """By the time of a later record a person may have given an instruction, of which this stage knows nothing."""
    stages = line()
    stages.feed([inspected(T0)])
    raised = stages.feed([accepted(T0 + SECOND, weight_g=60_000)])
    assert [alert.lane for alert in alerts_of(raised)] == ["yellow"]
    assert [one.action for one in told(raised)] == ["proceed"]
    assert told(stages.feed([inspected(T0 + 90 * SECOND)])) == []


def test_danger_that_is_found_later_comes_with_a_higher_revision_of_the_same_alert() -> None:
    stages = line()
    (word,) = told(stages.feed([accepted(), inspected()]))
    corrected = record(inspection(WAYBILL, result="prohibited_found", found_goods="雷管") | {}, T0 + 60 * SECOND)
    later = told(stages.feed([corrected]))
    assert [(one.alert_id == word.alert_id, one.revision > word.revision) for one in later] in ([], [(True, True)])


def test_the_word_comes_with_batches_of_any_size_and_nobody_else_hears_it() -> None:
    one_by_one = line()
    apart = told(*(one_by_one.feed([one]) for one in (accepted(), inspected())))
    assert told(line().feed([accepted(), inspected()])) == apart
    assert told(pipeline().feed([accepted(), inspected()])) == []


def test_the_word_is_what_the_contract_says_to_the_letter() -> None:
    result = line().feed([accepted(), inspected()])
    (send,) = [send for send in result.followed if send.topic == "instructions.swift"]
    whole = json.loads(send.value or b"")
    assert set(whole) == set(Instruction.model_fields)
    headers = dict(send.headers)
    assert headers["ce_id"].decode() == f"{whole['alert_id']}:0"
    assert headers["ce_type"] == b"cn.delivery.referral.instruction.v1"


def test_a_courier_that_is_none_is_named() -> None:
    with pytest.raises(UserError, match=r"answer_every_parcel.*nobody is none of the couriers"):
        load_settings(answer_every_parcel="nobody")
