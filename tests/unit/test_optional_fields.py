"""Leaving out an optional field of the contract accuses nobody: ordinary traffic has as many alerts as with it."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from typing import Any
from zlib import crc32

import pytest
from pydantic import BaseModel

from parcelward.alerts.verdict import MODEL_RULE
from parcelward.contract.alerts import Alert
from parcelward.contract.events import DUTY_TYPES, EVENT_MODELS, EventType
from parcelward.publisher import binary_mode
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline, batches
from parcelward.settings import Settings
from parcelward.simulate import Plan, Simulation
from parcelward.simulate.left_out import OPTIONAL_FIELDS, Way, less
from parcelward.stage import Record
from tests.builders import settings

PLAN = Plan(
    couriers=("swift",),
    outlets_per_courier=5,
    waybills_per_day=6000,
    start=datetime(2026, 11, 22, 16, tzinfo=UTC),
    days=1,
    seed=5,
    violation_share=0.0,
    malformed_share=0.0,
)
AGREEMENT_KEPT = 20
"""Of the parcels of agreement customers, nine in ten of all, one in so many is kept: most fields are about persons."""
CHANCE = 2
"""Alerts of rules, among 800 waybills, that may come or not whatever a field says: their figures lie at a threshold."""
CHANCE_OF_MODEL = 12
"""Alerts of the model. Measured: 8 without the receiver's name, 5 without the sender's phone, fewer for others."""
DUTIES = {
    ("sender", "document_number"),
    ("sender", "document_token"),
    ("sender", "name"),
    ("sender", "name_token"),
    ("sender", "agreement_id"),
    ("goods", "nature"),
}
"""Fields that the law wants of a sender, or of an agreement customer instead: rules may ask for them. And letters are
exempt from inspection, which only this field says."""
MADE_AT_SOURCE = ("token", "mask", "check")
"""Fields with such ends come from couriers that send no personal values but tokens of them."""


def optional(model: type[BaseModel], way: Way = ()) -> Iterator[Way]:
    """The way to every optional field."""
    for name, field in model.model_fields.items():
        if not field.is_required():
            yield (*way, name)
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from optional(part, (*way, name))


FIELDS = [
    (kind, way)
    for kind in DUTY_TYPES
    for way in optional(EVENT_MODELS[kind].model_fields["data"].annotation)  # type: ignore[arg-type]
    if way not in DUTIES
]


# Those that the model sees, alone or by what is made of them.
SEEN_OF_REAL_NAMES: list[Any] = [
    ("operator_document",),
    *[("sender", name) for name in ("document_type", "phone", "phone_token")],
    *[("receiver", name) for name in ("name", "phone", "region")],
    *[("goods", name) for name in ("nature", "quantity", "declared_value_cny", "dangerous_declared")],
    *[(name,) for name in ("device", "fill_mode", "transport_mode", "place", "stated_region")],
]
SEEN_OF_INSPECTIONS = [(name,) for name in ("started_at", "sealed_at", "found_goods", "weight_g", "photos", "place")]
SEEN_BY_THE_MODEL = {(EventType.REAL_NAME, way) for way in SEEN_OF_REAL_NAMES} | {
    (EventType.INSPECTION, way) for way in SEEN_OF_INSPECTIONS
}


def token(text: str) -> str:
    return "demo." + urlsafe_b64encode(sha256(text.encode()).digest()).decode()[:22]


def made_at_source(real_name: dict[str, Any]) -> dict[str, Any]:
    """The same real name, with tokens and masks for personal values."""
    made = real_name | {part: dict(real_name[part]) for part in ("sender", "receiver")}
    for part in (made["sender"], made["receiver"]):
        for value in ("name", "phone"):
            if told := part.pop(value, None):
                part[f"{value}_token"] = token(told)
    sender, told = made["sender"], real_name["sender"]
    if number := sender.pop("document_number", None):
        sender |= {"document_token": token(number), "document_mask": f"{number[:1]}****{number[-4:]}"}
        sender["document_check"] = "valid"
    if "name" in told:
        sender["name_mask"] = told["name"][0] + "*"
    if "phone" in told:
        sender["phone_mask"] = f"{told['phone'][:3]}****{told['phone'][-4:]}"
    if operator := made.pop("operator_document", None):
        made["operator_document_token"] = token(operator)
    return made


def with_every_field(kind: EventType, data: dict[str, Any]) -> dict[str, Any]:
    """The same data, with what the simulated couriers leave out."""
    if kind == EventType.REAL_NAME and data["sender"].get("document_type") == "passport":
        return data | {"sender": data["sender"] | {"issuing_country": "GBR"}}
    if kind == EventType.INSPECTION:
        photos = [{"place": data["place"]} | photo if "place" in data else photo for photo in data["photos"]]
        return data | {"photos": photos} | ({"found_category": "18"} if data["result"] != "passed" else {})
    return data


@cache
def traffic(at_source: bool = False) -> tuple[tuple[int, dict[str, Any]], ...]:
    """Ordinary events; some are corrected a minute later, and some inspections refused the parcel."""
    events = [(event.arrival_ms, event.envelope) for event in Simulation(PLAN).events()]
    persons = {one["subject"] for _, one in events if one["data"].get("sender", {}).get("kind") == "person"}
    told = []
    for number, (arrival, event) in enumerate(events):
        if event["subject"] not in persons and crc32(event["subject"].encode()) % AGREEMENT_KEPT:
            continue
        kind, data = event["type"], event["data"]
        if kind == EventType.INSPECTION and number % 100 == 0:
            data = data | {"result": "refused_prohibited"}
        data = with_every_field(kind, data)
        event = event | {"data": made_at_source(data) if at_source and kind == EventType.REAL_NAME else data}
        told.append((arrival, event))
        if kind != EventType.SECURITY_SCAN and number % 20 == 0:
            data = event["data"] | {"corrects": event["id"]}
            told.append((arrival + 60_000, event | {"id": event["id"] + "-again", "data": data}))
    return tuple(sorted(told, key=lambda one: one[0]))


@cache
def stages(with_model: bool) -> Any:
    return build_stages(Settings(sampled_share=0.0) if with_model else settings())


@cache
def alerted(
    with_model: bool, kind: EventType | None = None, way: Way = (), at_source: bool = False
) -> frozenset[tuple[str, str]]:
    """Waybills, each with a rule, or the model, that alerts it when a field is left out of all events of a kind."""
    line, found = Pipeline(stages(with_model), settings().topics), set[tuple[str, str]]()
    records: list[Record] = []
    for arrival, event in traffic(at_source):
        left = event | {"data": less(event["data"], way)} if event["type"] == kind else event
        courier, key, value, headers = binary_mode(left)
        records.append(Record(f"intake.{courier}", 0, len(records), arrival, key, value, headers))
    for batch in batches(records, 500):
        result = line.feed(batch, {"intake.swift": batch[-1].timestamp - 1})
        assert result.rejected == []
        for send in result.alerts:
            alert = Alert.model_validate_json(send.value or b"")
            found.update((alert.waybill, finding.rule) for finding in alert.findings)
    return frozenset(found)


def is_made_at_source(way: Way) -> bool:
    return way[-1].endswith(MADE_AT_SOURCE)


def newly_alerted(by_model: bool, kind: EventType, way: Way) -> set[tuple[str, str]]:
    """Waybills and rules, or the model, that alert them only if the field is left out.

    Rules find the same with a model and without: what it sees is screened once, with it.
    """
    at_source, with_model = is_made_at_source(way), (kind, way) in SEEN_BY_THE_MODEL
    found = alerted(with_model, kind, way, at_source) - alerted(with_model, at_source=at_source)
    return {(waybill, rule) for waybill, rule in found if (rule == MODEL_RULE) == by_model}


def occurs(body: Any, way: Way) -> bool:
    if isinstance(body, list):
        return any(occurs(entry, way) for entry in body)
    if not isinstance(body, dict) or way[0] not in body:
        return False
    return len(way) == 1 or occurs(body[way[0]], way[1:])


@pytest.mark.parametrize(
    ("kind", "way"), FIELDS, ids=lambda part: ".".join(part) if isinstance(part, tuple) else part.duty
)
def test_a_field_that_is_left_out_was_there(kind: EventType, way: Way) -> None:
    told = [event["data"] for _, event in traffic(is_made_at_source(way)) if event["type"] == kind]
    assert any(occurs(data, way) for data in told)


def test_every_optional_field_is_walked() -> None:
    assert len(FIELDS) > 40
    assert {kind for kind, _ in FIELDS} == set(DUTY_TYPES)
    assert (EventType.INSPECTION, ("photos", "place")) in FIELDS
    assert set(OPTIONAL_FIELDS) <= set(FIELDS), "what simulated outlets leave out is optional"


@pytest.mark.parametrize(
    ("kind", "way"), FIELDS, ids=lambda part: ".".join(part) if isinstance(part, tuple) else part.duty
)
def test_a_field_left_out_makes_no_rule_accuse(kind: EventType, way: Way) -> None:
    assert len(newly_alerted(False, kind, way)) <= CHANCE


@pytest.mark.parametrize("way", SEEN_OF_REAL_NAMES, ids=".".join)
def test_a_field_left_out_of_real_names_does_not_raise_the_score(way: Way) -> None:
    assert len(newly_alerted(True, EventType.REAL_NAME, way)) <= CHANCE_OF_MODEL


@pytest.mark.parametrize("way", SEEN_OF_INSPECTIONS, ids=".".join)
def test_a_field_left_out_of_inspections_does_not_raise_the_score(way: Way) -> None:
    assert len(newly_alerted(True, EventType.INSPECTION, way)) <= CHANCE_OF_MODEL
