"""Messages of the document: payload, headers, Kafka key, and the examples that lie beside the schemas."""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter

from parcelward.contract.accounts import Account
from parcelward.contract.decisions import CaseId, SubjectKey
from parcelward.contract.envelope import Envelope
from parcelward.contract.fields import CourierCode, OutletCode, WaybillNo
from parcelward.contract.instructions import AlertId
from parcelward.contract.schema_files import ADDED, MESSAGES, STRUCTURED, Message, schema_of

BINDING = "0.5.0"
"""Version of the Kafka bindings."""
INNER = "inner-record"
_KEYS: Mapping[str, Any] = {
    "waybill": WaybillNo,
    "outlet": OutletCode,
    "courier": CourierCode,
    "date": Annotated[str, Account.model_fields["date"]],
    "case_id": CaseId,
    "alert_id": AlertId,
    "subject": SubjectKey,
}
"""Types of the keys, by the words in which a message names its key."""
_AS_RECEIVED = "as received"


def components(folder: Path) -> dict[str, Any]:
    """Every message by name, with the examples in `folder`, and the record that only workers understand."""
    inner = {
        "name": INNER,
        "title": INNER,
        "summary": "A record between workers.",
        "description": "Only workers of this installation read it. Its form may change with any version.",
        "contentType": "application/octet-stream",
    }
    return {message.name: _message(message, folder) for message in MESSAGES} | {INNER: inner}


def _message(message: Message, folder: Path) -> dict[str, Any]:
    schema = schema_of(message)
    said = {
        "name": message.type or message.name,
        "title": message.name,
        "summary": f"{message.carried[0].upper()}{message.carried[1:]}.",
        "description": schema["description"],
    }
    if message.carried == ADDED:
        carried = {"contentType": "application/octet-stream", "headers": _added_headers(message, schema)}
    elif message.carried == STRUCTURED:
        carried = {"contentType": "application/cloudevents+json", "payload": {"$ref": f"./{message.name}.v1.json"}}
    else:
        headers = {"allOf": [{"$ref": "#/components/schemas/cloudevent-headers"}, _of_type(message)], "type": "object"}
        carried = {
            "contentType": "application/json",
            "headers": headers,
            "payload": {"$ref": f"./{message.name}.v1.json"},
        }
    key = {} if message.key == _AS_RECEIVED else {"key": key_schema(message)}
    out = {**said, **carried, "bindings": {"kafka": {**key, "bindingVersion": BINDING}}}
    examples = list(_examples(message, folder))
    return out | {"examples": examples} if examples else out


def _of_type(message: Message) -> dict[str, Any]:
    return {"properties": {"ce_type": {"const": message.type}}}


def _added_headers(message: Message, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Headers beside those that the record came with: so, other than in the schema alone, there may be more."""
    fields = {name: {"$ref": f"./{message.name}.v1.json#/properties/{name}"} for name in schema["properties"]}
    return {"type": "object", "required": schema["required"], "properties": fields}


def cloudevent_headers() -> dict[str, Any]:
    """Headers of an event in binary mode: its attributes, each with `ce_` before its name, as UTF-8."""
    schema = Envelope.model_json_schema()
    fields = {}
    for name, field in schema["properties"].items():
        (kind,) = [one for one in field.get("anyOf", [field]) if one.get("type") != "null"]
        words = ("type", "const", "pattern", "minLength", "maxLength", "description", "examples")
        named = "content-type" if name == "datacontenttype" else f"ce_{name}"
        fields[named] = {word: part for word in words if (part := field.get(word, kind.get(word))) is not None}
    fields["ce_type"] = {"type": "string", "description": "Event type and version."}
    required = sorted({"ce_type", *(f"ce_{name}" for name in schema["required"])})
    return {"type": "object", "description": "CloudEvents attributes.", "required": required, "properties": fields}


def key_schema(message: Message) -> dict[str, Any]:
    """The Kafka key; where it may be one of two, either."""
    words = message.key.replace(", or ", " or ").split(" or ")
    kinds = [TypeAdapter(_KEYS[word]).json_schema() for word in words]
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def _examples(message: Message, folder: Path) -> Iterator[dict[str, Any]]:
    """Valid examples of a message; those of its event that are whole records in binary mode belong to its data."""
    for path in sorted((folder / message.name / "valid").glob("*.json")):
        body = json.loads(path.read_text(encoding="utf-8"))
        if not _is_record(body):
            yield {"name": path.stem, "headers" if message.carried == ADDED else "payload": body}
    event = message.name.removesuffix(".data")
    for path in sorted((folder / event / "valid").glob("*.json")) if event != message.name else ():
        body = json.loads(path.read_text(encoding="utf-8"))
        if _is_record(body):
            headers = {name: base64.b64decode(value).decode() for name, value in body["headers"]}
            payload = json.loads(base64.b64decode(body["value_base64"]))
            yield {"name": path.stem, "headers": headers, "payload": payload}


def _is_record(body: Any) -> bool:
    return "value_base64" in body
