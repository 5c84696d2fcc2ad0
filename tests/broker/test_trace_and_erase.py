"""One parcel is followed through the topics, and one person is taken out of them: one service, then no worker."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaProducer
from typer.testing import CliRunner, Result

from parcelward.cli import app
from tests.system.events import inspection, real_name
from tests.system.service import Service, await_true

WANTED, OTHER, BAD = "SF1000000001", "SF1000000002", "SF1000000003"
NAME, PHONE, DOCUMENT = "王小明", "13800001234", "360426199101010071"
PERSON = {"kind": "person", "document_type": "resident_id", "document_number": DOCUMENT, "name": NAME, "phone": PHONE}
SOMEBODY = PERSON | {"document_number": "110101199003078515", "name": "李四", "phone": "13900009999"}


@pytest.fixture(scope="module")
def service(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that has screened three parcels: one of a person with all that may happen, one of somebody else."""
    folder = tmp_path_factory.mktemp("traced")
    settings = {"PARCELWARD_STATE_DIR": str(folder / "state"), "PARCELWARD_INSPECTION_DUE": "20m"}
    made = Service(kafka, f"{folder.name}.", folder / "worker.log", settings)
    try:
        made.start()
        live(made)
        yield made
    finally:
        made.stop()


def live(made: Service) -> None:
    """Publish, and wait until all of it has happened."""
    accepted = real_name(WANTED, sender=PERSON, goods={"name": "汽油"})
    made.publish([accepted, accepted, real_name(OTHER, sender=SOMEBODY), real_name(BAD, colour=PHONE)])
    await_true(lambda: made.taken() == 4, "what was published is screened, the repeated one among it")
    misplace(made, inspection(WANTED))
    await_true(lambda: len(trace(made)["alert"]) >= 1, "it is alerted")
    await_true(lambda: became(made) == ["accepted", "duplicate", "accepted"], "the inspection is moved and entered")


def misplace(service: Service, envelope: dict[str, Any]) -> None:
    """Send an event into the partition that the contract does not name."""
    (right, *_) = {one["partition"] for one in trace(service)["intake"]}
    producer = KafkaProducer(bootstrap_servers=service.kafka)
    producer.send(
        f"{service.prefix}intake.swift",
        key=WANTED.encode(),
        value=json.dumps(envelope).encode(),
        headers=[("content-type", b"application/cloudevents+json")],
        partition=1 - right,
    ).get(30)
    producer.close()


def command(service: Service, *arguments: str, stdin: str | None = None) -> Result:
    """Run the command line, in this process: a new one takes a second for each."""
    return CliRunner().invoke(app, list(arguments), env=service.environment, input=stdin)


def trace(service: Service, waybill: str = WANTED, *more: str) -> dict[str, list[dict[str, Any]]]:
    """The steps of a parcel, by their kind."""
    answer = command(service, "trace", waybill, "--json", *more)
    assert answer.stdout, answer
    steps = json.loads(answer.stdout)["steps"]
    kinds = ("intake", "refused", "between", "state", "alert")
    return {kind: [one for one in steps if one["kind"] == kind] for kind in kinds}


def became(service: Service, *more: str) -> list[str]:
    return [one["became"] for one in trace(service, WANTED, *more)["intake"]]


def test_each_step_of_a_parcel_is_said_in_a_sentence(service: Service) -> None:
    steps = trace(service)
    accepted, again, inspected = (one["says"] for one in steps["intake"])
    assert ": accepted; waits for an inspection until " in accepted
    assert again.endswith(": came again: counted, and changes nothing")
    assert inspected.endswith(": accepted; nothing is open")
    ledger, alert_record = steps["state"]
    assert "format 2: 3 events, 1 of them repeated, 2 passes; nothing is open" in ledger["says"]
    assert alert_record["revision"] == len(steps["alert"])
    ways = [one["says"].partition(" to the profile of ")[2].partition(",")[0] for one in steps["between"]]
    assert sorted(ways) == ["the document", "the document", *["the outlet HZ-01"] * 2, "the phone", "the phone"]
    assert "R14" in steps["alert"][0]["says"]


def test_a_record_in_a_wrong_partition_is_found_everywhere_and_only_there(service: Service) -> None:
    assert became(service, "--everywhere").count("moved") == 1
    assert "moved" not in became(service)


def test_a_refused_record_is_told_with_its_reason_and_without_what_it_holds(service: Service) -> None:
    steps = trace(service, BAD)
    assert "refused: unknown_field" in steps["intake"][0]["says"]
    assert [one["reason"] for one in steps["refused"]] == ["unknown_field"]
    assert steps["state"] == []


def test_nothing_personal_is_shown_and_what_was_read_is_said(service: Service) -> None:
    shown = command(service, "trace", WANTED, "--everywhere")
    assert shown.exit_code == 0
    everything = shown.stdout + shown.stderr + json.dumps(trace(service), ensure_ascii=False)
    assert not [value for value in (NAME, PHONE, DOCUMENT, "k1.", "王*") if value in everything]
    assert f"read {service.prefix}intake.swift, partition 0 from 0 to " in shown.stderr
    nothing = command(service, "trace", "SF9999999999", "--from", "2026-01-01T00:00+08:00")
    assert nothing.exit_code == 1
    assert "nothing was found; --everywhere also looks into the other partitions" in nothing.stderr
