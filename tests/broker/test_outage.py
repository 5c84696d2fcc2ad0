"""Intake was away while duties were done: nobody is overdue on return, and who really is comes a little later."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from parcelward.broker import LocalBroker
from tests.ports import free_port
from tests.system.events import inspection, real_name
from tests.system.service import Service, await_true

PARCELS = 30
DUE_S = 12
TOLD = {"couriers": "swift", "inspection_due": str(DUE_S), "idle_grace": "0.2", "outage_grace": "5"}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[LocalBroker]:
    """A broker that this test may stop."""
    running = LocalBroker(tmp_path / "kafka", free_port())
    running.start()
    yield running
    running.stop()


@pytest.fixture
def service(broker: LocalBroker, topic_prefix: str, tmp_path: Path) -> Iterator[Service]:
    """A worker on that broker."""
    settings = {f"PARCELWARD_{name.upper()}": value for name, value in TOLD.items()}
    made = Service(broker.bootstrap, topic_prefix, tmp_path / "worker.log", settings)
    made.start()
    yield made
    made.kill()


def test_deadlines_that_passed_while_intake_was_away_wait_until_its_backlog_is_read(
    broker: LocalBroker, service: Service
) -> None:
    waybills = [f"SF{number:06d}" for number in range(PARCELS)]
    service.publish([real_name(one) for one in waybills])
    done = [inspection(one) for one in waybills[1:]]  # in time, and sent after the outage; the first is not done
    await_true(lambda: service.taken() == PARCELS, "every parcel is accepted")
    os.kill(broker.pid, signal.SIGKILL)
    broker.stop()
    assert service.worker is not None
    with contextlib.suppress(subprocess.TimeoutExpired):  # it may end, and is started again as by a supervisor
        service.worker.wait(DUE_S + 3)
    broker.start()
    if service.worker.poll() is not None:
        service.start()
    # A record that comes first moves the courier's clock past every deadline.
    service.publish([real_name("SF999999"), inspection("SF999999")])
    service.publish(done)
    await_true(lambda: service.metric("parcelward_duties_overdue_total") > 0, "what is overdue is told")
    await_true(lambda: bool(service.alerts()), "its alert is published")
    assert {alert["waybill"] for alert in service.alerts()} == {waybills[0]}
    assert service.stop() == 0
