"""Third stage: outlet and operator profiles, features, rules and model, and the alert. Keyed by courier and outlet."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from parcelward.alerts.snapshot import Origins
from parcelward.alerts.verdict import decode_alert
from parcelward.cases.life import Life
from parcelward.cases.proceeding import is_complete_now, proceed_send
from parcelward.expiry import Sweep
from parcelward.features.row import measure
from parcelward.features.table import Row
from parcelward.profiles.outlets import (
    count_acceptance,
    count_inspection,
    count_overdue,
    decode_operator,
    decode_outlet,
    take_acceptance,
    take_inspection,
)
from parcelward.rules import resting_on, rests_on
from parcelward.screening.judge import Judge, Judgement, Measured
from parcelward.screening.outlet_state import Keep, OutletState
from parcelward.screening.series import OF_OUTLETS, series_behind
from parcelward.shipments.series import Series
from parcelward.shipments.shipment import (
    Arrived,
    First,
    Shipment,
    ShipmentBrief,
    Trigger,
    decode_arrived,
    encode,
    outlet_key,
)
from parcelward.stage import Batch, Outcome, Send, SourceRecord

BLOCK = 256  # hops
"""Measured, then judged: few enough to be still in the processor's caches, enough for the model's cost per call."""


class ShipmentRow(NamedTuple):
    """One shipment with its features."""

    shipment: Shipment
    row: Row


class OutletsStage:
    """Profiles and verdicts of one partition.

    A key of its state begins with its kind: `o` an outlet, `p` an operator, `h` a photo, `w` the alert of a waybill.
    """

    def __init__(self, judgement: Judgement, life: Life, keep: Keep, answered: Collection[str] = frozenset()) -> None:
        """`answered`: couriers that are told about every parcel."""
        self._judge = Judge(judgement, life)
        self._hits_on_counts = resting_on(judgement.pack, OF_OUTLETS).evaluate
        self._topics, self._answered = life.topics, answered
        self._outlet_state = OutletState(keep)
        keeps = {b"h": keep.photo + keep.event_age, b"w": keep.ledger}
        profile = keep.profile
        self._sweep = Sweep(lambda key: keeps.get(key[:1], profile), min(profile, *keeps.values()))
        self._expired: list[bytes] = []

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Begin the expiry sweep anew, and read every profile anew."""
        self._sweep.restore()
        self._outlet_state.clear()

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Update profiles, judge, and raise or revise alerts.

        Block by block; where blocks are cut does not matter, as with batches.
        """
        outcome, outlet_state, records = Outcome(), self._outlet_state, batch.records
        outlet_state.open(state)
        newest: dict[str, int] = {}  # per courier: one that lags behind has a clock of its own
        revised = []
        for start in range(0, len(records), BLOCK):
            measured = [self._measure(record, newest) for record in records[start : start + BLOCK]]
            block = [one for one in measured if one is not None]
            revised += self._judge.verdicts(block, outlet_state, outcome)
            if self._answered:
                outcome.sends += self._words_to_counters(block)
        self._judge.tell(revised, outcome)
        newest_of = {courier.encode(): arrival for courier, arrival in newest.items()}
        self._expired = self._sweep.expired(
            state,
            len(records),
            max(newest.values(), default=0),
            lambda key: newest_of.get(key[1 : key.index(b"/")], 0),
            outlet_state.new_photos,
        )
        for key in self._expired:
            outcome.updates[key] = None
        for key, value in outlet_state.changed.items():
            outcome.updates[key] = None if value is None else encode(value)
        return outcome

    def commit(self, batch: Batch, outcome: Outcome) -> None:
        """Keep the profiles as changed, and move the expiry sweep on."""
        self._outlet_state.commit(self._expired)
        self._sweep.commit()

    def counted(self, key: bytes, value: bytes) -> int:
        """Count the parcels of a profile, or the revisions of an alert; 0 for a photo."""
        kind = key[:1]
        if kind == b"o":
            outlet = decode_outlet(value)
            return outlet.items_7d.total + outlet.overdue_1d.total
        if kind == b"p":
            operator = decode_operator(value)
            return operator.items_1d.total + len(operator.inspections)
        return decode_alert(value).revision if kind == b"w" else 0

    def screen_rows(self, batch: Batch, state: Mapping[bytes, bytes]) -> list[ShipmentRow]:
        """Give the features of a batch without judging it, for training. Changes nothing that is kept."""
        self._outlet_state.open(state)
        measured = [one for record in batch.records if (one := self._measure(record, {})) is not None]
        for one in measured:
            one.recall(self._outlet_state)
        return [ShipmentRow(one.shipment(), one.row) for one in measured]

    def _measure(self, record: SourceRecord, newest: dict[str, int]) -> Measured | None:
        """Count a pass in the profiles and measure it against them; `newest` is the newest arrival per courier.

        None where something was only counted or taken back.
        """
        hop = decode_arrived(record.value or b"")
        shipment = hop.shipment
        courier, now = shipment.courier, shipment.touched_ms
        if now > newest.get(courier, 0):
            newest[courier] = now
        if hop.takes_back:
            self._take_back(shipment, hop.takes_back)
            return None
        if hop.only_counts:
            self._row(hop)
            return None
        # A waybill number that comes back after it was forgotten is another parcel, with an alert of its own.
        key = f"w{courier}/{shipment.waybill}/{shipment.first_arrival_ms}".encode()
        evidence_ms = 0 if shipment.trigger == Trigger.OVERDUE else now
        waits = courier in self._answered and is_complete_now(shipment)
        counter = shipment if waits else None
        return Measured(record, *self._row(hop), key, self._judge.is_notable(shipment), evidence_ms, counter)

    def _words_to_counters(self, block: Sequence[Measured]) -> list[Send]:
        """Tell the counters that wait, of each parcel about which nothing is to be done."""
        return [
            proceed_send(one.counter, self._topics)
            for one in block
            if one.counter is not None and self._judge.may_proceed(one.known, self._outlet_state.alert(one.key))
        ]

    def _take_back(self, shipment: ShipmentBrief, parts: int) -> None:
        """Take back parts of a shipment, as it was when they were counted, since a correction says something else."""
        accepted, inspected, outlet_state = shipment.real_name, shipment.inspection, self._outlet_state
        courier, now = shipment.courier, shipment.touched_ms
        if accepted is None:
            return
        if parts & First.ACCEPTANCE:
            outlet_at = _outlet_at(courier, accepted.outlet)
            acceptor_at = _operator_at(courier, accepted.outlet, accepted.operator)
            outlet, acceptor = outlet_state.outlet(outlet_at, now), outlet_state.operator(acceptor_at, now)
            # One that was forgotten holds nothing to take: nothing blank is written in its place.
            if outlet.touched_ms:
                outlet_state.change_outlet(outlet_at, outlet)
            if acceptor.touched_ms:
                outlet_state.change_operator(acceptor_at, acceptor)
            take_acceptance(outlet, acceptor, accepted, shipment.waybill.encode())
        if parts & First.INSPECTION and inspected is not None:
            inspector_at = _operator_at(courier, inspected.outlet, inspected.operator)
            inspector = outlet_state.operator(inspector_at, now)
            if inspector.touched_ms:
                outlet_state.change_operator(inspector_at, inspector)
            take_inspection(inspector, inspected, accepted)
            outlet_state.release_photos(shipment)

    def _row(self, hop: Arrived) -> tuple[Row, Origins, Sequence[Series]]:
        """Count what this pass adds to the profiles, and measure the shipment against them.

        The series behind its counts are taken at once: profiles go on with the next shipment.
        """
        shipment, outlet_state = hop.shipment, self._outlet_state
        accepted, inspected, firsts = shipment.real_name, shipment.inspection, shipment.firsts
        courier, now = shipment.courier, shipment.touched_ms
        where = shipment.home_outlet if accepted is None else accepted.outlet
        if where != shipment.home_outlet and not hop.only_counts:  # the profiles that it belongs to may lie elsewhere
            row = measure(shipment, hop.phone, hop.sender, None, None, None, None)
            return row, Origins(hop.travel_from), hop.series
        outlet_at = _outlet_at(courier, where)
        outlet = outlet_state.outlet(outlet_at, now)
        acceptor = inspector = None
        if accepted is not None:
            acceptor_at = _operator_at(courier, where, accepted.operator)
            acceptor = outlet_state.operator(acceptor_at, now)
            if firsts & First.ACCEPTANCE:
                outlet_state.change_outlet(outlet_at, outlet)
                outlet_state.change_operator(acceptor_at, acceptor)
                count_acceptance(outlet, acceptor, accepted, shipment.waybill.encode())
        if inspected is not None:
            if accepted is not None and inspected.operator == accepted.operator and inspected.outlet == where:
                inspector_at, inspector = acceptor_at, acceptor
            else:
                inspector_at = _operator_at(courier, inspected.outlet, inspected.operator)
                inspector = outlet_state.operator(inspector_at, now)
            if firsts & First.INSPECTION and accepted is not None:
                assert inspector is not None
                outlet_state.change_operator(inspector_at, inspector)
                count_inspection(inspector, inspected, accepted)
        if firsts & First.OVERDUE:
            outlet_state.change_outlet(outlet_at, outlet)
            count_overdue(outlet, shipment.trigger_event_ms)
        reused = outlet_state.reused_photo(shipment) if inspected is not None and inspected.photos else None
        of_other, photo_ms = (None, None) if reused is None else (reused.waybill, reused.touched_ms)
        row = measure(shipment, hop.phone, hop.sender, outlet, acceptor, inspector, of_other)
        hits, series = self._hits_on_counts(row), hop.series
        if hits:
            series = series + series_behind(rests_on(hits, row), shipment, outlet, acceptor, inspector)
        return row, Origins(hop.travel_from, photo_ms), series


def _outlet_at(courier: str, outlet: str) -> bytes:
    return b"o" + outlet_key(courier, outlet)


def _operator_at(courier: str, outlet: str, operator: str) -> bytes:
    return f"p{courier}/{outlet}/{operator}".encode()
