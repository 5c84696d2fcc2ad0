"""Giving each later stage what the topics hold, instead of what the stages before it send in the replay."""

from collections.abc import Iterator, Sequence
from itertools import islice
from random import Random

from parcelward.audit.tally import Tally
from parcelward.replay.recording import WholeRecording
from parcelward.stage import Record, SourceRecord

MOST_RECORDS = 700


class RandomCuts:
    """Cuts streams of records into batches at other places than the worker did: no result may depend on it."""

    def __init__(self, seed: int) -> None:
        self._sizes = Random(seed)  # noqa: S311 - where to cut, not what

    def next_of(self, records: Iterator[SourceRecord]) -> list[SourceRecord]:
        """Cut off the next batch: mostly a few records, sometimes hundreds, as in a worker; empty at the end."""
        return list(islice(records, min(MOST_RECORDS, 1 + int(self._sizes.paretovariate(0.6)))))


class AsRecorded:
    """The `Order` of an audit: every stage is replayed on its own, so a fault of one shows in that one alone.

    `tally` compares what the stages send one another in the replay with what is there.
    """

    def __init__(self, recording: WholeRecording, cuts: RandomCuts) -> None:
        topics = recording.topics
        self.cuts = cuts
        self.tally = Tally()
        self._between = {
            (topic, number): recording.between(topic, number)
            for topic in topics.passes
            for number in range(recording.partitions)
        }

    def release(self, topic: str, partition: int, sent: Sequence[Record]) -> Sequence[SourceRecord]:
        """Note the records that must be there; returns those that are there next."""
        for record in sent:
            self.tally.expect(topic, partition, record.key, record.value, record.headers)
        there = self.cuts.next_of(self._between[topic, partition])
        for one in there:
            self.tally.find(topic, partition, one.key, one.value, one.headers)
        return there
