"""The couriers as a process: publishes simulated events and writes down what the cluster acknowledged.

It does what docs/reliability.md tells a courier to do: what was not acknowledged is published again, whole, under the
same event ids, by a new publisher. With a spool it writes down what its publisher took: when this one is killed, the
next one on the same spool delivers. SIGTERM: no more parcels, the rest of those begun, then exit 0.
"""

import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TextIO

import orjson

from parcelward.errors import UserError
from parcelward.process.stopping import stop_signals
from parcelward.publisher import NotDelivered, Publisher, binary_mode
from parcelward.settings import Settings, load_settings
from parcelward.simulate import Plan, SimulatedRecord, Simulation, live

MALFORMED_SHARE = 0.01
MOST_AT_ONCE = 400
FLUSH_S = 40.0
CLOSE_S = 120.0
MARK_BYTES = 25  # a line of the log
Event = tuple[str, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]  # courier, key, value, headers


def mark(topic: str, key: bytes | None, value: bytes | None) -> str:
    """By what an event is recognised in the log."""
    parts = (topic.encode(), b"" if key is None else b"k" + key, b"" if value is None else b"v" + value)
    return hashlib.blake2b(b"\0".join(parts), digest_size=12).hexdigest()


class Couriers:
    """Publishes a simulation when it is due, and again until it is acknowledged."""

    def __init__(self, settings: Settings, simulation: Simulation, log: TextIO, spool: Path | None = None) -> None:
        self._settings = settings
        self._spool = spool
        self._simulation = simulation
        self._records = simulation.records()
        self._next: SimulatedRecord | None = next(self._records, None)
        self._log = log
        self._publisher: Publisher | None = None
        self._kill = threading.Event()

    def publish_due(self, until_ms: float) -> int:
        """Publish what is due by then, in portions; returns how many events were acknowledged."""
        count = 0
        while portion := list(islice(self._due(until_ms), MOST_AT_ONCE)):
            self._deliver(portion)
            count += len(portion)
        return count

    def finish(self) -> None:
        """No more parcels; publish what belongs to those begun."""
        self._simulation.close()
        self.publish_due(float("inf"))
        if self._publisher is not None:
            self._publisher.close(CLOSE_S)

    def _due(self, until_ms: float) -> Iterator[Event]:
        while (record := self._next) is not None and record.arrival_ms <= until_ms:
            self._next = next(self._records, None)
            yield _as_sent(record)

    def _deliver(self, events: list[Event]) -> None:
        while True:
            try:
                publisher = self._publisher = self._publisher or Publisher(self._settings, spool=self._spool)
                for courier, key, value, headers in events:
                    publisher.publish_unchecked(courier, key, value, headers)
                if self._spool is None:
                    publisher.flush(FLUSH_S)
            except (NotDelivered, UserError) as error:
                print(f"again: {error}", flush=True)
                if self._publisher is not None:
                    self._publisher.abandon()
                self._publisher = None
                time.sleep(0.5)
            else:
                intake = self._settings.topics.intake
                for courier, key, value, _ in events:
                    print(mark(intake(courier), key, value), file=self._log)
                self._log.flush()
                return


def _as_sent(record: SimulatedRecord) -> Event:
    if record.refused_for is None and record.value is not None:
        courier, key, value, headers = binary_mode(orjson.loads(record.value))
        return courier, key, value, tuple(headers)
    return record.courier, record.key, record.value, tuple(record.headers)


def main(settings: Settings, rate: float, seed: int, acknowledged: Path, spool: Path | None) -> None:
    """Publish until SIGTERM."""
    plan = Plan(couriers=settings.couriers, malformed_share=MALFORMED_SHARE, days=1.0, seed=seed)
    simulation = Simulation(live(plan, rate, datetime.now(UTC)))
    with acknowledged.open("w") as log, stop_signals() as stop:
        couriers = Couriers(settings, simulation, log, spool)
        while not stop.wait(0.1):
            couriers.publish_due(time.time() * 1000)
        couriers.finish()


if __name__ == "__main__":
    told = json.loads(os.environ.pop("CHAOS_COURIERS"))
    spool = told["spool"] and Path(told["spool"])
    main(load_settings(), told["rate"], told["seed"], Path(told["acknowledged"]), spool)
    sys.exit(0)
