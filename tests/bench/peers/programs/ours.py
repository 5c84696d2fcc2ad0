"""Parcelward's own engine (`streams/`) with a counting stage."""

import asyncio
import gc
import struct
from collections.abc import Mapping
from datetime import timedelta

import orjson

from parcelward.settings import Settings
from parcelward.stage import Batch, Outcome, Send
from streams.app import build_app
from streams.engine.partition import Done, StagePartition, StagePlan
from streams.lifecycle import run_app, stop_on_signals
from streams.worker import YOUNG_OBJECTS
from tests.bench.peers.job import BATCH, TENTH, Job

COUNT = struct.Struct("<q")


class CountingStage:
    """Counts records per key; every tenth one of a key is answered by an alert."""

    def __init__(self, alerts: str) -> None:
        self._alerts = alerts

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Nothing is derived."""

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Parse and count."""
        outcome = Outcome()
        updates, sends, alerts = outcome.updates, outcome.sends, self._alerts
        for record in batch.records:
            orjson.loads(record.value or b"")
            key = record.key or b""
            before = updates.get(key) or state.get(key)
            count = (COUNT.unpack(before)[0] if before else 0) + 1
            updates[key] = COUNT.pack(count)
            if count % TENTH == 0:
                sends.append(Send(alerts, key, b"%d" % count))
        return outcome

    def commit(self, batch: Batch, outcome: Outcome) -> None:
        """Nothing is derived."""


class _Unwatched:
    """Records nothing."""

    def batch_done(self, done: Done) -> None: ...
    def assigned(self, stage: str, partitions: int) -> None: ...
    def restored(self, partition: StagePartition, seconds: float) -> None: ...
    def given_up(self, partition: StagePartition) -> None: ...


async def main() -> None:
    """Run until SIGTERM."""
    gc.set_threshold(YOUNG_OBJECTS, 20, 100)  # as the worker does
    job = Job.given()
    settings = Settings(
        kafka=job.kafka,
        topic_prefix=f"{job.app}.",
        partitions=job.partitions,
        batch_records=BATCH,
        session_timeout=timedelta(milliseconds=job.session_ms),
    )
    plan = StagePlan("duties", (job.source,), lambda partition: CountingStage(job.alerts))
    stop = asyncio.Event()
    stop_on_signals(stop)
    await run_app(build_app(settings, [plan], _Unwatched()), stop)


if __name__ == "__main__":
    asyncio.run(main())
