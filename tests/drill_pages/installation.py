"""The installation that the drill breaks: two workers that are started again when they end, Kafka, and couriers."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kafka.errors import KafkaError

from parcelward.broker import LocalBroker
from tests.drill_pages.pager import Pager
from tests.ports import free_port
from tests.system.events import inspection, real_name
from tests.system.service import Service, await_true

COURIERS = ("swift", "orient")
SETTINGS = {
    "PARCELWARD_COURIERS": ",".join(COURIERS),
    "PARCELWARD_SESSION_TIMEOUT": "3",
    "PARCELWARD_CHECK_EVERY": "1",
    "PARCELWARD_LINGER": "15",
}
PAUSE_S = 0.2
REMEMBERS = "ParcelwardScreenedLate"


class Worker:
    """A worker process that is started again whenever it ends, as a supervisor does it, unless it is not wanted."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.wanted = True
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="supervisor")
        self._thread.start()

    def _supervise(self) -> None:
        while not self._over.wait(PAUSE_S):
            worker = self.service.worker
            if self.wanted and (worker is None or worker.poll() is not None):
                self.service.launch()

    def kill(self) -> None:
        """kill -9, for good."""
        self.wanted = False
        self.service.kill()

    def close(self) -> None:
        """Stop it, and let it rest."""
        self.wanted = False
        self._over.set()
        self._thread.join()
        self.service.stop()


class Traffic:
    """Sound parcels of each courier that is not silent, a few a second, whatever happens to Kafka."""

    def __init__(self, kafka: str, prefix: str) -> None:
        self.silent: set[str] = set()
        self._kafka, self._prefix = kafka, prefix
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._send, name="traffic")
        self._thread.start()

    def _send(self) -> None:
        number = 0
        while not self._over.wait(PAUSE_S):
            service = Service(self._kafka, self._prefix, Path())
            number += 1
            parcels = [(courier, f"{courier[:2].upper()}{number:08d}") for courier in COURIERS]
            envelopes = [
                make(waybill, courier=courier) | {"source": f"/couriers/{courier}"}
                for courier, waybill in parcels
                if courier not in self.silent
                for make in (real_name, inspection)
            ]
            try:
                service.publish(envelopes)
            except KafkaError:  # it is away: the next ones are tried
                continue

    def close(self) -> None:
        """Send no more."""
        self._over.set()
        self._thread.join()


class Installation:
    """Everything that runs, and what is done to it."""

    def __init__(self, broker: LocalBroker, workers: Sequence[Worker], traffic: Traffic, pager: Pager) -> None:
        self.broker, self.workers, self.traffic, self.pager = broker, workers, traffic, pager
        self.service = workers[0].service

    def topic(self, name: str) -> str:
        """Full name of a topic."""
        return self.service.prefix + name

    def set_both(self, **settings: str) -> None:
        """Give both workers other settings, with their next start."""
        for worker in self.workers:
            worker.service.settings = {**worker.service.settings, **settings}

    def stop_both(self) -> None:
        """Stop both workers in good order."""
        for worker in self.workers:
            worker.wanted = False
        for worker in self.workers:
            worker.service.stop()

    def start_both(self) -> None:
        """Let the supervisors start them again."""
        for worker in self.workers:
            worker.wanted = True


@contextmanager
def running_installation(folder: Path, pager: Pager) -> Iterator[Installation]:
    """Start Kafka, two workers and traffic, and wait until all is well."""
    with ExitStack() as running:
        broker = running.enter_context(LocalBroker(folder / "kafka", free_port()))
        services = [Service(broker.bootstrap, "drill.", folder / f"worker-{number}.log", SETTINGS) for number in (1, 2)]
        workers = []
        for service in services:
            workers.append(Worker(service))
            running.callback(workers[-1].close)
            await_true(lambda: services[len(workers) - 1].status("/ready") == 200, "the worker is ready")
        traffic = Traffic(broker.bootstrap, "drill.")
        running.callback(traffic.close)
        pager.scrape([service.port for service in services])
        await_true(lambda: all(service.status("/ready") == 200 for service in services), "both are ready")
        await_true(lambda: all(service.taken() > 0 for service in services), "both screen")
        await_true(lambda: pager.value("parcelward:workers:running") == len(services), "Prometheus knows both")
        await_quiet(pager)
        yield Installation(broker, workers, traffic, pager)


def await_quiet(pager: Pager, seconds: float = 3.0) -> None:
    """Wait until nothing has fired for some seconds, but what remembers: each fault makes some events late."""
    quiet_since = time.monotonic()

    def quiet() -> bool:
        nonlocal quiet_since
        if any(not name.startswith(REMEMBERS) for name in pager.firing()):
            quiet_since = time.monotonic()
        return time.monotonic() - quiet_since > seconds

    await_true(quiet, "no alert fires")
