"""One courier within a batch of the first stage: its clock, its next deadline, and the counts of it."""

from collections import defaultdict
from collections.abc import Mapping

from parcelward.shipments.ledger import EVENT_KINDS
from parcelward.shipments.shipment import ledger_key
from parcelward.shipments.timers import NEVER, Timers
from parcelward.topics import Topics


class CourierPart:
    """One courier within a batch: its clock, what is due on it, and what came of it."""

    __slots__ = ("clock", "consumed", "courier", "heartbeats", "held_ms", "next_due_ms", "noted", "prefix")

    def __init__(self, courier: str, clock: int, next_due_ms: int, held_ms: int) -> None:
        self.courier = courier
        self.clock = clock  # the arrival that was reached, epoch ms
        self.next_due_ms = next_due_ms  # deadline of its next timer, epoch ms
        self.held_ms = held_ms  # no record fires a deadline from here on; NEVER: every one may
        self.prefix = ledger_key(courier, "")
        self.consumed = [0] * len(EVENT_KINDS)
        self.heartbeats = 0
        self.noted: dict[str, int] = defaultdict(int)  # counts that have the courier as their only label


class CourierParts(dict[str, CourierPart]):
    """The part of each intake topic, made when it is first asked for."""

    def __init__(self, topics: Topics, clocks: Mapping[str, int], timers: Timers, held: Mapping[str, int]) -> None:
        super().__init__()
        self._held = held
        self._topics = topics
        self._clocks = clocks
        self._timers = timers

    def __missing__(self, topic: str) -> CourierPart:
        courier = self._topics.courier_of(topic)
        clock, due_ms = self._clocks.get(courier, 0), self._timers.next_due_ms(courier)
        part = self[topic] = CourierPart(courier, clock, due_ms, self._held.get(topic, NEVER))
        return part
