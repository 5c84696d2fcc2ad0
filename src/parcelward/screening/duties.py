"""First stage: bytes in, shipments out. It decodes, tokenises and joins events per waybill; fires deadlines."""

from collections.abc import Mapping

from msgspec import Raw

from parcelward import counts
from parcelward.contract.events import EventType
from parcelward.controls import NO_CONTROLS, Controls
from parcelward.expiry import Sweep, is_absent
from parcelward.identity.token_keys import KEYS_KEY, noted, require_same
from parcelward.identity.tokens import Tokeniser
from parcelward.intake.decode import Decoder, Event, Rejected
from parcelward.intake.event import HeartbeatData
from parcelward.intake.refusal import rejected_record
from parcelward.moments import HOUR_MS
from parcelward.screening.courier_part import CourierPart, CourierParts
from parcelward.shipments.deadlines import (
    Deadlines,
    in_time,
    lift_overdue,
    lift_undemanded,
    mark_overdue,
    next_due,
    open_deadlines,
)
from parcelward.shipments.ledger import (
    AGREEMENT,
    BACKFILL,
    EVENT_KINDS,
    EVIDENCE_KEPT,
    EventKind,
    counted_anew,
    done_ms,
    drop_evidence,
    enter,
    knows,
    waits_for,
)
from parcelward.shipments.shipment import (
    DUE_WITHIN,
    HOP_HEAD,
    HOP_TAILS,
    First,
    Hop,
    RealNameEntry,
    Shipment,
    Trigger,
    decode_due,
    decode_shipment,
    encode,
)
from parcelward.shipments.timers import Timers
from parcelward.stage import Batch, Outcome, Send, SourceRecord
from parcelward.topics import Topics, partition_of

LATE_UPLOAD_MS = HOUR_MS
"""An event that arrives so long after its time was uploaded late: handhelds come online hours later."""

_new_tuple = tuple.__new__


class DutiesStage:
    """The duty ledger of one intake partition number, over all couriers.

    A waybill that nothing new was said about for `deadlines.keep` counts as absent, and is swept out later.
    """

    def __init__(
        self,
        decoder: Decoder,
        tokeniser: Tokeniser,
        topics: Topics,
        deadlines: Deadlines,
        partitions: int = 1,
        moves: bool = True,
        controls: Controls = NO_CONTROLS,
    ) -> None:
        """`partitions` is their number; `moves`: a record in a wrong one goes to the right one, unread."""
        self._partitions = partitions
        self._moves = moves
        self._decoder = decoder
        self._tokeniser = tokeniser
        self._topics = topics
        self._deadlines, self._controls = deadlines, controls
        self._timers = Timers()
        self._sweep = Sweep(lambda _key: deadlines.keep, deadlines.keep)
        self._clocks: dict[str, int] = {}  # per courier the arrival that was reached, epoch ms
        self._reached: dict[str, int] = {}

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Set the timers of the ledger's open duties and begin the expiry sweep anew.

        Raises UserError when tokens in the state were made with another key than the settings have under its id.
        """
        require_same(state.get(KEYS_KEY), self._tokeniser.fingerprints)
        dues = ((key, decode_due(value)) for key, value in state.items())
        self._timers.restore((due.courier, due.due_ms, key) for key, due in dues if due.due_ms)
        self._sweep.restore()

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Enter the batch's events into the ledger, in order, and pass on every shipment that changed."""
        self._timers.begin()
        work = _DutyBatch(self, state, batch.held_from)
        parts = work.parts
        for record in batch.records:
            part, now_ms = parts[record.topic], record.timestamp
            if now_ms >= part.clock:
                part.clock = now_ms
            else:
                part.noted[counts.BACKWARDS] += 1  # clocks of brokers, or ours, are apart
            if part.next_due_ms < now_ms:
                work.fire(part, min(now_ms, part.held_ms))
            work.enter(part, record, now_ms)
        for topic, quiet_ms in sorted(batch.quiet_until.items()):
            work.fire(parts[topic], quiet_ms)
            parts[topic].clock = max(quiet_ms, parts[topic].clock)
        self._reached = self._clocks | {part.courier: part.clock for part in parts.values()}
        outcome = work.outcome()
        for key in self._expired(batch, state, work.new_waybills):
            outcome.updates.setdefault(key, None)
        if batch.records:
            self._note_keys(batch, state, outcome)
        return outcome

    def _note_keys(self, batch: Batch, state: Mapping[bytes, bytes], outcome: Outcome) -> None:
        newest_ms = max(record.timestamp for record in batch.records)
        keys = noted(state.get(KEYS_KEY), self._tokeniser.fingerprints, newest_ms, self._deadlines.keep)
        if keys is not None:
            outcome.updates[KEYS_KEY] = keys

    def _expired(self, batch: Batch, state: Mapping[bytes, bytes], new_waybills: int) -> list[bytes]:
        newest_of = {courier.encode(): reached for courier, reached in self._reached.items()}
        return self._sweep.expired(
            state,
            len(batch.records) + len(batch.quiet_until),
            max(self._reached.values(), default=0),
            lambda key: newest_of.get(key.split(b"/", 1)[0], 0),
            new_waybills,
        )

    def commit(self, batch: Batch, outcome: Outcome) -> None:
        """Keep the timers of the committed batch and move the expiry sweep on."""
        self._timers.commit()
        self._clocks = self._reached
        self._sweep.commit()

    def counted(self, key: bytes, value: bytes) -> int:
        """Count the events and the passes of a waybill."""
        shipment = decode_shipment(value)
        return shipment.events + shipment.passes


class _DutyBatch:
    """Work on one batch: what goes out, and the shipments as changed so far. Thrown away with the batch.

    A shipment is written down as soon as it has changed and read again if the batch comes back to it: kept as objects
    to the end of a large batch, shipments fall out of the processor's cache, which costs more than decoding a few.
    """

    def __init__(self, stage: DutiesStage, state: Mapping[bytes, bytes], held: Mapping[str, int]) -> None:
        self._decode = stage._decoder.decode
        self._identify = stage._tokeniser.identity
        self._topics = stage._topics
        self._to_senders, self._to_outlets = stage._topics.into("senders"), stage._topics.into("outlets")
        self._deadlines, self._controls = stage._deadlines, stage._controls
        self._deadlines_of = stage._controls.deadlines_of(stage._deadlines)
        self._timers = stage._timers
        self._partitions, self._moves = stage._partitions, stage._moves
        self._before = state.get
        self._out = Outcome()
        self._sends, self._updates, self._counts = self._out.sends, self._out.updates, self._out.counts
        self.parts = CourierParts(stage._topics, stage._clocks, stage._timers, held)
        self.new_waybills = 0

    def outcome(self) -> Outcome:
        """Give the outcome of the batch, once all of it has been entered."""
        for part in self.parts.values():
            for kind, count in zip(EVENT_KINDS, part.consumed, strict=True):
                if count:
                    self._counts[counts.CONSUMED, part.courier, kind.type.value] += count
            if part.heartbeats:
                self._counts[counts.CONSUMED, part.courier, EventType.HEARTBEAT.value] += part.heartbeats
            for name, count in part.noted.items():
                self._counts[name, part.courier] += count
        return self._out

    # -- deadlines ---------------------------------------------------------------------------------------------------

    def fire(self, part: CourierPart, now_ms: int) -> None:
        """Fire what fell due before `now_ms` on the courier's arrival clock."""
        while part.next_due_ms < now_ms:
            due_ms, key = self._timers.pop(part.courier)
            part.next_due_ms = self._timers.next_due_ms(part.courier)
            self._look(part, due_ms, key)

    def _look(self, part: CourierPart, due_ms: int, key: bytes) -> None:
        value = self._updates.get(key) or self._before(key)
        if value is None or value.find(encode(due_ms), 0, DUE_WITHIN) < 0:
            return  # Nearly always the duty is done: another deadline stands in the bytes.
        # As of the timer, not of the clock that came by: each deadline gives its own revision, as on replay.
        shipment = decode_shipment(value)
        if shipment.due_ms != due_ms or is_absent(shipment.touched_ms, self._deadlines.keep, due_ms):
            return
        fallen = mark_overdue(shipment, due_ms + 1, self._deadlines_of(shipment))
        for kind in EVENT_KINDS:
            if fallen & kind.duty:
                self._counts[counts.OVERDUE, kind.type.duty] += 1
        self._watch(part, key, shipment)
        if fallen:
            self._pass_on(part, key, shipment)
        else:  # deadlines are settings, and were shorter when the timer was set
            self._updates[key] = encode(shipment)

    def _watch(self, part: CourierPart, key: bytes, shipment: Shipment) -> None:
        """Set the timer of the next open duty, if its deadline is another one than before."""
        due_ms = next_due(shipment, self._deadlines_of(shipment))
        if due_ms != shipment.due_ms:
            shipment.due_ms = due_ms
            if due_ms:
                self._timers.set(part.courier, due_ms, key)
                part.next_due_ms = min(part.next_due_ms, due_ms)

    # -- events ------------------------------------------------------------------------------------------------------

    def enter(self, part: CourierPart, record: SourceRecord, arrival: int) -> None:
        """Enter one record: refuse it, recognise it, or change the ledger and pass the shipment on."""
        event = self._decode(record)
        if isinstance(event, Rejected):
            self._refuse(part, record, event)
            return
        data, time_ms = event.data, event.time_ms
        if isinstance(data, HeartbeatData):
            part.heartbeats += 1  # it is of no waybill: there is nothing to enter
            return
        number = data.number
        key = part.prefix + data.waybill.encode()
        value = self._updates.get(key) or self._before(key)
        shipment = None if value is None else decode_shipment(value)
        if shipment is None or is_absent(shipment.touched_ms, self._deadlines.keep, arrival):
            # Looked at once a waybill, and never for one that is known here: its events stay together.
            if self._partitions > 1 and self._leaves(part, record):
                return
            self.new_waybills += 1
            shipment = Shipment(arrival, 0, part.courier, data.waybill, "", record.partition, arrival)
        if part.held_ms <= shipment.due_ms < arrival and shipment.due_ms:
            shipment = self._judge_held(part, key, shipment, event)
        part.consumed[number] += 1
        shipment.events += 1
        accepted, inspected, via_senders = shipment.real_name, shipment.inspection, shipment.via_senders
        trigger = self._change(part, shipment, event, arrival)
        if trigger is None:
            shipment.duplicates += 1
            self._updates[key] = encode(shipment)
            part.noted[counts.DUPLICATE] += 1
            return
        shipment.trigger = trigger
        shipment.touched_ms = arrival
        shipment.trigger_event_ms = time_ms
        if not 0 <= arrival - time_ms <= LATE_UPLOAD_MS or data.fill_mode == BACKFILL:
            self._note_delay(part, event, arrival - time_ms)
        shipment.evidence.append((event.id, number, record.offset))
        if len(shipment.evidence) > EVIDENCE_KEPT:
            drop_evidence(shipment.evidence)
        self._watch(part, key, shipment)
        if accepted is not shipment.real_name or inspected is not shipment.inspection:
            count, takes_back = counted_anew(accepted, inspected, shipment)
            shipment.firsts |= count
            shipment.past_firsts |= count
            if takes_back and value is not None and accepted is not None:
                self._take_back(part, shipment, accepted, via_senders, value, takes_back)
        self._pass_on(part, key, shipment)

    def _judge_held(self, part: CourierPart, key: bytes, shipment: Shipment, event: Event) -> Shipment:
        """Fire a deadline that waits if this event does the duty and shows that it was done too late."""
        duty, deadlines = EVENT_KINDS[event.data.number].duty, self._deadlines_of(shipment)
        due_ms = open_deadlines(shipment, deadlines).get(duty, 0)
        if not in_time(shipment, duty, event.time_ms, deadlines):
            while 0 < shipment.due_ms <= due_ms:
                self._look(part, shipment.due_ms, key)
                shipment = decode_shipment(self._updates[key] or b"")
        return shipment

    def _leaves(self, part: CourierPart, record: SourceRecord) -> bool:
        """Move a record that lies in another partition than the contract names; tell if it has left."""
        assert record.key is not None  # or it had been refused
        right = partition_of(record.key, self._partitions)
        if right == record.partition:
            return False
        part.noted[counts.MISPLACED] += 1
        if self._moves:
            self._out.moves.append((right, Send(record.topic, record.key, record.value, record.headers)))
        return self._moves

    def _note_delay(self, part: CourierPart, event: Event, delay_ms: int) -> None:
        """Count what was uploaded late or filled in later, and what lies ahead of its arrival."""
        if delay_ms < 0:
            part.noted[counts.AHEAD] += 1
        elif delay_ms > LATE_UPLOAD_MS:
            part.noted[counts.UPLOADED_LATE] += 1
        if event.data.fill_mode == BACKFILL:
            part.noted[counts.BACK_FILLED] += 1

    def _refuse(self, part: CourierPart, record: SourceRecord, rejected: Rejected) -> None:
        self._sends.append(rejected_record(self._topics.rejected(part.courier), record, rejected))
        self._counts[counts.REJECTED, part.courier, rejected.reason.value] += 1

    def _change(self, part: CourierPart, shipment: Shipment, event: Event, arrival: int) -> int | None:
        """Change the ledger; None when the event is a duplicate, whether resent as it was or written anew."""
        if shipment.seen.find(event.identity + event.content) >= 0:  # `in` would try it as a number first
            return None
        data, time_ms = event.data, event.time_ms
        kind = EVENT_KINDS[data.number]
        entered = kind.make_entry(data, time_ms, arrival, self._identify)
        late = (shipment.overdue | shipment.lifted) & kind.duty or time_ms < shipment.trigger_event_ms
        if event.corrects:
            if not knows(shipment, event.corrects, data.corrects or ""):
                part.noted[counts.CORRECTS_UNKNOWN] += 1
        elif shipment.versions and waits_for(shipment, event.identity):
            part.noted[counts.CORRECTED_LATER] += 1
        trigger = enter(shipment, kind, event, entered)
        if trigger is None:
            return None
        if self._controls:
            self._controls.note(shipment, arrival)
        if shipment.overdue:
            lift_undemanded(shipment, self._deadlines_of(shipment))
        shipment.firsts = First.NOTHING
        if trigger == Trigger.CONFLICT:
            part.noted[counts.WAYBILL_CONFLICT] += 1
            return trigger
        if late:
            self._note_time(part, shipment, event, kind)
        if event.corrects:
            part.noted[counts.CORRECTED] += 1
        return trigger

    def _note_time(self, part: CourierPart, shipment: Shipment, event: Event, kind: EventKind) -> None:
        """Count late and out-of-order events; a late one may show that an overdue duty was done in time."""
        late = shipment.overdue & kind.duty
        if late or shipment.lifted & kind.duty:
            if lift_overdue(shipment, kind.duty, done_ms(shipment, kind, event), self._deadlines_of(shipment)):
                self._counts[counts.LIFTED, kind.type.duty] += 1
            if late:
                self._counts[counts.LATE, kind.type.duty] += 1
        if event.time_ms < shipment.trigger_event_ms:
            part.noted[counts.OUT_OF_ORDER] += 1

    def _take_back(
        self,
        part: CourierPart,
        shipment: Shipment,
        accepted: RealNameEntry,
        via_senders: bool,
        before: bytes,
        takes_back: int,
    ) -> None:
        """Send the ledger's record as it was after the pass that counted it, on the same way."""
        if accepted.outlet != shipment.home_outlet:  # it was counted there, but for its sender
            elsewhere, takes_back = takes_back & ~First.SENDER, takes_back & First.SENDER
            self._send_aside(part, accepted.outlet, Hop(Raw(before), takes_back=elsewhere))
        if takes_back:
            topic, key, at_document = self._way(part, shipment, accepted, via_senders)
            self._sends.append(Send(topic, key, encode(Hop(Raw(before), at_document, takes_back=takes_back))))

    def _send_aside(self, part: CourierPart, outlet: str, hop: Hop) -> None:
        """Send to another outlet than the one where the waybill is judged."""
        self._sends.append(Send(self._to_outlets, part.prefix + outlet.encode(), encode(hop)))

    # -- both --------------------------------------------------------------------------------------------------------

    def _pass_on(self, part: CourierPart, key: bytes, shipment: Shipment) -> None:
        """Write the shipment down, and send it to the next stage that has something to add, if there is one already."""
        real_name = shipment.real_name
        if real_name is not None and real_name.document_token is not None and real_name.sender_kind != AGREEMENT:
            shipment.via_senders = True
        if not shipment.home_outlet:
            # A waybill known by a scan only waits until the counter's records, or their deadline, say more: the hub
            # that scanned it is not where it was accepted.
            if not shipment.overdue or shipment.scan is None:
                self._updates[key] = encode(shipment)
                return
            shipment.home_outlet = shipment.scan.site
        shipment.passes += 1
        encoded = self._updates[key] = encode(shipment)
        topic, where, at_document = self._way(part, shipment, real_name, shipment.via_senders)
        # Not by Send's own constructor, which is a function in Python.
        self._sends.append(_new_tuple(Send, (topic, where, HOP_HEAD + encoded + HOP_TAILS[at_document], ())))
        if shipment.firsts and real_name is not None and real_name.outlet != shipment.home_outlet:
            self._send_aside(part, real_name.outlet, Hop(Raw(encoded), only_counts=True))

    def _way(
        self, part: CourierPart, shipment: Shipment, real_name: RealNameEntry | None, via_senders: bool
    ) -> tuple[str, bytes, bool]:
        """Topic and key by which a shipment reaches the next stage, and whether that key is a document's."""
        if via_senders and real_name is not None:
            phone = real_name.phone_token
            identity = phone or real_name.document_token or shipment.waybill
            return self._to_senders, identity.encode(), phone is None
        return self._to_outlets, part.prefix + shipment.home_outlet.encode(), False
