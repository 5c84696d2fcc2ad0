"""Shared by tests of the webhooks: alerts on a topic, runs in this process or as a command, and a clock that jumps."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from kafka import KafkaProducer
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from parcelward.cluster.admin import ensure_topics
from parcelward.counts import DELIVERY_DECLARED
from parcelward.delivery.book import Book
from parcelward.delivery.signing import Signer, read_secrets
from parcelward.ground.plan import plan_delivery, plan_topics
from parcelward.metrics import Metrics
from parcelward.settings import Settings
from streams.delivery.clock import Clock
from streams.delivery.endpoint import Endpoint
from streams.delivery.run import Count, Run
from streams.delivery.source import Source, Start
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[1]
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDlGS4qZaKRHM="
EXAMPLE = json.loads(next((ROOT / "schemas" / "examples" / "alert" / "valid").glob("*.json")).read_text())


def installation(kafka: str, prefix: str, url: str, **settings: Any) -> Settings:
    """An installation of two partitions with no topics but those that are delivered from and to."""
    made = Settings(
        kafka=kafka,
        topic_prefix=prefix,
        partitions=2,
        webhook_url=url,
        webhook_secrets=SecretStr(SECRET),
        webhook_timeout=timedelta(seconds=2),
        **settings,
    )
    ensure_topics(made, lambda one: [plan for plan in plan_topics(one) if plan.name == one.topics.alerts])
    ensure_topics(made, plan_delivery)
    return made


def write_alerts(settings: Settings, alerts: Iterable[tuple[str, int]]) -> None:
    """Write alerts, by waybill and revision; the id of one is its waybill."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka)
    for waybill, revision in alerts:
        alert = EXAMPLE | {"alert_id": waybill, "revision": revision, "waybill": waybill}
        producer.send(settings.topics.alerts, key=waybill.encode(), value=json.dumps(alert).encode())
    producer.flush()
    producer.close()


def id_of(waybill: str, revision: int) -> str:
    """The id of a webhook."""
    return f"alerts:{waybill}:{revision}"


class Jumping(Clock):
    """A clock that jumps to where somebody waits for, once nothing happens for a moment."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def now_s(self) -> float:
        return time.time() + self._ahead_s

    async def wait(self, event: asyncio.Event, seconds: float | None) -> None:
        until_s = None if seconds is None else self.now_s() + seconds
        with suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                await event.wait()
                return
        if until_s is not None:
            self._ahead_s = max(self._ahead_s, until_s - time.time())


class Delivering:
    """Runs of `deliver` in this process, one after the other."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings, self.clock = settings, clock or Jumping()
        self.name = settings.topics.delivery_id(settings.webhook_name)
        self.registry = CollectorRegistry()

    def once(self, start: Start | None = None) -> Count:
        """Deliver what is there."""
        return asyncio.run(self._run(start, lambda: False, once=True))

    def until(self, holds: Callable[[], bool]) -> Count:
        """Run as a service until something holds."""
        return asyncio.run(self._run(None, holds, once=False))

    def undelivered(self) -> Count:
        """Send again what was given up."""
        return self.once(
            Start(
                (self.settings.topics.undelivered,), self.settings.topics.undelivered_id(self.settings.webhook_name), 0
            )
        )

    async def _run(self, start: Start | None, holds: Callable[[], bool], once: bool) -> Count:
        settings, stop = self.settings, asyncio.Event()
        source = Source(settings, start or Start((settings.topics.alerts,), self.name, 0))
        metrics = Metrics(self.registry, endpoints=(settings.webhook_name,), declared=DELIVERY_DECLARED, strict=True)
        self.registry = CollectorRegistry()
        signer = Signer(read_secrets(SECRET))
        async with Endpoint(settings, self.clock.now_s) as endpoint:
            await source.open()
            book = Book(settings.webhook_waiting, lambda: 0.5)
            run = Run(settings, source, book, endpoint, signer, self.clock, metrics, once)
            watch = asyncio.ensure_future(_watch(holds, stop))
            try:
                return await run.run(stop)
            finally:
                watch.cancel()
                await source.close()


async def _watch(holds: Callable[[], bool], stop: asyncio.Event) -> None:
    while not holds():  # noqa: ASYNC110 - what holds is seen in another thread
        await asyncio.sleep(0.05)
    stop.set()


def start_command(settings: Settings, *options: str, port: int = 0) -> "subprocess.Popen[str]":
    """Start `parcelward deliver`; its standard error is a pipe."""
    assert settings.webhook_secrets is not None
    environment = os.environ | {
        "PARCELWARD_KAFKA": settings.kafka,
        "PARCELWARD_TOPIC_PREFIX": settings.topic_prefix,
        "PARCELWARD_PARTITIONS": str(settings.partitions),
        "PARCELWARD_WEBHOOK_URL": settings.webhook_url,
        "PARCELWARD_WEBHOOK_SECRETS": settings.webhook_secrets.get_secret_value(),
        "PARCELWARD_HTTP_PORT": str(port),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "parcelward", "deliver", *options], env=environment, stderr=subprocess.PIPE, text=True
    )


def await_true(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, f"not seen: {what}"
        time.sleep(0.05)
