"""A courier's process: publishes numbered scan events and writes down each number once its event was taken.

SIGTERM: no more events; exit code 0 when all is delivered.
"""

import json
import os
import resource
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from parcelward.process.stopping import stop_signals
from parcelward.publisher import Publisher, SpoolFull
from parcelward.settings import load_settings

ROUND = 40
"""Events after which other waybills follow; each waybill has four."""


def event(number: int) -> dict[str, Any]:
    """A sound event; its id tells its number."""
    return {
        "specversion": "1.0",
        "id": f"n-{number}",
        "source": "/couriers/swift",
        "type": "cn.delivery.security.scan.v1",
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "data": {
            "courier": "swift",
            "waybill": f"SF{number // ROUND:08}{number % 10}",
            "site": "HZ-S1",
            "operator": "E1",
            "machine": "X1",
            "decision": "pass",
            "mark_applied": True,
        },
    }


def main(spool: Path, taken: Path, events: int, per_second: float, most_bytes: int | None) -> int:
    """Publish from where the last process stopped; returns the exit code."""
    lines = taken.read_bytes().count(b"\n") if taken.exists() else 0
    log = os.open(taken, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    publisher = Publisher(load_settings(), spool=spool)
    if most_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file cannot grow further, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    print("started", flush=True)
    begun, number = time.monotonic(), lines
    with stop_signals() as stop:
        while number < events and not stop.wait(max(0.0, begun + (number - lines) / per_second - time.monotonic())):
            try:
                publisher.publish(event(number))
            except SpoolFull:
                print("full", flush=True)
                stop.wait(0.2)
                continue
            number += 1
            os.write(log, b"%d\n" % number)
    publisher.close(120)
    return 0


if __name__ == "__main__":
    told = json.loads(os.environ.pop("COURIER"))
    sys.exit(main(Path(told["spool"]), Path(told["taken"]), told["events"], told["per_second"], told["most_bytes"]))
