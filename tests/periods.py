"""Control periods for tests: their files, signed with a key of the test."""

from pathlib import Path
from typing import Any

import yaml

from parcelward.contract.alerts import Alert
from parcelward.controls.signature import new_key, setting_line, signature_line
from parcelward.screening.in_memory import Pipeline
from tests.builders import DAY, HOUR, MINUTE, T0, alerts_of, inspection, moment, pipeline, real_name, record

KEY = new_key()
KEY_UNTIL = T0 + 300 * DAY
BEGINS, ENDS = T0 - HOUR, T0 + 5 * DAY
"""A period that has just begun at `T0`."""


def keys(until: int = KEY_UNTIL) -> dict[str, str]:
    """The setting control_keys that knows the key of the test."""
    name, _, value = setting_line("duty-2026", KEY, until).partition(" = ")
    return {name: value.strip('"')}


def period(**changes: Any) -> dict[str, Any]:
    """A sound period for parcels to Shanghai: a scan within four hours. None removes a key."""
    found = {
        "id": "ciie-2026",
        "version": 1,
        "kind": "major_event",
        "title": {"zh": "进博会安保", "en": "CIIE"},
        "from": moment(BEGINS),
        "until": moment(ENDS),
        "legal_basis": "反恐怖主义法 第二十条",
        "issued_by": {"zh": "市邮政管理局值班长", "en": "duty officer of the postal authority"},
        "scope": {"to_regions": ["31"]},
        "tighten": {"scan_due": "4h"},
        "duties": ["scan"],
    } | changes
    return {name: value for name, value in found.items() if value is not None}


def written(content: dict[str, Any]) -> bytes:
    """The bytes of a period's file."""
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False).encode()


def put(folder: Path, *periods: dict[str, Any]) -> Path:
    """Write periods into a folder, each with its signature; returns the folder."""
    folder.mkdir(exist_ok=True)
    for one in periods:
        file = folder / f"{one['id']}.{one['version']}.yaml"
        file.write_bytes(written(one))
        Path(f"{file}.sig").write_bytes(signature_line(file.read_bytes(), "duty-2026", KEY))
    return folder


def under(folder: Path, *periods: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Settings for a pipeline under these periods."""
    return {"control_periods": put(folder, *periods), "control_keys": keys()} | changes


TO_SHANGHAI: dict[str, Any] = {"receiver": {"region": "310118"}}


def line_under(tmp_path: Path, *periods: dict[str, Any], **changes: Any) -> Pipeline:
    """A pipeline under these periods."""
    return pipeline(**under(tmp_path / "control", *periods, **changes))


def accepted_at(at: int = T0, waybill: str = "SF0000000000001", **changes: Any) -> list[Any]:
    """A registration to Shanghai and an inspection."""
    return [
        record(real_name(waybill, **(TO_SHANGHAI | changes)), at=at),
        record(inspection(waybill), at=at + MINUTE),
    ]


def alerts_until(line: Pipeline, at: int) -> list[Alert]:
    """The alerts that fall due until then."""
    return alerts_of(line.feed([], {"intake.swift": at}))


def rules_of_alert(alert: Alert) -> list[str]:
    """The rules of an alert's findings."""
    return sorted(finding.rule for finding in alert.findings)


AGREEMENT = {"kind": "agreement", "agreement_id": "A-1"}


def drawn_of(line: Pipeline, **changes: Any) -> list[Alert]:
    """The alerts about 200 clean parcels."""
    records = [one for number in range(200) for one in accepted_at(waybill=f"SF{number:013}", **changes)]
    return alerts_of(line.feed(records))


def corrected(at: int, **changes: Any) -> Any:
    """A correction of the registration of `first`."""
    return record(real_name(corrects="first", **changes), at=at, event_id=f"correction-{at}")


def first(**changes: Any) -> list[Any]:
    """A registration that can be corrected, and an inspection."""
    return [record(real_name(**changes), at=T0, event_id="first"), record(inspection(), at=T0 + MINUTE)]
