"""Tells the metrics what the engine does, and checks whether the worker is ready."""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import product

from parcelward.counts import (
    AGES,
    ASSIGNED,
    BATCH_RECORDS,
    BATCH_SECONDS,
    COMMIT_PAUSE,
    COMMITS,
    DEADLINE_TO_ALERT,
    EVENT_TO_ALERT,
    EVIDENCE,
    HEARD,
    IN_TIME,
    IN_TIME_S,
    LAG,
    LAST_COMMIT,
    OPEN_ALERTS,
    OPEN_STATES,
    READY,
    RESTORE_SECONDS,
    RESTORED_RECORDS,
    TABLE_KEYS,
    TOO_LATE,
    WAITING,
)
from parcelward.metrics import Metrics
from parcelward.screening.referrals import ReferralsStage
from parcelward.stage import SourceRecord
from streams.engine.faust_app import ScreeningApp
from streams.engine.partition import Done, StagePartition
from streams.ground import Ground

GAUGES_S = 1.0
ANSWER_S = 10.0


class MetricsRecorder:
    """Sets the metrics of committed batches and of our partitions; `intake` gives the courier of each of its topics."""

    def __init__(self, metrics: Metrics, intake: Mapping[str, str]) -> None:
        self._metrics = metrics
        self._courier_of = intake
        self._heard: dict[str, int] = {}

    def batch_done(self, done: Done) -> None:
        """Count a committed batch. One without records and results moved a position at most: only counts are added."""
        outcome, records = done.outcome, done.batch.records
        metrics, stage, now = self._metrics, done.partition.plan.name, time.time()
        metrics.count(outcome.counts)
        self._measure_judging(outcome.judged_arrivals, now)
        for arrival_ms in outcome.alert_arrivals:
            metrics.observe(EVENT_TO_ALERT, now - arrival_ms / 1000)
        for due_ms in outcome.alert_dues:
            metrics.observe(DEADLINE_TO_ALERT, now - due_ms / 1000)
        if records or outcome.sends or outcome.updates:
            metrics.observe(BATCH_RECORDS, len(records), stage)
            metrics.observe(BATCH_SECONDS, done.compute_s, stage, "compute")
            metrics.observe(BATCH_SECONDS, done.commit_s, stage, "commit")
            metrics.add(COMMITS, stage)
            metrics.set(LAST_COMMIT, now, stage)
        if records and records[0].topic in self._courier_of:
            self._hear(records)

    def _measure_judging(self, arrivals: Sequence[int], now: float) -> None:
        if arrivals:
            latest = (now - IN_TIME_S) * 1000
            late = 0 if min(arrivals) >= latest else sum(arrival_ms < latest for arrival_ms in arrivals)
            self._metrics.add(EVIDENCE, IN_TIME, by=len(arrivals) - late)
            self._metrics.add(EVIDENCE, TOO_LATE, by=late)

    def _hear(self, records: Sequence[SourceRecord]) -> None:
        """Note when each courier's last record arrived; partitions are worked off side by side, in any order."""
        for topic, arrival_ms in {record.topic: record.timestamp for record in records}.items():
            courier = self._courier_of[topic]
            if arrival_ms > self._heard.get(courier, 0):
                self._heard[courier] = arrival_ms
                self._metrics.set(HEARD, arrival_ms / 1000, courier)

    def assigned(self, stage: str, partitions: int) -> None:
        """The worker owns so many partitions of a stage."""
        self._metrics.set(ASSIGNED, partitions, stage)

    def restored(self, partition: StagePartition, seconds: float) -> None:
        """A partition has its state."""
        labels = partition.plan.name, str(partition.number)
        self._metrics.set(RESTORE_SECONDS, seconds, *labels)
        self._metrics.set(RESTORED_RECORDS, partition.restored_records, *labels)

    def given_up(self, partition: StagePartition) -> None:
        """A partition is no longer ours, nor is any other one: all are given up together."""
        self._metrics.drop_partition(partition.plan.name, partition.number)
        self._metrics.set(ASSIGNED, 0, partition.plan.name)


class Progress:
    """For each topic of each partition, the time since when its records have waited while none of them was done.

    By topic: a partition reads one for each courier, and one that stands still must be seen among busy ones.
    """

    def __init__(self) -> None:
        self._since: dict[tuple[StagePartition, str], tuple[int, float]] = {}

    def waiting_s(self, partition: StagePartition, waiting: Mapping[str, int], now: float) -> float:
        """Seconds of the topic that has waited longest; 0 when nothing waits. A batch in work counts for the whole."""
        positions = partition.positions
        whole = sum(waiting.values()) + partition.in_work
        return max(
            self._of(partition, "", whole, sum(positions.values()), now),
            *(self._of(partition, topic, count, positions[topic], now) for topic, count in waiting.items()),
        )

    def _of(self, partition: StagePartition, topic: str, waiting: int, done: int, now: float) -> float:
        if not waiting:
            self._since.pop((partition, topic), None)
            return 0.0
        known, since = self._since.get((partition, topic), (done, now))
        if known != done:
            since = now
        self._since[partition, topic] = done, since
        return now - since

    def forget_all_but(self, partitions: Collection[StagePartition]) -> None:
        """Forget partitions that are no longer ours."""
        self._since = {key: known for key, known in self._since.items() if key[0] in partitions}


class Readiness:
    """The checks behind /ready: what may fail while a worker runs.

    Rule pack and model are no checks: the worker runs their examples before it starts, and does not start otherwise.
    """

    def __init__(self, app: ScreeningApp, ground: Ground) -> None:
        self._app = app
        self._ground = ground
        self._broker = True

    def checks(self) -> Mapping[str, bool]:
        """Each check by name, and whether it passes now."""
        assignment = self._app.assignment
        tables = (
            self._app.tables.actives_ready
            and not self._app.rebalancing
            and assignment.ready
            and not assignment.stopping
        )
        # A worker that stops asks for nothing any more: what was so before stays, for Kafka may be why it stops.
        if not assignment.stopping:
            self._broker = self._broker_answers()
        return {"broker": self._broker, "tables": bool(tables)}

    def _broker_answers(self) -> bool:
        """Tell whether fetches are answered; before there are any, whether the ground's check was."""
        if any(partition.ready for partition in self._app.assignment):
            return bool(self._app.consumer.unanswered_s < ANSWER_S)
        return self._ground.answers


def show_open_alerts(partitions: Collection[StagePartition], metrics: Metrics, now: float) -> None:
    """Set how many alerts of these partitions are open, by state and age."""
    found: Counter[tuple[str, str]] = Counter()
    for partition in partitions:
        if isinstance(partition.stage, ReferralsStage):
            found += partition.stage.open_alerts(int(now * 1000))
    for state, age in product(OPEN_STATES, AGES):
        metrics.set(OPEN_ALERTS, found[state, age], state, age)


async def keep_gauges(app: ScreeningApp, metrics: Metrics, readiness: Readiness) -> None:
    """Bring lag, keys and readiness up to date, for ever."""
    progress = Progress()
    while True:
        for check, passed in readiness.checks().items():
            metrics.set(READY, passed, check)
        metrics.set(COMMIT_PAUSE, app.consumer.pause_s)
        ready = [partition for partition in app.assignment if partition.ready]
        for partition in ready:
            labels = partition.plan.name, str(partition.number)
            waiting = app.consumer.waiting(partition)
            metrics.set(LAG, sum(waiting.values()) + partition.in_work, *labels)
            metrics.set(WAITING, progress.waiting_s(partition, waiting, time.monotonic()), *labels)
            metrics.set(TABLE_KEYS, len(partition.state), *labels)
        progress.forget_all_but(ready)
        show_open_alerts(ready, metrics, time.time())
        await asyncio.sleep(GAUGES_S)
