"""An alert in the terminal: one language, times that say their day and zone, and always a reason."""

import json
from datetime import UTC, date, timedelta, timezone
from typing import Any

import pytest

from parcelward.alerts.terminal import Language, alert_lines
from parcelward.contract.alerts import Action, Alert
from parcelward.moments import zone_name

CHINA = timezone(timedelta(hours=8))


def alert(**changes: Any) -> Alert:
    body = {
        "alert_id": "id-1",
        "revision": 2,
        "state": "open",
        "courier": "swift",
        "waybill": "SF0001",
        "outlet": "HZ-1",
        "lane": "green_sampled",
        "action": "reinspect",
        "raised_at": "2026-11-23T10:30:00.000Z",
        "due_by": "2026-11-24T10:30:00.000Z",
        "findings": [],
        "score": {"value": 0.91, "threshold": 0.8, "model_version": "1", "contributions": []},
        "parties": {},
        "evidence": [],
        "rule_pack_version": "acceptance-1",
        "summary": {"zh": "未发现问题", "en": "nothing found"},
    }
    return Alert.model_validate_json(json.dumps(body | changes))


def shown(language: Language = "en", **changes: Any) -> str:
    return alert_lines(alert(**changes), language, zone=CHINA).plain


def test_a_deadline_on_another_day_says_its_date_and_zone() -> None:
    assert " 18:30:00 swift/HZ-1" in shown()
    assert "by 2026-11-24 18:30:00 UTC+8" in shown()
    assert "by 19:30:00 UTC+8" in shown(due_by="2026-11-23T11:30:00.000Z")


def test_what_is_found_when_the_time_to_decide_has_passed_is_due_now() -> None:
    due = "2026-11-23T10:30:00.000Z"
    assert " now, due since 18:30:00 UTC+8" in shown(due_by=due)
    assert "，立即处置，时限已到：18:30:00 UTC+8" in shown("zh", due_by=due)
    assert " by 18:30:00 UTC+8" in shown(due_by=due, state="cleared_by_evidence")


def test_an_alert_of_another_day_says_its_date() -> None:
    text = alert_lines(alert(), "en", today=date(2026, 11, 24), zone=CHINA).plain
    assert "2026-11-23 18:30:00 swift" in text
    assert "by 18:30:00 UTC+8" in text


def test_an_alert_without_findings_shows_its_summary() -> None:
    assert shown().endswith("nothing found")
    assert shown("zh").endswith("未发现问题")


@pytest.mark.parametrize("action", Action)
def test_a_chinese_alert_has_no_english_word(action: Action) -> None:
    text = shown("zh", action=action.value, state="cleared_by_evidence")
    for name in ("UTC+8", "swift", "HZ-1", "SF0001"):
        text = text.replace(name, "")
    assert not [letter for letter in text if letter.isascii() and letter.isalpha()], text
    assert "已由后续证据解除" in text


def test_the_score_stands_in_the_list_only_where_it_is_why_the_alert_was_raised() -> None:
    finding = {
        "rule": "R14",
        "name": "some_rule",
        "version": 1,
        "severity": "high",
        "action": "refuse",
        "reason": {"zh": "理由", "en": "reason"},
        "legal_basis": "law",
        "values": {},
    }
    assert "score" not in shown(findings=[finding])
    assert "model score 0.91" in shown(findings=[finding, finding | {"rule": "model", "severity": "medium"}])
    assert "模型评分 0.91" in shown("zh", findings=[finding | {"rule": "model"}])


def test_zones_are_offsets() -> None:
    at = alert().raised_at
    zones = (UTC, CHINA, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-3, minutes=-30)))
    assert [zone_name(at.astimezone(zone)) for zone in zones] == ["UTC", "UTC+8", "UTC+5:30", "UTC-3:30"]
