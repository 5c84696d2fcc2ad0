"""The couriers of the demo: simulated parcels, published when they are due, none left half reported at the end."""

import time
from collections.abc import Callable, Iterator

from parcelward.publisher import InvalidEvent, Publisher
from parcelward.simulate import Label, SimulatedRecord, Simulation

TAIL_S = 6.0  # an inspection comes within 4 s of the real-name event; few scans take longer than this


def closing_s(seconds: float) -> float:
    """Give the time at which the counters of a demo of `seconds` close, in seconds from its start."""
    return max(seconds - TAIL_S, seconds / 2)


class Couriers:
    """Publishes a simulation's records; `complain` is told of records that break the contract by mistake."""

    def __init__(self, simulation: Simulation, publisher: Publisher, complain: Callable[[str], None]) -> None:
        self._simulation = simulation
        self._publisher = publisher
        self._complain = complain
        self._records: Iterator[SimulatedRecord] = simulation.records()
        self._next: SimulatedRecord | None = next(self._records, None)

    @property
    def are_done(self) -> bool:
        """True when nothing is left to publish."""
        return self._next is None

    def labels(self) -> list[Label]:
        """List what was planted in the parcels begun so far."""
        return self._simulation.labels()

    def publish_due(self) -> None:
        """Publish what is due by now. Raises NotDelivered."""
        self._publish_until(time.time() * 1000)

    def close(self) -> None:
        """Accept no more parcels; what belongs to those accepted already stays due."""
        self._simulation.close()

    def publish_rest(self) -> None:
        """Publish what is still to come of the accepted parcels, at once. Only after `close`. Raises NotDelivered."""
        self._publish_until(float("inf"))

    def _publish_until(self, now_ms: float) -> None:
        while (record := self._next) is not None and record.arrival_ms <= now_ms:
            if record.refused_for is None and record.value is not None:
                try:
                    self._publisher.publish_json(record.value)
                except InvalidEvent as error:
                    self._complain(f"a simulated event breaks the contract: {error}")
            else:
                self._publisher.publish_unchecked(record.courier, record.key, record.value, record.headers)
            self._next = next(self._records, None)
