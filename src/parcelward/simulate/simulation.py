"""A whole simulation: slices of time become parcels, parcels become events in order of arrival, labels stay apart."""

import heapq
import math
from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Any

import orjson

from parcelward.simulate import envelopes
from parcelward.simulate.counter import Counter
from parcelward.simulate.hidden import hidden
from parcelward.simulate.left_out import without
from parcelward.simulate.malformed import malformed
from parcelward.simulate.parcels import Parcel
from parcelward.simulate.plan import PATTERNS, Label, Plan, SimulatedEvent, SimulatedRecord
from parcelward.simulate.planted_cases import PlantedCases, PlantedParcel
from parcelward.simulate.traffic import Traffic, load_at
from parcelward.simulate.world import build

HEADERS: tuple[tuple[str, bytes], ...] = (("content-type", b"application/cloudevents+json; charset=utf-8"),)
SLICE_MS = 30_000
LIVE_SLICE_MS = 500
# The first cases of a simulation, one of each pattern, those with few parcels first.
FIRST_CASES = ("R14", "R3", "R1", "R13", "R7", "R2", "R15", "R20", "R10", "R6", "R5", "R8", "R9", "R12", "R22")

_Pending = tuple[int, int, Parcel, dict[str, Any]]


class Simulation:
    """One run of a plan. Consume `events()` or `records()`, once. Only parcels under way take memory."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._rng = Random(plan.seed)
        world = build(plan, self._rng)
        self._counter = Counter(plan, self._rng)
        self._traffic = Traffic(self._counter, world)
        self._cases = PlantedCases(self._counter, world)
        self._cases.make["R22"] = partial(hidden, self._cases)
        self._first = list(reversed(FIRST_CASES))
        self._run = f"{int(plan.start.timestamp()) * 1009 + plan.seed:x}"
        self._events = 0
        self._pending: list[_Pending] = []
        self._waybills = 0
        self._planted = 0
        self._case_number = 0
        self._labels: list[Label] = []
        self._cursor = 0
        self._closed = False

    def labels(self) -> list[Label]:
        """Ground truth of all spoilt parcels whose first event has been yielded so far."""
        return list(self._labels)

    @property
    def waybills(self) -> int:
        """Waybills made so far, spoilt ones included."""
        return self._waybills

    def close(self) -> None:
        """Accept no more parcels. From now on only events of parcels that have begun already are yielded."""
        self._closed = True

    def events(self) -> Iterator[SimulatedEvent]:
        """All events in order of arrival."""
        for arrival_ms, _, parcel, envelope in self._in_order():
            yield SimulatedEvent(arrival_ms, parcel.outlet.courier, envelope)

    def records(self) -> Iterator[SimulatedRecord]:
        """All events as Kafka records in structured mode, with the plan's share of records that must be refused."""
        rng = Random(self.plan.seed + 1)
        bad = malformed(self.plan.couriers, self.plan.start, self.plan.seed)
        share = self.plan.malformed_share
        for event in self.events():
            if share and rng.random() < share:
                yield next(bad)._replace(arrival_ms=event.arrival_ms)
            value = orjson.dumps(event.envelope)
            yield SimulatedRecord(event.arrival_ms, event.courier, event.envelope["subject"].encode(), HEADERS, value)

    def _in_order(self) -> Iterator[_Pending]:
        start = int(self.plan.start.timestamp() * 1000)
        end = start + int(self.plan.days * 86_400_000)
        length = LIVE_SLICE_MS if self.plan.live else SLICE_MS
        walk_ins = bulk = 0.0
        self._cursor = start
        while self._cursor < end and not self._closed:
            expected = self.plan.waybills_per_day * length / 86_400_000 * self._rng.uniform(0.7, 1.3)
            expected *= 1.0 if self.plan.live else load_at(self._cursor)
            walk_ins += expected * self.plan.walk_in_share
            bulk += expected * (1 - self.plan.walk_in_share)
            while walk_ins >= 1:
                walk_ins -= self._send_all(self._traffic.walk_ins(self._cursor, length))
            while bulk >= 1:
                bulk -= self._send_all(self._traffic.bulk(self._cursor, length))
            self._plant(self._cursor, length)
            self._cursor += length
            yield from self._arrived(self._cursor)
        yield from self._arrived(math.inf)

    def _arrived(self, before_ms: float) -> Iterator[_Pending]:
        pending, pop = self._pending, heapq.heappop
        while pending and pending[0][0] < before_ms:
            event = pop(pending)
            parcel = event[2]
            if not parcel.begun:
                if self._closed:
                    continue
                parcel.begun = True
                if parcel.label:
                    self._labels.append(parcel.label)
            yield event

    def _send_all(self, parcels: list[Parcel]) -> int:
        for parcel in parcels:
            self._send(parcel)
        return len(parcels)

    def _plant(self, from_ms: int, length_ms: int) -> None:
        """Begin cases until their share of the waybills is what the plan says."""
        while self._planted < self._waybills * self.plan.violation_share:
            names = list(PATTERNS)
            pattern = self._first.pop() if self._first else self._rng.choices(names, list(PATTERNS.values()))[0]
            self._case_number += 1
            case = f"{pattern}-{self._case_number}"
            begin = from_ms + int(self._rng.random() * length_ms)
            for planted in self._cases.make[pattern](begin):
                self._send_planted(pattern, case, planted)

    def _send_planted(self, pattern: str, case: str, planted: PlantedParcel) -> None:
        parcel = planted.parcel
        self._send(parcel)
        if planted.note:
            self._planted += 1
            parcel.label = Label(parcel.waybill, parcel.outlet.courier, pattern, planted.note, case)

    def _push(self, arrival_ms: int, parcel: Parcel, envelope: dict[str, Any]) -> None:
        self._events += 1
        heapq.heappush(self._pending, (max(arrival_ms, self._cursor), self._events, parcel, envelope))

    def _event_id(self) -> str:
        return f"{self._run}-{self._events:x}-{self._rng.getrandbits(32):08x}"

    def _send(self, parcel: Parcel) -> None:
        """Queue the events of a parcel, with resends, corrections and scans as they happen."""
        self._waybills += 1
        rng, live = self._rng, self.plan.live
        if parcel.registered:
            event = without(envelopes.real_name(parcel, self._event_id()), parcel.outlet.left_out)
            arrival = parcel.accepted_ms + parcel.upload_ms
            self._push(arrival, parcel, event)
            draw = rng.random()
            if draw < 0.005:  # sent again, because the handheld saw no answer
                self._push(arrival + int(rng.uniform(1000, 3000 if live else 600_000)), parcel, event)
            elif draw < 0.008:
                self._correct(parcel, event, arrival + int(rng.uniform(500, 2500 if live else 400_000)))
        if parcel.inspection:
            event = without(envelopes.inspection(parcel, self._event_id()), parcel.outlet.left_out)
            arrival = parcel.inspection.ended_ms + parcel.inspection.upload_ms
            self._push(arrival, parcel, event)
            if rng.random() < 0.004:
                self._push(arrival + int(rng.uniform(1000, 3000 if live else 600_000)), parcel, event)
        if rng.random() < self.plan.scan_share:
            # A parcel mostly leaves after its records came online; now and then the hub sees it first.
            known = parcel.accepted_ms + parcel.upload_ms
            begun = known if live or rng.random() < 0.9 else parcel.accepted_ms
            parcel.scan_ms = begun + int(rng.uniform(1000, 4000) if live else rng.uniform(30, 180) * 60_000)
            image = f"{rng.getrandbits(256):064x}"
            judged_ms = 1500 + int(rng.expovariate(1 / 3500))
            scan = envelopes.scan(parcel, self._event_id(), image, min(judged_ms, 60_000))
            self._push(parcel.scan_ms + judged_ms + 200, parcel, scan)

    def _correct(self, parcel: Parcel, event: dict[str, Any], arrival_ms: int) -> None:
        """Queue a correction of the registered weight or goods name: a new event that names the one it corrects."""
        corrected = self._event_id()
        data = dict(event["data"], corrects=event["id"])
        if self._rng.random() < 0.6:
            data["weight_g"] = max(1, int(parcel.weight_g * self._rng.uniform(0.93, 1.07)))
        else:
            data["goods"] = dict(data["goods"], name=parcel.goods["name"].split(" ")[0])
        self._push(arrival_ms, parcel, dict(event, id=corrected, data=data))


def simulate(plan: Plan) -> Iterator[SimulatedEvent]:
    """Events of a plan in order of arrival; use `Simulation` where the labels are needed too."""
    return Simulation(plan).events()
