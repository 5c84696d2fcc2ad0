"""The demo's findings: planted patterns found, clean waybills alerted, latency; and its audit."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from copy import deepcopy
from typing import Any, NamedTuple

import pytest

from parcelward.contract.alerts import Alert
from parcelward.demo import recount as recount_module
from parcelward.demo.findings import Findings, ReadAlert, findings
from parcelward.demo.recount import count
from parcelward.errors import UserError
from parcelward.identity.token_keys import KEYS_KEY
from parcelward.stage import Record
from tests.chaos.recorded import SETTINGS, STAGES, Topics, recorded

INTAKE = "intake.swift"


class Label(NamedTuple):
    courier: str
    waybill: str
    pattern: str
    case: str


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


def told(alerts: Sequence[ReadAlert] = (), labels: Sequence[Label] = (), waybills: int = 1) -> Findings:
    arrivals = {(INTAKE, 0, offset): 1_000 + offset for offset in range(2)}
    return findings(alerts, labels, arrivals, {("swift", f"WB-{number}") for number in range(1, waybills + 1)})


def test_every_event_is_accounted_for_and_what_never_came_to_the_log_is_lost() -> None:
    held = recorded()
    events = sum(len(held.records[SETTINGS.topics.intake(courier)]) for courier in SETTINGS.couriers)
    result = count(held, SETTINGS, STAGES, events, [])
    audit = result.audit
    assert result.complete, audit.examples
    assert audit.screened + audit.rejected == events
    assert sum(audit.rejected_for.values()) == audit.rejected > 0
    ledger = {record.key for record in held.records[SETTINGS.topics.changelog("duties")]} - {KEYS_KEY}
    assert result.findings.clean.waybills == len(ledger)
    assert result.findings.alerted_waybills == audit.alert_ids > 0
    assert not count(held, SETTINGS, STAGES, events + 3, []).complete
    assert count(held, SETTINGS, STAGES, events + 3, []).audit.lost == 3


def _last_waybill(held: Topics) -> Record:
    ledger = held.records[SETTINGS.topics.changelog("duties")]
    return [record for record in ledger if record.key != KEYS_KEY][-1]


def test_what_is_missing_at_the_first_look_may_only_be_late(monkeypatch: pytest.MonkeyPatch) -> None:
    sound, slept = recorded(waybills=30), list[float]()
    held, late = deepcopy(sound), _last_waybill(sound)
    held.records[late.topic].remove(late)

    def fire_late(seconds: float) -> None:
        slept.append(seconds)
        held.records[late.topic].append(late)

    monkeypatch.setattr(recount_module, "RecordedTopics", lambda settings, whole: nullcontext(held))
    monkeypatch.setattr("parcelward.demo.recount.time.sleep", fire_late)
    assert recount_module.recount(SETTINGS, 0, []).complete
    assert slept == [recount_module.AGAIN_S]
    held.records[late.topic].pop()
    monkeypatch.setattr(recount_module, "PATIENCE_S", -1.0)
    assert recount_module.recount(SETTINGS, 0, []).audit.lost > 0


def test_an_alert_that_breaks_the_contract_is_named_by_its_place() -> None:
    held = recorded(waybills=30)
    first = held.records[SETTINGS.topics.alerts][0]
    held.records[SETTINGS.topics.alerts][0] = first._replace(value=b'{"alert_id": 1}')
    with pytest.raises(UserError, match=rf"the alert at alerts/{first.partition}/{first.offset} breaks the contract"):
        count(held, SETTINGS, STAGES, 0, [])


def test_planted_case_is_found_by_its_own_rule_only() -> None:
    labels = [
        Label("swift", "WB-1", "R14", "R14-1"),
        Label("swift", "WB-2", "R14", "R14-1"),
        Label("swift", "WB-3", "R14", "R14-2"),
        Label("swift", "WB-4", "R22", "R22-3"),
    ]
    result = told(alerts=[alert("WB-1", "R14"), alert("WB-3", "R1"), alert("WB-4", "model")], labels=labels)
    found = result.found["R14"]
    assert (found.cases, found.cases_found, found.waybills, found.waybills_found) == (2, 1, 3, 1)
    assert found.waybills_alerted == 2
    assert result.found["R22"].cases_found == 1
    assert result.alerts_by_rule == {"R14": 1, "R1": 1, "model": 1}


def test_variants_of_a_rule_are_about_the_same_pattern() -> None:
    result = told(alerts=[alert("WB-1", "R3A"), alert("WB-2", "R3D")], labels=[Label("swift", "WB-2", "R3", "R3-1")])
    assert result.alerts_by_pattern == {"R3": 2}
    assert result.found["R3"].waybills_found == 1


def test_latency_runs_from_the_arrival_of_the_evidence_and_leaves_deadlines_out() -> None:
    late = alert("WB-2", raised_at="1970-01-01T00:00:09Z")
    result = told(alerts=[alert(offset=1), late])
    assert result.latencies_ms == [40]
    assert result.from_deadlines == 1
    assert result.percentile_ms(0.99) == 40
    assert told().percentile_ms(0.5) is None


def test_alerts_on_waybills_where_nothing_was_planted_are_counted_by_who_raised_them() -> None:
    alerts = [
        alert("WB-1", "R14"),
        alert("WB-2", "R3A"),
        alert("WB-2", "model", revision=2),
        alert("WB-3", "model"),
        alert("WB-4", lane="green_sampled", findings=[]),
    ]
    clean = told(alerts, [Label("swift", "WB-1", "R14", "R14-1")], waybills=6).clean
    assert (clean.waybills, clean.alerted, clean.by_rules, clean.by_model_only) == (5, 2, 1, 1)
    assert clean.by_pattern == {"R3": 1, "R22": 2}
