"""Word about one parcel, for a counter that waits for it."""

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from typing import Any

from kafka.errors import KafkaError
from pydantic import ValidationError

from parcelward.cluster.client import unreachable
from parcelward.cluster.reader import TopicReader
from parcelward.contract.instructions import Instruction
from parcelward.settings import Settings

log = logging.getLogger(__name__)

KEEP_S = 600.0
POLL_S = 0.2
AGAIN_S = 1.0


class Instructions(AbstractContextManager["Instructions"]):
    """Instructions to a courier from now on, by parcel; a context manager. Safe to use from several threads.

    Begin it before the events are published, or their answer may be missed. The newest instruction about a parcel is
    kept for ten minutes.
    """

    def __init__(self, settings: Settings, courier: str) -> None:
        """Connect, and begin at the end of the topic. Raises UserError without a broker or the topic."""
        try:
            self._reader = TopicReader(settings, [settings.topics.instructions(courier)], from_start=False)
        except KafkaError as error:
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
        self._reader.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        while not self._ended:
            try:
                records = self._reader.poll(POLL_S)
            except KafkaError as error:  # the client connects again by itself
                log.warning("reading instructions failed (%s), and goes on", type(error).__name__)
                time.sleep(AGAIN_S)
                continue
            found = list(_read_instructions(records))
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


def _read_instructions(records: Iterable[Any]) -> Iterator[Instruction]:
    for record in records:
        with suppress(ValidationError):  # of a later version of the contract
            yield Instruction.model_validate_json(record.value)
