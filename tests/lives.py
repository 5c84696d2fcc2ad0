"""One-line builders of news of alerts, answers and decisions, for tests of an alert's life."""

import itertools
from dataclasses import replace
from typing import Any

from parcelward.cases.life import Life, Result
from parcelward.cases.news import AlertNews, FindingNews
from parcelward.cases.referral import AnswerHop, DecisionHop, ReferralRecord
from parcelward.cases.times import Times
from parcelward.topics import Topics
from tests.builders import T0, settings

ANALYST, OTHER, BOSS = (f"k1.{name:_<22}" for name in ("analyst", "other", "boss"))
ALERT = "6f9619ff-8b86-5011-b42d-00c04fc964ff"
SEVERITY = {
    "R14": "critical",
    "R3": "high",
    "R7": "high",
    "R10": "high",
    "R4": "medium",
    "R13": "medium",
    "R8": "medium",
}
ACTION = {
    "R14": "refuse",
    "R3": "reinspect",
    "R7": "verify_identity",
    "R10": "reinspect",
    "R4": "hold",
    "R13": "reinspect",
    "R8": "verify_identity",
}
_marks = itertools.count(1)

TIMES = Times.from_settings(settings())
LIFE = Life(Topics(), TIMES)


def news(*rules: str, at: int = T0, revision: int = 1, **changes: Any) -> AlertNews:
    """News of an alert with findings of these rules, the worst first; without any it is cleared."""
    ordered = sorted(rules, key=lambda rule: ("critical", "high", "medium").index(SEVERITY[rule]))
    worst = ordered[0] if ordered else None
    values: dict[str, Any] = {
        "at_ms": at,
        "alert_id": ALERT,
        "revision": revision,
        "courier": "swift",
        "waybill": "SF0000000000001",
        "outlet": "HZ-01",
        "operator": "E1",
        "lane": "yellow" if worst and SEVERITY[worst] == "medium" else "red",
        "action": ACTION[worst or "R14"],
        "cleared": not ordered,
        "parcel": "at_outlet",
        "findings": tuple(
            FindingNews(rule, SEVERITY[rule], ACTION[rule], f"{rule}的原因", f"why {rule}") for rule in ordered
        ),
        "document": "k1.ZG9jdW1lbnRkb2N1bWVudA",
    }
    return AlertNews(**(values | changes))


def raised(*rules: str, **changes: Any) -> ReferralRecord:
    """The state of an alert that was just raised."""
    record = LIFE.hear(None, news(*rules, **changes)).record
    assert record is not None
    return record


def first_heard(first: AlertNews, life: Life = LIFE) -> Result:
    """The outcome of a new alert: the instruction that leaves with it, and what its referral sends."""
    result, instruction = life.hear(None, first), life.first_instruction(first)
    return replace(result, sends=(*([instruction] if instruction else []), *result.sends))


def decision(step: str, revision: int, by: str = ANALYST, role: str = "analyst", **changes: Any) -> DecisionHop:
    """A decision on the alert."""
    values: dict[str, Any] = {
        "mark": next(_marks).to_bytes(8),
        "about": ALERT,
        "key": "swift/SF0000000000001",
        "revision": revision,
        "role": role,
        "by": by,
        "step": step,
    }
    extra: dict[str, dict[str, Any]] = {
        "assign": {"to": by},
        "instruct": {"action": "send_information"},
        "outcome": {"outcome": "false_alarm"},
        "comment": {"words": "已联系网点"},
        "release": {"words": "复验无异常"},
        "reopen": {"words": "收到新线索"},
        "snooze": {"words": "等待说明"},
    }
    return DecisionHop(**(values | extra.get(step, {}) | changes))


def answer(revision: int, result: str = "done", **changes: Any) -> AnswerHop:
    """The courier's answer."""
    values: dict[str, Any] = {
        "mark": next(_marks).to_bytes(8),
        "alert_id": ALERT,
        "revision": revision,
        "courier": "swift",
        "waybill": "SF0000000000001",
        "result": result,
    }
    return AnswerHop(**(values | changes))
