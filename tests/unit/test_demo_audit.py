"""The audit of the demo finds what is lost, counted twice, or alerted under two ids."""

import json
from typing import Any, NamedTuple

import pytest

from parcelward.contract.alerts import Alert
from parcelward.demo.audit import Audit, IntakeRecord, LedgerCount, ReadAlert, audit

INTAKE = "intake.swift"


class Label(NamedTuple):
    courier: str
    waybill: str
    pattern: str
    case: str


def arrived(offset: int, key: str | None = "WB-1") -> IntakeRecord:
    return IntakeRecord((INTAKE, 0, offset), "swift", key, 1_000 + offset)


def alert(waybill: str = "WB-1", rule: str = "R14", offset: int = 0, alert_id: str = "a", **more: Any) -> ReadAlert:
    text = {"zh": "因", "en": "why"}
    finding = {
        "rule": rule,
        "name": "n",
        "version": 1,
        "severity": "high",
        "action": "hold",
        "reason": text,
        "legal_basis": "law",
        "values": {},
    }
    evidence = {"event_id": "e", "event_type": "t", "topic": INTAKE, "partition": 0, "offset": offset}
    body = {
        "alert_id": alert_id,
        "revision": 1,
        "state": "open",
        "courier": "swift",
        "waybill": waybill,
        "outlet": "HZ-1",
        "lane": "red",
        "action": "hold",
        "raised_at": f"1970-01-01T00:00:01.{offset:03}Z",
        "due_by": "1970-01-01T01:00:00Z",
        "findings": [finding],
        "parties": {},
        "evidence": [evidence],
        "rule_pack_version": "p",
        "summary": text,
        **more,
    }
    return ReadAlert(Alert.model_validate_json(json.dumps(body)), 1_000 + offset + 40)


def count(**changes: Any) -> Audit:
    given: dict[str, Any] = {
        "acknowledged": 2,
        "intake": [arrived(0), arrived(1)],
        "rejected": [],
        "ledger_counts": {("swift", "WB-1"): LedgerCount(2, 2)},
        "passes_arrived": {("swift", "WB-1"): 2},
        "alerts": [],
        "labels": [],
    }
    return audit(**(given | changes))


def test_screened_and_refused_events_are_accounted_for() -> None:
    result = count(
        acknowledged=3,
        intake=[arrived(0), arrived(1), arrived(2, None)],
        rejected=[((INTAKE, 0, 2), "missing_key")],
    )
    assert (result.screened, result.rejected, result.lost, result.doubled) == (2, 1, 0, 0)
    assert result.rejected_by_reason == {"missing_key": 1}
    assert result.complete


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ({"ledger_counts": {("swift", "WB-1"): LedgerCount(1, 2)}}, 1),
        ({"ledger_counts": {}, "passes_arrived": {}}, 2),
        ({"ledger_counts": {("orient", "WB-1"): LedgerCount(2, 0)}, "passes_arrived": {}}, 2),
        ({"acknowledged": 3}, 1),
        ({"intake": [arrived(0), arrived(1, "WB-2")]}, 1),
        ({"passes_arrived": {("swift", "WB-1"): 1}}, 1),
    ],
    ids=["one-event", "whole-waybill", "other-courier", "not-in-the-log", "other-waybill", "never-judged"],
)
def test_event_without_trace_is_lost(changes: dict[str, Any], lost: int) -> None:
    result = count(**changes)
    assert result.lost == lost
    assert not result.complete


def test_event_counted_twice_by_the_ledger_is_found() -> None:
    result = count(ledger_counts={("swift", "WB-1"): LedgerCount(3, 2)})
    assert (result.lost, result.doubled, result.complete) == (0, 1, False)


def test_a_shipment_judged_more_often_than_passed_on_is_found() -> None:
    assert count(passes_arrived={("swift", "WB-1"): 3}).doubled == 1


def test_refused_event_that_the_ledger_counted_too_is_found() -> None:
    assert count(rejected=[((INTAKE, 0, 1), "unexpected")]).doubled == 1


def test_two_ids_for_one_waybill_are_found_and_two_revisions_are_fine() -> None:
    assert count(alerts=[alert(), alert(revision=2)]).two_ids == 0
    assert count(alerts=[alert(), alert(revision=2)]).complete
    assert count(alerts=[alert(), alert(alert_id="b")]).two_ids == 1
    assert not count(alerts=[alert(), alert(alert_id="b")]).complete
    assert count(alerts=[alert(), alert()]).repeated == 1


def test_planted_case_is_found_by_its_own_rule_only() -> None:
    labels = [
        Label("swift", "WB-1", "R14", "R14-1"),
        Label("swift", "WB-2", "R14", "R14-1"),
        Label("swift", "WB-3", "R14", "R14-2"),
        Label("swift", "WB-4", "R22", "R22-3"),
    ]
    result = count(alerts=[alert("WB-1", "R14"), alert("WB-3", "R1"), alert("WB-4", "model")], labels=labels)
    found = result.found["R14"]
    assert (found.cases, found.cases_found, found.waybills, found.waybills_found) == (2, 1, 3, 1)
    assert found.waybills_alerted == 2
    assert result.found["R22"].cases_found == 1
    assert result.alerts_by_rule == {"R14": 1, "R1": 1, "model": 1}


def test_variants_of_a_rule_are_about_the_same_pattern() -> None:
    result = count(alerts=[alert("WB-1", "R3A"), alert("WB-2", "R3D")], labels=[Label("swift", "WB-2", "R3", "R3-1")])
    assert result.alerts_by_pattern == {"R3": 2}
    assert result.found["R3"].waybills_found == 1


def test_latency_runs_from_the_arrival_of_the_evidence_and_leaves_deadlines_out() -> None:
    late = alert("WB-2", raised_at="1970-01-01T00:00:09Z")
    result = count(alerts=[alert(offset=1), late])
    assert result.latencies_ms == [40]
    assert result.from_deadlines == 1
    assert result.percentile_ms(0.99) == 40
    assert count().percentile_ms(0.5) is None


def test_alerts_on_waybills_where_nothing_was_planted_are_counted_by_who_raised_them() -> None:
    ledger = {("swift", f"WB-{number}"): LedgerCount(2, 2) for number in range(1, 7)}
    alerts = [
        alert("WB-1", "R14"),
        alert("WB-2", "R3A"),
        alert("WB-2", "model", revision=2),
        alert("WB-3", "model"),
        alert("WB-4", lane="green_sampled", findings=[]),
    ]
    clean = count(ledger_counts=ledger, alerts=alerts, labels=[Label("swift", "WB-1", "R14", "R14-1")]).clean
    assert (clean.waybills, clean.alerted, clean.by_rules, clean.by_model_only) == (5, 2, 1, 1)
    assert clean.by_pattern == {"R3": 1, "R22": 2}
