"""A trivial stage for tests of the engine, and a worker process that runs it: a durable counter per key.

Every tenth record of a key is answered by one alert that names the count, so that lost and doubled work both show.
"""

import asyncio
import json
import os
import struct
from collections.abc import Mapping
from typing import Any

from parcelward.settings import Settings
from parcelward.stage import Batch, Outcome, Send
from streams.app import build_app
from streams.engine.partition import Done, StagePartition, StagePlan
from streams.lifecycle import run_app, stop_on_signals

COUNT = struct.Struct("<q")


class CountingStage:
    """Counts records per key."""

    def __init__(self, alerts: str) -> None:
        self._alerts = alerts
        self.batches: list[Batch] = []

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Nothing is derived."""

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Count; poisoned values raise."""
        outcome = Outcome()
        for record in batch.records:
            key = record.key or b""
            if record.value is not None and record.value.startswith(b"poison"):
                raise LookupError(record.value)
            before = outcome.updates.get(key) or state.get(key)
            count = (COUNT.unpack(before)[0] if before else 0) + 1
            outcome.updates[key] = COUNT.pack(count)
            if count % 10 == 0:
                outcome.sends.append(Send(self._alerts, key, b"%d" % count))
        return outcome

    def commit(self, batch: Batch, outcome: Outcome) -> None:
        """Remember what was delivered."""
        self.batches.append(batch)


class Notes:
    """Keeps the reports of the engine for the test."""

    def __init__(self) -> None:
        self.done: list[Done] = []
        self.restored_records: dict[tuple[str, int], int] = {}

    def batch_done(self, done: Done) -> None:
        """Keep it."""
        self.done.append(done)

    def assigned(self, stage: str, partitions: int) -> None:
        """Not needed."""

    def restored(self, partition: StagePartition, seconds: float) -> None:
        """Keep how much was read."""
        self.restored_records[partition.plan.name, partition.number] = partition.restored_records

    def given_up(self, partition: StagePartition) -> None:
        """Not needed."""


def counting_plan(settings: Settings, **changes: Any) -> StagePlan:
    """The counting stage over all intake topics, in the place of the first stage."""
    topics = tuple(settings.topics.intake(courier) for courier in settings.couriers)
    build: Any = changes.pop("build", None) or (lambda partition: CountingStage(settings.topics.alerts))
    return StagePlan("duties", topics, build, ticks=True, **changes)


async def _main() -> None:
    settings = Settings(**json.loads(os.environ["COUNTING_SETTINGS"]))
    app = build_app(settings, [counting_plan(settings)], Notes())
    stop = asyncio.Event()
    stop_on_signals(stop)
    await run_app(app, stop)


if __name__ == "__main__":
    asyncio.run(_main())
