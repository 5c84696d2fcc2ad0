"""`make bench`: the complete worker on a prepared backlog. Prints; never asserts.

A real local Kafka gets a backlog of simulated events of all types; then one worker (all stages, all rules, the model)
reads it. Reported: events per CPU second of the worker from its first batch to its last, and where the CPU goes.

    python tests/bench/pipeline.py [--events 200000]
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from kafka import KafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from parcelward.broker import LocalBroker
from parcelward.settings import Settings
from parcelward.simulate import Plan, Simulation
from parcelward.topic_admin import ensure_topics

POLL_S = 0.1
GIVE_UP_S = 600
STAGES = ("duties", "senders", "outlets")


class Sample(NamedTuple):
    """The worker at one moment: wall and CPU seconds, and its metrics."""

    at: float
    cpu: float
    metrics: dict[tuple[str, tuple[tuple[str, str], ...]], float]

    def total(self, name: str, **labels: str) -> float:
        """Sum of a metric over all label sets that contain `labels`."""
        wanted = set(labels.items())
        return sum(value for (found, own), value in self.metrics.items() if found == name and wanted <= set(own))

    @property
    def taken(self) -> float:
        """Intake records taken: accepted or refused."""
        return self.total("parcelward_events_consumed_total") + self.total("parcelward_events_rejected_total")


def binary(envelope: Mapping[str, Any]) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Key, value and headers of an event in CloudEvents binary mode, as the publisher sends it."""
    headers = [(f"ce_{name}", str(envelope[name]).encode()) for name in ("specversion", "id", "source", "type", "time")]
    headers.append(("content-type", b"application/json"))
    return envelope["data"]["waybill"].encode(), orjson.dumps(envelope["data"]), headers


def prepare(settings: Settings, events: int) -> int:
    """Publish about `events` simulated events of the last day; returns how many."""
    waybills = int(events / 2.35)
    plan = Plan(waybills_per_day=waybills, start=datetime.now(UTC) - timedelta(days=1), seed=7)
    producer = KafkaProducer(bootstrap_servers=settings.kafka, linger_ms=20, batch_size=500_000, acks="all")
    sent = 0
    for event in Simulation(plan).events():
        key, value, headers = binary(event.envelope)
        producer.send(settings.topics.intake(event.courier), key=key, value=value, headers=headers)
        sent += 1
    producer.flush()
    producer.close()
    return sent


def sample(pid: int, port: int) -> Sample | None:
    """The worker now; None while it does not answer yet."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return None
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    metrics = {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }
    return Sample(time.monotonic(), cpu, metrics)


def run(worker: subprocess.Popen[bytes], port: int, events: int) -> tuple[Sample, Sample]:
    """Samples just after the first batch and when everything is screened."""
    first = last = None
    begun = time.monotonic()
    while time.monotonic() - begun < GIVE_UP_S:
        if worker.poll() is not None:
            raise SystemExit(f"the worker ended with exit code {worker.returncode}")
        now = sample(worker.pid, port)
        if now is None:
            time.sleep(POLL_S)
            continue
        if first is None and now.taken > 0:
            first = now
        if first is not None:
            screened = now.total("parcelward_screened_total")
            if last is None or screened > last.total("parcelward_screened_total"):
                last = now
            elif now.taken >= events and now.at - last.at > 3:
                return first, last
        time.sleep(POLL_S)
    raise SystemExit("the worker did not finish in time")


def report(first: Sample, last: Sample, events: int) -> dict[str, Any]:
    """The figures of one run."""
    cpu, wall = last.cpu - first.cpu, last.at - first.at
    taken = last.taken - first.taken
    shares = {}
    for stage in STAGES:
        name = "parcelward_batch_seconds_sum"
        seconds = last.total(name, stage=stage, step="compute") - first.total(name, stage=stage, step="compute")
        shares[f"{stage}: compute"] = seconds / cpu
    shares["Kafka in and out, state, Faust"] = 1 - sum(shares.values())
    batches = {
        stage: last.total("parcelward_batch_records_sum", stage=stage)
        / max(1, last.total("parcelward_batch_records_count", stage=stage))
        for stage in STAGES
    }
    return {
        "events": events,
        "events_per_cpu_second": round(taken / cpu),
        "events_per_second": round(taken / wall),
        "screened": int(last.total("parcelward_screened_total")),
        "alerts": int(last.total("parcelward_alerts_total")),
        "share_of_cpu": {name: round(share, 3) for name, share in shares.items()},
        "mean_batch_records": {stage: round(size) for stage, size in batches.items()},
    }


def main() -> None:
    """Prepare, run, print, and write build/bench.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--port", type=int, default=19199, help="port of the worker's metrics")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, LocalBroker(Path(home)) as broker:
        settings = Settings(kafka=broker.bootstrap, topic_prefix="bench.", http_port=chosen.port, log_level="WARNING")
        ensure_topics(settings)
        print(f"preparing a backlog of about {chosen.events} events ...", flush=True)
        events = prepare(settings, chosen.events)
        environment = os.environ | {
            "PARCELWARD_KAFKA": broker.bootstrap,
            "PARCELWARD_TOPIC_PREFIX": "bench.",
            "PARCELWARD_HTTP_PORT": str(chosen.port),
            "PARCELWARD_LOG_LEVEL": "WARNING",
        }
        worker = subprocess.Popen([sys.executable, "-m", "parcelward", "worker"], env=environment)
        try:
            figures = report(*run(worker, chosen.port, events), events)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(60)
    print(json.dumps(figures, indent=2, ensure_ascii=False))
    target = Path("build/bench.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
