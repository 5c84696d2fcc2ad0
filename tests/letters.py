"""Records of couriers and of the platform about alerts: answers and decisions as CloudEvents, for tests."""

import itertools
import json
from typing import Any
from zlib import crc32

from parcelward.contract.decisions import DECISION_TYPE
from parcelward.contract.instructions import ANSWER_TYPE
from parcelward.contract.referrals import Case, Referral
from parcelward.stage import Record
from tests.builders import moment
from tests.lives import ANALYST

_numbers = itertools.count(1)


def letter(topic: str, kind: str, key: str, data: dict[str, Any], at: int, partitions: int = 1) -> Record:
    """A structured CloudEvent that arrived at `at`, in the partition of its key."""
    number = next(_numbers)
    event = {
        "specversion": "1.0",
        "id": f"letter-{number}",
        "source": "/tests",
        "type": kind,
        "time": moment(at),
        "data": data,
    }
    value = json.dumps(event, ensure_ascii=False).encode()
    return Record(topic, crc32(key.encode()) % partitions, number, at, key.encode(), value)


def answer_to(about: Referral, at: int, result: str = "done", partitions: int = 1, **changes: Any) -> Record:
    """The courier's answer to the instruction that stands."""
    assert about.asked is not None
    data = {
        "alert_id": about.alert_id,
        "revision": about.asked.revision,
        "courier": about.courier,
        "waybill": about.waybill,
        "result": result,
    }
    return letter(f"answers.{about.courier}", ANSWER_TYPE, about.waybill, data | changes, at, partitions)


def decided_on(about: Referral | Case, at: int, partitions: int = 1, role: str = "analyst", **decision: Any) -> Record:
    """A decision of an analyst on an alert or a case, made on this revision of it."""
    if isinstance(about, Case):
        whom: dict[str, Any] = {"kind": "case", "case_id": about.case_id, "subject": about.subject}
        key = about.subject
    else:
        names = ("alert_id", "courier", "waybill")
        whom = {"kind": "alert"} | {name: getattr(about, name) for name in names}
        key = about.waybill
    data = {
        "about": whom,
        "revision": about.revision,
        "decided_by": {"role": role, "token": ANALYST},
        "decision": decision,
    }
    return letter("decisions", DECISION_TYPE, key, data, at, partitions)
