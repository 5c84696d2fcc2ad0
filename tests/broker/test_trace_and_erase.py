"""One parcel is followed through the topics, and one person is taken out of them: one service, then no worker."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer
from kafka.admin import ConfigResource
from kafka.errors import CoordinatorNotAvailableError
from typer.testing import CliRunner, Result

from parcelward.cli import app
from parcelward.cluster.reader import TopicReader
from parcelward.cluster.rewriting import require_stopped, rewriting
from parcelward.errors import UserError
from parcelward.flow import FLOW
from parcelward.identity.tokens import Tokeniser
from parcelward.settings import Settings
from parcelward.topics import partition_of
from tests.system.events import inspection, real_name
from tests.system.installation import as_admin, delete_records
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
    await_true(lambda: made.metric("parcelward_screened_total") == 3, "the inspection is moved, entered and screened")


def misplace(service: Service, envelope: dict[str, Any]) -> None:
    """Send an event into the partition that the contract does not name."""
    producer = KafkaProducer(bootstrap_servers=service.kafka)
    producer.send(
        f"{service.prefix}intake.swift",
        key=WANTED.encode(),
        value=json.dumps(envelope).encode(),
        headers=[("content-type", b"application/cloudevents+json")],
        partition=1 - partition_of(WANTED.encode(), 2),
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
    assert ": accepted; then waited for an inspection until " in accepted
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
    (read,) = [line for line in shown.stderr.splitlines() if line.startswith("read ")]
    assert f"{service.prefix}intake.swift, partition 0 from 0 to " in read
    assert len(shown.stderr.splitlines()) <= 4
    nothing = command(service, "trace", "SF9999999999", "--from", "2026-01-01T00:00+08:00")
    assert nothing.exit_code == 1
    assert "nothing was found; --everywhere also looks into the other partitions" in nothing.stderr
    assert "capitals and small letters differ" in command(service, "trace", WANTED.lower()).stderr


def test_refused_records_of_others_are_not_listed(service: Service) -> None:
    """A number within a longer one, or a phone in a refused record, leads to nobody's parcel."""
    assert command(service, "trace", PHONE, "--everywhere").exit_code == 1
    assert trace(service, BAD[:-1], "--everywhere") == {kind: [] for kind in trace(service, BAD)}
    assert len(trace(service, BAD, "--everywhere")["refused"]) == 1


def test_an_age_is_a_time(service: Service) -> None:
    assert trace(service, WANTED, "--from", "1h")["state"] == trace(service, WANTED)["state"]


def test_a_mended_event_names_the_refused_record(service: Service) -> None:
    (refused,) = trace(service, BAD)["intake"]
    link = f"{refused['topic']}/{refused['partition']}/{refused['offset']}"
    service.publish([real_name(BAD) | {"repairof": link}])
    await_true(lambda: service.taken() == 5, "the mended event is screened")
    again = trace(service, BAD)["intake"][-1]
    assert f": mended from {link}: accepted; " in again["says"]
    assert again["mended_from"] == link


def test_where_no_worker_ever_ran_nothing_was_read(settings: Settings) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.kafka)
    value = json.dumps(real_name(WANTED)).encode()
    told = [("content-type", b"application/cloudevents+json")]
    producer.send(settings.topics.intake("swift"), key=WANTED.encode(), value=value, headers=told).get(30)
    producer.close()
    of_it = {"PARCELWARD_TOPIC_PREFIX": settings.topic_prefix, "PARCELWARD_COURIERS": "swift"}
    environment = {"PARCELWARD_KAFKA": settings.kafka, "PARCELWARD_PARTITIONS": "1", **of_it}
    answer = CliRunner().invoke(app, ["trace", WANTED, "--json"], env=environment)
    (step,) = json.loads(answer.stdout)["steps"]
    assert step["became"] == "waits"


def test_a_courier_that_is_left_out_is_named_and_the_group_is_not_in_the_log(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    environment = service.environment | {"PARCELWARD_COURIERS": "orient,harbor"}
    answer = CliRunner().invoke(app, ["doctor", "--json"], env=environment)
    found = {one["code"]: one["wrong"] for one in json.loads(answer.stdout)["flaws"]}
    assert f"has read topic {service.prefix}intake.swift, but courier swift" in found["courier_left_out"]
    assert "courier_left_out" not in command(service, "doctor").stdout
    assert "DescribedGroup" not in caplog.text


TOKENS = Tokeniser.from_settings(Settings())
ERASED = [str(TOKENS.document(DOCUMENT)), str(TOKENS.phone(PHONE))]
WHO = ("--document", "--phone")
LINES = f"{DOCUMENT}\n{PHONE}\n"


@pytest.fixture(scope="module")
def kept(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of all that, which was kept before anybody asked."""
    folder = tmp_path_factory.mktemp("kept") / "day"
    assert command(service, "replay", "--keep", str(folder)).exit_code == 0
    return folder


def test_nobody_is_erased_beside_a_running_worker(service: Service) -> None:
    refused = command(service, "erase", *WHO, stdin=LINES)
    assert isinstance(refused.exception, UserError)
    assert "has 1 worker; stop all of them first" in str(refused.exception)
    assert PHONE not in str(refused.exception)


def test_a_person_is_erased_and_the_check_says_what_still_lies_there(service: Service, kept: Path) -> None:
    assert service.stop() == 0
    before = remains(service, kept)
    assert {one["place"].rpartition("/")[0].removeprefix(service.prefix) for one in before} >= {
        "screening-duties-changelog",
        "screening-senders-changelog",
        "screening.senders",
        "alerts",
        str(kept),
    }
    erased = command(service, "erase", *WHO, "--recording", str(kept), "--json", stdin=LINES)
    assert erased.exit_code == 0, erased
    done = json.loads(erased.stdout)
    # Two ledgers of three hold the person; of two profiles of somebody else none is touched.
    assert done["profiles deleted"] == 2
    assert done["records of the state written anew"] >= 1
    assert done["recorded lines dropped"] >= 3
    assert done["states dropped from this machine's folder, to be filled again"] == 2 * len(FLOW)

    after = remains(service, kept)
    assert not [one for one in after if str(kept) in one["place"] or "state" in one["why"]]
    stays = {one["place"].rpartition("/")[0].removeprefix(service.prefix) for one in after if one["stays"]}
    assert stays == {"alerts", "cases", "intake.swift", "rejected.swift"}, "values of the couriers, too"
    reasons = {one["why"].partition(",")[0].partition(";")[0] for one in after if not one["stays"]}
    assert reasons == {"between the stages", "replaced", "a mark of deletion"}
    assert all(one["until"] for one in after)
    again = command(service, "erase", *WHO, "--json", stdin=LINES)
    assert set(json.loads(again.stdout).values()) == {0}, "there is nothing left to do"
    assert again.exit_code == 1


def test_a_person_whom_nobody_knows_is_found_nowhere(service: Service) -> None:
    stranger = "11010519491231002X\n"
    erased = command(service, "erase", "--document", stdin=stranger)
    assert erased.exit_code == 1
    assert "nobody with these values was found" in erased.stdout
    assert "start the workers" not in erased.stdout
    checked = command(service, "erase", "--document", "--check", stdin=stranger)
    assert checked.exit_code == 1
    assert "found nowhere: check the value" in checked.stdout
    assert "gone" not in checked.stdout.partition(":")[0]


def test_compaction_takes_the_token_out_of_the_bytes_of_the_log(service: Service, kept: Path, logs: Path) -> None:
    changelogs = [f"{service.prefix}screening-{stage.name}-changelog" for stage in FLOW]
    assert any(held_by(logs, topic) for topic in changelogs)
    for topic in changelogs:
        with as_admin(service) as admin:
            admin.alter_configs([ConfigResource("TOPIC", topic, AT_ONCE)])
    for topic in ("screening.senders", "screening.outlets", "screening.cases"):
        delete_records(service, f"{service.prefix}{topic}")

    def gone() -> bool:
        write_on(service, changelogs)
        return not any(held_by(logs, topic) for topic in changelogs)

    await_true(gone, "compaction has taken it")
    await_true(lambda: not [one for one in remains(service, kept) if not one["stays"]], "the check sees it, too")
    assert "gone: no state" in command(service, "erase", "--check", *WHO, stdin=LINES).stdout
    for topic in changelogs:
        with as_admin(service) as admin:
            admin.alter_configs([ConfigResource("TOPIC", topic, AS_PLANNED)])


def test_a_parcel_of_an_erased_person_is_judged_on_as_before(service: Service) -> None:
    before = len(trace(service)["alert"])
    service.start()
    again = real_name(WANTED, sender=PERSON, goods={"name": "汽油"})
    service.publish([again, inspection(WANTED)])
    await_true(lambda: service.taken() >= 2, "it is told again under another id, and inspected again")
    (ledger, *_) = trace(service)["state"]
    assert "contradiction" not in ledger["says"]
    assert len(trace(service)["alert"]) == before, "nothing new is said about it"


def test_a_replay_that_differs_says_that_somebody_was_erased(service: Service) -> None:
    assert service.stop() == 0
    told = next(one for one in service.read(f"{service.prefix}alerts"))
    service.send_raw("alerts", told.key, told.value.replace(b'"alert_id":"', b'"alert_id":"f', 1))
    answer = command(service, "replay", "--json")
    assert answer.exit_code == 1
    (note,) = [one for one in json.loads(answer.stdout)["notes"] if "erased" in one]
    assert note.startswith("somebody was erased from the state of 1 parcels since they were judged")


def erase_beside_a_start(settings: Settings, changelog: str) -> None:
    with rewriting(settings, 0) as send:
        send((changelog, b"swift/SF1", b"anew"))
        worker = KafkaProducer(bootstrap_servers=settings.kafka, transactional_id=f"{settings.topics.app_id}-0")
        worker.init_transactions()
        worker.close()


def test_a_worker_that_starts_meanwhile_stops_the_erasing(settings: Settings) -> None:
    changelog = settings.topics.changelog("duties")
    with pytest.raises(UserError, match="a worker has started meanwhile"):
        erase_beside_a_start(settings, changelog)
    with TopicReader(settings, [changelog]) as reader:
        assert list(reader.read_to_end()) == []


def test_nobody_is_erased_while_kafka_does_not_say_how_far_the_workers_have_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise CoordinatorNotAvailableError

    monkeypatch.setattr("parcelward.cluster.search.committed_positions", refuse)
    with pytest.raises(UserError, match="Kafka does not say how far group"):
        require_stopped(settings)


AT_ONCE = {
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.001",
    "max.compaction.lag.ms": "1",
    "delete.retention.ms": "0",
    "file.delete.delay.ms": "0",
}
AS_PLANNED = dict.fromkeys(("segment.ms", "max.compaction.lag.ms", "delete.retention.ms"), "86400000")


@pytest.fixture
def logs(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder under which the broker keeps its logs; meanwhile its cleaner looks every moment, not every 15 s."""
    look_every(service, "100")
    yield tmp_path_factory.getbasetemp()
    look_every(service, "15000")


def look_every(service: Service, ms: str) -> None:
    with as_admin(service) as admin:
        (broker,) = admin.describe_cluster()["brokers"]
        admin.alter_configs([ConfigResource("BROKER", str(broker["broker_id"]), {"log.cleaner.backoff.ms": ms})])


def held_by(logs: Path, topic: str) -> list[str]:
    """Names of the files of a topic's log in which a token stands."""
    files = [path for path in logs.glob(f"kafka*/**/{topic}-*/*.log") if path.is_file()]
    assert files
    return [path.name for path in files if any(token.encode() in bytes_of(path) for token in ERASED)]


def bytes_of(path: Path) -> bytes:
    """Content of a file; none if the broker has deleted it meanwhile."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def write_on(service: Service, changelogs: list[str]) -> None:
    """Write to each partition, as workers do all day: a segment ends when something comes after its time."""
    producer = KafkaProducer(bootstrap_servers=service.kafka)
    for topic in changelogs:
        for partition in (0, 1):
            producer.send(topic, key=b"nobody", value=None, partition=partition)
    producer.flush()
    producer.close()


def remains(service: Service, kept: Path) -> list[dict[str, Any]]:
    """Places where the check finds the person."""
    answer = command(service, "erase", "--check", "--json", *WHO, "--recording", str(kept), stdin=LINES)
    assert answer.stdout, answer
    found: list[dict[str, Any]] = json.loads(answer.stdout)["remains"]
    assert answer.exit_code == int(not found or any(not one["stays"] for one in found))
    return found
