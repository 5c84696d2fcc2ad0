"""Event types as they are read: the models, the fast reader of each, and what they make of data."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Literal

from msgspec import MsgspecError, Raw, Struct
from msgspec.json import Decoder as JsonDecoder
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from parcelward.contract.envelope import Envelope
from parcelward.contract.events import EVENT_MODELS, EventType
from parcelward.contract.reasons import Reason
from parcelward.intake.attributes import type_problem
from parcelward.intake.compiled_reader import IN_DOUBT, Reader, reader_of
from parcelward.intake.event import STRUCT_OF, key_of
from parcelward.intake.refusal import Rejected, is_plain, keys_in, read_strictly, refuse_value

REQUIRED_ATTRIBUTES = 5
UNREADABLE = (MsgspecError, ValueError, RecursionError)


class Plan(Struct, frozen=True):
    """One event type, as it is read: where its key stands, its models, their JSON validators, and the fast reader."""

    event_type: EventType
    key_name: str
    key_of: Callable[[Any], str]
    reader: Reader
    validate_data: Callable[[bytes], Any]
    validate_event: Callable[[bytes], Any]
    data_model: type[BaseModel]
    event_model: type[Envelope]


def _plan(event_type: EventType) -> Plan:
    event_model = EVENT_MODELS[event_type]
    data_model: Any = event_model.model_fields["data"].annotation
    is_heartbeat = event_type is EventType.HEARTBEAT
    return Plan(
        event_type,
        "data.outlet, or data.courier without one" if is_heartbeat else "data.waybill",
        key_of if is_heartbeat else attrgetter("waybill"),  # which takes half the time
        reader_of(data_model, STRUCT_OF),
        data_model.__pydantic_validator__.validate_json,
        event_model.__pydantic_validator__.validate_json,
        data_model,
        event_model,
    )


class _Structured(Struct, frozen=True):
    """Data of a structured event, as they stand in its text."""

    data: Raw


class Usual(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A structured event as nearly all are: without extensions and without null."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: str
    data: Raw
    subject: str | None = None
    datacontenttype: Literal["application/json"] | None = None

    def colons(self) -> int:
        """Count the colons that its text surely has outside of its data, if it names each attribute once."""
        names = REQUIRED_ATTRIBUTES + 1 + (self.subject is not None) + (self.datacontenttype is not None)
        return names + sum(text.count(":") for text in (self.id, self.source, self.type, self.time))


_envelope = JsonDecoder(_Structured).decode
read_usual = JsonDecoder(Usual).decode
"""Reads a structured event that is as nearly all are; raises one of UNREADABLE for any other."""
PLANS: dict[bytes, Plan] = {event_type.value.encode(): _plan(event_type) for event_type in EVENT_MODELS}


def data_within(plan: Plan, value: bytes, validated: BaseModel) -> Any:
    """The data of a structured event that has been validated: read from its text, which costs a tenth of a copy."""
    reader = plan.reader
    try:
        data = reader.parse(_envelope(value).data)
        if reader.complete(data) != IN_DOUBT:
            return data
    except UNREADABLE:
        pass
    return reader.of_model(validated)


def looked_at(plan: Plan, value: bytes, data: Any, colons: int) -> Any | Rejected:
    """The data of a value that is not certainly plain: judged by the model what the reader left in doubt."""
    if colons == IN_DOUBT:
        try:
            data = plan.reader.of_model(plan.validate_data(value))
        except ValidationError as error:
            return refuse_value(error, value, "data", plan.data_model)
    if value.count(b":") == colons and b"\\u0000" not in value:
        return data
    if not is_plain(value, keys_in(from_json(value))) and isinstance(refused := read_strictly(value), Rejected):
        return refused
    return data


def plan_of_body(body: Any, announced: bool) -> Plan | Rejected:
    """The plan for a structured event by its `specversion` and `type`."""
    if not isinstance(body, dict):
        if isinstance(body, list):
            home = "this is an array; write one event a line, as `jq -c '.[]' FILE` does"
            return Rejected(Reason.NOT_CLOUDEVENTS, "the value is an array; one record holds one event", home)
        return Rejected(Reason.NOT_CLOUDEVENTS, "the value is not a JSON object")
    if "specversion" not in body:
        if announced:
            return Rejected(Reason.MISSING_FIELD, "specversion: required")
        return Rejected(Reason.NOT_CLOUDEVENTS, "no specversion field, and no ce_ headers", "specversion: required")
    if body["specversion"] != "1.0":
        return Rejected(Reason.NOT_CLOUDEVENTS, "specversion: must be 1.0")
    if "type" not in body:
        return Rejected(Reason.MISSING_FIELD, "type: required")
    name = body["type"]
    if not isinstance(name, str):
        return Rejected(Reason.WRONG_TYPE, "type: must be a string")
    return PLANS.get(name.encode()) or type_problem(name, "type")
