"""The events that are measured on: simulated once, kept under build/bench, the same bytes on every machine.

Times in a kept set are those of the simulation; `Records` moves them by whole minutes when they are published, so that
no event is too old to be accepted. The hash is of the set as it is kept.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import cramjam
import msgspec

from parcelward.publisher import binary_mode
from parcelward.simulate import Plan, Simulation, malformed
from parcelward.simulate.envelopes import moment
from parcelward.simulate.plan import EVENTS_PER_WAYBILL

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "bench"
DATA_CODE = ("src/parcelward/simulate/*", "src/parcelward/publisher/binary_mode.py")
DATA_VERSION = 1  # counts up when this module makes other records of the same simulation
FRAME_RECORDS = 4096
REFUSED_SHARE = 0.005
WAYBILLS_PER_OUTLET = 1250  # a day; the national mean
LIVE_RATE = 10_000  # events per simulated second of a live set
MINUTE_MS = 60_000
_MINUTE = re.compile(rb"20\d\d-\d\d-\d\dT\d\d:\d\d(?=:\d\d\.\d{3}\+08:00)")


class Stored(NamedTuple):
    """One record as kept: arrival in ms since the epoch, and what Kafka carries."""

    arrival_ms: int
    courier: str
    key: bytes | None
    headers: list[tuple[str, bytes]]
    value: bytes | None


@dataclass(frozen=True)
class Facts:
    """Contents of a set; `data` is the hash that two measurements must share to be compared."""

    data: str
    events: int
    waybills: int
    refused: int
    first_ms: int
    last_ms: int
    by_type: dict[str, int]


def day_plan(events: int) -> Plan:
    """A day of ordinary traffic with about `events` events, two a waybill, 1 % of them spoilt."""
    waybills = max(100, events // 2)
    outlets = max(4, waybills // WAYBILLS_PER_OUTLET // 3)
    return Plan(waybills_per_day=waybills, outlets_per_courier=outlets, violation_share=0.01, scan_share=0.05, seed=7)


def live_plan(events: int) -> Plan:
    """Traffic whose duties follow within seconds, for publishing at a steady rate."""
    seconds = max(2.0, events / LIVE_RATE)
    per_day = round(LIVE_RATE / EVENTS_PER_WAYBILL * 86_400)
    outlets = max(4, round(LIVE_RATE / EVENTS_PER_WAYBILL / 3))
    return Plan(
        waybills_per_day=per_day, outlets_per_courier=outlets, violation_share=0.01, seed=11, days=seconds / 86_400,
        duty_delay=0.01, time_scale=0.0005, live=True,
    )  # fmt: skip


class Backlog:
    """One kept set of records. Made at the first use; later uses read the file."""

    def __init__(self, name: str, plan: Plan, folder: Path = FOLDER) -> None:
        self.plan = plan
        key = blake2b(f"{DATA_VERSION} {plan!r}".encode(), digest_size=8)
        for pattern in DATA_CODE:
            for path in sorted(ROOT.glob(pattern)):
                if path.is_file():
                    key.update(path.read_bytes())
        self._path = folder / f"{name}-{key.hexdigest()}.records"
        self._facts = self._path.with_suffix(".json")

    @property
    def facts(self) -> Facts:
        """Return the contents of the set; simulates it when it is not there yet."""
        if not self._facts.is_file():
            self._make()
        return Facts(**json.loads(self._facts.read_text()))

    def records(self, shift_minutes: int = 0) -> Iterator[Stored]:
        """The records in order of arrival, all their times later by `shift_minutes`."""
        decode = msgspec.msgpack.Decoder(list[Stored]).decode
        shifted = _shifter(shift_minutes)
        with self._path.open("rb") as file:
            while size := file.read(4):
                for stored in decode(bytes(cramjam.zstd.decompress(file.read(int.from_bytes(size))))):
                    yield shifted(stored) if shift_minutes else stored

    def _make(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(f".{os.getpid()}.part")  # somebody else may be making the same set
        data, frame, facts = blake2b(digest_size=8), list[Stored](), Facts("", 0, 0, 0, 0, 0, {})
        simulation = Simulation(self.plan)
        kinds: dict[str, int] = {}
        with part.open("wb") as file:
            for record, kind in _simulated(simulation, self.plan):
                kinds[kind] = kinds.get(kind, 0) + 1
                if not facts.first_ms:
                    facts = replace(facts, first_ms=record.arrival_ms)
                frame.append(record)
                if len(frame) == FRAME_RECORDS:
                    _write(file, frame, data)
                    last, frame = frame[-1], []
            if frame:
                _write(file, frame, data)
                last = frame[-1]
        facts = replace(
            facts, data=data.hexdigest(), events=sum(kinds.values()), waybills=simulation.waybills,
            refused=kinds.get("refused", 0), last_ms=last.arrival_ms, by_type=kinds,
        )  # fmt: skip
        part.rename(self._path)
        self._facts.write_text(json.dumps(facts.__dict__, indent=1) + "\n")


def _simulated(simulation: Simulation, plan: Plan) -> Iterator[tuple[Stored, str]]:
    """Records and their kinds: as the publisher sends them, and a share that must be refused."""
    dice = Random(plan.seed + 1)
    spoilt = malformed(plan.couriers, plan.start, plan.seed)
    for event in simulation.events():
        if dice.random() < REFUSED_SHARE:
            bad = next(spoilt)
            yield Stored(event.arrival_ms, bad.courier, bad.key, list(bad.headers), bad.value), "refused"
        courier, key, value, headers = binary_mode(event.envelope)
        yield Stored(event.arrival_ms, courier, key, headers, value), str(event.envelope["type"])


def _write(file: Any, frame: list[Stored], data: Any) -> None:
    plain = msgspec.msgpack.encode(frame)
    data.update(plain)
    packed = bytes(cramjam.zstd.compress(plain, 3))
    file.write(len(packed).to_bytes(4))
    file.write(packed)


def _shifter(minutes: int) -> Callable[[Stored], Stored]:
    later: dict[bytes, bytes] = {}

    def text(found: re.Match[bytes]) -> bytes:
        old = found[0]
        new = later.get(old)
        if new is None:
            at_ms = int(datetime.fromisoformat(f"{old.decode()}+08:00").timestamp() * 1000)
            new = later[old] = moment(at_ms + minutes * MINUTE_MS)[:16].encode()
        return new

    def shifted(stored: Stored) -> Stored:
        value = None if stored.value is None else _MINUTE.sub(text, stored.value)
        headers = [(name, _MINUTE.sub(text, raw) if name == "ce_time" else raw) for name, raw in stored.headers]
        return stored._replace(arrival_ms=stored.arrival_ms + minutes * MINUTE_MS, value=value, headers=headers)

    return shifted
