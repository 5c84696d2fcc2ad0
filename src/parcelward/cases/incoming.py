"""Records of `answers.<courier>` and `decisions`: what they say, or why they are refused, as on intake.

There are few of them, so the models themselves read them; intake has readers of its own, for speed.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from parcelward.cases.referral import AnswerHop, DecisionHop, answer_hop, decision_hop, mark_of
from parcelward.contract.decisions import AboutAlert, DecisionEvent
from parcelward.contract.instructions import AnswerEvent
from parcelward.contract.reasons import Reason
from parcelward.intake.attributes import (
    PREFIX,
    Mode,
    data_in_base64,
    extensions_problem,
    given_twice,
    key_problem,
    mode_of,
)
from parcelward.intake.decode import Limits
from parcelward.intake.refusal import Rejected, no_value, not_json, problems_of, read_strictly
from parcelward.moments import ms_of
from parcelward.stage import SourceRecord
from parcelward.topics import Topics

Model = type[AnswerEvent] | type[DecisionEvent]


def read(record: SourceRecord, topics: Topics, limits: Limits) -> AnswerHop | DecisionHop | Rejected:
    """Read an answer or a decision, by the topic that it lies in."""
    value = record.value
    if value is None:
        return no_value(record)
    if len(value) > limits.max_record_bytes:
        detail = f"the value has {len(value)} bytes, the limit is {limits.max_record_bytes}"
        return Rejected(Reason.TOO_LARGE, detail)
    if (refused := given_twice(record.headers or ())) is not None:
        return refused
    if sum(len(name) + len(header or b"") for name, header in record.headers or ()) > limits.max_record_bytes:
        return Rejected(Reason.TOO_LARGE, f"the headers have more than {limits.max_record_bytes} bytes")
    model: Model = DecisionEvent if record.topic == topics.decisions else AnswerEvent
    body = _body(record, value)
    if isinstance(body, Rejected):
        return body
    kind = model.model_fields["type"].examples or []
    if body.get("type") not in kind and "type" in body:
        return Rejected(Reason.UNKNOWN_TYPE, f"type: must be {kind[0]}")
    if (refused := extensions_problem(body)) is not None:
        return refused
    try:
        event = model.model_validate_json(json.dumps(body))
    except ValidationError as error:
        return problems_of(error, "", model)
    return _placed(record, event, topics, limits)


def _body(record: SourceRecord, value: bytes) -> dict[str, Any] | Rejected:
    """The whole event as JSON, whichever way the record carries it."""
    headers = {name: header for name, header in record.headers or () if header is not None}
    mode = mode_of(headers)
    if isinstance(mode, Rejected):
        return mode
    read = _json(value)
    if isinstance(read, Rejected):
        return read
    if mode is Mode.BINARY:
        attributes = _attributes(headers)
        return attributes if isinstance(attributes, Rejected) else attributes | {"data": read}
    if not isinstance(read, dict) or "specversion" not in read:
        return Rejected(Reason.NOT_CLOUDEVENTS, "neither ce_ headers nor a CloudEvent as the value")
    if read.get("data_base64") is not None:
        data = data_in_base64(read)
        data = data if isinstance(data, Rejected) else _json(data)
        return data if isinstance(data, Rejected) else {**read, "data": data, "data_base64": None}
    return read


def _json(value: bytes) -> Any | Rejected:
    try:
        read = from_json(value)
    except ValueError as error:
        return not_json(str(error), value)
    refused = read_strictly(value)
    return refused if isinstance(refused, Rejected) else read


def _attributes(headers: Mapping[str, bytes]) -> dict[str, Any] | Rejected:
    attributes = {}
    for name, header in headers.items():
        if name.startswith(PREFIX):
            try:
                attributes[name.removeprefix(PREFIX)] = header.decode()
            except UnicodeDecodeError:
                return Rejected(Reason.INVALID_ENCODING, "a ce_ header is not UTF-8")
    return attributes


def _placed(
    record: SourceRecord, event: AnswerEvent | DecisionEvent, topics: Topics, limits: Limits
) -> AnswerHop | DecisionHop | Rejected:
    """Give what of the event goes on, unless it contradicts where or when it arrived."""
    mark = mark_of(event.source, event.id)
    if isinstance(event, AnswerEvent):
        hop: AnswerHop | DecisionHop = answer_hop(mark, event.data)
        key, name = event.data.waybill, "data.waybill"
        if topics.answers(event.data.courier) != record.topic:
            return Rejected(Reason.WRONG_COURIER, "data.courier: this courier does not own the topic")
    else:
        hop = decision_hop(mark, event.data)
        about = event.data.about
        if isinstance(about, AboutAlert):
            key, name = about.waybill, "data.about.waybill"
        else:
            key, name = about.subject, "data.about.subject"
    if record.key != key.encode():
        return key_problem(record.key, name)
    if not -limits.max_event_age_ms <= ms_of(event.time) - record.timestamp <= limits.max_event_ahead_ms:
        return Rejected(Reason.TIME_OUT_OF_RANGE, "time: too far from the arrival of the record")
    return hop
