"""One-line builders of events, records and pipelines for tests."""

import itertools
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from parcelward.contract.alerts import Alert
from parcelward.contract.events import EventType
from parcelward.contract.keys import key_field
from parcelward.flow import FLOW, FlowStage
from parcelward.screening.build import Stages, build_stages
from parcelward.screening.in_memory import Pipeline, Result
from parcelward.settings import Settings
from parcelward.stage import Record

T0 = int(datetime(2026, 11, 23, 2, 0, tzinfo=UTC).timestamp() * 1000)  # ten in the morning in China
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
GOOD_ID = "360426199101010071"
_ids = itertools.count()
_built: list[tuple[Settings, Stages]] = []


def moment(ms: int) -> str:
    """Epoch ms as RFC 3339."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")


def merged(base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with nested `changes`; None removes a field."""
    out = dict(base)
    for name, value in changes.items():
        if isinstance(value, Mapping) and isinstance(out.get(name), dict):
            out[name] = merged(out[name], value)
        elif value is None:
            out.pop(name, None)
        else:
            out[name] = value
    return out


def real_name(waybill: str = "SF0000000000001", **changes: Any) -> dict[str, Any]:
    """Data of a sound real-name event of a person."""
    data = {
        "courier": "swift",
        "waybill": waybill,
        "outlet": "HZ-01",
        "operator": "E1",
        "sender": {
            "kind": "person",
            "document_type": "resident_id",
            "document_number": GOOD_ID,
            "name": "王小明",
            "phone": "13800001234",
        },
        "receiver": {"phone": "13900005678", "region": "330106"},
        "goods": {"name": "羽绒服"},
        "weight_g": 900,
        "verify_method": "nfc",
        "place": {"latitude": 30.27, "longitude": 120.15},
    }
    return merged(data, changes)


def inspection(waybill: str = "SF0000000000001", **changes: Any) -> dict[str, Any]:
    """Data of a sound inspection event."""
    data = {
        "courier": "swift",
        "waybill": waybill,
        "outlet": "HZ-01",
        "operator": "E1",
        "opened": True,
        "result": "passed",
        "mark_applied": True,
    }
    return merged(data, changes)


def scan(waybill: str = "SF0000000000001", **changes: Any) -> dict[str, Any]:
    """Data of a security scan that passed."""
    data = {
        "courier": "swift",
        "waybill": waybill,
        "site": "HUB-1",
        "operator": "X1",
        "machine": "XR-1",
        "decision": "pass",
    }
    return merged(data, changes)


def heartbeat(outlet: str | None = None, courier: str = "swift") -> dict[str, Any]:
    """Data of a heartbeat, of an outlet or of the courier as a whole."""
    return {"courier": courier} | ({} if outlet is None else {"outlet": outlet})


def type_of(data: Mapping[str, Any]) -> EventType:
    """The event type whose data this is."""
    if data.keys() <= {"courier", "outlet"}:
        return EventType.HEARTBEAT
    if "sender" in data:
        return EventType.REAL_NAME
    return EventType.INSPECTION if "opened" in data else EventType.SECURITY_SCAN


def record(
    data: Mapping[str, Any],
    at: int = T0,
    arrival: int | None = None,
    event_id: str | None = None,
    partition: int = 0,
    offset: int | None = None,
) -> Record:
    """The Kafka record of an event in binary mode. `at` event time, `arrival` broker time, both epoch ms."""
    number = next(_ids)
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", (event_id or f"event-{number}").encode()),
        ("ce_source", b"/couriers/swift"),
        ("ce_type", type_of(data).value.encode()),
        ("ce_time", moment(at).encode()),
        ("content-type", b"application/json"),
    ]
    value = json.dumps(data, ensure_ascii=False).encode()
    topic = f"intake.{data['courier']}"
    return Record(
        topic,
        partition,
        number if offset is None else offset,
        at if arrival is None else arrival,
        str(data[key_field(type_of(data), data)]).encode(),
        value,
        headers,
    )


def settings(**changes: Any) -> Settings:
    """Settings for tests: rules only, no sampling, nothing read from the machine."""
    return Settings(**({"model": None, "sampled_share": 0.0} | changes))


def pipeline(partitions: int = 1, flow: Sequence[FlowStage] = FLOW, **changes: Any) -> Pipeline:
    """New stages in memory, all of them; pipelines with the same settings share what judges, as partitions do."""
    chosen = settings(**changes)
    return Pipeline(_stages(chosen), chosen.topics, partitions, keep_rows=True, flow=flow)


def _stages(chosen: Settings) -> Stages:
    """Factories of the stages. To build them takes longer than most tests; files of a test's own are read each time."""
    if chosen.model is not None or chosen.rule_pack is not None:
        return build_stages(chosen)
    known = next((stages for before, stages in _built if before == chosen), None)
    if known is None:
        known = build_stages(chosen)
        _built.append((chosen, known))
    return known


def alerts_of(result: Result) -> list[Alert]:
    """The alerts of a result, as models."""
    return [Alert.model_validate_json(send.value or b"") for send in result.alerts]


def rules_of(result: Result) -> list[str]:
    """Rule ids of the last alert of a result, sorted; empty without an alert."""
    alerts = alerts_of(result)
    return sorted(finding.rule for finding in alerts[-1].findings) if alerts else []


def feed_all(line: Pipeline, records: Sequence[Record], batch: int = 1) -> Result:
    """Feed records in batches of a size; everything that came out, joined."""
    total = Result()
    for start in range(0, len(records), batch):
        part = line.feed(records[start : start + batch])
        total.alerts += part.alerts
        total.rejected += part.rejected
        total.rows += part.rows
        total.counts += part.counts
    return total
