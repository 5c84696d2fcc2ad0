"""First stage: bytes in, shipments out. Decodes, tokenises and joins events per waybill; fires overdue duties."""

from collections.abc import Mapping
from heapq import heapify, heappop, heappush

import msgspec

from parcelward import facts
from parcelward.contract.events import EventType, Inspection, RealName, SecurityScan
from parcelward.decode import Decoder, Event, Rejected
from parcelward.ledger import (
    EVENT_TYPES,
    EVIDENCE_KEPT,
    SEEN_KEPT,
    Deadlines,
    Facts,
    accept_inspection,
    accept_real_name,
    accept_scan,
    inspection_facts,
    mark_overdue,
    open_deadlines,
    real_name_facts,
    says_the_same,
    scan_facts,
    settle_late,
)
from parcelward.privacy import Tokeniser
from parcelward.refusal import rejected_record
from parcelward.shipment import (
    DUTY_NAMES,
    Count,
    Duty,
    Hop,
    RealNameFacts,
    ScanFacts,
    Shipment,
    Trigger,
    decode_shipment,
    encode,
    ledger_key,
    outlet_key,
)
from parcelward.stage import Batch, Outcome, Send, SourceRecord
from parcelward.topics import Topics

_DUTY_OF = {
    EventType.REAL_NAME: Duty.REAL_NAME,
    EventType.INSPECTION: Duty.INSPECTION,
    EventType.SECURITY_SCAN: Duty.SECURITY_SCAN,
}


class DutiesStage:
    """The duty ledger of one intake partition number, over all couriers."""

    def __init__(self, decoder: Decoder, tokeniser: Tokeniser, topics: Topics, deadlines: Deadlines) -> None:
        self._decoder = decoder
        self._tokeniser = tokeniser
        self._topics = topics
        self._deadlines = deadlines
        # Per courier a heap of (time to look again, ledger key). Entries may be stale; the ledger decides. The clock
        # is the courier's own arrival clock, so that couriers' topics may interleave in any way.
        self._timers: dict[str, list[tuple[int, bytes]]] = {}
        self._popped: list[tuple[str, tuple[int, bytes]]] = []
        self._pushed: list[tuple[str, tuple[int, bytes]]] = []

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Rebuild the timers from the ledger."""
        self._timers, self._popped, self._pushed = {}, [], []
        for key, value in state.items():
            shipment = decode_shipment(value)
            self._timers.setdefault(shipment.courier, []).append((self._next_look(shipment), key))
        for timers in self._timers.values():
            heapify(timers)

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Enter the batch's events into the ledger, in order, and pass on every shipment that changed."""
        for courier, timer in self._popped:  # an earlier batch that was not committed
            heappush(self._timers[courier], timer)
        self._popped, self._pushed = [], []
        desk = _Desk(self, state)
        for record in batch.records:
            desk.fire(self._topics.courier_of(record.topic), record.timestamp)
            desk.enter(record)
        for topic, quiet_ms in sorted(batch.quiet_until.items()):
            desk.fire(self._topics.courier_of(topic), quiet_ms)
        return desk.outcome()

    def commit(self, batch: Batch, outcome: Outcome) -> None:
        """Keep the timers of the committed batch."""
        for courier, timer in self._pushed:
            heappush(self._timers.setdefault(courier, []), timer)
        self._popped, self._pushed = [], []

    def _next_look(self, shipment: Shipment) -> int:
        dues = [due for _, due in open_deadlines(shipment, self._deadlines)]
        return min([*dues, shipment.first_arrival_ms + self._deadlines.keep])


class _Desk:
    """Work on one batch: shipments as changed so far, and what goes out. Thrown away with the batch."""

    def __init__(self, stage: DutiesStage, state: Mapping[bytes, bytes]) -> None:
        self._stage = stage
        self._state = state
        self._work: dict[bytes, Shipment | None] = {}
        self._encoded: dict[bytes, bytes] = {}  # of shipments unchanged since they were passed on
        self._out = Outcome()
        self._fresh_timers: dict[str, list[tuple[int, bytes]]] = {}

    def outcome(self) -> Outcome:
        """Everything the batch led to."""
        updates = self._out.updates
        for key, shipment in self._work.items():
            updates[key] = None if shipment is None else self._encoded.get(key) or encode(shipment)
        for courier, timers in self._fresh_timers.items():
            self._stage._pushed.extend((courier, timer) for timer in timers)
        return self._out

    # -- deadlines ---------------------------------------------------------------------------------------------------

    def fire(self, courier: str, now_ms: int) -> None:
        """Fire what fell due before `now_ms` on the courier's arrival clock."""
        stage = self._stage
        committed = stage._timers.get(courier)
        fresh = self._fresh_timers.get(courier)
        while True:
            if committed and committed[0][0] < now_ms and not (fresh and fresh[0] < committed[0]):
                timer = heappop(committed)
                stage._popped.append((courier, timer))
            elif fresh and fresh[0][0] < now_ms:
                timer = heappop(fresh)
            else:
                return
            # As of the timer, not of the clock that came by: each deadline gives its own revision, as on replay.
            self._look(courier, timer[1], timer[0] + 1)
            fresh = self._fresh_timers.get(courier)

    def _look(self, courier: str, key: bytes, now_ms: int) -> None:
        shipment = self._open(key)
        if shipment is None:
            return
        deadlines = self._stage._deadlines
        if shipment.first_arrival_ms + deadlines.keep < now_ms:
            self._work[key] = None
            return
        fallen = mark_overdue(shipment, now_ms, deadlines)
        for duty, name in DUTY_NAMES.items():
            if fallen & duty:
                self._out.facts[facts.OVERDUE, name] += 1
        if fallen:
            self._work[key] = shipment
            self._pass_on(key, shipment)
        self._set_timer(courier, key, shipment)

    def _set_timer(self, courier: str, key: bytes, shipment: Shipment) -> None:
        heappush(self._fresh_timers.setdefault(courier, []), (self._stage._next_look(shipment), key))

    # -- events ------------------------------------------------------------------------------------------------------

    def enter(self, record: SourceRecord) -> None:
        """Enter one record: refuse it, recognise it, or change the ledger and pass the shipment on."""
        event = self._stage._decoder.decode(record)
        if isinstance(event, Rejected):
            self._refuse(record, event)
            return
        data = event.data
        courier = data.courier
        self._out.facts[facts.CONSUMED, courier, event.type.value] += 1
        key = ledger_key(courier, data.waybill)
        shipment = self._open(key)
        looked_at = None if shipment is None else self._stage._next_look(shipment)
        if shipment is None:
            arrival = record.timestamp
            shipment = Shipment(arrival, courier, data.waybill, "", record.partition, arrival)
        self._work[key] = shipment
        self._encoded.pop(key, None)
        shipment.events += 1
        trigger = self._change(shipment, event, record)
        if trigger is None:
            shipment.duplicates += 1
            self._out.facts[facts.DUPLICATE, courier] += 1
        else:
            shipment.trigger = trigger
            shipment.touched_ms = record.timestamp
            shipment.trigger_event_ms = event.time_ms
            shipment.evidence.append((event.id, EVENT_TYPES.index(event.type), record.offset))
            del shipment.evidence[:-EVIDENCE_KEPT]
            self._pass_on(key, shipment)
        if looked_at is None or (trigger is Trigger.REAL_NAME and self._stage._next_look(shipment) < looked_at):
            self._set_timer(courier, key, shipment)

    def _refuse(self, record: SourceRecord, rejected: Rejected) -> None:
        courier = self._stage._topics.courier_of(record.topic)
        self._out.sends.append(rejected_record(self._stage._topics.rejected(courier), record, rejected))
        self._out.facts[facts.REJECTED, courier, rejected.reason.value] += 1

    def _change(self, shipment: Shipment, event: Event, record: SourceRecord) -> Trigger | None:
        """Change the ledger; None when the event is a duplicate, whether resent as it was or written anew."""
        mark = (event.identity, event.content)
        if mark in shipment.seen or event.id in shipment.corrected:
            return None
        came_before = any(identity == event.identity for identity, _ in shipment.seen)
        shipment.seen.append(mark)
        del shipment.seen[:-SEEN_KEPT]
        shipment.count = Count.NOTHING
        entered, known = self._facts(shipment, event, record)
        if came_before:
            if says_the_same(known, entered):
                return None
            shipment.conflicts += 1
            trigger: Trigger | None = Trigger.CONFLICT
        else:
            self._note_time(shipment, event)
            trigger = self._accept(shipment, event, entered)
        if trigger is Trigger.CONFLICT:
            self._out.facts[facts.WAYBILL_CONFLICT, shipment.courier] += 1
        return trigger

    def _facts(self, shipment: Shipment, event: Event, record: SourceRecord) -> tuple[Facts, Facts | None]:
        """What the ledger would keep of the event, and what it has of that duty."""
        data = event.data
        if isinstance(data, RealName):
            identity = self._stage._tokeniser.identity(data, event.time_ms)
            return real_name_facts(data, identity, event.time_ms, record.timestamp), shipment.real_name
        if isinstance(data, Inspection):
            return inspection_facts(data, event.time_ms, record.timestamp), shipment.inspection
        return scan_facts(data, event.time_ms, record.timestamp), shipment.scan

    def _accept(self, shipment: Shipment, event: Event, entered: Facts) -> Trigger | None:
        if isinstance(entered, ScanFacts):
            return accept_scan(shipment, entered)
        if not shipment.home_outlet:
            shipment.home_outlet = entered.outlet
        assert not isinstance(event.data, SecurityScan)
        corrections = shipment.corrections
        if isinstance(entered, RealNameFacts):
            trigger = accept_real_name(shipment, entered, event.data.corrects)
        else:
            trigger = accept_inspection(shipment, entered, event.data.corrects)
        if shipment.corrections > corrections:
            self._out.facts[facts.CORRECTED, shipment.courier] += 1
        return trigger

    def _note_time(self, shipment: Shipment, event: Event) -> None:
        """Settle an overdue duty that is done after all; count late and out-of-order events."""
        duty, deadlines = _DUTY_OF[event.type], self._stage._deadlines
        if shipment.overdue & duty:
            allowed = {Duty.INSPECTION: deadlines.inspection, Duty.REAL_NAME: deadlines.real_name}.get(
                duty, deadlines.scan
            )
            base = shipment.real_name.event_ms if shipment.real_name is not None else shipment.first_arrival_ms
            settle_late(shipment, duty, event.time_ms, base + (allowed or 0))
            self._out.facts[facts.LATE, DUTY_NAMES[duty]] += 1
        if event.time_ms < shipment.trigger_event_ms:
            self._out.facts[facts.OUT_OF_ORDER, shipment.courier] += 1

    # -- both --------------------------------------------------------------------------------------------------------

    def _open(self, key: bytes) -> Shipment | None:
        if key in self._work:
            return self._work[key]
        value = self._state.get(key)
        return None if value is None else decode_shipment(value)

    def _pass_on(self, key: bytes, shipment: Shipment) -> None:
        """Send the shipment to the next stage that has something to add.

        A waybill known by a scan only waits until the counter's records, or their deadline, say more: the hub that
        scanned it is not where it was accepted.
        """
        if not shipment.home_outlet:
            if not shipment.overdue or shipment.scan is None:
                return
            shipment.home_outlet = shipment.scan.site
        shipment.passes += 1
        topics = self._stage._topics
        real_name = shipment.real_name
        if real_name is not None and real_name.document_token is not None and real_name.sender_kind != "agreement":
            shipment.via_senders = True
        self._encoded[key] = encode(shipment)
        raw = msgspec.Raw(self._encoded[key])
        if shipment.via_senders and real_name is not None:
            phone, document = real_name.phone_token, real_name.document_token
            identity = phone or document or shipment.waybill
            hop = Hop(raw, at_document=phone is None)
            self._out.sends.append(Send(topics.senders, identity.encode(), encode(hop)))
        else:
            outlet = outlet_key(shipment.courier, shipment.home_outlet)
            self._out.sends.append(Send(topics.outlets, outlet, encode(Hop(raw))))
