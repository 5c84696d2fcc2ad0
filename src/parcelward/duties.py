"""First stage: bytes in, shipments out. Decodes, tokenises and joins events per waybill; fires overdue duties."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec

from parcelward import facts
from parcelward.contract.events import EventType
from parcelward.contract.fields import SenderKind
from parcelward.decode import Decoder, Event, Rejected
from parcelward.event import InspectionData, RealNameData
from parcelward.expiry import Sweep, is_absent
from parcelward.ledger import (
    BACKFILL,
    EVIDENCE_KEPT,
    KIND_OF,
    SEEN_BYTES,
    Deadlines,
    Facts,
    accept_inspection,
    accept_real_name,
    accept_scan,
    inspection_facts,
    mark_overdue,
    next_due,
    real_name_facts,
    says_the_same,
    scan_facts,
    settle_late,
)
from parcelward.privacy import Tokeniser
from parcelward.refusal import rejected_record
from parcelward.shipment import (
    DUE_WITHIN,
    DUTY_NAMES,
    Count,
    Duty,
    Hop,
    Shipment,
    Trigger,
    decode_due,
    decode_shipment,
    encode,
    ledger_key,
    outlet_key,
)
from parcelward.stage import Batch, Outcome, Send, SourceRecord
from parcelward.timers import Timers
from parcelward.topics import Topics
from parcelward.windows import HOUR_MS

LATE_UPLOAD_MS = HOUR_MS
"""An event that arrives so long after its time was uploaded late: handhelds come online hours later."""
AGREEMENT = SenderKind.AGREEMENT.value


class _Kind(NamedTuple):
    """What an event type is called, its number in the evidence, the duty it does, and how its facts are entered."""

    name: str
    number: int
    duty: int
    accept: Callable[[Shipment, Any, str | None], int | None]


_KINDS = {
    event_type: _Kind(event_type.value, KIND_OF[event_type], duty, accept)
    for event_type, duty, accept in (
        (EventType.REAL_NAME, Duty.REAL_NAME, accept_real_name),
        (EventType.INSPECTION, Duty.INSPECTION, accept_inspection),
        (EventType.SECURITY_SCAN, Duty.SECURITY_SCAN, accept_scan),
    )
}


class DutiesStage:
    """The duty ledger of one intake partition number, over all couriers.

    A waybill that nothing new was said about for `deadlines.keep` counts as absent, and is swept out later.
    """

    def __init__(self, decoder: Decoder, tokeniser: Tokeniser, topics: Topics, deadlines: Deadlines) -> None:
        self._decoder = decoder
        self._tokeniser = tokeniser
        self._topics = topics
        self._deadlines = deadlines
        self._timers = Timers()
        self._sweep = Sweep(lambda _key: deadlines.keep, deadlines.keep)
        self._courier_of = cache(topics.courier_of)
        self._clocks: dict[str, int] = {}  # per courier the arrival that was reached, epoch ms
        self._reached: dict[str, int] = {}

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Set the timers of the ledger's open duties and begin the expiry sweep anew."""
        dues = ((key, decode_due(value)) for key, value in state.items())
        self._timers.restore((due.courier, due.due_ms, key) for key, due in dues if due.due_ms)
        self._sweep.restore()

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Enter the batch's events into the ledger, in order, and pass on every shipment that changed."""
        self._timers.begin()
        desk = _Desk(self, state)
        clocks, courier_of = dict(self._clocks), self._courier_of
        self._reached = clocks
        for record in batch.records:
            courier, now_ms = courier_of(record.topic), record.timestamp
            if now_ms >= clocks.get(courier, 0):
                clocks[courier] = now_ms
            else:
                desk.note_backwards(courier)
            desk.fire(courier, now_ms)
            desk.enter(record)
        for topic, quiet_ms in sorted(batch.quiet_until.items()):
            courier = courier_of(topic)
            desk.fire(courier, quiet_ms)
            clocks[courier] = max(quiet_ms, clocks.get(courier, 0))
        outcome = desk.outcome
        newest_of = {courier.encode(): reached for courier, reached in clocks.items()}
        expired = self._sweep.expired(
            state,
            len(batch.records) + len(batch.quiet_until),
            max(clocks.values(), default=0),
            lambda key: newest_of.get(key.split(b"/", 1)[0], 0),
            desk.new_waybills,
        )
        for key in expired:
            outcome.updates.setdefault(key, None)
        return outcome

    def commit(self, batch: Batch, outcome: Outcome) -> None:
        """Keep the timers of the committed batch and move the expiry sweep on."""
        self._timers.commit()
        self._clocks = self._reached
        self._sweep.commit()


class _Desk:
    """Work on one batch: what goes out, the shipments as changed so far among it. Thrown away with the batch.

    A shipment is written down as soon as it has changed and read again if the batch comes back to it: kept as objects
    to the end of a large batch, shipments fall out of the processor's cache, which costs more than decoding a few.
    """

    def __init__(self, stage: DutiesStage, state: Mapping[bytes, bytes]) -> None:
        self._stage = stage
        self._state = state
        self.outcome = self._out = Outcome()
        self.new_waybills = 0

    def note_backwards(self, courier: str) -> None:
        """A record arrived before what the courier's clock had reached: clocks of brokers, or ours, are apart."""
        self._out.facts[facts.BACKWARDS, courier] += 1

    # -- deadlines ---------------------------------------------------------------------------------------------------

    def fire(self, courier: str, now_ms: int) -> None:
        """Fire what fell due before `now_ms` on the courier's arrival clock."""
        take = self._stage._timers.take
        while (timer := take(courier, now_ms)) is not None:
            self._look(*timer)

    def _look(self, due_ms: int, key: bytes) -> None:
        value = self._value(key)
        if value is None or value.find(encode(due_ms), 0, DUE_WITHIN) < 0:
            return  # as most: the duty was done in time, which is told without decoding
        # As of the timer, not of the clock that came by: each deadline gives its own revision, as on replay.
        shipment = self._open(key, due_ms)
        if shipment is None or shipment.due_ms != due_ms:
            return
        fallen = mark_overdue(shipment, due_ms + 1, self._stage._deadlines)
        for duty, name in DUTY_NAMES.items():
            if fallen & duty:
                self._out.facts[facts.OVERDUE, name] += 1
        self._watch(key, shipment)
        if fallen:
            self._pass_on(key, shipment)
        else:  # deadlines are settings, and were shorter when the timer was set
            self._out.updates[key] = encode(shipment)

    def _watch(self, key: bytes, shipment: Shipment) -> None:
        """Set the timer of the next open duty, if it is another one than before."""
        due_ms = next_due(shipment, self._stage._deadlines)
        if due_ms != shipment.due_ms:
            shipment.due_ms = due_ms
            if due_ms:
                self._stage._timers.set(shipment.courier, due_ms, key)

    # -- events ------------------------------------------------------------------------------------------------------

    def enter(self, record: SourceRecord) -> None:
        """Enter one record: refuse it, recognise it, or change the ledger and pass the shipment on."""
        event = self._stage._decoder.decode(record)
        if isinstance(event, Rejected):
            self._refuse(record, event)
            return
        data, arrival = event.data, record.timestamp
        courier, kind = data.courier, _KINDS[event.type]
        self._out.facts[facts.CONSUMED, courier, kind.name] += 1
        key = ledger_key(courier, data.waybill)
        shipment = self._open(key, arrival)
        if shipment is None:
            self.new_waybills += 1
            shipment = Shipment(arrival, 0, courier, data.waybill, "", record.partition, arrival)
        shipment.events += 1
        trigger = self._change(shipment, event, kind, arrival)
        if trigger is None:
            shipment.duplicates += 1
            self._out.updates[key] = encode(shipment)
            self._out.facts[facts.DUPLICATE, courier] += 1
            return
        shipment.trigger = trigger
        shipment.touched_ms = arrival
        shipment.trigger_event_ms = event.time_ms
        self._note_delay(event, arrival - event.time_ms)
        shipment.evidence.append((event.id, kind.number, record.offset))
        del shipment.evidence[:-EVIDENCE_KEPT]
        self._watch(key, shipment)
        self._pass_on(key, shipment)

    def _note_delay(self, event: Event, delay_ms: int) -> None:
        """Count what was uploaded late or filled in later, and what lies ahead of its arrival."""
        data = event.data
        if delay_ms < 0:
            self._out.facts[facts.AHEAD, data.courier] += 1
        elif delay_ms > LATE_UPLOAD_MS:
            self._out.facts[facts.UPLOADED_LATE, data.courier] += 1
        if data.fill_mode == BACKFILL:
            self._out.facts[facts.BACK_FILLED, data.courier] += 1

    def _refuse(self, record: SourceRecord, rejected: Rejected) -> None:
        courier = self._stage._courier_of(record.topic)
        self._out.sends.append(rejected_record(self._stage._topics.rejected(courier), record, rejected))
        self._out.facts[facts.REJECTED, courier, rejected.reason.value] += 1

    def _change(self, shipment: Shipment, event: Event, kind: _Kind, arrival: int) -> int | None:
        """Change the ledger; None when the event is a duplicate, whether resent as it was or written anew."""
        mark = event.identity + event.content
        came_before = shipment.seen.find(event.identity) >= 0  # `in` would try it as a number first
        if (came_before and mark in shipment.seen) or event.id in shipment.corrected:
            return None
        shipment.seen = (shipment.seen + mark)[-SEEN_BYTES:]
        shipment.count = Count.NOTHING
        entered, known = self._facts(shipment, event, arrival)
        if came_before:
            if says_the_same(known, entered):
                return None
            shipment.conflicts += 1
            trigger: int | None = Trigger.CONFLICT
        else:
            self._note_time(shipment, event, kind.duty)
            corrects = event.data.corrects
            trigger = kind.accept(shipment, entered, corrects)
            if corrects is not None and trigger is not Trigger.CONFLICT:
                self._out.facts[facts.CORRECTED, shipment.courier] += 1
        if trigger is Trigger.CONFLICT:
            self._out.facts[facts.WAYBILL_CONFLICT, shipment.courier] += 1
        return trigger

    def _facts(self, shipment: Shipment, event: Event, arrival: int) -> tuple[Facts, Facts | None]:
        """What the ledger would keep of the event, and what it has of that duty."""
        data = event.data
        if isinstance(data, RealNameData):
            identity = self._stage._tokeniser.identity(data, event.time_ms)
            return real_name_facts(data, identity, event.time_ms, arrival), shipment.real_name
        if isinstance(data, InspectionData):
            return inspection_facts(data, event.time_ms, arrival), shipment.inspection
        return scan_facts(data, event.time_ms, arrival), shipment.scan

    def _note_time(self, shipment: Shipment, event: Event, duty: int) -> None:
        """Settle an overdue duty that is done after all; count late and out-of-order events."""
        if shipment.overdue & duty:
            deadlines = self._stage._deadlines
            allowed = {Duty.INSPECTION: deadlines.inspection, Duty.REAL_NAME: deadlines.real_name}.get(
                duty, deadlines.scan
            )
            base = shipment.real_name.event_ms if shipment.real_name is not None else shipment.first_arrival_ms
            settle_late(shipment, duty, event.time_ms, base + (allowed or 0))
            if not shipment.overdue & duty:
                self._out.facts[facts.SETTLED, DUTY_NAMES[duty]] += 1
            self._out.facts[facts.LATE, DUTY_NAMES[duty]] += 1
        if event.time_ms < shipment.trigger_event_ms:
            self._out.facts[facts.OUT_OF_ORDER, shipment.courier] += 1

    # -- both --------------------------------------------------------------------------------------------------------

    def _value(self, key: bytes) -> bytes | None:
        return self._out.updates.get(key) or self._state.get(key)

    def _open(self, key: bytes, now_ms: int) -> Shipment | None:
        """The shipment as it counts for what arrived at `now_ms`, to be changed in place."""
        value = self._value(key)
        if value is None:
            return None
        shipment = decode_shipment(value)
        return None if is_absent(shipment.touched_ms, self._stage._deadlines.keep, now_ms) else shipment

    def _pass_on(self, key: bytes, shipment: Shipment) -> None:
        """Write the shipment down and send it to the next stage that has something to add, if there is one yet."""
        ready = _may_pass(shipment)
        shipment.passes += ready
        encoded = self._out.updates[key] = encode(shipment)
        if ready:
            self._out.sends.append(_hop(shipment, msgspec.Raw(encoded), self._stage._topics))


def _may_pass(shipment: Shipment) -> bool:
    """Whether there is something to judge, and settle where that is done.

    A waybill known by a scan only waits until the counter's records, or their deadline, say more: the hub that scanned
    it is not where it was accepted.
    """
    real_name = shipment.real_name
    if real_name is not None and real_name.document_token is not None and real_name.sender_kind != AGREEMENT:
        shipment.via_senders = True
    if not shipment.home_outlet and shipment.overdue and shipment.scan is not None:
        shipment.home_outlet = shipment.scan.site
    return bool(shipment.home_outlet)


def _hop(shipment: Shipment, encoded: msgspec.Raw, topics: Topics) -> Send:
    real_name = shipment.real_name
    if shipment.via_senders and real_name is not None:
        phone, document = real_name.phone_token, real_name.document_token
        identity = phone or document or shipment.waybill
        return Send(topics.senders, identity.encode(), encode(Hop(encoded, at_document=phone is None)))
    return Send(topics.outlets, outlet_key(shipment.courier, shipment.home_outlet), encode(Hop(encoded)))
