"""What the engine does, told to the metrics; and what must hold for the worker to be ready."""

import asyncio
import time
from collections.abc import Mapping

from parcelward.metrics import Metrics
from streams.engine.faust_app import ScreeningApp
from streams.engine.partition import Done, StagePartition

GAUGES_S = 1.0
ANSWER_S = 10.0


class MetricsRecorder:
    """Records committed batches and owned partitions."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def batch_done(self, done: Done) -> None:
        """Add up the counts of a committed batch; an empty one that led to nothing is not worth a record."""
        outcome, records = done.outcome, len(done.batch.records)
        self._metrics.count(outcome.counts)
        now = time.time()
        self._metrics.observe_latencies([now * 1000 - arrival for arrival in outcome.alert_arrivals])
        if records or outcome.sends or outcome.updates:
            stage, partition = done.partition.plan.name, done.partition.number
            self._metrics.record_batch(stage, partition, records, done.compute_s, done.commit_s, now)

    def assigned(self, stage: str, partitions: int) -> None:
        """The worker owns so many partitions of a stage."""
        self._metrics.set_assigned(stage, partitions)

    def restored(self, partition: StagePartition, seconds: float) -> None:
        """A partition has its state."""
        self._metrics.set_restore(partition.plan.name, partition.number, seconds, partition.restored_records)

    def given_up(self, partition: StagePartition) -> None:
        """A partition is no longer ours."""
        self._metrics.drop_partition(partition.plan.name, partition.number)


class Readiness:
    """The checks behind /ready. Rule pack and model were proven before the worker started, or it would not have."""

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
        return {"broker": broker, "tables": bool(tables), "rule_pack": True, "model": True}


async def keep_gauges(app: ScreeningApp, metrics: Metrics, readiness: Readiness) -> None:
    """Bring lag, keys and readiness up to date, for ever."""
    while True:
        for check, passed in readiness.checks().items():
            metrics.set_ready(check, passed)
        for partition in app.assignment:
            if partition.ready:
                metrics.set_lag(partition.plan.name, partition.number, app.consumer.lag(partition))
                metrics.set_keys(partition.plan.name, partition.number, len(partition.state))
        await asyncio.sleep(GAUGES_S)
