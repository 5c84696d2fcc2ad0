"""Compares the answers of decoder and JSON Schema to one event: one answer, or one refuses what the other accepts."""

import base64
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs

from parcelward.contract.events import EventType
from parcelward.contract.keys import key_field
from parcelward.contract.reasons import Reason
from parcelward.intake.decode import Decoder, Event, Limits, Rejected
from parcelward.stage import Record
from parcelward.topics import Topics
from tests.agreement.events import Maker

SCHEMAS = Path(__file__).parents[2] / "schemas"
ARRIVAL = 1_795_397_400_000
NO_LIMIT = Limits(max_event_age_ms=10**18, max_event_ahead_ms=10**18)
# Between fields, in the bytes, or in the record around the value: where a schema of the value sees nothing.
UNSEEN = {Reason.KEY_MISMATCH, Reason.INVALID_ENCODING, Reason.DUPLICATE_FIELD}
UNSEEN_WORDS = ("a person's",)

_decoder = Decoder(Topics(), NO_LIMIT)


def validator(name: str) -> Any:
    """The validator of a schema file, as the library makes it if nothing is set."""
    return jsonschema_rs.validator_for(json.loads((SCHEMAS / f"{name}.v1.json").read_text(encoding="utf-8")))


class Disagreement(NamedTuple):
    """An event of which decoder and schema say different things."""

    message: str
    body: Any
    decoder: str
    schema: str


class Comparison:
    """Compares what both say of events of one type, in both modes, and counts the answers."""

    def __init__(self, event_type: EventType, seed: int) -> None:
        self.name = event_type.duty.replace("_", "-")
        self._type = event_type
        self._event, self._data = validator(self.name), validator(f"{self.name}.data")
        schema = json.loads((SCHEMAS / f"{self.name}.v1.json").read_text(encoding="utf-8"))
        self._maker = Maker(schema, random.Random(f"{seed} {self.name}"))
        self.counts: Counter[str] = Counter()

    def next(self) -> list[Disagreement]:
        """Make an event; compare it in structured mode, with its data in base64, and in binary mode."""
        body = self._maker.event()
        found = [self._compared(body, self._event, structured(body))]
        if isinstance(body.get("data"), dict):
            encoded = self._maker.encoded(body)
            if self._event.is_valid(encoded):
                found.append(self._compared(encoded, self._data, structured(encoded), body["data"]))
            found.append(self._compared(body["data"], self._data, binary(self._type, body["data"])))
        return [one for one in found if one is not None]

    def _compared(self, body: Any, schema: Any, record: Record, judged: Any = None) -> Disagreement | None:
        answer = _decoder.decode(record)
        valid = schema.is_valid(body if judged is None else judged)
        accepted = isinstance(answer, Event)
        self.counts["accepted" if accepted else "refused"] += 1
        if accepted is valid:
            return None
        if isinstance(answer, Rejected) and (
            answer.reason in UNSEEN or any(word in answer.detail for word in UNSEEN_WORDS)
        ):
            self.counts["seen by the decoder only"] += 1
            return None
        said = "accepted" if isinstance(answer, Event) else f"{answer.reason.value}: {answer.detail}"
        errors = "; ".join(str(error.message) for error in schema.iter_errors(body if judged is None else judged))
        return Disagreement(self.name, body, said, errors or "valid")


def structured(body: Any) -> Record:
    """The record of a structured event, on its courier's topic, under its key, just arrived."""
    data = body.get("data") if isinstance(body, dict) else None
    if data is None and isinstance(encoded := body.get("data_base64"), str):
        data = _read(encoded)
    event_type = body.get("type") if isinstance(body, dict) else None
    return _addressed(event_type, data, json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"), [])


def binary(event_type: EventType, data: Any) -> Record:
    """The record of sound attributes with these data as its value."""
    attributes = {"specversion": "1.0", "id": "e-1", "source": "/couriers/swift", "type": event_type.value}
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    headers.append(("ce_time", b"2026-11-23T09:30:00Z"))
    return _addressed(event_type, data, json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass"), headers)


def _addressed(event_type: Any, data: Any, value: bytes, headers: list[tuple[str, bytes]]) -> Record:
    given = data if isinstance(data, dict) else {}
    courier, key_text = given.get("courier"), given.get(key_field(event_type, given))
    key = str(key_text).encode("utf-8", "surrogatepass")
    return Record(Topics().intake(str(courier)), 0, 0, ARRIVAL, key, value, headers)


def _read(encoded: str) -> Any:
    try:
        return json.loads(base64.b64decode(encoded))
    except ValueError:
        return None
