"""Bytewax, as its documentation advises: its Kafka source, a stateful operator and its Kafka sink, one worker, and
recovery with its SQLite files, a snapshot every second. Source and parser take and give whole batches.

Its source can be set back exactly, but its sink flushes without transactions: at least once.
"""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op  # type: ignore[import-not-found,unused-ignore]
import orjson
from bytewax.connectors.kafka import (  # type: ignore[import-not-found,unused-ignore]
    KafkaSink,
    KafkaSinkMessage,
    KafkaSource,
)
from bytewax.dataflow import Dataflow  # type: ignore[import-not-found,unused-ignore]
from bytewax.recovery import RecoveryConfig, init_db_dir  # type: ignore[import-not-found,unused-ignore]
from bytewax.run import cli_main  # type: ignore[import-not-found,unused-ignore]

from tests.bench.peers.job import TENTH, Job

SNAPSHOT_EVERY = timedelta(seconds=1)


def flow(job: Job) -> Any:
    """The dataflow."""
    made = Dataflow("counting")
    source = op.input("source", made, KafkaSource([job.kafka], [job.source]))
    keyed = op.flat_map_batch("parse", source, _parsed)
    tenths = op.stateful_flat_map("count", keyed, _count)
    op.output("alerts", op.map("alert", tenths, _alert), KafkaSink([job.kafka], job.alerts))
    return made


def _parsed(batch: list[Any]) -> list[tuple[str, None]]:
    return [(orjson.loads(message.value)["outlet"], None) for message in batch]


def _count(before: int | None, _: None) -> tuple[int, Iterable[int]]:
    count = (before or 0) + 1
    return count, (count,) if count % TENTH == 0 else ()


def _alert(tenth: tuple[str, int]) -> Any:
    key, count = tenth
    return KafkaSinkMessage(key.encode(), b"%d" % count)


def main() -> None:
    """Run until it is killed."""
    job = Job.given()
    recovery = Path(job.folder) / "recovery"
    if not recovery.exists():
        recovery.mkdir()
        init_db_dir(recovery, 1)
    cli_main(flow(job), epoch_interval=SNAPSHOT_EVERY, recovery_config=RecoveryConfig(str(recovery)))


if __name__ == "__main__":
    main()
