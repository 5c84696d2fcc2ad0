"""The brokers' time, as a worker knows it: from comparisons, carried on by the monotonic clock."""

import time
from collections.abc import Collection


class BrokerClock:
    """Says what every broker's clock shows at least. This machine's own clock may step without effect.

    Before any comparison it goes by this machine's clock as it was when the object was made. A comparison holds until
    the next one: quartz clocks drift by a few seconds a day. One that was suspended is behind, which accuses nobody.
    """

    def __init__(self) -> None:
        self._anchor_ms = (time.time() - time.monotonic()) * 1000
        self._doubtful = False

    def set(self, anchors_ms: Collection[float], *, doubtful: bool) -> None:
        """Take over a comparison: what each clock shows at least when the monotonic clock shows zero.

        `doubtful`: the clocks are too far apart to tell which one is right.
        """
        self._doubtful = doubtful
        if anchors_ms:
            self._anchor_ms = min(anchors_ms)

    def now_ms(self) -> int | None:
        """The time at the brokers, at least (epoch ms); None while it is in doubt."""
        return None if self._doubtful else int(self._anchor_ms + time.monotonic() * 1000)
