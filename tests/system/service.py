"""A running Parcelward as its users see it: processes, topics and HTTP. Does not import the package."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from tests.patience import PATIENCE_S
from tests.ports import free_port


def await_true(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until a condition holds; fails naming it when it does not."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"did not happen within {patience_s:.0f} s: {what}")


@dataclass
class Service:
    """One installation on a real Kafka under its own topic prefix, with one worker process."""

    kafka: str
    prefix: str
    log: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    worker: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Settings as the worker and the command line read them."""
        return os.environ | {
            "PARCELWARD_KAFKA": self.kafka,
            "PARCELWARD_TOPIC_PREFIX": self.prefix,
            "PARCELWARD_HTTP_PORT": str(self.port),
            "PARCELWARD_PARTITIONS": "2",
            "PARCELWARD_SAMPLED_SHARE": "0",
            "PARCELWARD_OUTAGE_GRACE": "0",
            **self.settings,
        }

    def start(self) -> None:
        """Start the worker and wait until it is ready."""
        worker = self.launch()
        await_true(lambda: self.status("/ready") == 200 or worker.poll() is not None, "the worker is ready")
        assert worker.poll() is None, f"the worker ended: {self.tail()}"

    def launch(self) -> "subprocess.Popen[bytes]":
        """Start the worker and return at once."""
        with self.log.open("ab") as log:
            self.worker = subprocess.Popen(
                [sys.executable, "-m", "parcelward", "worker"], env=self.environment, stdout=log, stderr=log
            )
        return self.worker

    def tail(self) -> str:
        """The end of the worker's log."""
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""

    def kill(self) -> None:
        """End the worker as a power cut would."""
        assert self.worker is not None
        self.worker.kill()
        self.worker.wait(PATIENCE_S)

    def stop(self) -> int:
        """Stop the worker in good order; its exit code."""
        if self.worker is None or self.worker.poll() is not None:
            return -1 if self.worker is None else int(self.worker.returncode)
        self.worker.send_signal(signal.SIGTERM)
        return self.worker.wait(PATIENCE_S)

    def status(self, path: str) -> int:
        """HTTP status of a path; 0 when nothing answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def page(self, path: str) -> str:
        """Body of a path."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    def command(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        return subprocess.run(
            [sys.executable, "-m", "parcelward", *arguments],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def publish(self, envelopes: Sequence[Mapping[str, Any]]) -> None:
        """Send events in structured mode, each to its courier's intake topic, and wait until all are acknowledged."""
        producer = KafkaProducer(bootstrap_servers=self.kafka, acks="all", linger_ms=5)
        sent = [
            producer.send(
                f"{self.prefix}intake.{envelope['data']['courier']}",
                key=envelope["data"]["waybill"].encode(),
                value=json.dumps(envelope, ensure_ascii=False).encode(),
                headers=[("content-type", b"application/cloudevents+json")],
            )
            for envelope in envelopes
        ]
        producer.flush()
        for one in sent:
            one.get(30)
        producer.close()

    def send_raw(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        """Send one record as it is."""
        producer = KafkaProducer(bootstrap_servers=self.kafka, acks="all", max_request_size=12_000_000)
        producer.send(self.prefix + topic, key=key, value=value, headers=list(headers)).get(30)
        producer.close()

    def topics(self) -> list[str]:
        """All topics of this installation, by their full names."""
        consumer = KafkaConsumer(bootstrap_servers=self.kafka)
        try:
            return sorted(topic for topic in consumer.topics() if topic.startswith(self.prefix))
        finally:
            consumer.close()

    def read(self, topic: str) -> list[Any]:
        """All committed records of a topic (full name), from its start to its present end."""
        return list(self._read(topic))

    def _read(self, topic: str) -> Iterator[Any]:
        consumer = KafkaConsumer(
            bootstrap_servers=self.kafka,
            isolation_level="read_committed",
            enable_auto_commit=False,
            max_partition_fetch_bytes=16_000_000,
        )
        try:
            parts = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            consumer.assign(parts)
            consumer.seek_to_beginning(*parts)
            ends = consumer.end_offsets(parts)
            while any(consumer.position(part) < ends[part] for part in parts):
                for records in consumer.poll(timeout_ms=200).values():
                    yield from records
        finally:
            consumer.close()

    def alerts(self) -> list[dict[str, Any]]:
        """All alert revisions so far."""
        return [json.loads(record.value) for record in self.read(f"{self.prefix}alerts")]

    def metric(self, name: str) -> float:
        """Sum of a metric over all its labels; 0 when it is not there yet."""
        lines = [line for line in self.page("/metrics").splitlines() if line.startswith((name + "{", name + " "))]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def taken(self) -> float:
        """Intake records accepted or refused since the worker started."""
        return self.metric("parcelward_events_consumed_total") + self.metric("parcelward_events_rejected_total")
