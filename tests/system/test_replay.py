"""`parcelward replay` after a live run on a real Kafka: equal, and different as soon as anything was tampered with."""

import json
from pathlib import Path
from typing import Any

from tests.system.events import inspection, real_name
from tests.system.service import Service, await_true

PARCELS = 300
BAD = {"kind": "person", "document_type": "resident_id", "document_number": "110101199003078510"}


def live_run(service: Service) -> None:
    """Clean, dangerous, overdue, late and refused; a kill in the middle; several partitions."""
    events = []
    for number in range(PARCELS):
        waybill = f"SF{number:06d}"
        changes: dict[str, Any] = {"goods": {"name": "汽油"}} if number % 10 == 0 else {}
        if number % 15 == 0:
            changes["sender"] = BAD
        events.append(real_name(waybill, ago_s=60, **changes))
        if number % 4:
            events.append(inspection(waybill, ago_s=30))
        if number % 50 == 0:
            events.append(real_name(waybill, ago_s=20, colour="red"))
    half = len(events) // 2
    service.publish(events[:half])
    await_true(lambda: service.metric("parcelward_screened_total") > 0, "it is in the middle of its work")
    service.kill()
    service.start()
    service.publish(events[half:])
    overdue = {f"SF{number:06d}" for number in range(0, PARCELS, 4)}
    found = set[str]()

    def all_overdue() -> bool:
        found.update(one["waybill"] for one in service.alerts() if "R3" in {part["rule"] for part in one["findings"]})
        return found >= overdue

    await_true(all_overdue, "each parcel without an inspection is overdue")

    def all_taken_in() -> bool:
        records = service.read(f"{service.prefix}referrals")
        known = {(one["alert_id"], one["alert_revision"]) for one in map(json.loads, (one.value for one in records))}
        return {(one["alert_id"], one["revision"]) for one in service.alerts()} <= known

    await_true(all_taken_in, "and each revision of an alert is taken in")


def replay(service: Service, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and result of the command."""
    answer = service.command("replay", "--json", *words)
    assert answer.stdout, answer.stderr
    result: dict[str, Any] = json.loads(answer.stdout)
    return answer.returncode, result


def test_a_replay_equals_the_live_run_and_sees_what_was_tampered_with(start_service, tmp_path: Path) -> None:
    service = start_service(couriers="swift", inspection_due="4", session_timeout="2", sampled_share="0.05")
    live_run(service)
    assert service.stop() == 0

    code, whole = replay(service)
    assert (code, whole["same"]) == (0, True), whole
    assert whole["alerts"]["equal"] >= PARCELS / 4
    assert whole["rejected"]["equal"] == PARCELS / 50
    assert whole["notes"] == []

    kept = tmp_path / "day"
    assert service.command("replay", "--keep", str(kept)).returncode == 0
    assert {path.stat().st_mode & 0o077 for path in (kept, *kept.iterdir())} == {0}, "a recording holds personal data"
    code, again = replay(service, str(kept))
    assert (code, again["alerts"], again["rejected"]) == (0, whole["alerts"], whole["rejected"])

    pack = tmp_path / "pack.yaml"
    pack.write_text(built_in_pack().replace("version: acceptance-", "version: other-", 1))
    other = Service(service.kafka, service.prefix, service.log, {**service.settings, "PARCELWARD_RULE_PACK": str(pack)})
    code, different = replay(other)
    assert (code, different["alerts"]["other_content"]) == (1, whole["alerts"]["equal"])
    assert "another rule pack was in force in the live run: acceptance-" in different["notes"][0]

    forged = next(one for one in service.read(f"{service.prefix}alerts"))
    value = forged.value.replace(b'"alert_id":"', b'"alert_id":"f', 1)
    service.send_raw("alerts", forged.key, value)
    code, tampered = replay(service)
    assert (code, tampered["alerts"]["extra"], tampered["alerts"]["equal"]) == (1, 1, whole["alerts"]["equal"])
    table = service.command("replay")
    assert table.returncode == 1
    assert "extra in the live run" in table.stdout
    assert "DIFFERENT" in table.stderr


def built_in_pack() -> str:
    """The text of the rule pack that is built in."""
    return (Path(__file__).parents[2] / "src" / "parcelward" / "rules" / "acceptance.yaml").read_text()
