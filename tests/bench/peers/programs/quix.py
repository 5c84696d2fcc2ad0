"""Quix Streams, as its documentation advises: a StreamingDataFrame with a stateful function (RocksDB and a changelog
topic, its defaults), then a filter and a topic. Guarantee and commit interval are its defaults, or exactly-once.
"""

from typing import Any

from quixstreams import Application, State  # type: ignore[import-not-found,unused-ignore]

from tests.bench.peers.job import TENTH, Job


def main() -> None:
    """Run until SIGTERM."""
    job = Job.given()
    app = Application(
        broker_address=job.kafka,
        consumer_group=job.app,
        auto_offset_reset="earliest",
        state_dir=job.folder,
        loglevel="WARNING",
        processing_guarantee="exactly-once" if job.exactly_once else "at-least-once",
        consumer_extra_config={"session.timeout.ms": job.session_ms},
    )
    source = app.topic(job.source, key_deserializer="bytes", value_deserializer="json")
    alerts = app.topic(job.alerts, key_serializer="bytes", value_serializer="json")

    def count(_event: Any, state: State) -> int:
        counted: int = state.get("count", 0) + 1
        state.set("count", counted)
        return counted

    frame = app.dataframe(source).apply(count, stateful=True)
    frame.filter(lambda counted: counted % TENTH == 0).to_topic(alerts)
    app.run()


if __name__ == "__main__":
    main()
