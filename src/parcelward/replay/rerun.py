"""Runs the recorded intake through the stages again, offline."""

from collections.abc import Iterator

from parcelward.flow import SCREENING
from parcelward.replay.order import LiveOrder, Released
from parcelward.replay.recording import Recording, in_arrival_order, in_batches
from parcelward.screening.build import Stages
from parcelward.screening.in_memory import Pipeline, Result

BATCH = 4000
FOREVER_MS = 2**63
RUN_OUT_MS = 600_000
"""Arrivals for this long after the end are replayed, too: they may have overtaken earlier ones."""


class Rerun:
    """One replay of a recording; iterate `results` once."""

    def __init__(
        self,
        recording: Recording,
        stages: Stages,
        *,
        since_ms: int = 0,
        to_ms: int | None = None,
        at_once: int = BATCH,
    ) -> None:
        """Replay what arrived from `since_ms` on, `at_once` events in a batch; end a moment after `to_ms`."""
        self._recording = recording
        self._at_once = at_once
        self._since_ms = since_ms
        self._stop_ms = None if to_ms is None else to_ms + RUN_OUT_MS
        self.order = LiveOrder(recording, since_ms, self._stop_ms)
        self.pipeline = Pipeline(
            stages, recording.topics, recording.partitions, order=self.order, forgiving=True, flow=SCREENING
        )
        self.events = 0
        self.first_offsets: dict[tuple[str, int], int] = {}  # topic and partition: where the replay began

    def results(self) -> Iterator[Result]:
        """Give the results of the replay, piece by piece."""
        quiet_ms = self._since_ms
        for records in in_batches(in_arrival_order(self._recording), self._at_once):
            stop = self._stop_ms
            batch = [one for one in records if one.timestamp >= self._since_ms and (not stop or one.timestamp < stop)]
            self.events += len(batch)
            for record in batch:
                self.first_offsets.setdefault((record.topic, record.partition), record.offset)
            # Nothing that arrived before the newest record is still to come, on whatever topic.
            quiet_ms = max([quiet_ms, *(one.timestamp - 1 for one in batch)])
            known_ms = self._within_horizon(quiet_ms)
            result = self.pipeline.feed(batch, self._quiet(known_ms))
            self._skip_absent(known_ms, result)
            yield result
            if stop and len(batch) < len(records) and records[-1].timestamp >= stop:
                break
        yield self._end()

    def _end(self) -> Result:
        """Fire the deadlines that fell due by the end, and judge the passes that the live run did not make."""
        end_ms = self._within_horizon(self._stop_ms or self.order.last_ms() + 1)
        result = self.pipeline.feed([], self._quiet(end_ms))
        self._skip_absent(FOREVER_MS, result)
        self._hand_back(self.order.end(), result)
        return result

    def _within_horizon(self, quiet_ms: int) -> int:
        """Cut a time at the horizon: records that wait beyond it, and may do a duty, are not in the replay."""
        horizon_ms = self._recording.horizon_ms
        return quiet_ms if horizon_ms is None else min(quiet_ms, horizon_ms)

    def _skip_absent(self, quiet_ms: int, result: Result) -> None:
        while self.order.skip_absent(quiet_ms):
            self.pipeline.carry(result)
        if self.order.overfull:
            self._hand_back(self.order.give_up(), result)

    def _hand_back(self, released: Released, result: Result) -> None:
        for topic, number, records in released:
            self.pipeline.cells_of[topic][number].inbox[:0] = records
        self.pipeline.carry(result)

    def _quiet(self, until_ms: int) -> dict[str, int]:
        return {self._recording.topics.intake(courier): until_ms for courier in self._recording.couriers}
