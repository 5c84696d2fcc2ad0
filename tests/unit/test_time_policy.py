"""The clauses of docs/time.md, one test each: two clocks, late and early events, disorder, deadlines."""

import itertools

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from parcelward import counts
from parcelward.features.table import INDEX
from parcelward.moments import FIVE_MINUTES_MS
from parcelward.profiles.windows import LastHour
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline, Result
from parcelward.shipments.shipment import Duty, Shipment, decode_shipment, ledger_key
from parcelward.stage import Batch
from tests.builders import (
    DAY,
    GOOD_ID,
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
    settings,
)

WAYBILL, INTAKE = "SF0000000000001", "intake.swift"


def ledger(line: Pipeline, waybill: str = WAYBILL) -> Shipment:
    return decode_shipment(line.cells["duties"][0].state[ledger_key("swift", waybill)])


def feature(result: Result, name: str, at: int = -1) -> object:
    return result.rows[at].row[INDEX[name]]


# -- bounds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (T0 - 7 * DAY, None),
        (T0 - 7 * DAY - 1, "time_out_of_range"),
        (T0 + 10 * MINUTE, None),
        (T0 + 10 * MINUTE + 1, "time_out_of_range"),
    ],
    ids=["oldest", "too old", "furthest ahead", "too far ahead"],
)
def test_an_event_time_outside_the_bounds_is_refused(at: int, reason: str | None) -> None:
    result = pipeline().feed([record(real_name(), at, arrival=T0)])
    refused = [key[2] for key in result.counts if key[0] == counts.REJECTED]
    assert refused == ([reason] if reason else [])
    assert len(result.rejected) == len(refused)


# -- late and back-filled ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("delay", "late"), [(0, 0), (HOUR, 0), (HOUR + 1, 1), (6 * DAY, 1)])
def test_an_upload_of_more_than_an_hour_ago_is_counted_as_late(delay: int, late: int) -> None:
    result = pipeline().feed([record(real_name(), T0, arrival=T0 + delay)])
    assert result.counts[counts.UPLOADED_LATE, "swift"] == late
    assert result.rejected == []


def test_an_event_filled_in_later_is_counted_once_however_often_it_is_sent() -> None:
    filled_in = [record(make(fill_mode="backfill"), T0, event_id=make.__name__) for make in (real_name, inspection)]
    result = feed_all(pipeline(), [*filled_in, *filled_in, record(scan())])
    assert result.counts[counts.BACK_FILLED, "swift"] == 2


def test_a_late_parcel_is_judged_as_of_its_own_acceptance() -> None:
    """Five hours late, it counts what was accepted before it and nothing that was accepted since."""
    line = pipeline()
    on_time = [record(real_name(f"SF00000000010{n:02}"), T0 + n * 10 * MINUTE) for n in range(7)]
    feed_all(line, on_time)
    late = line.feed([record(real_name(), T0 + 35 * MINUTE, arrival=T0 + 5 * HOUR)])
    assert feature(late, "sender_sends_1h") == 5  # those of minute 0, 10, 20, 30, and itself
    assert feature(late, "outlet_items_1d") == 7  # by the hour, the window's grain: not the one of minute 60


def test_a_late_parcel_is_counted_at_its_own_time_for_those_accepted_after_it() -> None:
    line = pipeline()
    line.feed([record(real_name("SF0000000000100"), T0)])
    line.feed([record(real_name(), T0 - 30 * MINUTE, arrival=T0 + MINUTE)])
    after = line.feed([record(real_name("SF0000000000101"), T0 + 2 * MINUTE)])
    assert feature(after, "sender_sends_1h") == 3
    much_later = line.feed([record(real_name("SF0000000000102"), T0 + 40 * MINUTE)])
    assert feature(much_later, "sender_sends_1h") == 3  # the late one has left the hour


def test_nobody_is_screened_again_for_a_parcel_that_comes_late() -> None:
    line = pipeline()
    line.feed([record(real_name("SF0000000000100"), T0)])
    late = line.feed([record(real_name(), T0 - HOUR, arrival=T0 + MINUTE)])
    assert [one.shipment.waybill for one in late.rows if one.shipment.real_name] == [WAYBILL]


@pytest.mark.parametrize(
    ("done_after", "settled"), [(MINUTE, 1), (30 * MINUTE, 1), (30 * MINUTE + 1, 0), (2 * HOUR, 0)]
)
def test_an_overdue_duty_is_settled_by_when_it_was_done_not_by_when_we_heard(done_after: int, settled: int) -> None:
    line = pipeline()
    line.feed([record(real_name())])
    line.feed([], {INTAKE: T0 + HOUR})
    late = line.feed([record(inspection(), T0 + done_after, arrival=T0 + 3 * HOUR)])
    assert late.counts[counts.LATE, "inspection"] == 1
    assert late.counts[counts.LIFTED, "inspection"] == settled
    assert bool(ledger(line).overdue) != bool(settled)
    states = [alert.state.value for alert in alerts_of(late)]
    assert states == (["cleared_by_evidence"] if settled else [])


# -- clocks that are fast ------------------------------------------------------------------------------------------


def test_an_event_ahead_of_its_arrival_is_accepted_and_counted() -> None:
    result = feed_all(pipeline(), [record(real_name(), T0 + 5 * MINUTE, arrival=T0), record(inspection(), T0)])
    assert result.counts[counts.AHEAD, "swift"] == 1
    assert result.rejected == []


def test_a_fast_clock_moves_no_deadline() -> None:
    """The deadline counts from the arrival: a device that is nine minutes fast gains nothing."""
    line = pipeline()
    line.feed([record(real_name(), T0 + 9 * MINUTE, arrival=T0)])
    assert line.feed([], {INTAKE: T0 + 30 * MINUTE}).counts[counts.OVERDUE, "inspection"] == 0
    assert line.feed([], {INTAKE: T0 + 30 * MINUTE + 1}).counts[counts.OVERDUE, "inspection"] == 1


@examples(deadline=None)
@given(st.lists(st.integers(0, 59), max_size=20), st.integers(1, 10))
def test_a_fast_clock_hides_no_more_of_a_window_than_it_is_ahead(minutes: list[int], ahead: int) -> None:
    """The newest 60 - `ahead` minutes of the last hour stay, by the window's grain of five."""
    window, now = LastHour(), T0 + HOUR
    for minute in minutes:
        window.add((now - minute * MINUTE) // FIVE_MINUTES_MS)
    window.add((now + ahead * MINUTE) // FIVE_MINUTES_MS)
    kept = sum(minute <= 50 - ahead for minute in minutes)
    assert kept <= window.at(now // FIVE_MINUTES_MS) <= len(minutes) + 1


RETOLD = {
    "inspection": (real_name(), inspection(), inspection(corrects="a")),
    "real_name": (inspection(), real_name(), real_name(corrects="a")),
}


@pytest.mark.parametrize("correction_first", [False, True])
@pytest.mark.parametrize("duty", RETOLD)
def test_the_time_of_a_correction_neither_clears_nor_raises_an_overdue_duty(duty: str, correction_first: bool) -> None:
    first, done, corrected = RETOLD[duty]
    bit, deadline = (Duty.INSPECTION if duty == "inspection" else Duty.REAL_NAME), T0 + 2 * HOUR
    for done_at, told_at in ((T0 + 5 * HOUR, T0 + 10 * MINUTE), (T0 + 10 * MINUTE, T0 + 5 * HOUR)):
        line = pipeline()
        line.feed([record(first)])
        line.feed([], {INTAKE: deadline})
        late = [(done, done_at, "a"), (corrected, told_at, "b")]
        for n, (data, at, name) in enumerate(reversed(late) if correction_first else late):
            line.feed([record(data, at, T0 + 6 * HOUR + n, name)])
        assert bool(ledger(line).overdue & bit) is (done_at > deadline), "when it was done, its first event says"


@pytest.mark.parametrize("earlier_first", [False, True])
def test_of_two_inspections_the_earlier_one_says_when_the_duty_was_done(earlier_first: bool) -> None:
    line = pipeline()
    line.feed([record(real_name())])
    line.feed([], {INTAKE: T0 + 2 * HOUR})
    told = [T0 + 10 * MINUTE, T0 + 5 * HOUR]
    for n, at in enumerate(told if earlier_first else reversed(told)):
        line.feed([record(inspection(weight_g=900 + n), at, T0 + 6 * HOUR + n)])
    assert not ledger(line).overdue


# -- disorder ------------------------------------------------------------------------------------------------------


def test_the_order_in_which_a_waybills_events_arrive_does_not_matter_to_what_is_known() -> None:
    told = [
        (real_name(goods={"name": "汽油"}), T0),
        (inspection(result="passed"), T0 + MINUTE),
        (inspection(result="refused", found_category=3), T0 + 2 * MINUTE),
        (scan(decision="pass"), T0 + 3 * MINUTE),
        (scan(decision="reopen"), T0 + 4 * MINUTE),
    ]
    known, chosen = set(), settings()
    stages = build_stages(chosen)
    for order in itertools.permutations(range(len(told))):
        line, arrivals = Pipeline(stages, chosen.topics), itertools.count(T0 + 5 * MINUTE, SECOND)
        result = feed_all(line, [record(*told[n], arrival=next(arrivals), event_id=f"e{n}") for n in order])
        one = ledger(line)
        assert one.real_name is not None
        assert one.inspection is not None
        assert one.scan is not None
        heard = one.real_name.goods_name, one.inspection.result, one.scan.decision
        known.add((*heard, one.conflicts, one.overdue, *rules_of(result)))
    assert len(known) == 1


@pytest.mark.parametrize(("later", "counted"), [(MINUTE, 0), (0, 0), (-1, 1)])
def test_an_event_before_the_last_one_of_its_waybill_is_counted_as_out_of_order(later: int, counted: int) -> None:
    result = feed_all(pipeline(), [record(real_name(), T0), record(inspection(), T0 + later, arrival=T0 + HOUR // 2)])
    assert result.counts[counts.OUT_OF_ORDER, "swift"] == counted


def test_a_resend_is_recognised_days_later() -> None:
    line = pipeline()
    first = record(real_name(), event_id="a")
    line.feed([first])
    again = line.feed([first._replace(timestamp=T0 + 6 * DAY)])
    assert again.counts[counts.DUPLICATE, "swift"] == 1
    assert feature(line.feed([record(real_name("SF0000000000002"), T0 + MINUTE)]), "sender_sends_7d") == 2


@pytest.mark.parametrize(("others", "recognised"), [(23, True), (24, False)])
def test_a_scan_is_recognised_among_the_last_24_events_of_its_waybill(others: int, recognised: bool) -> None:
    """Real names and inspections are recognised beyond these: their versions are kept."""
    line = pipeline()
    told = [record(data, T0 + SECOND, event_id=f"{n}") for n, data in enumerate((real_name(), inspection(), scan()))]
    rest = [record(scan(site=f"H{n}"), T0 + n * MINUTE, event_id=f"s{n}") for n in range(1, others + 1)]
    for one in (*told, *rest):
        line.feed([one])
    again = [one._replace(timestamp=T0 + DAY) for one in told]
    assert line.feed(again[:2]).counts[counts.DUPLICATE, "swift"] == 2
    assert line.feed(again[2:]).counts[counts.DUPLICATE, "swift"] == recognised


def test_a_record_that_arrives_before_what_was_reached_is_counted_and_changes_no_deadline() -> None:
    """A broker whose clock is behind became leader, or ours is ahead by more than `idle_grace`."""
    line = pipeline()
    line.feed([record(real_name())])
    fired = line.feed([], {INTAKE: T0 + HOUR})
    behind = line.feed([record(inspection(), T0 + MINUTE, arrival=T0 + 10 * MINUTE)])
    assert fired.counts[counts.OVERDUE, "inspection"] == 1
    assert behind.counts[counts.BACKWARDS, "swift"] == 1
    assert alerts_of(behind)[-1].state == "cleared_by_evidence"
    assert line.feed([], {INTAKE: T0 + 2 * HOUR}).alerts == []


def test_an_aborted_batch_does_not_move_the_clock() -> None:
    line = pipeline()
    cell = line.cells["duties"][0]
    cell.stage.step(Batch([], {INTAKE: T0 + HOUR}), cell.state)  # never committed
    assert line.feed([record(real_name())]).counts[counts.BACKWARDS, "swift"] == 0


# -- deadlines -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("arrives", "overdue"), [(30 * MINUTE, 0), (30 * MINUTE + 1, 1)])
def test_an_event_that_arrives_at_its_deadline_is_in_time(arrives: int, overdue: int) -> None:
    line = pipeline()
    line.feed([record(real_name())])
    result = line.feed([record(inspection(), T0 + MINUTE, arrival=T0 + arrives)])
    assert result.counts[counts.OVERDUE, "inspection"] == overdue


def test_a_late_acceptance_starts_its_deadline_when_it_arrives() -> None:
    """Nobody can be overdue with what we were not told of: the alert would come before its evidence."""
    line = pipeline()
    line.feed([record(real_name(), T0, arrival=T0 + 5 * HOUR)])
    assert line.feed([], {INTAKE: T0 + 5 * HOUR + 30 * MINUTE}).counts[counts.OVERDUE, "inspection"] == 0
    assert line.feed([], {INTAKE: T0 + 5 * HOUR + 31 * MINUTE}).counts[counts.OVERDUE, "inspection"] == 1


def test_an_alert_says_the_deadline_and_not_when_it_was_noticed() -> None:
    line = pipeline()
    line.feed([record(real_name(sender={"document_number": GOOD_ID}))])
    (alert,) = alerts_of(line.feed([], {INTAKE: T0 + 9 * HOUR}))
    assert round(alert.raised_at.timestamp() * 1000) == T0 + 30 * MINUTE
