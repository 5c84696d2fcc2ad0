"""Outlets whose software leaves optional fields out: for good, in every event, and nothing else changes."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import orjson

from parcelward.contract.events import EVENT_MODELS, EventType
from parcelward.simulate import Plan, simulate
from parcelward.simulate.left_out import OPTIONAL_FIELDS, OptionalField, draw_left_out, without

DAY = Plan(waybills_per_day=3_000, start=datetime(2026, 11, 2, tzinfo=UTC), seed=7, left_out_share=0.3)


def has(envelope: dict, field: OptionalField) -> bool:  # type: ignore[type-arg]
    *to, name = field.way
    part = envelope["data"]
    for outer in to:
        part = part.get(outer, {})
    return any(name in one for one in part) if isinstance(part, list) else name in part


def test_every_listed_field_is_optional_in_the_contract() -> None:
    for event in simulate(replace(DAY, left_out_share=1.0, days=0.1)):
        model = EVENT_MODELS[EventType(event.envelope["type"])]
        model.model_validate_json(orjson.dumps(event.envelope))
        assert not any(has(event.envelope, field) for field in OPTIONAL_FIELDS if field.type == event.envelope["type"])


def test_an_outlet_sends_a_field_sometimes_or_never_as_its_software_does() -> None:
    sends: dict[tuple[str, OptionalField], list[bool]] = defaultdict(list)
    for event in simulate(DAY):
        for field in OPTIONAL_FIELDS:
            if field.type == event.envelope["type"] and field.way == ("operator_document",):
                sends[event.envelope["data"]["outlet"], field].append(has(event.envelope, field))
    often = [seen for seen in sends.values() if len(seen) > 20]
    assert all(all(seen) or not any(seen) for seen in often)
    never = sum(not any(seen) for seen in often) / len(often)
    assert 0.15 < never < 0.45, "about the share of the plan"


def test_every_field_is_left_out_somewhere() -> None:
    drawn = draw_left_out(0.5, Random(1)) | draw_left_out(0.5, Random(2)) | draw_left_out(0.5, Random(3))
    assert drawn <= set(OPTIONAL_FIELDS)
    assert len(drawn) > len(OPTIONAL_FIELDS) / 2
    assert draw_left_out(0.0, Random(1)) == frozenset()


def test_what_an_event_is_made_of_stays_as_it_was() -> None:
    sender = {"kind": "person", "phone": "13800001234"}
    photos = [{"sha256": "a", "taken_at": "2026-11-02T08:00:00Z"}]
    envelope = {"type": EventType.REAL_NAME.value, "data": {"sender": sender, "place": {}}}
    less = without(envelope, frozenset(OPTIONAL_FIELDS))
    assert less["data"] == {"sender": {"kind": "person"}}
    assert sender == {"kind": "person", "phone": "13800001234"}
    inspected = {"type": EventType.INSPECTION.value, "data": {"photos": photos}}
    taken_at = OptionalField(EventType.INSPECTION, ("photos", "taken_at"))
    assert without(inspected, frozenset([taken_at]))["data"] == {"photos": [{"sha256": "a"}]}
    assert "taken_at" in photos[0]


def test_a_plan_without_it_gives_the_events_that_it_always_gave() -> None:
    plan = replace(DAY, left_out_share=0.0, days=0.05)
    assert all(
        event.envelope["data"].get("operator_document")
        for event in simulate(plan)
        if "realname" in event.envelope["type"]
    )
