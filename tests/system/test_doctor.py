"""`parcelward doctor` on a healthy installation, and on one that is broken in ten ways, one after the other."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from tests.system.events import inspection, real_name
from tests.system.installation import alter, as_admin, delete_records, make_anew, more_partitions
from tests.system.service import Service, await_true

PARCELS = 20
CHANGELOG = {"cleanup.policy": "compact"}
SHIFTED = "import time\n_now = time.time\ntime.time = lambda: _now() + {seconds}\n"


def parcels(first: int) -> list[Mapping[str, Any]]:
    return [make(f"SF{number:06d}") for number in range(first, first + PARCELS) for make in (real_name, inspection)]


def told(service: Service, **settings: str) -> None:
    """Run what follows with other settings."""
    service.settings = {**service.settings, **settings}


def a_waybill_is_forgotten_too_soon(service: Service, folder: Path) -> None:
    told(service, PARCELWARD_LEDGER_KEEP="P6DT23H59M55S")


def the_model_is_damaged(service: Service, folder: Path) -> None:
    told(service, PARCELWARD_LEDGER_KEEP="P30D", PARCELWARD_MODEL=str(folder / "model"))
    models = Path("models")
    shutil.copytree(models / (models / "current").read_text().strip(), folder / "model")
    (folder / "model" / "model.onnx").write_bytes(b"")


def the_clock_is_an_hour_ahead(service: Service, folder: Path) -> None:
    (folder / "sitecustomize.py").write_text(SHIFTED.format(seconds=3600))
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
    told(service, PARCELWARD_MODEL="models/current", PYTHONPATH=path)


def a_token_key_is_another_one(service: Service, folder: Path) -> None:
    told(service, PYTHONPATH=os.environ.get("PYTHONPATH", ""), PARCELWARD_TOKEN_KEYS=json.dumps({"demo": "ab" * 16}))


def records_between_the_stages_live_an_hour(service: Service, folder: Path) -> None:
    service.settings = {name: value for name, value in service.settings.items() if name != "PARCELWARD_TOKEN_KEYS"}
    alter(service, f"{service.prefix}screening.senders", "retention.ms", "3600000")


def unread_records_are_deleted(service: Service, folder: Path) -> None:
    service.publish(parcels(100))
    delete_records(service, f"{service.prefix}intake.swift")


def a_position_is_beyond_the_end(service: Service, folder: Path) -> None:
    place = TopicPartition(f"{service.prefix}intake.swift", 0)
    with as_admin(service) as admin:
        admin.alter_group_offsets(f"{service.prefix}screening", {place: OffsetAndMetadata(10_000, "", -1)})


def a_changelog_is_emptied(service: Service, folder: Path) -> None:
    topic = f"{service.prefix}screening-outlets-changelog"
    alter(service, topic, "cleanup.policy", "delete")
    delete_records(service, topic)
    alter(service, topic, "cleanup.policy", "compact")


def a_changelog_is_made_anew(service: Service, folder: Path) -> None:
    make_anew(service, f"{service.prefix}screening-outlets-changelog", CHANGELOG)


def intake_has_more_partitions(service: Service, folder: Path) -> None:
    more_partitions(service, f"{service.prefix}intake.swift", 3)


def everything_has_more_partitions(service: Service, folder: Path) -> None:
    for topic in service.topics():
        if "intake" not in topic:
            more_partitions(service, topic, 3)
    told(service, PARCELWARD_PARTITIONS="3")


def the_positions_are_deleted(service: Service, folder: Path) -> None:
    with as_admin(service) as admin:
        admin.delete_groups([f"{service.prefix}screening"])


class Broken(NamedTuple):
    """A way to break an installation, the code of the flaw, and words of its sentence."""

    break_it: Callable[[Service, Path], None]
    code: str
    words: str


BROKEN = [
    Broken(a_waybill_is_forgotten_too_soon, "settings", "ledger_keep"),
    Broken(the_model_is_damaged, "rules_or_model", "model"),
    Broken(the_clock_is_an_hour_ahead, "clock", " s ahead of"),
    Broken(a_token_key_is_another_one, "token_keys", "another key than the one that made the tokens"),
    Broken(records_between_the_stages_live_an_hour, "retention_short", "for 1 hours"),
    Broken(unread_records_are_deleted, "gap", "were deleted before they were read and are not screened"),
    Broken(a_position_is_beyond_the_end, "position_beyond_end", "position 10000"),
    Broken(a_changelog_is_emptied, "state_gone", "but began at 0"),
    Broken(a_changelog_is_made_anew, "state_gone", "was deleted and made again"),
    Broken(intake_has_more_partitions, "partitions", "has 3 partitions, but the setting partitions is 2"),
    Broken(everything_has_more_partitions, "partitions", "the state was made with 2 partitions"),
    Broken(the_positions_are_deleted, "positions_gone", "from the beginning everything would count twice"),
]
"""In this order, each on top of what those before have left broken in Kafka."""


def diagnosis(service: Service) -> list[dict[str, str]]:
    """The flaws, in order; the exit code says the same."""
    answer = service.command("doctor", "--json")
    found = json.loads(answer.stdout)
    flaws: list[dict[str, str]] = found["flaws"]
    stopping = any(one["severity"] == "stop" for one in flaws)
    assert answer.returncode == found["exit_code"] == (2 if stopping else 1 if flaws else 0)
    return flaws


def test_each_way_to_break_an_installation_is_named_with_its_mend(start_service, tmp_path: Path) -> None:
    service = start_service(couriers="swift")
    service.publish(parcels(0))
    await_true(lambda: service.taken() == 2 * PARCELS, "every event is accepted")
    assert service.stop() == 0
    answer = service.command("doctor")
    assert (answer.returncode, answer.stdout.splitlines()[-1]) == (0, "nothing found: a worker may start")
    assert f"no worker is in group {service.prefix}screening\n" in answer.stdout
    assert "intake.swift" not in answer.stdout, "nothing waits"
    service.publish(parcels(50))
    assert f"{2 * PARCELS} records wait on {service.prefix}intake.swift\n" in service.command("doctor").stdout
    for broken in BROKEN:
        broken.break_it(service, tmp_path)
        flaws = diagnosis(service)
        named = [one for one in flaws if one["code"] == broken.code and broken.words in one["wrong"]]
        assert named, (broken.break_it.__name__, flaws)
        assert {one["severity"] for one in named} == {"stop"}
        assert all(one["mend"] for one in named)
    worker = service.command("worker")
    assert worker.returncode == 2
    last = worker.stderr.splitlines()[-1]
    assert any(f"{one['wrong']}; {one['mend']}" in last for one in flaws), last
