"""The schemas on disk are what the models say, and decoder and JSON Schema agree on every example."""

import base64
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from parcelward.channels import files
from parcelward.contract import schema_files as schemas
from parcelward.contract.envelope import Envelope
from parcelward.contract.reasons import Reason
from parcelward.intake import event_file
from parcelward.intake.decode import Decoder, Event, Limits, Rejected
from parcelward.moments import ms_of
from parcelward.stage import Record
from parcelward.topics import Topics

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "schemas"
EXAMPLES = sorted((FOLDER / "examples").glob("*/*/*.json"))
INTAKE = {"real-name", "inspection", "security-scan", "heartbeat"}

# What a JSON Schema over the value cannot see: it is in the bytes, in the record around the value, or between fields.
UNSEEN = {
    Reason.TOMBSTONE,
    Reason.TOO_LARGE,
    Reason.INVALID_ENCODING,
    Reason.INVALID_JSON,
    Reason.DUPLICATE_FIELD,
    Reason.MISSING_KEY,
    Reason.KEY_MISMATCH,
    Reason.WRONG_COURIER,
    Reason.TIME_OUT_OF_RANGE,
    Reason.UNEXPECTED,
}


def name(path: Path) -> str:
    return "/".join(path.relative_to(FOLDER / "examples").with_suffix("").parts)


def is_valid(path: Path) -> bool:
    return path.parent.name == "valid"


def message(path: Path) -> str:
    return path.parts[-3]


def reason(path: Path) -> Reason:
    return Reason(path.stem.partition("-")[0])


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def validator(message_name: str) -> Any:
    from jsonschema import Draft202012Validator  # two seconds, for this file alone

    schema = load(FOLDER / f"{message_name}.v1.json")
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def is_record(example: Any) -> bool:
    return isinstance(example, dict) and "value_base64" in example


def unpacked(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def record_of(example: Any) -> Record:
    """The Kafka record of an example: as written down, or a structured event on its courier's topic, just arrived."""
    if is_record(example):
        headers = [(header, base64.b64decode(value)) for header, value in example["headers"]]
        key, value = unpacked(example["key_base64"]), unpacked(example["value_base64"])
        return Record(example["topic"], 0, 0, example["timestamp"], key, value, headers)
    body = example if isinstance(example, dict) else {}
    try:
        arrival = ms_of(Envelope.model_validate_json(json.dumps(body)).time) + 500
    except ValidationError:
        arrival = 500
    return event_file.record_of(json.dumps(example, ensure_ascii=False).encode(), Topics(), at_ms=arrival)


def decoded(example: Any) -> Event | Rejected:
    return Decoder(Topics(), Limits()).decode(record_of(example))


def test_files_are_what_the_models_say() -> None:
    assert files.drift(FOLDER) == [], "run `make schemas`"


def test_drift_is_seen_and_mended(tmp_path: Path) -> None:
    files.write(tmp_path)
    assert files.drift(tmp_path) == []
    (tmp_path / "alert.v1.json").write_text("{}")
    (tmp_path / "gone.v1.json").write_text("{}")
    assert files.drift(tmp_path) == ["alert.v1.json", "gone.v1.json"]
    files.write(tmp_path)
    assert files.drift(tmp_path) == []


@pytest.mark.parametrize("message_name", [message.name for message in schemas.MESSAGES])
def test_every_field_has_a_description_and_an_example(message_name: str) -> None:
    rows = list(schemas.rows_of(load(FOLDER / f"{message_name}.v1.json")))
    assert len(rows) >= 2
    assert [row.path for row in rows if not row.description] == []
    assert [row.path for row in rows if row.example is None] == []


@pytest.mark.parametrize("message_name", [message.name for message in schemas.MESSAGES])
def test_examples_of_fields_keep_their_own_schema(message_name: str) -> None:
    schema = load(FOLDER / f"{message_name}.v1.json")
    checker = validator(message_name)
    for part in (schema, *schema.get("$defs", {}).values()):
        for field_name, field in part.get("properties", {}).items():
            for example in field["examples"]:
                wrong = list(checker.evolve(schema={**field, "$defs": schema.get("$defs", {})}).iter_errors(example))
                assert wrong == [], f"{field_name}: {example}"


def test_quantities_name_their_unit() -> None:
    rows = [row for message in schemas.MESSAGES for row in schemas.rows_of(schemas.schema_of(message))]
    measured = [row for row in rows if re.search(r"(_g|_ms|_cny|latitude|longitude)$", row.path)]
    assert len(measured) >= 8
    assert [row.path for row in measured if not row.unit] == []


def test_there_are_examples_of_every_message_and_of_every_reason_a_file_can_show() -> None:
    assert {message(path) for path in EXAMPLES if is_valid(path)} == {m.name for m in schemas.MESSAGES}
    shown = {reason(path) for path in EXAMPLES if not is_valid(path)}
    assert set(Reason) - shown == {Reason.TOO_LARGE, Reason.UNKNOWN_KEY, Reason.UNEXPECTED}


@pytest.mark.parametrize("path", [p for p in EXAMPLES if message(p) in INTAKE], ids=name)
def test_the_decoder_gives_the_answer_the_example_is_named_after(path: Path) -> None:
    answer = decoded(load(path))
    if is_valid(path):
        assert isinstance(answer, Event), answer
    else:
        assert isinstance(answer, Rejected)
        assert answer.reason is reason(path), answer.detail
        assert answer.detail


@pytest.mark.parametrize("path", [p for p in EXAMPLES if message(p) not in INTAKE], ids=name)
def test_outgoing_examples_are_judged_alike_by_model_and_schema(path: Path) -> None:
    model = next(m.model for m in schemas.MESSAGES if m.name == message(path))
    example = load(path)
    assert validator(message(path)).is_valid(example) is is_valid(path)
    if is_valid(path):
        model.model_validate_json(json.dumps(example))
    else:
        with pytest.raises(ValidationError):
            model.model_validate_json(json.dumps(example))


def schema_can_see(path: Path) -> bool:
    """Records lie in bytes and headers, which the schema of a value does not describe."""
    return not is_record(load(path)) and (is_valid(path) or reason(path) not in UNSEEN)


@pytest.mark.parametrize("path", [p for p in EXAMPLES if message(p) in INTAKE and schema_can_see(p)], ids=name)
def test_decoder_and_schema_agree(path: Path) -> None:
    example = load(path)
    schema_says = validator(message(path)).is_valid(example)
    assert schema_says is isinstance(decoded(example), Event)
    assert schema_says is is_valid(path)


@pytest.mark.parametrize(("number", "whole"), [(1250.0, 1250), (1250.5, None), (-0.0, None), (True, None)])
def test_an_integer_valued_number_is_an_integer(number: float, whole: int | None) -> None:
    example = load(FOLDER / "examples/real-name/valid/person.json")
    example["data"]["weight_g"] = number
    answer = decoded(example)
    assert validator("real-name").is_valid(example) is isinstance(answer, Event) is (whole is not None)
    assert whole is None or repr(answer.data.weight_g) == repr(whole)  # type: ignore[union-attr]


def null_in_each_field(body: Any) -> Iterator[tuple[str, Any, Any]]:
    """Each field of an event by its path: the event with null in its place, and the event without it."""
    for step, part in body.items() if isinstance(body, dict) else enumerate(body):
        rest = {name: other for name, other in body.items() if name != step} if isinstance(body, dict) else None
        yield str(step), _with(body, step, None), rest
        if isinstance(part, dict | list):
            for path, null, without in null_in_each_field(part):
                yield f"{step}.{path}", _with(body, step, null), without and _with(body, step, without)


def _with(body: Any, step: Any, part: Any) -> Any:
    changed = body.copy()
    changed[step] = part
    return changed


@pytest.mark.parametrize(
    "path", [p for p in EXAMPLES if message(p) in INTAKE and is_valid(p) and not is_record(load(p))], ids=name
)
def test_null_means_absent_where_absence_is_allowed_and_is_refused_elsewhere(path: Path) -> None:
    for where, null, without in null_in_each_field(load(path)):
        answer, schema_says = decoded(null), validator(message(path)).is_valid(null)
        absent = Rejected(Reason.WRONG_TYPE, "") if without is None else decoded(without)
        if where.split(".")[0] in ("type", "specversion"):
            assert isinstance(answer, Rejected), where
            continue
        assert isinstance(answer, Event) is isinstance(absent, Event) is schema_says, where
        if isinstance(answer, Event) and isinstance(absent, Event):
            assert answer.data == absent.data, where


def test_values_of_valid_examples_survive_both_ways_of_carrying() -> None:
    event = decoded(load(FOLDER / "examples/real-name/valid/person.json"))
    binary = decoded(load(FOLDER / "examples/real-name/valid/binary-mode.json"))
    assert isinstance(event, Event)
    assert isinstance(binary, Event)
    assert event.data == binary.data
    assert event.type == binary.type
    assert event.time_ms == binary.time_ms
