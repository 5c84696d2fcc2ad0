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


def answer_for(
    courier: str, waybill: str, alert_id: str, revision: int, at: int, partitions: int = 1, **changes: Any
) -> Record:
    """A courier's answer to an instruction."""
    data = {"alert_id": alert_id, "revision": revision, "courier": courier, "waybill": waybill, "result": "done"}
    return letter(f"answers.{courier}", ANSWER_TYPE, waybill, data | changes, at, partitions)


def decision_for(
    courier: str,
    waybill: str,
    alert_id: str,
    revision: int,
    at: int,
    partitions: int = 1,
    role: str = "analyst",
    **decision: Any,
) -> Record:
    """A decision on an alert."""
    whom = {"kind": "alert", "alert_id": alert_id, "courier": courier, "waybill": waybill}
    return _decision(whom, waybill, revision, at, partitions, role, decision)


def answer_to(about: Referral, at: int, partitions: int = 1, **changes: Any) -> Record:
    """The courier's answer to the instruction that stands."""
    assert about.asked is not None
    revision = about.asked.revision
    return answer_for(about.courier, about.waybill, about.alert_id, revision, at, partitions, **changes)


def decided_on(about: Referral | Case, at: int, partitions: int = 1, role: str = "analyst", **decision: Any) -> Record:
    """A decision of an analyst on an alert or a case, made on this revision of it."""
    if isinstance(about, Case):
        whom = {"kind": "case", "case_id": about.case_id, "subject": about.subject}
        return _decision(whom, about.subject, about.revision, at, partitions, role, decision)
    whom = {"kind": "alert"} | {name: getattr(about, name) for name in ("alert_id", "courier", "waybill")}
    return _decision(whom, about.waybill, about.revision, at, partitions, role, decision)


def _decision(
    whom: dict[str, Any], key: str, revision: int, at: int, partitions: int, role: str, decision: dict[str, Any]
) -> Record:
    by = {"role": role, "token": ANALYST}
    data = {"about": whom, "revision": revision, "decided_by": by, "decision": decision}
    return letter("decisions", DECISION_TYPE, key, data, at, partitions)
