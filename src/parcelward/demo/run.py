"""Runs the demo: one loop that publishes what is due, shows alerts, and keeps the worker alive."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from parcelward.alert_text import Language, alert_lines
from parcelward.broker import LocalBroker, is_fetched
from parcelward.broker.local import free_port, is_free
from parcelward.cli.stopping import Stop
from parcelward.contract.alerts import Alert
from parcelward.demo.backlog import Backlog
from parcelward.demo.recount import recount
from parcelward.demo.summary import print_summary
from parcelward.demo.worker import SupervisedWorker
from parcelward.errors import UserError
from parcelward.publisher import InvalidEvent, NotDelivered, Publisher
from parcelward.settings import Settings, load_settings
from parcelward.simulate import Plan, SimulatedRecord, Simulation, live
from parcelward.topic_admin import delete_topics, ensure_topics
from parcelward.topic_reader import TopicReader

DEFAULT_PORT = 19092
METRICS_PORT = 9108
DEMO_SETTINGS = {
    "inspection_due": "PT6S",
    "real_name_due": "PT6S",
    "idle_grace": "PT1S",
    "sampled_share": "0.005",
    "partitions": "2",  # each commits for itself; at a demo's rate more only cost CPU
}
MALFORMED_SHARE = 0.01
DRAIN_S = 90.0
LOG_PATH = Path("build/demo/worker.log")
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for; `seconds` 0: until Ctrl-C."""

    seconds: float
    kafka: str | None
    rate: float
    language: Language
    seed: int


def run(wish: Wish, console: Console, stop: Stop) -> bool:
    """The whole demo. Returns whether nothing was lost (True when it was interrupted: then nothing is counted)."""
    with ExitStack() as stack:
        settings, broker = _connect(wish, stack, console)
        worker = SupervisedWorker(_environment(settings), settings.http_port, LOG_PATH)
        LOG_PATH.unlink(missing_ok=True)
        stack.callback(worker.stop)
        worker.start()
        console.print("starting the worker ...")
        worker.await_ready(stop.wait)
        if stop.wait(0):
            return True
        _introduce(settings, worker, wish, console)
        demo = Demo(settings, broker, worker, wish, console, stop, stack)
        try:
            demo.play()
        except NotDelivered as error:
            raise UserError(f"publishing failed: {error}") from None
        if stop.wait(0):
            console.print("stopping; Ctrl-C ends the demo without a count, --seconds N with one")
            return True
        demo.drain()
        result = recount(settings, demo.publisher.acknowledged, demo.simulation.labels())
        print_summary(console, result, worker.restarts)
        return result.complete


class Demo:
    """The couriers, the alert list and the worker's supervisor, taking turns in one thread."""

    def __init__(
        self,
        settings: Settings,
        broker: LocalBroker | None,
        worker: SupervisedWorker,
        wish: Wish,
        console: Console,
        stop: Stop,
        stack: ExitStack,
    ) -> None:
        self.settings = settings
        self.broker = broker
        self.worker = worker
        self.wish = wish
        self.console = console
        self.stop = stop
        self.publisher = Publisher(settings)
        stack.callback(self.publisher.abandon)
        self.reader = stack.enter_context(TopicReader(settings, [settings.topics.alerts], from_start=False))
        # The last waybills begin early enough for their duties to be reported before the end.
        length = max(wish.seconds - 8, wish.seconds * 0.7) or DAY_S
        plan = Plan(couriers=settings.couriers, malformed_share=MALFORMED_SHARE, days=length / DAY_S, seed=wish.seed)
        self.simulation = Simulation(live(plan, wish.rate, datetime.now(UTC)))
        self._due: Iterator[SimulatedRecord] = self.simulation.records()
        self._next: SimulatedRecord | None = next(self._due, None)
        self.refused_at_source = 0

    def play(self) -> None:
        """Publish and show alerts until the time is over or somebody stops it."""
        end = time.monotonic() + self.wish.seconds if self.wish.seconds else None
        while not self.stop.wait(0) and (end is None or time.monotonic() < end):
            self._publish_due()
            self._turn()
        try:
            self.publisher.flush()
        except NotDelivered as error:
            self.console.print(f"{error}; they are not counted as published", style="red", markup=False)

    def drain(self) -> None:
        """Wait until the last deadlines have passed and everything is screened. Raises UserError after 90 s."""
        self.console.print("no more events; waiting until all of them are screened ...", style="dim")
        grace = max(self.settings.inspection_due, self.settings.real_name_due) + self.settings.idle_grace
        patience = time.monotonic() + DRAIN_S
        quiet = time.monotonic() + grace / timedelta(seconds=1) + 1
        backlog = Backlog(self.settings)
        try:
            while not (time.monotonic() > quiet and backlog.is_empty()):
                if self._turn():
                    patience = time.monotonic() + DRAIN_S
                if self.stop.wait(0.2) or time.monotonic() > patience:
                    raise UserError(f"the worker does not catch up; see {self.worker.log_path}")
        finally:
            backlog.close()
        while self._turn():
            pass

    def _publish_due(self) -> None:
        now_ms = time.time() * 1000
        while (record := self._next) is not None and record.arrival_ms <= now_ms:
            if record.refused_for is None and record.value is not None:
                try:
                    self.publisher.publish_json(record.value)
                except InvalidEvent as error:
                    self.refused_at_source += 1
                    self.console.print(f"a simulated event breaks the contract: {error}", style="red", markup=False)
            else:
                self.publisher.publish_unchecked(record.courier, record.key, record.value, record.headers)
            self._next = next(self._due, None)

    def _turn(self) -> bool:
        """Show alerts that came and revive the worker; whether any alert came. Raises UserError without a broker."""
        if self.broker is not None and self.broker.exit_code is not None:
            raise UserError(f"the local Kafka ended with exit code {self.broker.exit_code}")
        records = self.reader.poll(0.02)
        for record in records:
            alert = Alert.model_validate_json(record.value)
            self.console.print(alert_lines(alert, self.wish.language), soft_wrap=True)
        if (news := self.worker.revive()) is not None:
            self.console.print(news, style="bold yellow")
        return bool(records)


def _connect(wish: Wish, stack: ExitStack, console: Console) -> tuple[Settings, LocalBroker | None]:
    """Start the local broker, or use the given cluster under a fresh prefix; make the topics."""
    shared = {**DEMO_SETTINGS, "http_port": METRICS_PORT if is_free(METRICS_PORT) else free_port(0)}
    if wish.kafka:
        prefix = f"demo-{int(time.time()) % 10**8:x}."
        settings = load_settings(kafka=wish.kafka, topic_prefix=prefix, **shared)
        ensure_topics(settings)
        stack.callback(delete_topics, settings)
        console.print(f"using {wish.kafka}, topics {prefix}* (deleted at the end)", highlight=False)
        return settings, None
    home = stack.enter_context(tempfile.TemporaryDirectory(prefix="parcelward-demo-"))
    console.print("starting a local Kafka ..." if is_fetched() else "fetching Kafka, 40 MB, this first time only ...")
    broker = stack.enter_context(LocalBroker(Path(home), DEFAULT_PORT if is_free(DEFAULT_PORT) else 0))
    settings = load_settings(
        kafka=broker.bootstrap, security_protocol="PLAINTEXT", topic_prefix="", replication=1, **shared
    )
    ensure_topics(settings)
    return settings, broker


def _environment(settings: Settings) -> dict[str, str]:
    """What the worker must be told, as environment variables."""
    told = {**DEMO_SETTINGS, "kafka": settings.kafka, "topic_prefix": settings.topic_prefix}
    told |= {"http_port": str(settings.http_port), "security_protocol": settings.security_protocol}
    told |= {"couriers": ",".join(settings.couriers), "replication": str(settings.replication)}
    return {f"PARCELWARD_{name.upper()}": value for name, value in told.items()}


def _introduce(settings: Settings, worker: SupervisedWorker, wish: Wish, console: Console) -> None:
    lasts = f"for {wish.seconds:g} s" if wish.seconds else "until Ctrl-C"
    console.print(f"Kafka    {settings.kafka}", highlight=False)
    console.print(f"metrics  {worker.metrics_address}", highlight=False)
    console.print(f"worker   process {worker.pid}, log {worker.log_path}", highlight=False)
    told = " ".join(f"{name}={value}" for name, value in DEMO_SETTINGS.items())
    console.print(f"settings {told} (so that duties fall due within seconds)", soft_wrap=True)
    if not wish.kafka:
        where = "" if settings.kafka == load_settings().kafka else f" --kafka {settings.kafka}"
        console.print(f"look     parcelward alerts --lang zh{where}, parcelward rejected swift{where} (other terminal)")
    console.print(
        f"couriers {', '.join(settings.couriers)}: {wish.rate:g} events/s {lasts}; alerts follow\n", highlight=False
    )
