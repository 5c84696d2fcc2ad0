"""Events per CPU second of a courier's process that publishes: all its threads, checks, spool and sending.

Simulated events, already in memory; a broker of its own in another process. Each way in turn, several rounds; the
median counts. Prints, asserts nothing.

Run: python -m tests.bench.publishing [--events 60000] [--rounds 3] [--kafka host:port]
"""

import argparse
import contextlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from parcelward.broker import LocalBroker
from parcelward.cluster.admin import ensure_topics
from parcelward.identity.tokens import Tokeniser
from parcelward.publisher import Publisher
from parcelward.settings import Settings
from parcelward.simulate import Plan, Simulation

COURIERS = ("swift", "orient", "harbor")
Way = Callable[[Publisher, Sequence[Any]], None]


def cpu_s(who: int = resource.RUSAGE_SELF) -> float:
    """CPU seconds of this process, or of its children."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def one_by_one(publisher: Publisher, events: Sequence[Any]) -> None:
    for event in events:
        publisher.publish(event)


def at_once(publisher: Publisher, events: Sequence[Any]) -> None:
    publisher.publish_all(events)


def measured(settings: Settings, events: Sequence[Any], way: Way, tokenised: bool, spooled: bool) -> float:
    """Events per CPU second, from the first call until the last acknowledgement."""
    tokeniser = Tokeniser.from_settings(settings) if tokenised else None
    folder = Path(tempfile.mkdtemp()) if spooled else None
    publisher = Publisher(settings, tokeniser, folder)
    publisher.publish(events[0])
    publisher.flush()
    begun = cpu_s()
    way(publisher, events)
    publisher.flush(300)
    took = cpu_s() - begun
    publisher.close()
    if folder is not None:
        shutil.rmtree(folder)
    return len(events) / took


def command(settings: Settings, lines: Path, events: int, *options: str) -> float:
    """Events per CPU second of `parcelward publish`, start and end included."""
    begun = cpu_s(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "parcelward", "publish", str(lines), "--kafka", settings.kafka, *options],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return events / (cpu_s(resource.RUSAGE_CHILDREN) - begun)


@contextlib.contextmanager
def broker(address: str | None) -> Iterator[str]:
    """The Kafka to publish to."""
    if address is not None:
        yield address
        return
    with tempfile.TemporaryDirectory() as home, LocalBroker(Path(home)) as running:
        yield running.bootstrap


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kafka")
    chosen = parser.parse_args()
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    plan = Plan(couriers=COURIERS, waybills_per_day=chosen.events, start=start, days=1.0, seed=7)
    events = [event.envelope for event in islice(Simulation(plan).events(), chosen.events)]
    ways: dict[str, tuple[Way, bool, bool]] = {
        "dicts, one by one": (one_by_one, False, False),
        "dicts, all at once": (at_once, False, False),
        "dicts, one by one, spool": (one_by_one, False, True),
        "dicts, all at once, spool": (at_once, False, True),
        "tokenised, one by one": (one_by_one, True, False),
        "tokenised, one by one, spool": (one_by_one, True, True),
        "tokenised, all at once, spool": (at_once, True, True),
    }
    found: dict[str, list[float]] = {}
    with broker(chosen.kafka) as address, tempfile.TemporaryDirectory() as folder:
        settings = Settings(kafka=address, couriers=COURIERS)
        ensure_topics(settings)
        lines = Path(folder) / "events.jsonl"
        lines.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))
        for _ in range(chosen.rounds):
            for name, (way, tokenised, spooled) in ways.items():
                found.setdefault(name, []).append(measured(settings, events, way, tokenised, spooled))
            found.setdefault("parcelward publish FILE", []).append(command(settings, lines, len(events)))
            spool = ("--spool", str(Path(folder) / "spool"))
            found.setdefault("parcelward publish FILE --spool", []).append(
                command(settings, lines, len(events), *spool)
            )
    for name, rates in found.items():
        print(f"{name:40} {statistics.median(rates):9,.0f}   ({', '.join(f'{rate:,.0f}' for rate in rates)})")


if __name__ == "__main__":
    main()
