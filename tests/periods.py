"""Control periods for tests: their files, signed with a key of the test."""

from pathlib import Path
from typing import Any

import yaml

from parcelward.controls.signature import new_key, setting_line, signature_line
from parcelward.moments import epoch_ms
from tests.builders import DAY, HOUR, T0, moment, settings

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


def until_of(content: dict[str, Any]) -> int:
    """The end of a period, epoch ms."""
    return epoch_ms(content["until"]) or 0


__all__ = ["BEGINS", "ENDS", "KEY", "KEY_UNTIL", "keys", "period", "put", "settings", "under", "until_of", "written"]
