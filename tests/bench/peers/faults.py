"""The effect of a kill -9 in the middle on an engine's counts and alerts."""

import time
from collections import Counter
from typing import NamedTuple

from kafka import KafkaConsumer, TopicPartition

from tests.bench.peers.engines import Engine
from tests.bench.peers.job import TENTH
from tests.bench.peers.measuring import Bench, FailedError
from tests.bench.peers.records import PARTITIONS

KILL_AT = 0.4
DECIDED_S = 120.0
"""Until the transaction of a killed producer has ended, nothing behind it can be read; most end it after 60 s."""


class Fault(NamedTuple):
    """Difference to an undisturbed run: records counted twice or not at all, alerts too many or missing.

    An alert is a key with a count. Where the state cannot be read from outside, alerts alone are compared.
    """

    counted_twice: int
    lost: int
    alerts_repeated: int
    alerts_missing: int

    @property
    def words(self) -> str:
        """For the table."""
        if not any(self):
            return "exact"
        said = {
            "counted twice": self.counted_twice,
            "lost": self.lost,
            "alerts too many": self.alerts_repeated,
            "alerts missing": self.alerts_missing,
        }
        return ", ".join(f"{number:,} {what}" for what, number in said.items() if number)


def kill_once(bench: Bench, engine: Engine) -> Fault | None:
    """Kill it after `KILL_AT` of the alerts, start it again, let it finish; None for an engine that is too slow."""
    if engine.slow:
        return None
    job = bench.job(engine)
    with bench.started(engine, job, killed=True) as process:
        while bench.look(process, job).alerts < bench.expected.alerts * KILL_AT:
            if process.exit_code is not None:
                raise FailedError(f"{engine.name} ended before it was killed")
        process.process.kill()
        process.process.wait()
    with bench.started(engine, job) as second:
        bench.watch(second, job, bench.expected.alerts)
    return _difference(bench, engine, job.alerts, job.changelog)


def _read(bench: Bench, topic: str) -> list[tuple[bytes, bytes]]:
    consumer = KafkaConsumer(bootstrap_servers=bench.kafka, isolation_level="read_committed")
    everything = KafkaConsumer(bootstrap_servers=bench.kafka, isolation_level="read_uncommitted")
    parts = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer.assign(parts)
    consumer.seek_to_beginning(*parts)
    begun = time.monotonic()
    while (ends := consumer.end_offsets(parts)) != everything.end_offsets(parts):
        if time.monotonic() - begun > DECIDED_S:
            raise FailedError(f"{topic}: a transaction was still open after {DECIDED_S:.0f} s")
        time.sleep(1.0)
    everything.close()
    found = []
    while any(consumer.position(part) < ends[part] for part in parts):
        for records in consumer.poll(timeout_ms=200).values():
            found += [(record.key, record.value) for record in records]
    consumer.close()
    return found


def _difference(bench: Bench, engine: Engine, alerts: str, changelog: str) -> Fault:
    wanted = bench.expected.counts
    off: dict[bytes, int] = {}
    if engine.count_in is not None:
        # Some engines wrap the key; it is in there all the same.
        said = ((_plain(key), value) for key, value in _read(bench, changelog) if value is not None)
        state = {key: engine.count_in(value) for key, value in said}
        off = {key: state.get(key, 0) - count for key, count in wanted.items()}
    expected = Counter((key, b"%d" % at) for key, count in wanted.items() for at in range(TENTH, count + 1, TENTH))
    seen = Counter(_read(bench, alerts))
    return Fault(
        sum(more for more in off.values() if more > 0),
        -sum(less for less in off.values() if less < 0),
        (seen - expected).total(),
        (expected - seen).total(),
    )


def _plain(key: bytes) -> bytes:
    at = key.index(b"outlet-")
    return key[at : at + len(b"outlet-00000")]
