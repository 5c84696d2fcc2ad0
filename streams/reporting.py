"""Tells the metrics what the engine does, and checks whether the worker is ready."""

import asyncio
import time
from collections.abc import Mapping

from parcelward.counts import (
    ASSIGNED,
    BATCH_RECORDS,
    BATCH_SECONDS,
    COMMITS,
    EVENT_TO_ALERT,
    LAG,
    LAST_COMMIT,
    READY,
    RESTORE_SECONDS,
    RESTORED_RECORDS,
    TABLE_KEYS,
)
from parcelward.metrics import Metrics
from streams.engine.faust_app import ScreeningApp
from streams.engine.partition import Done, StagePartition

GAUGES_S = 1.0
ANSWER_S = 10.0


class MetricsRecorder:
    """Sets the metrics of committed batches and of the worker's partitions."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def batch_done(self, done: Done) -> None:
        """Count a committed batch. One without records and results was not committed, and only its counts are added."""
        outcome, records = done.outcome, len(done.batch.records)
        metrics, stage, now = self._metrics, done.partition.plan.name, time.time()
        metrics.count(outcome.counts)
        for arrival_ms in outcome.alert_arrivals:
            metrics.observe(EVENT_TO_ALERT, now - arrival_ms / 1000)
        if records or outcome.sends or outcome.updates:
            metrics.observe(BATCH_RECORDS, records, stage)
            metrics.observe(BATCH_SECONDS, done.compute_s, stage, "compute")
            metrics.observe(BATCH_SECONDS, done.commit_s, stage, "commit")
            metrics.add(COMMITS, stage)
            metrics.set(LAST_COMMIT, now, stage)

    def assigned(self, stage: str, partitions: int) -> None:
        """The worker owns so many partitions of a stage."""
        self._metrics.set(ASSIGNED, partitions, stage)

    def restored(self, partition: StagePartition, seconds: float) -> None:
        """A partition has its state."""
        labels = partition.plan.name, str(partition.number)
        self._metrics.set(RESTORE_SECONDS, seconds, *labels)
        self._metrics.set(RESTORED_RECORDS, partition.restored_records, *labels)

    def given_up(self, partition: StagePartition) -> None:
        """A partition is no longer ours."""
        self._metrics.drop_partition(partition.plan.name, partition.number)


class Readiness:
    """The checks behind /ready: what may fail while a worker runs.

    Rule pack and model are no checks: the worker runs their examples before it starts, and does not start otherwise.
    """

    def __init__(self, app: ScreeningApp) -> None:
        self._app = app

    def checks(self) -> Mapping[str, bool]:
        """Each check by name, and whether it passes now."""
        assignment = self._app.assignment
        tables = (
            self._app.tables.actives_ready
            and not self._app.rebalancing
            and assignment.ready
            and not assignment.stopping
        )
        owns_any = any(True for _ in assignment)
        broker = self._app.consumer.unanswered_s < ANSWER_S if owns_any else bool(tables)
        return {"broker": broker, "tables": bool(tables)}


async def keep_gauges(app: ScreeningApp, metrics: Metrics, readiness: Readiness) -> None:
    """Bring lag, keys and readiness up to date, for ever."""
    while True:
        for check, passed in readiness.checks().items():
            metrics.set(READY, passed, check)
        for partition in app.assignment:
            if partition.ready:
                labels = partition.plan.name, str(partition.number)
                metrics.set(LAG, app.consumer.lag(partition), *labels)
                metrics.set(TABLE_KEYS, len(partition.state), *labels)
        await asyncio.sleep(GAUGES_S)
