"""Pathway, as its documentation advises: a grouped and counted table, read from and written to Kafka, with persistence
of its input in files, a snapshot every second. Its commit interval is the default.

A table says how things stand, not what passed by; so that no tenth is left out, each key has as many rows as tenths.
"""

import pathway as pw  # type: ignore[import-not-found,unused-ignore]

from tests.bench.peers.job import TENTH, Job

SNAPSHOT_EVERY_MS = 1000


class Event(pw.Schema):  # type: ignore[misc,unused-ignore]
    """The one field of the records that is asked for."""

    outlet: str


def main() -> None:
    """Run until it is killed."""
    job = Job.given()
    kafka = {"bootstrap.servers": job.kafka}
    reading = kafka | {
        "group.id": job.app,
        "auto.offset.reset": "earliest",
        "session.timeout.ms": str(job.session_ms),
    }
    events = pw.io.kafka.read(reading, topic=job.source, schema=Event, format="json", name="source")
    counts = events.groupby(events.outlet).reduce(events.outlet, count=pw.reducers.count())
    tenths = counts.select(counts.outlet, count=pw.apply_with_type(_tenths, tuple[int, ...], counts.count))
    each = tenths.flatten(pw.this.count)
    alerts = each.select(each.outlet, count=pw.cast(str, each.count))
    pw.io.kafka.write(alerts, kafka, job.alerts, format="plaintext", key=alerts.outlet, value=alerts.count)
    state = pw.persistence.Backend.filesystem(f"{job.folder}/state")
    persistence = pw.persistence.Config(state, snapshot_interval_ms=SNAPSHOT_EVERY_MS)
    pw.run(persistence_config=persistence, monitoring_level=pw.MonitoringLevel.NONE)


def _tenths(count: int) -> tuple[int, ...]:
    return tuple(range(TENTH, count + 1, TENTH))


if __name__ == "__main__":
    main()
