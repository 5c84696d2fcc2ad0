"""Stock Faust, as its documentation advises: an agent over a topic, a table in RocksDB ("the memory store is for
development"), orjson for JSON, and the number of partitions set to the topic's.
"""

import sys
from typing import Any

import faust

from tests.bench.peers.job import TENTH, Job

job = Job.given()
app = faust.App(
    job.app,
    broker=f"kafka://{job.kafka}",
    store="rocksdb://",
    datadir=job.folder,
    topic_partitions=job.partitions,
    consumer_auto_offset_reset="earliest",
    broker_session_timeout=job.session_ms / 1000,
    broker_heartbeat_interval=job.session_ms / 4000,
    web_enabled=False,
)
source = app.topic(job.source, key_type=bytes, key_serializer="raw", value_serializer="json")
alerts = app.topic(job.alerts, key_type=bytes, key_serializer="raw", value_serializer="json")
counts = app.Table("counts", default=int, key_type=bytes, value_type=int)


@app.agent(source)  # type: ignore[untyped-decorator]
async def count(stream: Any) -> None:
    """Count, and alert."""
    async for key, _event in stream.items():
        counts[key] += 1
        if counts[key] % TENTH == 0:
            await alerts.send(key=key, value=counts[key])


if __name__ == "__main__":
    sys.argv = [sys.argv[0], "worker", "--loglevel=warn", "--without-web"]
    app.main()
