"""Corrections, resent events, scans that come first: what the ledger makes of records that are not in order."""

import json

import msgspec

from parcelward import counts
from parcelward.features.table import INDEX
from parcelward.identity.tokens import Tokeniser, version_of
from parcelward.screening.duties import DutiesStage
from parcelward.settings import Settings
from parcelward.shipments.shipment import decode_shipment, encode, ledger_key
from parcelward.stage import Record
from tests.builders import (
    GOOD_ID,
    HOUR,
    MINUTE,
    T0,
    alerts_of,
    feed_all,
    inspection,
    pipeline,
    real_name,
    record,
    rules_of,
    scan,
)

WAYBILL = "SF0000000000001"
INTAKE = "intake.swift"
OTHER_ID = "110101197608056897"


def ledger(line):
    return decode_shipment(line.cells["duties"][0].state[ledger_key("swift", WAYBILL)])


def rewritten(one: Record) -> Record:
    """The same event with other white space in its JSON."""
    return one._replace(value=json.dumps(json.loads(one.value or b""), indent=1).encode(), offset=one.offset + 1000)


def test_the_same_event_written_anew_is_a_duplicate_each_time():
    line = pipeline()
    for first in (record(real_name(), event_id="a"), record(inspection(), T0 + MINUTE, event_id="b"), record(scan())):
        again = rewritten(first)
        result = feed_all(line, [first, again, again])
        assert result.alerts == []
    assert (ledger(line).conflicts, ledger(line).duplicates, ledger(line).events) == (0, 6, 9)


def test_a_resend_after_a_key_rotation_is_a_duplicate():
    old, new = {"k1": "a" * 64}, {"k1": "a" * 64, "k2": "b" * 64}
    before, after = pipeline(token_keys=old, token_key="k1"), pipeline(token_keys=new, token_key="k2")
    first = record(real_name(), event_id="a")
    before.feed([first])
    after.cells["duties"][0].state.update(before.cells["duties"][0].state)
    result = after.feed([first])
    assert result.counts[counts.DUPLICATE, "swift"] == 1
    assert ledger(after).conflicts == 0


def test_a_resend_after_tokens_got_a_version_is_a_duplicate():
    line = pipeline()
    permit = {"document_type": "hk_macao_permit", "document_number": "H12345678"}
    line.feed([record(real_name(sender=permit), event_id="a")])
    shipment = ledger(line)
    token = shipment.real_name.document_token
    # Before versions, a token was over the number alone: another one, of version 1.
    before = Tokeniser.from_settings(Settings())._document.token("H12345678")
    assert (version_of(before), version_of(token)) == (1, 2)
    shipment.real_name = msgspec.structs.replace(shipment.real_name, document_token=before)
    line.cells["duties"][0].state[ledger_key("swift", WAYBILL)] = encode(shipment)
    line.feed([record(real_name(sender=permit), T0 + MINUTE, event_id="b")])
    assert ledger(line).conflicts == 0


def test_a_conflict_is_counted_once_however_often_it_is_sent():
    line = pipeline()
    changed = record(real_name(weight_g=5000), event_id="same")
    feed_all(line, [record(real_name(), event_id="same"), changed, changed, changed])
    assert ledger(line).conflicts == 1


def test_a_correction_of_an_event_that_is_not_there_clears_nothing():
    line = pipeline()
    dangerous = record(real_name(goods={"name": "汽油"}), event_id="first")
    result = feed_all(line, [dangerous, record(real_name(corrects="never-sent"), T0 + MINUTE)])
    assert ledger(line).real_name.goods_name == "汽油"
    assert {"R14", "R20"} <= set(rules_of(result))


def test_an_original_that_comes_after_its_correction_is_a_duplicate():
    line = pipeline()
    correction = record(real_name(corrects="first", weight_g=950), T0)
    result = feed_all(line, [correction, record(real_name(), event_id="first")])
    assert ledger(line).real_name.weight_g == 950
    assert result.counts[counts.DUPLICATE, "swift"] == 1
    assert result.alerts == []


def test_an_original_that_comes_after_its_correction_says_when_it_was_done_and_nothing_else():
    line = pipeline()
    correction = record(real_name(corrects="first", weight_g=950), T0 + MINUTE)
    result = feed_all(line, [correction, record(real_name(), T0, T0 + HOUR // 3, event_id="first")])
    assert (ledger(line).real_name.weight_g, ledger(line).real_name.event_ms) == (950, T0)
    assert (ledger(line).conflicts, result.alerts) == (0, [])


def test_a_correction_does_not_restart_the_inspection_deadline():
    line = pipeline()
    line.feed([record(real_name(), event_id="e0")])
    for n in range(1, 4):
        at = T0 + n * 20 * MINUTE
        fixed = record(real_name(corrects=f"e{n - 1}", weight_g=900 + n), T0, arrival=at, event_id=f"e{n}")
        result = line.feed([fixed])
        if n == 2:
            assert result.counts[counts.OVERDUE, "inspection"] == 1
    assert ledger(line).overdue


def test_corrected_to_a_letter_the_missing_inspection_is_forgiven():
    line = pipeline()
    line.feed([record(real_name(), event_id="first")])
    overdue = line.feed([], {INTAKE: T0 + HOUR})
    letter = real_name(corrects="first", goods={"name": "信件", "nature": "letter"})
    assert rules_of(overdue) == ["R3"]
    assert alerts_of(line.feed([record(letter, T0, arrival=T0 + 2 * HOUR)]))[-1].state == "cleared_by_evidence"


def test_a_document_that_comes_back_by_correction_counts_the_parcel_once():
    line = pipeline()
    documents = [GOOD_ID, OTHER_ID, GOOD_ID]
    events = [
        record(
            real_name(sender={"document_number": number}, **({"corrects": f"e{n - 1}"} if n else {})),
            T0,
            arrival=T0 + n,
            event_id=f"e{n}",
        )
        for n, number in enumerate(documents)
    ]
    result = feed_all(line, events)
    assert result.rows[-1].row[INDEX["sender_sends_7d"]] == 1


def test_a_scan_that_comes_first_waits_for_the_counter():
    line = pipeline()
    result = feed_all(line, [record(scan()), record(real_name(), T0 + MINUTE), record(inspection(), T0 + 2 * MINUTE)])
    assert len(result.rows) == 2
    assert ledger(line).home_outlet == "HZ-01"


def test_a_scan_alone_is_judged_when_the_counters_records_are_overdue():
    line = pipeline()
    line.feed([record(scan())])
    result = line.feed([], {INTAKE: T0 + HOUR})
    assert ledger(line).home_outlet == "HUB-1"
    assert "R2" in rules_of(result)


def test_each_of_two_deadlines_gives_its_own_revision_by_record_as_by_clock():
    by_clock, by_record = (pipeline(scan_due=3600, real_name_due=1800) for _ in range(2))
    first = record(inspection(), event_id="e", offset=1)
    later = record(inspection("SF0000000000002"), T0 + 3 * HOUR)
    by_clock.feed([first])
    ticked = [send for minutes in (31, 61) for send in by_clock.feed([], {INTAKE: T0 + minutes * MINUTE}).alerts]
    replayed = feed_all(by_record, [first, later]).alerts
    assert len(ticked) == 2
    assert replayed == ticked


def test_corrections_leave_no_timers_behind():
    line = pipeline()
    events = [record(real_name(), event_id="e0")]
    events += [
        record(real_name(corrects=f"e{n - 1}", weight_g=900 + n), T0 + n, event_id=f"e{n}") for n in range(1, 50)
    ]
    feed_all(line, events)
    stage = line.cells["duties"][0].stage
    assert isinstance(stage, DutiesStage)
    assert len(stage._timers) == 1
