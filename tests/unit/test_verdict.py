"""Lanes, actions and revisions."""

from hypothesis import given
from hypothesis import strategies as st

from parcelward.contract.alerts import Action, Lane, Severity
from parcelward.pipeline import Cell
from parcelward.stage import Batch, Outcome, Record, apply
from parcelward.verdict import CLEAN, URGENCY, AlertRecord, judge, revise
from tests.builders import MINUTE, T0, alerts_of, feed_all, inspection, pipeline, real_name, record

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


def test_the_same_verdict_is_not_said_twice():
    verdict = judge([("R1", Severity.HIGH, Action.VERIFY_IDENTITY)])
    assert revise(AlertRecord(1, 1, verdict), verdict, 2) is None


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
    ledger, judge_ = line.duties[0], line.outlets[0]
    first, second = (
        [send for send in ledger_step(ledger, record(data, at)).sends if send.topic == "screening.senders"]
        for data, at in ((bad, T0), (reused, T0 + MINUTE))
    )
    hops = [Record(send.topic, 0, n, T0, send.key, send.value) for n, send in enumerate([*second, *first])]
    newer = judge_.stage.step(Batch(hops[:1]), judge_.state)
    apply(newer.updates, judge_.state)
    assert len(newer.sends) == 1
    assert judge_.stage.step(Batch(hops[1:]), judge_.state).sends == []


def ledger_step(cell: Cell, one: Record) -> Outcome:
    batch = Batch([one])
    outcome = cell.stage.step(batch, cell.state)
    apply(outcome.updates, cell.state)
    cell.stage.commit(batch, outcome)
    return outcome
