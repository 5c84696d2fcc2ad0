"""Measures webhooks: deliveries a CPU second of `parcelward deliver`, to a receiver on this machine.

    python -m tests.bench.delivery [--alerts 5000]

The receiver is a process of its own, so its cost does not count. Alerts are the example of `schemas/`.
"""

import argparse
import asyncio
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from parcelward.broker import LocalBroker
from streams.delivery.clock import Clock
from tests.delivering import Delivering, await_true, installation, write_alerts
from tests.ports import free_port
from tests.receiver import Receiver

RECEIVE = "--receive"


async def _receive(port: int) -> None:
    receiver = Receiver(port)
    async with await asyncio.start_server(receiver.serve, "127.0.0.1", port) as server:
        await server.serve_forever()


def answers(port: int) -> bool:
    """Tell whether somebody listens."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def measure(kafka: str, alerts: int, parallel: int) -> str:
    """Deliver so many alerts; returns the figures in words."""
    port = free_port()
    receiving = subprocess.Popen([sys.executable, "-m", "tests.bench.delivery", RECEIVE, str(port)])
    try:
        url = f"http://127.0.0.1:{port}/hook"
        settings = installation(kafka, f"t{uuid.uuid4().hex[:10]}.", url, webhook_parallel=parallel)
        write_alerts(settings, [(f"w{number}", 1) for number in range(alerts)])
        await_true(lambda: answers(port), "the receiver")
        cpu_s, wall_s = time.process_time(), time.monotonic()
        count = Delivering(settings, Clock()).once()
        cpu_s, wall_s = time.process_time() - cpu_s, time.monotonic() - wall_s
    finally:
        receiving.kill()
        receiving.wait()
    assert count.delivered == alerts, count
    return (
        f"{alerts:,} alerts, {parallel} at a time: {alerts / cpu_s:,.0f} a CPU second ({cpu_s / alerts * 1e6:,.0f} us "
        f"each), {alerts / wall_s:,.0f} a second"
    )


def main() -> None:
    """Measure at several numbers of requests at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=5000)
    parser.add_argument(RECEIVE, type=int, metavar="PORT", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.receive:
        asyncio.run(_receive(asked.receive))
        return
    with tempfile.TemporaryDirectory() as folder, LocalBroker(Path(folder), free_port()) as broker:
        for parallel in (1, 8, 8, 32):
            print(measure(broker.bootstrap, asked.alerts, parallel))


if __name__ == "__main__":
    main()
