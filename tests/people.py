"""Couriers who answer and a desk that decides: in time and late, twice, on old revisions, as the wrong role, never.

They read what the worker publishes and write letters. Whoever publishes those is not their concern.
"""

import json
from random import Random
from typing import Any, NamedTuple
from zlib import crc32

from parcelward.contract.decisions import DECISION_TYPE
from parcelward.contract.instructions import ANSWER_TYPE
from parcelward.stage import SourceRecord
from parcelward.topics import Topics
from tests.builders import moment

ANALYSTS = [f"k1.{name:_<22}" for name in ("analyst", "other", "boss")]
CANARY = "13900006666"
"""A phone number that they write into free text: it must come out nowhere."""
NEXT_STEPS = {
    "raised": ("acknowledge", "assign", "outcome", "comment"),
    "reopened": ("acknowledge", "outcome"),
    "acknowledged": ("assign", "outcome", "instruct", "snooze", "release"),
    "in_work": ("outcome", "release", "comment"),
    "answered": ("outcome", "release"),
    "escalated": ("acknowledge", "outcome"),
    "expired": ("reopen", "acknowledge"),
    "withdrawn": ("release", "outcome"),
    "decided": ("reopen", "acknowledge"),
    "closed": ("comment", "reopen"),
}
"""Steps that somebody may try in a state; not all of them are allowed there, or to everybody."""


class Letter(NamedTuple):
    """An answer or a decision on its way; `astray` lies in another partition than its alert."""

    topic: str
    key: bytes
    value: bytes
    astray: bool = False

    def place(self, partitions: int) -> int:
        """Give the partition that it is written to."""
        return (crc32(self.key) + self.astray) % partitions


class People:
    """Reacts to instructions, referrals and cases. `name` makes the ids of its letters its own."""

    def __init__(self, topics: Topics, seed: int, name: str = "people", zeal: float = 0.45) -> None:
        self._topics, self._rng, self._name, self._zeal = topics, Random(seed), name, zeal
        self._number = 0

    def react(self, record: SourceRecord, now_ms: int) -> list[Letter]:
        """Give what is written because of a record, if anything is."""
        topics, rng = self._topics, self._rng
        if record.value is None or rng.random() > self._zeal:
            return []
        if record.topic.startswith(topics.instructions("")):
            letters = self._answer(json.loads(record.value), now_ms)
        elif record.topic == topics.referrals:
            letters = self._decide(json.loads(record.value), now_ms)
        elif record.topic == topics.cases:
            letters = self._decide_case(json.loads(record.value), now_ms)
        else:
            return []
        return letters * 2 if rng.random() < 0.1 else letters

    def _answer(self, told: dict[str, Any], now_ms: int) -> list[Letter]:
        rng, courier, waybill = self._rng, told["courier"], told["waybill"]
        data = {
            "alert_id": told["alert_id"],
            "revision": told["revision"] + rng.choice([0, 0, 0, 0, 1, -1 if told["revision"] > 1 else 0]),
            "courier": courier,
            "waybill": waybill,
            "result": rng.choice(["done", "done", "not_possible", "information"]),
            "found_goods": f"日用品 {CANARY}",
            "text": f"请联系 {CANARY}",
        }
        if rng.random() < 0.05:
            data["colour"] = "red"
        return [self._letter(self._topics.answers(courier), ANSWER_TYPE, waybill, data, now_ms)]

    def _decide(self, state: dict[str, Any], now_ms: int) -> list[Letter]:
        about = {"kind": "alert"} | {name: state[name] for name in ("alert_id", "courier", "waybill")}
        return [self._decision(about, state, state["waybill"], now_ms)]

    def _decide_case(self, case: dict[str, Any], now_ms: int) -> list[Letter]:
        if self._rng.random() < 0.6:
            return []
        about = {"kind": "case", "case_id": case["case_id"], "subject": case["subject"]}
        return [self._decision(about, case, case["subject"], now_ms)]

    def _decision(self, about: dict[str, Any], state: dict[str, Any], key: str, now_ms: int) -> Letter:
        rng, kind = self._rng, self._rng.choice(NEXT_STEPS[state["state"]])
        role = rng.choice(["analyst", "analyst", "supervisor"])
        confirmed = rng.choice(["dangerous_goods", "not_inspected"])
        outcome = rng.choice([("false_alarm", "release"), (confirmed, "keep"), ("false_alarm", "keep")])
        fields: dict[str, dict[str, Any]] = {
            "assign": {"to": rng.choice(ANALYSTS), "reason": rng.choice([None, f"见 {CANARY}"])},
            "outcome": {"outcome": outcome[0], "parcel": outcome[1], "comment": f"已核实 {CANARY}"},
            "comment": {"text": f"已联系 {CANARY}"},
            "instruct": {"action": rng.choice(["hold", "send_information"])},
            "snooze": {"until": moment(now_ms + rng.choice([1, 40]) * 86_400_000), "reason": "等待说明"},
            "release": {"reason": "复验无异常"},
            "reopen": {"reason": "收到新线索"},
        }
        old = state["revision"] > 1 and rng.random() < 0.15
        data = {
            "about": about,
            "revision": state["revision"] - old,
            "decided_by": {"role": role, "token": rng.choice(ANALYSTS)},
            "decision": {"kind": kind} | fields.get(kind, {}),
        }
        return self._letter(self._topics.decisions, DECISION_TYPE, key, data, now_ms)

    def _letter(self, topic: str, kind: str, key: str, data: dict[str, Any], now_ms: int) -> Letter:
        self._number += 1
        event = {
            "specversion": "1.0",
            "id": f"{self._name}-{self._number}",
            "source": "/tests",
            "type": kind,
            "time": moment(now_ms),
            "data": data,
        }
        value = json.dumps(event, ensure_ascii=False).encode()
        return Letter(topic, key.encode(), value, self._rng.random() < 0.1)
