"""Leaving out an optional field of the contract accuses nobody: ordinary traffic has as many alerts as with it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from pydantic import BaseModel

from parcelward.contract.alerts import Alert
from parcelward.contract.events import EVENT_MODELS, EventType
from parcelward.publisher import binary_mode
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline, batches
from parcelward.settings import Settings
from parcelward.simulate import Plan, Simulation
from parcelward.simulate.left_out import Way, less
from parcelward.stage import Record
from tests.builders import settings

PLAN = Plan(
    couriers=("swift",),
    outlets_per_courier=5,
    waybills_per_day=1000,
    start=datetime(2026, 11, 22, 16, tzinfo=UTC),
    days=1,
    seed=5,
    violation_share=0.0,
    malformed_share=0.0,
)
CHANCE = 4
"""Waybills out of a thousand that may be alerted or not, whatever a field says: their figures lie at a threshold."""
DUTIES = {("sender", "document_number"), ("sender", "name"), ("sender", "agreement_id")}
"""Fields that the law wants of a sender, or of an agreement customer instead: rules may ask for them."""


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
    for kind, model in EVENT_MODELS.items()
    for way in optional(model.model_fields["data"].annotation)  # type: ignore[arg-type]
    if way not in DUTIES
]


@cache
def traffic() -> tuple[tuple[int, dict[str, Any]], ...]:
    return tuple((event.arrival_ms, event.envelope) for event in Simulation(PLAN).events())


@cache
def stages(with_model: bool) -> Any:
    return build_stages(Settings(sampled_share=0.0) if with_model else settings())


@cache
def alerted(with_model: bool, kind: EventType | None = None, way: Way = ()) -> dict[str, set[str]]:
    """Rules, and the model, by the waybills that they alert when a field is left out of all events of a kind."""
    line, found = Pipeline(stages(with_model), settings().topics), dict[str, set[str]]()
    records: list[Record] = []
    for arrival, event in traffic():
        left = event | {"data": less(event["data"], way)} if event["type"] == kind else event
        courier, key, value, headers = binary_mode(left)
        records.append(Record(f"intake.{courier}", 0, len(records), arrival, key, value, headers))
    for batch in batches(records, 500):
        result = line.feed(batch, {"intake.swift": batch[-1].timestamp - 1})
        assert result.rejected == []
        for send in result.alerts:
            alert = Alert.model_validate_json(send.value or b"")
            found.setdefault(alert.waybill, set()).update(finding.rule for finding in alert.findings)
    return found


def newly_alerted(with_model: bool, kind: EventType, way: Way) -> dict[str, set[str]]:
    """Waybills with an alert only if the field is left out."""
    usual = alerted(with_model)
    return {waybill: by for waybill, by in alerted(with_model, kind, way).items() if waybill not in usual}


def test_every_optional_field_is_walked() -> None:
    assert len(FIELDS) > 40
    assert {kind for kind, _ in FIELDS} == set(EventType)
    assert (EventType.INSPECTION, ("photos", "place")) in FIELDS


@pytest.mark.parametrize(
    ("kind", "way"), FIELDS, ids=lambda part: ".".join(part) if isinstance(part, tuple) else part.duty
)
def test_a_field_left_out_makes_no_rule_accuse(kind: EventType, way: Way) -> None:
    assert len(newly_alerted(False, kind, way)) <= CHANCE


# Those that the model sees, alone or by what is made of them.
SEEN_BY_THE_MODEL: list[Any] = [
    ("operator_document",),
    *[("sender", name) for name in ("document_type", "phone")],
    *[("receiver", name) for name in ("name", "phone", "region")],
    *[("goods", name) for name in ("nature", "quantity", "declared_value_cny", "dangerous_declared")],
    *[(name,) for name in ("device", "fill_mode", "transport_mode", "place", "stated_region")],
]


@pytest.mark.parametrize("way", SEEN_BY_THE_MODEL, ids=".".join)
def test_a_field_left_out_of_real_names_does_not_raise_the_score(way: Way) -> None:
    assert len(newly_alerted(True, EventType.REAL_NAME, way)) <= CHANCE


@pytest.mark.parametrize(
    "way", [(name,) for name in ("started_at", "sealed_at", "found_goods", "weight_g", "photos", "place")], ids=".".join
)
def test_a_field_left_out_of_inspections_does_not_raise_the_score(way: Way) -> None:
    assert len(newly_alerted(True, EventType.INSPECTION, way)) <= CHANCE
