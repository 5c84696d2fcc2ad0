"""The schemas hold in validators that couriers use, as these come, and say what the decoder says."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from parcelward.contract.events import EventType
from parcelward.contract.patterns import IN_WORDS, RFC3339_PATTERN
from parcelward.contract.schema_files import MESSAGES
from tests.agreement.compare import Comparison
from tests.node import run_node

FOLDER = Path(__file__).parents[2] / "schemas"
FILES = sorted(FOLDER.glob("*.v1.json"))
# What only the decoder sees: in the bytes, in the record around the value, or between fields.
UNSEEN = re.compile("tombstone|invalid_(encoding|json)|duplicate_field|missing_key|key_mismatch|wrong_courier|time_out")
GENERATED = 1_000


def examples() -> Iterator[tuple[Path, Any, bool]]:
    """Each example that is a value, not a whole record: its file, what is in it, and whether it is valid."""
    for path in sorted((FOLDER / "examples").glob("*/*/*.json")):
        body = json.loads(path.read_text(encoding="utf-8"))
        if not (isinstance(body, dict) and "value_base64" in body) and not UNSEEN.match(path.stem):
            yield path, body, path.parent.name == "valid"


def schema_of(example: Path) -> Path:
    return FOLDER / f"{example.parts[-3]}.v1.json"


AJV = """
const Ajv = require('ajv/dist/2020').default, fs = require('fs');
const said = [], heard = [];
for (const level of ['log', 'warn', 'error']) console[level] = (...words) => heard.push(words.join(' '));
for (const [schema, examples] of JSON.parse(fs.readFileSync(0))) {
  const check = new Ajv().compile(JSON.parse(fs.readFileSync(schema)));
  said.push(examples.map((file) => check(JSON.parse(fs.readFileSync(file)))));
}
process.stdout.write(JSON.stringify([said, heard]));
"""


def test_ajv_compiles_each_schema_in_its_strict_default_and_agrees_on_each_example() -> None:
    found = [
        (schema, [(path, valid) for path, _, valid in examples() if schema_of(path) == schema]) for schema in FILES
    ]
    asked = [(str(schema), [str(path) for path, _ in of_it]) for schema, of_it in found]
    said, complaints = json.loads(run_node(AJV, stdin=json.dumps(asked)))
    assert complaints == []
    assert said == [[valid for _, valid in of_it] for _, of_it in found]


@pytest.mark.parametrize("schema", FILES, ids=lambda path: path.name)
def test_jsonschema_rs_compiles_each_schema_and_agrees_on_each_example(schema: Path) -> None:
    checker = jsonschema_rs.validator_for(json.loads(schema.read_text(encoding="utf-8")))
    of_it = [
        (path.stem, checker.is_valid(body), valid) for path, body, valid in examples() if schema_of(path) == schema
    ]
    assert of_it
    assert [name for name, said, valid in of_it if said is not valid] == []


def check_jsonschema(*arguments: str) -> Any:
    ran = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "-o", "json", *arguments],
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.stdout, ran.stderr
    return json.loads(ran.stdout)


def test_check_jsonschema_takes_each_schema_for_sound() -> None:
    assert check_jsonschema("--check-metaschema", *map(str, FILES))["status"] == "ok"


def test_check_jsonschema_agrees_on_the_examples_of_a_real_name() -> None:
    of_it = {str(path): valid for path, _, valid in examples() if path.parts[-3] == "real-name"}
    answer = check_jsonschema("--schemafile", str(FOLDER / "real-name.v1.json"), *of_it)
    refused = {error["filename"] for error in answer["errors"]}
    assert refused == {path for path, valid in of_it.items() if not valid}


@pytest.mark.parametrize("event_type", EventType, ids=lambda event_type: event_type.duty)
def test_decoder_and_schema_agree_on_events_near_the_contract(event_type: EventType) -> None:
    """`python -m tests.agreement` compares ten thousand and more."""
    comparison = Comparison(event_type, seed=15)
    found = [one for _ in range(GENERATED) for one in comparison.next()]
    assert found == []
    assert min(comparison.counts["accepted"], comparison.counts["refused"]) > GENERATED // 2


def test_each_pattern_of_an_event_is_said_in_words() -> None:
    read = ("intake.<courier>", "answers.<courier>", "decisions")
    names = [message.name for message in MESSAGES if message.topic in read]
    schemas = [json.loads((FOLDER / f"{name}.v1.json").read_text(encoding="utf-8")) for name in names]
    patterns = {found for schema in schemas for found in _patterns(schema)}
    moment, base64 = (next(p for p in patterns if word in p) for word in ("-02-29)", "{2}=="))
    assert patterns - set(IN_WORDS) == {moment, base64}  # the words of a moment are those of its syntax
    assert set(IN_WORDS) - patterns == {RFC3339_PATTERN}


def _patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for part in schema.values():
            yield from _patterns(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _patterns(part)
