"""The brokers' time, as a worker knows it: from comparisons, carried on by the monotonic clock."""

import time
from collections.abc import Collection

LASTS_S = 600.0
"""So long a comparison is believed; quartz clocks drift by less than a tenth of a second meanwhile."""


class BrokerClock:
    """Says what every broker's clock shows at least. This machine's own clock may step without effect.

    Before any comparison it goes by this machine's clock as it was when the object was made.
    """

    def __init__(self) -> None:
        self._anchor_ms = (time.time() - time.monotonic()) * 1000
        self._compared_at = float("inf")
        self._doubtful = False

    def set(self, anchors_ms: Collection[float], *, doubtful: bool) -> None:
        """Take over a comparison: what each clock shows at least when the monotonic clock shows zero.

        `doubtful`: the clocks are too far apart to tell which one is right.
        """
        self._doubtful = doubtful
        if anchors_ms:
            self._anchor_ms = min(anchors_ms)
            self._compared_at = time.monotonic()

    def now_ms(self) -> int | None:
        """The time at the brokers, at least (epoch ms); None while it is in doubt."""
        now = time.monotonic()
        if self._doubtful or now - self._compared_at > LASTS_S:
            return None
        return int(self._anchor_ms + now * 1000)
