"""The faults of the drill: each breaks something inside its block, and mends it behind."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from tests.drill_pages.installation import Installation
from tests.system.events import inspection, real_name
from tests.system.installation import alter, config_of, delete_records, open_transaction
from tests.system.service import await_true

GONE = 20


class Fault(NamedTuple):
    """A fault, and the labels of the page that it must lead to."""

    what: str
    page: dict[str, str]
    broken: Callable[[Installation], AbstractContextManager[None]]


@contextmanager
def one_worker_gone(here: Installation) -> Iterator[None]:
    """Kill one worker of two; its target vanishes, as that of a deleted pod does."""
    first, second = here.workers
    second.kill()
    here.pager.scrape([first.service.port])
    yield
    second.wanted = True
    here.pager.scrape([worker.service.port for worker in here.workers])


@contextmanager
def every_worker_gone(here: Installation) -> Iterator[None]:
    """Stop both."""
    here.stop_both()
    yield
    here.start_both()


@contextmanager
def kafka_away(here: Installation) -> Iterator[None]:
    """Stop the broker under traffic: workers end for that, and do not start until it is back."""
    here.broker.stop()
    yield
    here.broker.start()


@contextmanager
def one_partition_stuck(here: Installation) -> Iterator[None]:
    """Leave a transaction open in one partition of one courier."""
    with open_transaction(here.service, here.topic("intake.swift"), 0):
        yield


@contextmanager
def courier_silent(here: Installation) -> Iterator[None]:
    """Let one courier of two send nothing."""
    here.traffic.silent.add("orient")
    yield
    here.traffic.silent.discard("orient")


@contextmanager
def ground_wrong(here: Installation) -> Iterator[None]:
    """Let Kafka keep records between the stages for a shorter time than workers may be away."""
    topic = here.topic("screening.senders")
    before = config_of(here.service, topic, "retention.ms")
    alter(here.service, topic, "retention.ms", "3600000")
    yield
    alter(here.service, topic, "retention.ms", before)


@contextmanager
def gap_passed(here: Installation) -> Iterator[None]:
    """Delete records before they are read; workers go on behind them. It ends by itself."""
    _delete_unread(here, "go_on")
    yield


@contextmanager
def gap_stops(here: Installation) -> Iterator[None]:
    """Delete records before they are read; workers stop, until somebody says that they shall go on."""
    _delete_unread(here, "stop")
    yield
    here.set_both(PARCELWARD_GAPS="go_on")


def _delete_unread(here: Installation, gaps: str) -> None:
    here.stop_both()
    here.set_both(PARCELWARD_GAPS=gaps)
    waybills = [f"GAP{number:06d}" for number in range(GONE)]
    here.service.publish([make(waybill) for waybill in waybills for make in (real_name, inspection)])
    await_true(lambda: delete_records(here.service, here.topic("intake.swift")) > 0, "records are deleted")
    here.start_both()


FAULTS = (
    Fault(
        "one of two workers is killed, its target vanishes", {"alertname": "ParcelwardWorkerMissing"}, one_worker_gone
    ),
    Fault("Kafka is stopped under traffic", {"alertname": "ParcelwardKafkaAway"}, kafka_away),
    Fault(
        "one partition of intake stands still",
        {"alertname": "ParcelwardStalled", "stage": "duties", "partition": "0"},
        one_partition_stuck,
    ),
    Fault("both workers are stopped", {"alertname": "ParcelwardNoWorker"}, every_worker_gone),
    Fault("a courier falls silent", {"alertname": "ParcelwardCourierSilent", "courier": "orient"}, courier_silent),
    Fault(
        "records between the stages are kept for an hour only",
        {"alertname": "ParcelwardStopped", "flaw": "retention_short"},
        ground_wrong,
    ),
    Fault(
        "unread records are deleted, gaps=go_on", {"alertname": "ParcelwardRecordsGone", "stage": "duties"}, gap_passed
    ),
    Fault("unread records are deleted, gaps=stop", {"alertname": "ParcelwardStopped", "flaw": "gap"}, gap_stops),
)
