"""Metrics of real workers say what is so: nothing waits, one partition stands still, a worker may not work."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.patience import PATIENCE_S
from tests.system.events import inspection, real_name
from tests.system.installation import open_transaction
from tests.system.service import Service, await_true

PARCELS = range(40)
STANDS_STILL = 'partition="0",stage="duties"'


def shown(service: Service, name: str) -> dict[str, float]:
    """Series of a metric, by their labels."""
    lines = [line for line in service.page("/metrics").splitlines() if line.startswith(name + "{")]
    return {line.partition("{")[2].partition("}")[0]: float(line.rsplit(" ", 1)[1]) for line in lines}


def waiting(service: Service) -> dict[str, float]:
    return shown(service, "parcelward_waiting_seconds")


def publish(service: Service, courier: str, first: int = 0) -> None:
    """Publish sound parcels, some for each partition."""
    waybills = [f"{courier[:2].upper()}{first + number:06d}" for number in PARCELS]
    service.publish([make(waybill, courier=courier) for waybill in waybills for make in (real_name, inspection)])


def test_one_partition_that_stands_still_is_seen_and_nothing_waits_when_all_is_done_after_a_restart_too(
    start_service: Callable[..., Service],
) -> None:
    service = start_service(couriers="swift,orient")
    with open_transaction(service, f"{service.prefix}intake.swift", partition=0):
        publish(service, "swift")
        await_true(lambda: waiting(service).get(STANDS_STILL, 0) > 2, "its records wait")
        publish(service, "orient")
        publish(service, "swift", first=1000)
        await_true(lambda: service.taken() >= 2 * len(PARCELS) + 2, "those of other partitions are done")
        assert waiting(service).get(STANDS_STILL, 0) > 2, "whatever the other courier's records do"
        assert service.metric("parcelward_lag_records") > 0
    await_true(lambda: service.taken() == 6 * len(PARCELS), "every event is accepted")
    await_true(lambda: service.metric("parcelward_lag_records") == 0, "nothing waits")
    assert waiting(service)[STANDS_STILL] == 0
    assert len(shown(service, "parcelward_courier_heard_timestamp_seconds")) == 2
    assert service.stop() == 0
    service.start()
    await_true(lambda: len(shown(service, "parcelward_lag_records")) == 10, "every partition says what waits")
    await_true(lambda: service.metric("parcelward_lag_records") == 0, "nothing waits, although nothing new comes")


def test_a_worker_that_finds_no_kafka_says_so_before_it_ends(unused_port: int, tmp_path: Path) -> None:
    service = Service(f"127.0.0.1:{unused_port}", "", tmp_path / "worker.log", {"PARCELWARD_LINGER": "120"})
    worker = service.launch()
    try:
        await_true(lambda: service.status("/ready") == 503, "it answers")
        await_true(lambda: shown(service, "parcelward_ground_flaws").get('flaw="kafka"') == 1, "it says why")
        assert shown(service, "parcelward_ready") == {'check="broker"': 0, 'check="tables"': 0}
        assert service.metric("parcelward_worker_up") == 0
        assert json.loads(service.page("/health")) == {"live": True}
        worker.terminate()
        assert worker.wait(PATIENCE_S) == 2, "it ends when it is told to"
        assert "no Kafka answers" in service.tail().splitlines()[-1]
    finally:
        worker.kill()
