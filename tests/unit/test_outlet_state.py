"""Decoded profiles are kept between batches and never get ahead of what is committed."""

import msgspec
import pytest

from parcelward.profiles.outlets import OperatorProfile, OutletProfile
from parcelward.screening.outlet_state import LATER_KEPT, OPERATORS_KEPT, Keep, OutletState, decode_photo
from parcelward.shipments.shipment import encode
from parcelward.stage import Batch, Record, apply
from tests.builders import DAY, HOUR, MINUTE, T0, inspection, pipeline, real_name, record, settings

KEEP = Keep(DAY, DAY, DAY)
State = dict[bytes, bytes]


class Log:
    """Takes what a pipeline sends to the outlets stage instead of that stage."""

    def __init__(self, topic):
        self._topic, self.records = topic, []

    def release(self, topic, partition, sent):
        if topic == self._topic:
            self.records += sent
            return []
        return sent


def hops(parcels=12):
    """The hops of a few parcels at two outlets, as they arrive at the outlets stage."""
    line = pipeline()
    line._order = log = Log(settings().topics.into("outlets"))
    events = []
    for number in range(parcels):
        waybill, at = f"SF{number:013d}", T0 + number * MINUTE
        outlet = {"outlet": f"O{number % 2}"}
        events += [record(real_name(waybill, **outlet), at), record(inspection(waybill, **outlet), at + 1000)]
    line.feed(events)
    return log.records


def stage():
    return pipeline().cells["outlets"][0].stage


def committed(one, state, records):
    batch = Batch(records)
    outcome = one.step(batch, state)
    apply(outcome.updates, state)
    one.commit(batch, outcome)
    return outcome


def test_a_step_that_was_not_committed_leaves_nothing_behind():
    records = hops()
    one, state = stage(), State()
    committed(one, state, records[:8])
    first = one.step(Batch(records[8:]), state)
    again = one.step(Batch(records[8:]), state)
    assert first.updates, "something must be counted, or nothing is tested"
    assert (first.updates, first.sends) == (again.updates, again.sends)


def test_a_part_of_an_aborted_batch_is_counted_from_what_is_committed():
    records = hops()
    one, state = stage(), State()
    committed(one, state, records[:8])
    one.step(Batch(records[8:]), state)
    other, same = stage(), State()
    committed(other, same, records[:8])
    assert one.step(Batch(records[8:12]), state).updates == other.step(Batch(records[8:12]), same).updates


def test_a_record_that_raises_leaves_nothing_behind():
    records = hops()
    one, state = stage(), State()
    committed(one, state, records[:8])
    broken = Record("outlets", 0, 99, T0, b"k", b"no message")
    with pytest.raises(msgspec.DecodeError):
        one.step(Batch([*records[8:16], broken]), state)
    fresh = stage()
    fresh.restore(state)
    assert one.step(Batch(records[8:]), state).updates == fresh.step(Batch(records[8:]), state).updates


def test_the_features_of_a_batch_can_be_read_before_it_is_counted():
    records = hops()
    one, state = stage(), State()
    committed(one, state, records[:8])
    rows = [each.row for each in one.screen_rows(Batch(records[8:]), state)]
    assert rows == [each.row for each in one.screen_rows(Batch(records[8:]), state)]
    fresh = stage()
    fresh.restore(state)
    assert one.step(Batch(records[8:]), state).updates == fresh.step(Batch(records[8:]), state).updates


def test_profiles_kept_and_profiles_read_anew_give_the_same():
    records = hops()
    one, kept, anew = stage(), State(), State()
    for start in range(0, len(records), 3):
        committed(one, kept, records[start : start + 3])
        committed(stage(), anew, records[start : start + 3])
    assert kept == anew


def test_restore_reads_another_state():
    records = hops()
    one, state = stage(), State()
    committed(one, state, records)
    one.restore({})
    assert one.step(Batch(records), {}).updates == stage().step(Batch(records), {}).updates


def test_a_deleted_profile_is_gone():
    outlet_state, state = OutletState(KEEP), {b"o1": encode(OutletProfile(T0)), b"p1": encode(OperatorProfile(T0))}
    outlet_state.open(state)
    assert outlet_state.outlet(b"o1", T0).touched_ms == outlet_state.operator(b"p1", T0).touched_ms == T0
    state.clear()
    outlet_state.commit([b"o1", b"p1"])
    outlet_state.open(state)
    assert outlet_state.outlet(b"o1", T0).touched_ms == outlet_state.operator(b"p1", T0).touched_ms == 0


def test_what_is_kept_is_bounded():
    state = {b"p%d" % number: encode(OperatorProfile(T0)) for number in range(OPERATORS_KEPT + 50)}
    outlet_state = OutletState(KEEP)
    outlet_state.open(state)
    for key in state:
        outlet_state.operator(key, T0 + HOUR)
    outlet_state.commit([])
    assert len(outlet_state._operators) == OPERATORS_KEPT


def test_of_the_waybills_that_carried_a_photo_a_few_are_kept():
    line = pipeline()
    for number in range(20):
        waybill, at = f"SF{number:013d}", T0 + number * MINUTE
        photos = [{"sha256": "ab" * 32}]
        line.feed([record(real_name(waybill), at), record(inspection(waybill, photos=photos), at + 1000)])
    ((_, value),) = [one for one in line.cells["outlets"][0].state.items() if one[0].startswith(b"h")]
    owner = decode_photo(value)
    assert (owner.waybill, [waybill for _, waybill in owner.later]) == (
        f"SF{0:013d}",
        [f"SF{number:013d}" for number in range(1, LATER_KEPT + 1)],
    )
