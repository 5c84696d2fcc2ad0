"""Kafka changes under a worker that runs: it says so within a minute, and passes no record in silence."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.system.events import inspection, real_name
from tests.system.installation import as_admin, delete_records, ends, make_anew, more_partitions
from tests.system.service import Service, await_true

STEPPED = """
import os, time
_now = time.time
time.time = lambda: _now() + (3600 if os.path.exists({flag!r}) else 0)
"""
CONFIG = {"message.timestamp.type": "LogAppendTime"}


def parcels(first: int, count: int = 10) -> list[Mapping[str, Any]]:
    return [make(f"SF{number:06d}") for number in range(first, first + count) for make in (real_name, inspection)]


def end_of(service: Service) -> tuple[int, str]:
    """Wait until the worker has ended by itself; its exit code and its last line."""
    worker = service.worker
    assert worker is not None
    await_true(lambda: worker.poll() is not None, "the worker ends")
    return int(worker.returncode), service.tail().splitlines()[-1]


def positions(service: Service) -> dict[Any, int]:
    """The position of the workers in each partition of intake."""
    group = f"{service.prefix}screening"
    with as_admin(service) as admin:
        found = admin.list_group_offsets({group: None})[group]
    return {tp: at.offset for tp, at in found.items() if tp.topic.startswith(f"{service.prefix}intake.")}


def test_partitions_that_are_added_are_noticed(start_service) -> None:
    service = start_service(couriers="swift", check_every="2")
    more_partitions(service, f"{service.prefix}intake.swift", 4)
    code, said = end_of(service)
    assert code == 2
    assert f"topic {service.prefix}intake.swift has" in said


def test_a_topic_that_is_made_anew_stops_the_worker_with_a_sentence_and_so_does_its_old_position(start_service) -> None:
    service = start_service(couriers="swift,orient", check_every="2")
    service.publish(parcels(0))
    await_true(lambda: service.taken() == 20, "every event is accepted")
    make_anew(service, f"{service.prefix}intake.swift", CONFIG)
    code, said = end_of(service)
    assert code == 2
    assert said.startswith("parcelward: ")
    assert f"{service.prefix}intake.swift" in said


def test_records_that_are_gone_are_passed_only_where_a_setting_says_so_and_are_counted(start_service) -> None:
    service = start_service(couriers="swift")
    service.publish(parcels(0))
    await_true(lambda: service.taken() == 20, "every event is accepted")
    assert service.stop() == 0
    service.publish(parcels(100))
    delete_records(service, f"{service.prefix}intake.swift")
    refused = service.command("worker")
    assert refused.returncode == 2
    assert "were deleted before they were read and are not screened" in refused.stderr.splitlines()[-1]
    service.settings = {**service.settings, "PARCELWARD_GAPS": "go_on"}
    service.start()
    await_true(lambda: positions(service) == ends(service, f"{service.prefix}intake.swift"), "the gap is committed")
    assert service.metric("parcelward_records_gone_total") == 20
    said = service.log.read_text().count('"message": "records are gone"')
    assert said
    service.kill()
    service.start()
    service.publish(parcels(200))
    await_true(lambda: service.taken() == 20, "what came afterwards is accepted")
    assert service.metric("parcelward_records_gone_total") == 0, "it was counted before, and is behind the position"
    assert service.log.read_text().count('"message": "records are gone"') == said
    assert service.stop() == 0


def test_records_that_go_while_a_worker_stands_still_stop_it(start_service) -> None:
    service = start_service(couriers="swift")
    service.publish(parcels(0))
    await_true(lambda: service.taken() == 20, "every event is accepted")
    assert service.worker is not None
    service.worker.send_signal(signal.SIGSTOP)
    service.publish(parcels(100))
    delete_records(service, f"{service.prefix}intake.swift")
    service.publish(parcels(200))
    service.worker.send_signal(signal.SIGCONT)
    code, said = end_of(service)
    assert code == 2
    assert "were deleted before they were read and are not screened" in said


def test_a_clock_that_steps_while_a_worker_runs_raises_nothing(start_service, tmp_path: Path) -> None:
    flag = tmp_path / "stepped"
    (tmp_path / "sitecustomize.py").write_text(STEPPED.format(flag=str(flag)))
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    service = start_service(couriers="swift", check_every="2", pythonpath=path)
    service.publish([real_name(f"SF{number:06d}") for number in range(10)])
    await_true(lambda: service.taken() == 10, "every event is accepted")
    flag.touch()
    doubt = 'parcelward_ground_flaws{flaw="clock"} 1.0'
    await_true(lambda: doubt in service.page("/metrics"), "the worker finds its clock to be off")
    assert service.metric("parcelward_duties_overdue_total") == 0
    flag.unlink()
    await_true(lambda: doubt not in service.page("/metrics"), "the worker finds its clock to be right")
    assert service.metric("parcelward_duties_overdue_total") == 0
    assert service.alerts() == []
    assert service.stop() == 0
