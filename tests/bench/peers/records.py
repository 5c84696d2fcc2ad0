"""The records that every engine gets, and what must come of them. Only the standard library."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

from tests.bench.peers.job import TENTH

KEYS = 10_000
PARTITIONS = 4
SEED = 4


class Made(NamedTuple):
    """One source record."""

    partition: int
    key: bytes
    value: bytes


def records(count: int) -> Iterator[Made]:
    """`count` records of about 361 bytes of JSON with uniform keys; the same ones in every call."""
    chance = random.Random(SEED)
    keys = [b"outlet-%05d" % number for number in range(KEYS)]
    values = [_value(number, key) for number, key in enumerate(keys)]
    parts = [crc32(key) % PARTITIONS for key in keys]
    for number in range(count):
        chosen = chance.randrange(KEYS)
        head, tail = values[chosen]
        yield Made(parts[chosen], keys[chosen], b"%s%010d%s" % (head, number, tail))


def _value(number: int, key: bytes) -> tuple[bytes, bytes]:
    event = {
        "waybill": "SF#",
        "courier": "swift",
        "outlet": key.decode(),
        "operator": f"op-{number % 977:04d}",
        "accepted_at": "2026-03-02T09:15:27.250+08:00",
        "document": {"kind": "id_card", "checked": True, "token": f"k1:{crc32(key):08x}{number:024x}"},
        "place": {"province": "31", "lat": 31.2304, "lon": 121.4737},
        "goods": ["garment", "cotton", "household"],
        "weight_g": 300 + number % 4000,
        "to": {"province": "44", "city": "4403"},
    }
    head, tail = json.dumps(event, separators=(",", ":")).encode().split(b"#")
    return head, tail


class Expected:
    """Results of a run without faults: the count per key, and how far the engine is by the alerts it has sent."""

    def __init__(self, count: int) -> None:
        self.events = count
        self.counts: Counter[bytes] = Counter()
        self._alert_at: list[int] = []
        for number, record in enumerate(records(count), 1):
            self.counts[record.key] += 1
            if self.counts[record.key] % TENTH == 0:
                self._alert_at.append(number)

    @property
    def alerts(self) -> int:
        """Alerts of all records."""
        return len(self._alert_at)

    def events_after(self, alerts: float) -> int:
        """Records behind so many alerts, when the partitions advance alike."""
        number = min(int(alerts), self.alerts)
        return self._alert_at[number - 1] if number else 0
