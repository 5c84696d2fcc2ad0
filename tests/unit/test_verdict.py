"""Lanes, actions and revisions."""

import dataclasses
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from parcelward.alerts.verdict import CLEAN, SEVERITIES, URGENCY, AlertRecord, judge, revise
from parcelward.contract.alerts import Action, Contribution, Lane, Severity
from parcelward.contract.cards import Bilingual
from parcelward.features.table import INDEX
from parcelward.model.score import Explanation
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Cell, Pipeline
from parcelward.screening.outlet_state import Keep
from parcelward.screening.outlets import OutletsStage
from parcelward.stage import Batch, Outcome, Record, apply
from tests.builders import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    T0,
    alerts_of,
    feed_all,
    inspection,
    pipeline,
    real_name,
    record,
    scan,
    settings,
)
from tests.lives import LIFE

FOUND = st.tuples(st.sampled_from(["R1", "R5", "R14"]), st.sampled_from(list(Severity)), st.sampled_from(list(Action)))


def urgency(lane):
    return -1 if lane is None else URGENCY.index(Lane(lane))


@given(st.lists(FOUND, max_size=5), FOUND)
def test_more_evidence_never_lowers_the_lane(found, more):
    assert urgency(judge([*found, more]).lane) >= urgency(judge(found).lane)


@given(st.lists(st.lists(FOUND, max_size=4), max_size=6))
def test_revisions_count_up_and_the_lane_never_falls(history):
    known = None
    for at, found in enumerate(history):
        record_ = revise(known, judge(found), at)
        if record_ is None:
            continue
        if known is not None:
            assert record_.revision == known.revision + 1
            assert urgency(record_.verdict.lane) >= urgency(known.verdict.lane)
        else:
            assert record_.revision == 1
        known = record_


@given(st.lists(st.lists(FOUND, max_size=4), max_size=8))
def test_no_revision_is_less_severe_or_moves_the_time_to_decide_back(history):
    known = None
    for at, found in enumerate(history):
        said = revise(known, judge(found), at * HOUR)
        if said is not None and known is not None:
            assert said.due_ms <= known.due_ms
            assert SEVERITIES.index(said.verdict.severity) <= SEVERITIES.index(known.verdict.severity)
        known = said or known


@given(st.lists(FOUND, min_size=1, max_size=6))
def test_the_action_is_that_of_the_most_severe_finding(found):
    worst = min((severity for _, severity, _ in found), key=SEVERITIES.index)
    assert judge(found).action in {action for _, severity, action in found if severity is worst}


@given(st.lists(st.lists(FOUND, max_size=4), min_size=1, max_size=8))
def test_of_findings_that_are_as_severe_as_the_worst_before_those_of_now_have_the_action(history):
    known = None
    for at, found in enumerate(history):
        now, before = judge(found), known
        known = revise(known, now, at) or known
        if now.lane is not None and before is not None and now.severity == before.verdict.severity:
            assert known is not None
            assert known.verdict.action == now.action


def test_a_lane_that_rises_is_due_sooner():
    yellow, red = (judge([("R1", severity, Action.HOLD)]) for severity in (Severity.MEDIUM, Severity.HIGH))
    first = revise(None, yellow, T0)
    assert first is not None
    at_once, late = revise(first, red, T0 + HOUR), revise(first, red, T0 + 7 * HOUR + 50 * MINUTE)
    assert at_once is not None
    assert late is not None
    assert (first.due_ms, at_once.due_ms) == (T0 + 8 * HOUR, T0 + HOUR + 30 * MINUTE)
    assert late.due_ms == T0 + 8 * HOUR


def test_a_correction_neither_weakens_the_action_nor_postpones_the_decision():
    line = pipeline()
    bad: dict[str, Any] = {"sender": {"document_number": "123"}}
    (first,) = alerts_of(feed_all(line, [record(real_name(goods={"name": "汽油"}, **bad), T0, event_id="o")]))
    (second,) = alerts_of(feed_all(line, [record(real_name(corrects="o", **bad), T0 + MINUTE)]))
    assert (first.action, second.action, second.lane) == ("refuse", "refuse", "red")
    assert [finding.rule for finding in second.findings] == ["R1"]
    assert second.due_by == first.due_by


def test_a_waybill_number_that_comes_back_has_another_alert():
    line = pipeline(ledger_keep=DAY // SECOND)
    bad: dict[str, Any] = {"sender": {"document_number": "123"}}
    (first,) = alerts_of(feed_all(line, [record(real_name(**bad), T0)]))
    overdue, again = alerts_of(feed_all(line, [record(real_name(**bad), T0 + 3 * DAY)]))
    assert (overdue.alert_id, overdue.revision) == (first.alert_id, 2)
    assert again.alert_id != first.alert_id
    assert again.revision == 1
    (replayed,) = alerts_of(feed_all(pipeline(), [record(real_name(**bad), T0)]))
    assert replayed.alert_id == first.alert_id


RULE = """version: test
rules:
  - id: X1
    name: tested
    version: 1
    severity: {severity}
    action: hold
    owner: tests
    legal_basis: 快递暂行条例
    about: A rule of this test.
    expr: {expr}
    reason: {{zh: 测试, en: tested}}
    examples:
      must_fire: [{fires}]
      must_not_fire: [{not_fires}]
"""


def pack_of(folder, severity, expr, fires, not_fires):
    path = folder / "pack.yaml"
    path.write_text(RULE.format(severity=severity, expr=expr, fires=fires, not_fires=not_fires), encoding="utf-8")
    return path


def test_a_rule_that_fails_is_not_clean(tmp_path):
    pack = pack_of(tmp_path, "critical", "100 / photos > 3", "{photos: 2}", "{photos: 90}")
    line = pipeline(rule_pack=pack)
    result = feed_all(line, [record(real_name()), record(inspection(), T0 + MINUTE), record(scan(), T0 + HOUR)])
    (alert,) = alerts_of(result)
    assert (alert.lane, alert.action, alert.state) == ("yellow", "request_information", "open")
    (finding,) = alert.findings
    assert (finding.rule, finding.severity) == ("X1", "medium")
    assert "divide by zero" in finding.reason.en
    assert result.counts["rule_error", "X1"] == 2


def test_a_clean_sample_with_a_weak_finding_is_said_once(tmp_path):
    pack = pack_of(tmp_path, "low", "weight_g > 1", "{weight_g: 2}", "{weight_g: 1}")
    line = pipeline(rule_pack=pack, sampled_share=0.1)
    numbers = [f"SF{number:013d}" for number in range(40)]
    records = [one for waybill in numbers for one in (record(real_name(waybill)), record(inspection(waybill), T0 + 1))]
    first = alerts_of(feed_all(line, records, 7))
    assert first
    for alert in first:
        assert (alert.lane, alert.revision, alert.action) == ("green_sampled", 1, "reinspect")
    assert feed_all(line, [record(scan(waybill), T0 + HOUR) for waybill in numbers]).alerts == []


def test_the_model_explains_what_it_raises_and_the_rest_of_a_batch_at_once():
    asked = []

    class Suspicious:
        version, threshold = "test", 0.5

        def score(self, rows):
            return [0.9 if row[INDEX["weight_g"]] == 900 else 0.1 for row in rows]

        def explain(self, rows, top=5):
            asked.append(len(rows))
            text = Bilingual(zh="重量", en="weight")
            weights = [float(row[INDEX["weight_g"]]) for row in rows]
            named = [(Contribution(feature="weight_g", value=weight, weight=1.0, text=text),) for weight in weights]
            return [Explanation(one, -3.0, 0.5) for one in named]

    chosen = settings()
    stages = build_stages(chosen)
    judgement = dataclasses.replace(stages.judgement, model=Suspicious())
    keep = Keep(DAY, DAY, DAY)
    make = {**stages.make, "outlets": lambda _: OutletsStage(judgement, LIFE, keep)}
    stages = dataclasses.replace(stages, make=make)
    line = Pipeline(stages, chosen.topics)
    records = [
        record(real_name(f"SF{n:013d}", weight_g=900 + n, goods={"name": "汽油", "nature": "letter"}), T0 + n * MINUTE)
        for n in range(5)
    ]
    alerts = alerts_of(line.feed([*records, records[0]._replace(offset=99)]))
    assert asked == [1, 4]
    shown = {alert.waybill: alert.score.contributions[0].value for alert in alerts if alert.score is not None}
    assert shown == {f"SF{n:013d}": 900 + n for n in range(5)}


def scored(scores: list[float]) -> Pipeline:
    """A pipeline without sampling whose model gives these scores, one a pass."""

    class Scripted:
        version, threshold = "test", 0.5

        def score(self, rows: Any) -> list[float]:
            return [scores.pop(0) for _ in rows]

        def explain(self, rows: Any, top: int = 5) -> list[Explanation]:
            return [Explanation((), -3.0, 0.5) for _ in rows]

    chosen = settings()
    stages = build_stages(chosen)
    judgement = dataclasses.replace(stages.judgement, model=Scripted())
    make = {**stages.make, "outlets": lambda _partition: OutletsStage(judgement, LIFE, Keep(DAY, DAY, DAY))}
    return Pipeline(dataclasses.replace(stages, make=make), chosen.topics)


def states_said(scores: list[float], *events: Any) -> list[tuple[str, list[str]]]:
    alerts = alerts_of(feed_all(scored(scores), [record(data, T0 + at) for data, at in events]))
    return [(alert.state.value, [finding.rule for finding in alert.findings]) for alert in alerts]


def test_the_model_alone_says_nothing_until_the_inspection_has_come():
    assert states_said([0.9, 0.1], (real_name(), 0), (inspection(), MINUTE)) == []
    assert states_said([0.9, 0.9], (real_name(), 0), (inspection(), MINUTE)) == [("open", ["model"])]
    overdue = (real_name("SF0000000000002"), 2 * HOUR)
    (said,) = states_said([0.9, 0.9, 0.1], (real_name(), 0), overdue)
    assert said == ("open", ["R3", "model"]), "it waits no longer than the duty's deadline"


def test_what_the_model_said_stays_until_its_score_is_well_below_the_threshold():
    events = (real_name(), 0), (inspection(), MINUTE), *((scan(site=f"HUB-{hub}"), hub * HOUR) for hub in (1, 2, 3))
    assert states_said([0.9, 0.9, 0.4, 0.6, 0.3], *events) == [("open", ["model"])]
    assert states_said([0.9, 0.9, 0.4, 0.2, 0.3], *events) == [("open", ["model"]), ("cleared_by_evidence", [])]


def test_the_same_verdict_is_not_said_twice():
    verdict = judge([("R1", Severity.HIGH, Action.VERIFY_IDENTITY)])
    assert revise(AlertRecord(1, 1, verdict), verdict, 2) is None


def test_a_waybill_that_comes_twice_in_a_batch_is_raised_once():
    line = pipeline()
    bad = record(real_name(sender={"document_number": "123"}))
    (alert,) = alerts_of(line.feed([bad, record(scan(), T0 + MINUTE)]))
    assert alert.revision == 1


def test_low_findings_alone_raise_nothing():
    assert revise(None, judge([("R1", Severity.LOW, Action.HOLD)]), 1) is None
    assert judge([]) == CLEAN


def test_an_alert_explains_itself_and_carries_only_tokens_and_masks():
    bad = real_name(sender={"document_number": "360426199101010072"})
    (alert,) = alerts_of(feed_all(pipeline(), [record(bad, offset=5)]))
    assert (alert.lane, alert.revision, alert.state) == ("red", 1, "open")
    (finding,) = alert.findings
    assert finding.rule == "R1"
    assert finding.values["document_check"] == "bad_checksum"
    assert finding.reason.zh
    assert finding.legal_basis
    assert alert.parties.phone_mask == "138****1234"
    assert str(alert.parties.document_token).startswith("demo.")
    assert alert.evidence[0].offset == 5
    assert alert.raised_at.timestamp() * 1000 == T0
    assert alert.due_by > alert.raised_at
    assert "360426199101010072" not in alert.model_dump_json()


def test_a_sample_of_clean_parcels_is_drawn():
    records = []
    for number in range(200):
        waybill = f"SF{number:013d}"
        records.append(
            record(real_name(waybill, sender={"kind": "agreement", "agreement_id": "A1"}), T0 + number * MINUTE)
        )
        records.append(record(inspection(waybill), T0 + number * MINUTE + 1))
    alerts = alerts_of(feed_all(pipeline(sampled_share=0.1), records, 50))
    sampled = {alert.waybill for alert in alerts if alert.lane == "green_sampled"}
    assert 5 < len(sampled) < 45
    assert all(not alert.findings for alert in alerts if alert.lane == "green_sampled")


def test_a_pass_that_was_overtaken_on_its_way_says_nothing():
    line = pipeline()
    bad, reused = real_name(sender={"document_number": "360426199101010072"}), real_name(goods={"name": "书籍"})
    ledger, judge_ = line.cells["duties"][0], line.cells["outlets"][0]
    first, second = (
        [send for send in ledger_step(ledger, record(data, at)).sends if send.topic == "screening.senders"]
        for data, at in ((bad, T0), (reused, T0 + MINUTE))
    )
    hops = [Record(send.topic, 0, n, T0, send.key, send.value) for n, send in enumerate([*second, *first])]
    newer = judge_.stage.step(Batch(hops[:1]), judge_.state)
    apply(newer.updates, judge_.state)
    assert [send.topic for send in newer.sends] == ["alerts", "instructions.swift"]
    assert judge_.stage.step(Batch(hops[1:]), judge_.state).sends == []


def test_a_correction_that_overtakes_the_event_it_corrects_leaves_no_alert():
    line = pipeline()
    ledger, last = line.cells["duties"][0], line.cells["outlets"][0]
    wrong = record(real_name(goods={"name": "汽油"}), event_id="wrong")
    hops: list[Record] = []
    for one in (wrong, record(real_name(corrects="wrong"), T0 + MINUTE)):
        *_, send = (send for send in ledger_step(ledger, one).sends if send.topic == "screening.senders")
        hops.append(Record(send.topic, 0, len(hops), T0, send.key, send.value))
    assert last.stage.step(Batch(hops[:1]), last.state).sends  # in order it would alert
    newer = last.stage.step(Batch(hops[1:]), last.state)
    apply(newer.updates, last.state)
    assert newer.sends == []
    assert last.stage.step(Batch(hops[:1]), last.state).sends == []


def ledger_step(cell: Cell, one: Record) -> Outcome:
    batch = Batch([one])
    outcome = cell.stage.step(batch, cell.state)
    apply(outcome.updates, cell.state)
    cell.stage.commit(batch, outcome)
    return outcome
