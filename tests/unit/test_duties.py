"""The first stage: joining duties per waybill, duplicates, corrections, deadlines."""

from datetime import timedelta

import msgspec
import pytest

from parcelward import counts
from parcelward.contract.events import DUTY_TYPES, EVENT_TYPES, EventType
from parcelward.flow import SCREENING
from parcelward.intake.event import InspectionData, RealNameData, ScanData
from parcelward.screening.duties import DutiesStage
from parcelward.shipments.ledger import EVENT_KINDS
from parcelward.shipments.shipment import HOP_HEAD, HOP_TAILS, Hop, Shipment, decode_shipment, encode, ledger_key
from parcelward.stage import Batch
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
    rules_of,
    scan,
)

WAYBILL = "SF0000000000001"
KEY = ledger_key("swift", WAYBILL)
INTAKE = "intake.swift"


def ledger(line):
    return decode_shipment(line.cells["duties"][0].state[KEY])


@pytest.mark.parametrize("at_document", [False, True])
def test_a_hop_is_written_around_the_ledgers_bytes_as_the_encoder_writes_it(at_document):
    ledger = encode([1, None, b"\0", {"a": 2**40}])
    assert HOP_HEAD + ledger + HOP_TAILS[at_document] == encode(Hop(msgspec.Raw(ledger), at_document))


def test_the_numbers_of_event_types_in_stored_evidence_stay():
    """The ledger keeps them: a type keeps its number for ever, a new one is added at the end."""
    assert EVENT_TYPES[:3] == (EventType.REAL_NAME, EventType.INSPECTION, EventType.SECURITY_SCAN)
    assert [data.number for data in (RealNameData, InspectionData, ScanData)] == [0, 1, 2]
    assert EVENT_TYPES[: len(DUTY_TYPES)] == DUTY_TYPES


def test_every_type_of_a_duty_has_its_kind_at_its_number_with_a_duty_and_a_field_of_its_own():
    assert [kind.type for kind in EVENT_KINDS] == list(DUTY_TYPES)
    assert len({kind.duty for kind in EVENT_KINDS}) == len(EVENT_KINDS)
    empty = Shipment(T0, 0, "swift", WAYBILL, "", 0, T0)
    assert {kind.slot: kind.known(empty) for kind in EVENT_KINDS} == {
        "real_name": None,
        "inspection": None,
        "scan": None,
    }


def test_a_complete_parcel_is_joined_and_raises_nothing():
    line = pipeline()
    result = feed_all(line, [record(real_name()), record(inspection(), T0 + MINUTE), record(scan(), T0 + HOUR)])
    shipment = ledger(line)
    assert shipment.real_name is not None
    assert shipment.inspection is not None
    assert shipment.scan is not None
    assert shipment.events == 3
    assert [position for _, _, position in shipment.evidence] != []
    assert result.alerts == []
    assert result.rejected == []


def test_no_raw_personal_value_is_kept():
    line = pipeline()
    danger = real_name("SF0000000000002", goods={"name": "雷管"})
    feed_all(line, [record(real_name()), record(inspection(), T0 + MINUTE), record(danger, T0 + MINUTE)])
    for name, cells in line.cells.items():
        assert cells[0].state, name
        for key, value in cells[0].state.items():
            for raw in ("360426199101010071", "王小明", "13800001234", "13900005678"):
                assert raw.encode() not in key + value


def test_a_resent_event_changes_nothing_and_is_counted():
    line = pipeline()
    again = record(real_name(), event_id="same")
    result = feed_all(line, [again, again])
    assert ledger(line).duplicates == 1
    assert ledger(line).events == 2
    assert result.counts[counts.DUPLICATE, "swift"] == 1
    assert len(result.rows) == 1


def test_the_same_id_with_other_content_is_a_conflict():
    line = pipeline()
    result = feed_all(
        line, [record(real_name(), event_id="same"), record(real_name(weight_g=5000), T0 + SECOND, event_id="same")]
    )
    assert ledger(line).conflicts == 1
    assert "R20" in rules_of(result)


def test_a_waybill_used_twice_keeps_the_first_sender_and_fires_r20():
    line = pipeline()
    other = real_name(sender={"document_number": "110101197608056897", "phone": "13700007777"}, goods={"name": "书籍"})
    result = feed_all(line, [record(real_name()), record(other, T0 + HOUR)])
    assert ledger(line).real_name.goods_name == "羽绒服"
    assert "R20" in rules_of(result)


def test_a_correction_replaces_and_is_not_a_conflict():
    line = pipeline()
    result = feed_all(
        line,
        [
            record(real_name(sender={"document_number": "360426199101010072"}), event_id="wrong"),
            record(real_name(corrects="wrong"), T0 + MINUTE),
        ],
    )
    shipment = ledger(line)
    assert (shipment.corrections, shipment.conflicts) == (1, 0)
    first, last = alerts_of(result)[0], alerts_of(result)[-1]
    assert first.alert_id == last.alert_id
    assert [finding.rule for finding in first.findings] == ["R1"]
    assert (last.revision, last.state) == (2, "cleared_by_evidence")
    assert last.lane == first.lane  # a person decides, the lane does not fall by itself


def test_a_missing_inspection_fires_when_a_later_record_shows_the_time():
    line = pipeline()
    result = feed_all(line, [record(real_name()), record(real_name("SF0000000000002"), T0 + 31 * MINUTE)])
    assert "R3" in rules_of(result)
    assert alerts_of(result)[-1].waybill == WAYBILL


def test_a_missing_inspection_fires_on_an_idle_partition_and_the_alert_is_the_same():
    by_record, by_clock = pipeline(), pipeline()
    first = record(real_name(), event_id="e", offset=1)
    replayed = feed_all(by_record, [first, record(real_name("SF0000000000002"), T0 + 2 * HOUR)])
    by_clock.feed([first])
    ticked = by_clock.feed([], {INTAKE: T0 + 31 * MINUTE})
    assert ticked.alerts[0] == replayed.alerts[0]
    assert by_clock.feed([], {INTAKE: T0 + 45 * MINUTE}).alerts == []


def test_a_timer_from_before_deadlines_became_longer_waits_and_counts_nothing_twice():
    line = pipeline(inspection_due=timedelta(hours=1))
    feed_all(line, [record(real_name())])
    longer = pipeline(inspection_due=timedelta(hours=3))
    for cells, restarted in zip(line.cells.values(), longer.cells.values(), strict=True):
        restarted[0].state = cells[0].state
        restarted[0].stage.restore(restarted[0].state)
    before = dict(longer.cells["outlets"][0].state)
    result = longer.feed([], {INTAKE: T0 + 2 * HOUR})
    assert (result.alerts, result.rows, longer.cells["outlets"][0].state) == ([], [], before)
    result = longer.feed([], {INTAKE: T0 + 4 * HOUR})
    assert result.counts[counts.OVERDUE, "inspection"] == 1
    assert len(result.rows) == 1


def test_a_deadline_waits_for_its_own_couriers_clock():
    line = pipeline()
    line.feed([record(real_name())])
    other = real_name("OR0000000000001", courier="orient")
    assert line.feed([record(other, T0 + 2 * HOUR)]).counts[counts.OVERDUE, "inspection"] == 0


def test_a_late_upload_of_a_timely_inspection_clears_the_overdue_alert():
    line = pipeline()
    line.feed([record(real_name())])
    overdue = line.feed([], {INTAKE: T0 + HOUR})
    late = line.feed([record(inspection(fill_mode="backfill"), T0 + MINUTE, arrival=T0 + 3 * HOUR)])
    assert alerts_of(overdue)[0].state == "open"
    assert alerts_of(late)[0].state == "cleared_by_evidence"
    assert alerts_of(late)[0].revision == 2
    assert late.counts[counts.LATE, "inspection"] == 1


def test_an_inspection_without_real_name_event_is_overdue_too():
    line = pipeline()
    line.feed([record(inspection())])
    assert "R2" in rules_of(line.feed([], {INTAKE: T0 + HOUR}))


def test_a_letter_needs_no_inspection():
    line = pipeline()
    line.feed([record(real_name(goods={"name": "信件", "nature": "letter"}))])
    assert line.feed([], {INTAKE: T0 + HOUR}).alerts == []


def test_a_security_scan_is_demanded_only_when_set():
    line = pipeline(scan_due=3600)
    line.feed([record(real_name()), record(inspection(), T0 + MINUTE)])
    result = line.feed([], {INTAKE: T0 + 2 * HOUR})
    assert result.counts[counts.OVERDUE, "security_scan"] == 1


def test_a_deadline_that_is_set_and_passed_within_one_batch_fires():
    line = pipeline()
    result = line.feed([record(real_name()), record(inspection("SF0000000000002"), T0 + 31 * MINUTE)])
    assert result.counts[counts.OVERDUE, "inspection"] == 1


@pytest.mark.parametrize("timestamp", [-(2**62), -1, 2**62 + 1, 2**63 - 1])
def test_a_time_that_no_clock_shows_is_refused_and_fires_what_is_due(timestamp):
    line = pipeline(flow=SCREENING)
    line.feed([record(real_name())])
    strange = record(inspection())._replace(timestamp=timestamp)
    result = line.feed([strange], {INTAKE: timestamp + 2})
    assert [dict(refused.headers)["pw_reason"] for refused in result.rejected] == [b"time_out_of_range"]
    assert result.counts[counts.OVERDUE, "inspection"] == (timestamp > 0)


def test_an_aborted_batch_leaves_the_timers_as_they_were():
    line = pipeline()
    line.feed([record(real_name())])
    cell = line.cells["duties"][0]
    tick = Batch([], {INTAKE: T0 + HOUR})
    dropped = cell.stage.step(tick, cell.state)  # the transaction fails: no commit
    again = cell.stage.step(tick, cell.state)
    assert dropped.sends == again.sends != []


def test_restored_timers_fire_as_before():
    line = pipeline()
    line.feed([record(real_name())])
    cell = line.cells["duties"][0]
    cell.stage.restore(cell.state)
    assert line.feed([], {INTAKE: T0 + HOUR}).counts[counts.OVERDUE, "inspection"] == 1


def test_a_waybill_is_forgotten_after_its_time():
    line = pipeline()
    feed_all(line, [record(real_name()), record(inspection(), T0 + MINUTE)])
    for _ in range(2):  # the sweep looks at one key of the state at a time
        line.feed([], {INTAKE: T0 + 32 * DAY})
    assert KEY not in line.cells["duties"][0].state
    stage = line.cells["duties"][0].stage
    assert isinstance(stage, DutiesStage)
    assert len(stage._timers) == 0


def test_a_number_that_comes_back_after_its_time_is_another_parcel():
    line = pipeline()
    feed_all(line, [record(real_name()), record(inspection(), T0 + MINUTE)])
    line.feed([record(real_name(), T0 + 31 * DAY)])  # not swept out yet
    assert ledger(line).first_arrival_ms == T0 + 31 * DAY
    assert ledger(line).inspection is None
    assert ledger(line).events == 1


def corrections_counted(records):
    found = feed_all(pipeline(), records).counts
    return found[counts.CORRECTS_UNKNOWN, "swift"], found[counts.CORRECTED_LATER, "swift"]


CORRECTION = record(real_name(corrects="r-1", weight_g=2000), T0 + MINUTE, event_id="r-2")


def test_a_correction_of_an_event_that_is_known_is_not_counted_as_one_of_an_unknown_event():
    assert corrections_counted([record(real_name(), event_id="r-1"), CORRECTION]) == (0, 0)


def test_a_correction_whose_event_comes_later_is_counted_when_it_comes_and_again_when_that_comes():
    assert corrections_counted([CORRECTION, record(real_name(), event_id="r-1")]) == (1, 1)


def test_a_correction_of_an_event_of_another_waybill_is_counted_and_never_matched():
    other = real_name(waybill="SF0000000000002")
    first = [record(other, event_id="r-1"), record(real_name(), event_id="r-9")]
    assert corrections_counted([*first, CORRECTION]) == (1, 0)
