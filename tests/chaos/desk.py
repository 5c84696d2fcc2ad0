"""The people as a process: couriers who answer and a desk that decides on what the worker publishes, at once or late.

Writes down which of its letters the cluster acknowledged. SIGTERM: what is not written yet stays unwritten, exit 0.
"""

import json
import os
import sys
import time
from contextlib import closing
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, TextIO

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from parcelward.cluster.client import client_options, consumer_options
from parcelward.process.stopping import stop_signals
from parcelward.settings import Settings, load_settings
from tests.chaos.couriers import mark
from tests.people import Letter, People

ZEAL = 0.4
LATE = 0.4  # share of letters that wait
LATEST_S = 8.0  # some miss the deadlines of a chaos run
CLOSE_S = 45.0


class Desk:
    """Reads what concerns people, and writes what they say to it."""

    def __init__(self, settings: Settings, seed: int, log: TextIO, from_start: bool) -> None:
        topics, numbers = settings.topics, range(settings.partitions)
        self._partitions, self._log, self._rng = settings.partitions, log, Random(seed)
        self._people = People(topics, seed, f"desk-{seed}", ZEAL)
        self._reader = KafkaConsumer(**consumer_options(settings))
        read = [*map(topics.instructions, settings.couriers), topics.referrals, topics.cases]
        self._reader.assign([TopicPartition(topic, number) for topic in read for number in numbers])
        if not from_start:
            self._reader.seek_to_end()
        self._writer = KafkaProducer(**client_options(settings), acks="all", enable_idempotence=True)
        self._waiting: list[tuple[float, int, Letter]] = []
        self._order = count()

    def turn(self) -> None:
        """Read what is new, and write what is due."""
        try:
            found = self._reader.poll(timeout_ms=200)
        except KafkaError as error:
            print(f"again: {error}", flush=True)
            return
        for record in (record for records in found.values() for record in records):
            for letter in self._people.react(record, int(time.time() * 1000)):
                wait_s = self._rng.uniform(0, LATEST_S) if self._rng.random() < LATE else 0.0
                heappush(self._waiting, (time.monotonic() + wait_s, next(self._order), letter))
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            self._write(heappop(self._waiting)[2])

    def _write(self, letter: Letter) -> None:
        try:
            sent = self._writer.send(letter.topic, letter.value, letter.key, partition=letter.place(self._partitions))
        except KafkaError as error:
            print(f"not written: {error}", flush=True)
            return
        sent.add_callback(lambda _: self._note(letter))

    def _note(self, letter: Letter) -> None:
        print(mark(letter.topic, letter.key, letter.value), file=self._log, flush=True)

    def close(self) -> None:
        """Wait for what was written, and disconnect."""
        self._writer.close(timeout=CLOSE_S)
        self._reader.close()


def main(settings: Settings, told: dict[str, Any]) -> None:
    """React until SIGTERM."""
    with (
        Path(told["acknowledged"]).open("a") as log,
        stop_signals() as stop,
        closing(Desk(settings, told["seed"], log, told["from_start"])) as desk,
    ):
        while not stop.requested:
            desk.turn()


if __name__ == "__main__":
    main(load_settings(), json.loads(os.environ.pop("CHAOS_DESK")))
    sys.exit(0)
