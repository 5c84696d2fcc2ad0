"""Runs the demo: one loop that publishes what is due, shows alerts, and keeps the worker alive."""

import fcntl
import json
import os
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kafka.errors import KafkaError
from rich.console import Console

from parcelward.alerts.terminal import Language, alert_lines
from parcelward.broker import LocalBroker, StartInterrupted, is_fetched
from parcelward.broker.local import free_port, is_free
from parcelward.cluster.admin import delete_topics, ensure_topics
from parcelward.cluster.reader import TopicReader
from parcelward.contract.alerts import Alert
from parcelward.demo.backlog import Backlog
from parcelward.demo.console import NAME, DemoConsole
from parcelward.demo.couriers import TAIL_S, Couriers, closing_s
from parcelward.demo.ends import end_line
from parcelward.demo.lives import count_lives
from parcelward.demo.look import look_lines, missing_secrets, settings_file
from parcelward.demo.people import SimulatedPeople
from parcelward.demo.recount import recount
from parcelward.demo.summary import print_lives, print_summary
from parcelward.demo.worker import SupervisedWorker
from parcelward.errors import UserError
from parcelward.escaping import escaped
from parcelward.process.stopping import Stop
from parcelward.publisher import NotDelivered, Publisher
from parcelward.screening.build import build_stages
from parcelward.settings import Settings, load_settings
from parcelward.simulate import Plan, Simulation, live

DEFAULT_PORT = 19092
METRICS_PORT = 9108
CONSOLE_PORT = 9110
DEMO_SETTINGS = {
    "inspection_due": "PT6S",
    "real_name_due": "PT6S",
    "idle_grace": "PT1S",
    "outage_grace": "PT0S",
    "settle_after": "PT5S",
    "sampled_share": "0.005",
    "partitions": "2",  # each commits for itself; at a demo's rate more only cost CPU
}
PEOPLE_SETTINGS = {
    "acknowledge_due": {"critical": "6s", "high": "8s", "medium": "10s", "low": "10s"},
    "answer_due": {"critical": "8s", "high": "8s", "medium": "10s", "low": "10s"},
    "decide_due": {"critical": "10s", "high": "12s", "medium": "15s", "low": "15s"},
}
MALFORMED_SHARE = 0.01
DRAIN_S = 90.0
LIVES_S = 60.0  # that alerts have after the last event to come to an end
FOLDER = Path("build/demo")
MOST_DAYS = 1.0  # of a demo without an end


@dataclass(frozen=True, slots=True)
class Wish:
    """Choices of the user; `seconds` 0: until Ctrl-C; `you_decide`: nobody of the platform is simulated."""

    seconds: float
    kafka: str | None
    rate: float
    language: Language
    seed: int
    you_decide: bool = False

    @property
    def times(self) -> dict[str, dict[str, str]]:
        """Deadlines of people: seconds for simulated ones, those of real life for a user at the console."""
        return {} if self.you_decide else PEOPLE_SETTINGS


def run(wish: Wish, console: Console, stop: Stop) -> bool:
    """Run the whole demo; returns True if nothing was lost, or if it was interrupted: then nothing is counted.

    Raises UserError when a setting, the rule pack or the model is not sound, and when Kafka or the worker fails.
    """
    build_stages(load_settings())  # the worker would say the same, but after Kafka's start
    try:
        with ExitStack() as stack:
            return _run(wish, console, stop, stack)
    except StartInterrupted:
        console.print("stopped before anything was published")
        return True
    except NotDelivered as error:
        raise UserError(f"publishing failed: {error}") from None
    except KafkaError as error:
        raise UserError(f"Kafka did not do its part ({type(error).__name__}: {error}); start the demo again") from None


def _run(wish: Wish, console: Console, stop: Stop, stack: ExitStack) -> bool:
    settings, broker = _connect(wish, console, stop, stack)
    own = "" if settings.http_port == METRICS_PORT else f"-{os.getpid()}"
    file = FOLDER / f"settings{own}.toml"
    stack.callback(file.unlink, missing_ok=True)
    file.write_text(settings_file(settings))
    environment = _environment(settings, wish)
    pages = DemoConsole(settings, environment, FOLDER / f"console{own}.log")
    worker = SupervisedWorker(environment, settings.http_port, FOLDER / f"worker{own}.log")
    worker.log_path.unlink(missing_ok=True)
    stack.callback(worker.stop)
    worker.start()
    console.print("starting the worker ...")
    worker.await_ready(stop.wait)
    stack.callback(pages.stop)
    pages.start()
    pages.await_ready(stop.wait)
    if stop.wait(0):
        raise StartInterrupted
    _introduce(settings, worker, pages, file, wish, console)
    demo = Demo(settings, broker, worker, wish, console, stop, stack)
    demo.play()
    if not stop.wait(0):
        demo.drain()
    if not (stop.wait(0) or wish.you_decide):
        demo.see_lives_end()
    if stop.wait(0):
        console.print("stopping; Ctrl-C ends the demo without a count, --seconds N with one")
        return True
    result = recount(settings, demo.publisher.acknowledged, demo.couriers.labels())
    print_summary(console, result, worker.restarts)
    print_lives(console, count_lives(settings))
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
        plan = Plan(couriers=settings.couriers, malformed_share=MALFORMED_SHARE, days=MOST_DAYS, seed=wish.seed)
        simulation = Simulation(live(plan, wish.rate, datetime.now(UTC)))
        self.couriers = Couriers(simulation, self.publisher, self._warn)
        self.people = SimulatedPeople(settings, wish.seed, self.couriers.labels, stack, not wish.you_decide)

    def play(self) -> None:
        """Publish and show alerts until the time is over or somebody stops it.

        The counters close a little earlier, so that every accepted parcel is reported on: what is missing at the end
        was planted.
        """
        begun = time.monotonic()
        wished = self.wish.seconds or float("inf")
        closing = begun + closing_s(wished)
        while not self.stop.wait(0) and time.monotonic() < closing:
            self.couriers.publish_due()
            self._turn()
        self.couriers.close()
        end = max(begun + wished, closing + TAIL_S)
        while not (self.stop.wait(0) or self.couriers.are_done) and time.monotonic() < end:
            self.couriers.publish_due()
            self._turn()
        if not self.stop.wait(0):
            self.couriers.publish_rest()
        try:
            self.publisher.flush()
        except NotDelivered as error:
            self._warn(f"{error}; they are not counted as published")

    def drain(self) -> None:
        """Wait until the last deadlines have passed and everything is screened, or until somebody stops it.

        Raises UserError after 90 s without an alert.
        """
        self.console.print("no more events; waiting until all of them are screened ...", style="dim")
        grace = max(self.settings.inspection_due, self.settings.real_name_due) + self.settings.idle_grace
        patience = time.monotonic() + DRAIN_S
        quiet = time.monotonic() + grace / timedelta(seconds=1) + 1
        backlog = Backlog(self.settings)
        try:
            while not (time.monotonic() > quiet and backlog.is_empty()):
                if self._turn():
                    patience = time.monotonic() + DRAIN_S
                if self.stop.wait(0.2):
                    return
                if time.monotonic() > patience:
                    why = f" ({backlog.trouble})" if backlog.trouble else ""
                    raise UserError(f"the worker does not catch up{why}; see {self.worker.log_path}")
        finally:
            backlog.close()
        while self._turn():
            pass

    def see_lives_end(self) -> None:
        """Go on until each alert has come to an end, at most `LIVES_S`, or until somebody stops it."""
        self.console.print(f"{self.people.open} alerts are open; people go on until each has its end ...", style="dim")
        patience = time.monotonic() + LIVES_S
        while self.people.open and time.monotonic() < patience and not self.stop.wait(0.1):
            self._turn()

    def _warn(self, said: str) -> None:
        self.console.print(escaped(said), style="red", markup=False)

    def _turn(self) -> bool:
        """Show new alerts and start a dead worker again; tell if an alert came. Raises UserError without a broker."""
        if self.broker is not None and self.broker.exit_code is not None:
            raise UserError(f"the local Kafka ended with exit code {self.broker.exit_code}")
        records = self.reader.poll(0.02)
        for record in records:
            alert = Alert.model_validate_json(record.value)
            self.console.print(alert_lines(alert, self.wish.language), soft_wrap=True)
        for referral in self.people.turn():
            self.console.print(end_line(referral, self.wish.language), soft_wrap=True)
        if (news := self.worker.revive()) is not None:
            self.console.print(news, style="bold yellow")
        return bool(records)


def _connect(wish: Wish, console: Console, stop: Stop, stack: ExitStack) -> tuple[Settings, LocalBroker | None]:
    """Start the local broker, or use the given cluster under a fresh prefix; make the topics."""
    usual = _is_only_one(stack)
    shared: dict[str, Any] = {
        **DEMO_SETTINGS,
        **wish.times,
        "http_port": METRICS_PORT if usual and is_free(METRICS_PORT) else free_port(0),
        "console_port": CONSOLE_PORT if usual and is_free(CONSOLE_PORT) else free_port(0),
        "console_home": stack.enter_context(tempfile.TemporaryDirectory(prefix="parcelward-demo-console-")),
    }
    if wish.kafka:
        prefix = f"demo-{int(time.time()) % 10**8:x}-{os.getpid():x}."
        settings = load_settings(kafka=wish.kafka, topic_prefix=prefix, **shared)
        ensure_topics(settings)
        stack.callback(delete_topics, settings)
        console.print(f"using {wish.kafka}, topics {prefix}* (deleted at the end)", highlight=False)
        return settings, None
    home = stack.enter_context(tempfile.TemporaryDirectory(prefix="parcelward-demo-"))
    console.print("starting a local Kafka ..." if is_fetched() else "fetching Kafka, 40 MB, this first time only ...")
    port = DEFAULT_PORT if usual and is_free(DEFAULT_PORT) else 0
    broker = stack.enter_context(LocalBroker(Path(home), port, stop.wait))
    settings = load_settings(
        kafka=broker.bootstrap, security_protocol="PLAINTEXT", topic_prefix="", replication=1, **shared
    )
    ensure_topics(settings)
    return settings, broker


def _is_only_one(stack: ExitStack) -> bool:
    """Tell whether no other demo runs in this folder; only then it takes the usual ports."""
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        lock = stack.enter_context((FOLDER / "lock").open("wb"))
    except OSError as error:
        raise UserError(f"the demo cannot keep its log in {FOLDER.absolute()}: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _environment(settings: Settings, wish: Wish) -> dict[str, str]:
    """Give the settings of worker and console as environment variables."""
    told = {**DEMO_SETTINGS, **{name: json.dumps(times) for name, times in wish.times.items()}}
    told |= {"kafka": settings.kafka, "topic_prefix": settings.topic_prefix}
    told |= {"http_port": str(settings.http_port), "security_protocol": settings.security_protocol}
    told |= {"couriers": ",".join(settings.couriers), "replication": str(settings.replication)}
    told |= {"console_port": str(settings.console_port), "console_home": str(settings.console_home)}
    told["console_metrics_port"] = "0"
    return {f"PARCELWARD_{name.upper()}": value for name, value in told.items()}


def _introduce(
    settings: Settings, worker: SupervisedWorker, pages: DemoConsole, file: Path, wish: Wish, console: Console
) -> None:
    console.print(f"Kafka    {settings.kafka}", highlight=False)
    console.print(f"metrics  {worker.metrics_address}", highlight=False)
    console.print(f"worker   process {worker.pid}, log {worker.log_path}", highlight=False)
    console.print(f"console  {pages.address}  log in as {NAME}, password {pages.password}", soft_wrap=True)
    told = " ".join([*(f"{name}={value}" for name, value in DEMO_SETTINGS.items()), *wish.times])
    console.print(f"settings {told} (so that duties fall due within seconds)", soft_wrap=True)
    also = f", with {' and '.join(missing)} set" if (missing := missing_secrets(settings)) else ""
    console.print(f"look     while this runs, from another terminal in this folder{also}:", soft_wrap=True)
    for line in look_lines(settings, file):
        console.print(f"    {line}", markup=False, soft_wrap=True)
    pace = f"about {wish.rate:g} events/s, fewer in the first ten seconds"
    lasts = f"for {wish.seconds:g} s, {pace} and the last six" if wish.seconds else f"until Ctrl-C, {pace}"
    if wish.you_decide:
        console.print("people   counter staff are simulated; about alerts you decide, at the console", soft_wrap=True)
    console.print(f"couriers {', '.join(settings.couriers)}: {lasts}; alerts follow\n", highlight=False, soft_wrap=True)
