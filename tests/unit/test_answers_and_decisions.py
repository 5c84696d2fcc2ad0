"""Answers and decisions as records: read whichever way they come, or refused with a reason, as on intake."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from parcelward.cases.incoming import read
from parcelward.cases.referral import AnswerHop, DecisionHop, decision_hop, decision_of
from parcelward.contract.decisions import AboutAlert, Decision
from parcelward.intake.decode import Limits
from parcelward.intake.refusal import Rejected
from parcelward.moments import epoch_ms
from parcelward.stage import Record
from parcelward.topics import Topics

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
ANSWER: dict[str, Any] = json.loads((EXAMPLES / "answer/valid/not-possible.json").read_text())
DECISION: dict[str, Any] = json.loads((EXAMPLES / "decision/valid/acknowledge.json").read_text())


def record(event: dict[str, Any], topic: str = "answers.swift", key: bytes | None = b"SF1234567890123") -> Record:
    at = epoch_ms(ANSWER["time"])
    assert at is not None
    return Record(topic, 0, 0, at + 500, key, json.dumps(event, ensure_ascii=False).encode())


def decided(decision: dict[str, Any], about: dict[str, Any] | None = None) -> Record:
    data = DECISION["data"] | {"decision": decision} | ({} if about is None else {"about": about})
    return record(DECISION | {"data": data}, "decisions")


def binary(event: dict[str, Any], topic: str = "answers.swift") -> Record:
    names = ("specversion", "id", "source", "type", "time")
    headers = [(f"ce_{name}", str(event[name]).encode()) for name in names]
    return record(event, topic)._replace(value=json.dumps(event["data"]).encode(), headers=headers)


def reason(record: Record) -> str:
    answer = read(record, Topics(), Limits())
    assert isinstance(answer, Rejected), answer
    return answer.reason.value


def test_an_answer_is_the_same_structured_in_binary_mode_and_in_base64() -> None:
    in_base64 = {name: value for name, value in ANSWER.items() if name != "data"}
    in_base64["data_base64"] = base64.b64encode(json.dumps(ANSWER["data"]).encode()).decode()
    ways = [read(one, Topics(), Limits()) for one in (record(ANSWER), binary(ANSWER), record(in_base64))]
    assert isinstance(ways[0], AnswerHop)
    assert ways[0] == ways[1] == ways[2]
    assert (ways[0].result, ways[0].revision) == ("not_possible", 1)


@pytest.mark.parametrize("path", sorted((EXAMPLES / "decision.data/valid").glob("*.json")), ids=lambda path: path.stem)
def test_each_kind_of_decision_is_read_and_can_be_passed_on(path: Path) -> None:
    data = json.loads(path.read_text())
    about = data["about"]
    key = about.get("waybill") or about["subject"]
    hop = read(record(DECISION | {"data": data}, "decisions", key.encode()), Topics(), Limits())
    assert isinstance(hop, DecisionHop), hop
    assert hop.step == data["decision"]["kind"]
    if isinstance(Decision.model_validate_json(path.read_text()).about, AboutAlert):
        again = decision_of(hop, about["courier"], about["waybill"])
        assert decision_hop(hop.mark, again) == hop


def test_personal_values_in_what_a_courier_writes_go_no_further() -> None:
    found = ANSWER | {"data": ANSWER["data"] | {"found_goods": "衣服 13800138000"}}
    hop = read(record(found), Topics(), Limits())
    assert isinstance(hop, AnswerHop)
    assert hop.found_goods == "衣服 ****"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (record(ANSWER)._replace(value=None), "tombstone"),
        (record(ANSWER)._replace(value=b"{"), "invalid_json"),
        (record(ANSWER)._replace(value=b'{"id": "1", "id": "2", "specversion": "1.0"}'), "duplicate_field"),
        (record(ANSWER)._replace(value=b"[]"), "not_cloudevents"),
        (record(ANSWER)._replace(value=b" " * 70_000), "too_large"),
        (record(ANSWER, key=b"SF9999999999999"), "key_mismatch"),
        (record(ANSWER, key=None), "missing_key"),
        (record(ANSWER, topic="answers.orient"), "wrong_courier"),
        (record(ANSWER | {"time": "2026-10-23T09:33:00+08:00"}), "time_out_of_range"),
        (record(ANSWER | {"type": "cn.delivery.acceptance.realname.v1"}), "unknown_type"),
        (record(ANSWER | {"xphone": "13800138000"}), "invalid_value"),
        (record(ANSWER | {"data": ANSWER["data"] | {"revision": 0}}), "invalid_value"),
        (record(ANSWER | {"data": ANSWER["data"] | {"name": "王小明"}}), "unknown_field"),
        (record(DECISION, topic="answers.swift"), "unknown_type"),
        (decided({"kind": "delete"}), "invalid_value"),
        (decided({}), "missing_field"),
        (decided({"kind": "reopen", "reason": {"text": "复验"}}), "wrong_type"),
        (decided({"kind": "assign", "to": 7}), "wrong_type"),
        (decided({"kind": "release", "reason": "复验无异常", "until": "x"}), "unknown_field"),
        (decided({"kind": "acknowledge"}, {"kind": "case", "case_id": "c", "subject": "王小明"}), "invalid_value"),
        (binary(ANSWER)._replace(headers=[("ce_id", b"\xff")]), "invalid_encoding"),
    ],
)
def test_a_record_that_breaks_the_contract_is_refused_with_its_reason(changed: Record, expected: str) -> None:
    assert reason(changed) == expected
    answer = read(changed, Topics(), Limits())
    assert isinstance(answer, Rejected)
    assert "王小明" not in answer.detail
