"""Word about one parcel, for a counter that waits for it."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from pydantic import ValidationError

from parcelward.cluster.client import consumer_options, require_answer, unreachable
from parcelward.contract.instructions import Instruction
from parcelward.errors import UserError
from parcelward.settings import Settings

log = logging.getLogger(__name__)

KEEP_S = 600.0
POLL_MS = 200
AGAIN_S = 1.0


class Instructions(AbstractContextManager["Instructions"]):
    """Instructions to a courier from now on, by parcel; a context manager. Safe to use from several threads.

    Begin it before the events are published, or their answer may be missed. The newest instruction about a parcel is
    kept for ten minutes.
    """

    def __init__(self, settings: Settings, courier: str) -> None:
        """Connect, and begin at the end of the topic. Raises UserError without a broker or the topic."""
        require_answer(settings)
        self._topic = settings.topics.instructions(courier)
        try:
            self._consumer = KafkaConsumer(**consumer_options(settings), fetch_max_wait_ms=POLL_MS)
            self._begin()
        except (KafkaError, OSError) as error:
            raise unreachable(settings, error) from None
        self._newest: dict[str, tuple[float, Instruction]] = {}
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._read, name="parcelward-instructions", daemon=True)
        self._thread.start()

    def instructions_for(self, waybill: str, timeout_s: float) -> Instruction | None:
        """Give the newest instruction about a parcel; wait at most `timeout_s` for the first one, then give None.

        None says that nothing has come yet. It does not say that the parcel may travel.
        """
        with self._changed:
            self._changed.wait_for(lambda: waybill in self._newest or self._ended, timeout_s)
            known = self._newest.get(waybill)
        return None if known is None else known[1]

    def close(self) -> None:
        """Disconnect; whoever waits is told nothing more."""
        self._ended = True
        with self._changed:
            self._changed.notify_all()
        self._thread.join(5)
        self._consumer.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self) -> None:
        numbers = self._consumer.partitions_for_topic(self._topic)
        if not numbers:
            self._consumer.close()
            raise UserError(f"topic {self._topic} does not exist on this cluster, or this user may not see it")
        partitions = [TopicPartition(self._topic, number) for number in sorted(numbers)]
        self._consumer.assign(partitions)
        for partition, end in self._consumer.end_offsets(partitions).items():
            self._consumer.seek(partition, end)

    def _read(self) -> None:
        while not self._ended:
            try:
                batches = self._consumer.poll(timeout_ms=POLL_MS)
            except KafkaError as error:  # the client connects again by itself
                log.warning("reading instructions failed (%s), and goes on", type(error).__name__)
                time.sleep(AGAIN_S)
                continue
            found = list(_read_instructions(record for records in batches.values() for record in records))
            if found:
                self._take(found)

    def _take(self, found: list[Instruction]) -> None:
        now = time.monotonic()
        with self._changed:
            for one in found:
                known = self._newest.get(one.waybill)
                if known is None or known[1].alert_id != one.alert_id or known[1].revision <= one.revision:
                    self._newest[one.waybill] = now, one
            for waybill in [waybill for waybill, (at, _) in self._newest.items() if at + KEEP_S < now]:
                del self._newest[waybill]
            self._changed.notify_all()


def _read_instructions(records: Iterator[Any]) -> Iterator[Instruction]:
    for record in records:
        with suppress(ValidationError):  # of a later version of the contract
            yield Instruction.model_validate_json(record.value)
