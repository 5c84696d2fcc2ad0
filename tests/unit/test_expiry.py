"""Old values count as absent, whenever the sweep comes; the sweep looks at everything in turn."""

import gc
from datetime import timedelta
from weakref import ref

import msgspec
import pytest

from parcelward.expiry import LAG_MS, RECORDS_PER_LOOK, Sweep, is_absent, touched_ms
from parcelward.profiles.outlets import OutletProfile
from parcelward.profiles.senders import PhoneProfile
from parcelward.screening.build import build_stages
from parcelward.shipments.shipment import Shipment, encode
from parcelward.stage import Batch, Record, apply
from tests.builders import (
    DAY,
    HOUR,
    MINUTE,
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

KEEP = 7 * DAY


def test_the_sweep_waits_longer_than_the_readers():
    sweep, state = Sweep(lambda _key: KEEP, KEEP), {b"k": encode(PhoneProfile(T0))}
    assert not is_absent(T0, KEEP, T0 + KEEP)
    assert is_absent(T0, KEEP, T0 + KEEP + 1)
    over = T0 + KEEP + LAG_MS
    assert sweep.expired(state, 1, over, lambda _key: over) == []
    assert sweep.expired(state, 1, over + 1, lambda _key: over + 1) == [b"k"]
    assert sweep.expired(state, 1, over + 1, lambda _key: over) == [], "the clock that concerns the key counts"


@pytest.mark.parametrize(
    "value",
    [
        PhoneProfile(0),
        PhoneProfile(T0, [(T0, 1)]),
        OutletProfile(0),
        OutletProfile(2**31),
        Shipment(T0, 0, "swift", "SF1", "HZ-1", 3, T0),
        Shipment(0, T0, "swift", "SF1", "HZ-1", 3, T0),
    ],
    ids=["phone-never", "phone", "outlet-never", "outlet-long-ago", "ledger", "ledger-never"],
)
def test_when_a_value_was_touched_is_read_without_decoding_it(value):
    record = encode(value)
    without_format = encode(msgspec.msgpack.decode(record)[1:])
    assert touched_ms(record) == touched_ms(without_format) == value.touched_ms


def test_every_key_is_looked_at_in_turn():
    state = {b"%d" % number: encode(PhoneProfile(T0)) for number in range(10)}
    sweep = Sweep(lambda _key: KEEP, KEEP)
    now = T0 + KEEP + LAG_MS + 1
    rounds = 0
    records = 2 * RECORDS_PER_LOOK
    while state:
        gone = sweep.expired(state, records, now, lambda _key: now)
        assert gone == sweep.expired(state, records, now, lambda _key: now), "an aborted batch changes nothing"
        assert len(gone) == 2
        updates = dict.fromkeys(gone)
        apply(updates, state)
        sweep.commit()
        rounds += 1
    assert rounds == 5


def test_a_state_stays_bounded_when_every_parcel_brings_many_photos():
    line = pipeline(inspection_due=timedelta(hours=1), photo_keep=timedelta(hours=1), max_event_age=timedelta(hours=1))
    counts = []
    for number in range(400):  # ten days
        at = T0 + number * 36 * MINUTE
        photos = [{"sha256": f"{8 * number + one:064x}"[::-1]} for one in range(8)]
        line.feed([record(inspection(f"SF{number:013d}", photos=photos), at)])
        counts.append(sum(key.startswith(b"h") for key in line.cells["outlets"][0].state))
    live = 8 * (26 * HOUR // (36 * MINUTE))  # a day and two hours
    assert live <= max(counts) < 2.5 * live


def test_a_stage_goes_with_its_partition_without_the_garbage_collector():
    """The collector never looks again at what was there when a worker had its state."""
    stages = build_stages(settings())
    gc.disable()
    try:
        gone = [ref(make(1)) for make in stages.make.values()]
        assert {one() for one in gone} == {None}
    finally:
        gc.enable()


def reused_after(days, batch, between=10):
    """Rules of an inspection whose photo another waybill carried some days before; `between`: other parcels."""
    photo = {"photos": [{"sha256": "cd" * 32}]}
    at = T0 + int(days * DAY)
    others = [
        record(real_name(f"SF{n:013d}", sender={"document_number": f"E{n:08d}", "document_type": "passport"}), at + n)
        for n in range(10, 10 + between)
    ]
    records = [record(inspection("SF0000000000001", **photo)), *others]
    records.append(record(inspection("SF0000000000002", **photo), at + HOUR))
    alerts = alerts_of(feed_all(pipeline(), records, batch))
    return [finding.rule for alert in alerts if alert.waybill == "SF0000000000002" for finding in alert.findings]


def test_an_old_photo_is_forgotten_whatever_the_batches():
    assert [reused_after(6.9, batch) for batch in (1, 2, 4, 64)] == [["R10"]] * 4
    assert [reused_after(7.1, batch) for batch in (1, 2, 4, 64)] == [[]] * 4
    assert [reused_after(7.1, batch, between=60) for batch in (1, 2, 4, 64)] == [[]] * 4


@pytest.mark.parametrize("between", [0, 60], ids=["no sweep", "swept"])
def test_an_alert_is_remembered_as_long_as_its_waybill(between):
    line = pipeline(ledger_keep=timedelta(days=5))
    found = [record(real_name(goods={"name": "鞭炮"})), record(inspection(), T0 + MINUTE)]
    raised = feed_all(line, [*found, record(scan(), T0 + 4 * DAY)])
    assert [alert.revision for alert in alerts_of(raised)] == [1, 2], "a scan says that it is under way"
    others = [real_name(f"SF{number:013d}") for number in range(10, 10 + between)]
    feed_all(line, [record(other, T0 + 7 * DAY + number) for number, other in enumerate(others)])
    later = alerts_of(feed_all(line, [record(scan(), T0 + 8 * DAY)]))
    assert [alert for alert in later if alert.waybill == "SF0000000000001" and alert.revision == 1] == []


def outlets_of(line, clock_ms):
    """Feed twenty parcels of one sender; internal records carry a clock that is `clock_ms` ahead."""
    seen = []
    ledger = line.cells["duties"][0]
    for number in range(20):
        one = record(real_name(f"SF{number:013d}"), T0 + number * MINUTE)
        sends = step(ledger, one)
        while sends and sends[0].topic == "screening.senders":
            send = sends[0]
            sends = step(line.cells["senders"][0], Record(send.topic, 0, 0, T0 + clock_ms, send.key, send.value))
        send = sends[0]
        hop = Record(send.topic, 0, 0, T0 + clock_ms, send.key, send.value)
        seen.append(line.cells["outlets"][0].stage.screen_rows(Batch([hop]), line.cells["outlets"][0].state)[0].row)
        step(line.cells["outlets"][0], hop)
    return seen


def step(cell, one):
    outcome = cell.stage.step(Batch([one]), cell.state)
    apply(outcome.updates, cell.state)
    cell.stage.commit(Batch([one]), outcome)
    return outcome.sends


def test_a_state_rebuilt_weeks_later_is_the_same():
    assert outlets_of(pipeline(), 30 * DAY) == outlets_of(pipeline(), 0)


def test_state_that_nobody_asks_for_is_deleted():
    line = pipeline()
    feed_all(line, [record(real_name("SF0000000000001", outlet="OLD", operator="OLD"))])
    for days, kept in ((14.9, True), (15.2, False)):
        later = [record(real_name(f"SF{days * 10000 + n:013.0f}"), T0 + int(days * DAY) + n) for n in range(30)]
        feed_all(line, later)
        assert any(b"OLD" in key for key in line.cells["outlets"][0].state) == kept
