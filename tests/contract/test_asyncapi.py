"""The AsyncAPI document holds by the official schema, names every topic, and its examples are what it says."""

import copy
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from parcelward.channels.channel import COURIER, ROLES, SETTINGS, channels
from parcelward.contract.schema_files import ADDED, MESSAGES, Message, rows_of, schema_of
from parcelward.ground.plan import plan_accounts, plan_delivery, plan_topics
from tests.node import run_node
from tests.rights_table import TOPICS

FOLDER = Path(__file__).parents[2] / "schemas"
FILE = FOLDER / "asyncapi.json"
DOCUMENT = json.loads(FILE.read_text(encoding="utf-8"))
PAGE = (FOLDER / "topics.html").read_text(encoding="utf-8")
SAID = DOCUMENT["components"]["messages"]

BY_THE_OFFICIAL_SCHEMA = """
const Ajv = require('ajv').default, fs = require('fs');
const schema = require('@asyncapi/specs').schemas['3.1.0'];
const check = new Ajv({strict: false, validateFormats: false, meta: false, validateSchema: false}).compile(schema);
const said = JSON.parse(fs.readFileSync(0)).map((document) => (check(document) ? [] : check.errors));
process.stdout.write(JSON.stringify(said));
"""


def faulty() -> Iterator[Any]:
    """The document with one fault each."""
    for path, value in (
        (("asyncapi",), "2.6.0"),
        (("channels", "alerts", "colour"), "red"),
        (("channels", "alerts", "bindings", "kafka", "partitions"), 0),
        (("operations", "platform-receives-alerts", "action"), "reads"),
        (("components", "securitySchemes", "platform", "type"), "scram"),
        (("components", "messages", "alert", "bindings", "kafka", "key", "type"), "word"),
    ):
        doctored = copy.deepcopy(DOCUMENT)
        inner = doctored
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value
        yield doctored


def test_the_document_holds_by_the_official_schema_and_one_with_a_fault_does_not() -> None:
    said = json.loads(run_node(BY_THE_OFFICIAL_SCHEMA, stdin=json.dumps([DOCUMENT, *faulty()])))
    assert said[0] == []
    assert all(said[1:])


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_every_reference_leads_somewhere() -> None:
    for reference in set(references(DOCUMENT)):
        name, _, pointer = reference.partition("#")
        part = json.loads((FOLDER / name).read_text(encoding="utf-8")) if name else DOCUMENT
        for step in filter(None, pointer.split("/")):
            part = part[step]


def test_every_topic_is_a_channel_and_every_message_is_on_one() -> None:
    planned = {plan.name for plan in (*plan_topics(SETTINGS), *plan_accounts(SETTINGS), *plan_delivery(SETTINGS))}
    assert {channel["address"] for channel in DOCUMENT["channels"].values()} == planned
    said = {topic for message in MESSAGES for topic in message.topic.replace("<courier>", COURIER).split(", ")}
    assert {channel.address for channel in channels() if not channel.is_inner} == said
    assert all(channel["description"] for channel in DOCUMENT["channels"].values())


def test_operations_are_the_rights_that_are_tried_on_a_real_kafka() -> None:
    users = {role.user.replace(COURIER, "swift"): role.name for role in ROLES}
    own = {one.topic.replace(".swift", f".{COURIER}"): one for one in TOPICS if not one.topic.endswith(".orient")}
    right = {
        (users[user], action, address)
        for address, one in own.items()
        for action, allowed in (("send", one.writers), ("receive", one.readers))
        for user in allowed
    }
    said = [
        (one["tags"][0]["name"], one["action"], DOCUMENT["channels"][one["channel"]["$ref"].split("/")[-1]]["address"])
        for one in DOCUMENT["operations"].values()
    ]
    assert len(said) == len(set(said))
    assert set(said) == right


def validator(message: str, part: str) -> Any:
    """Checks by the document as it lies on disk, references and all."""
    return jsonschema_rs.Draft202012Validator({"$ref": f"{FILE.as_uri()}#/components/messages/{message}/{part}"})


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
def test_each_example_of_a_message_is_valid_and_an_empty_one_is_not(message: Message) -> None:
    examples = SAID[message.name]["examples"]
    parts = ["headers"] if message.carried == ADDED else ["payload"]
    parts += ["headers"] * any("headers" in example and "payload" in example for example in examples)
    for part in parts:
        checker = validator(message.name, part)
        wrong = [error.message for one in examples if part in one for error in checker.iter_errors(one[part])]
        assert wrong == []
        assert not checker.is_valid({})


def test_the_examples_are_all_those_that_lie_beside_the_schemas() -> None:
    lying = sorted(path.stem for path in FOLDER.glob("examples/*/valid/*.json"))
    assert sorted(example["name"] for message in SAID.values() for example in message.get("examples", ())) == lying


@pytest.mark.parametrize("schema", sorted(FOLDER.glob("*.v1.json")), ids=lambda path: path.name)
def test_a_schema_says_the_same_to_who_reads_it_as_draft_07(schema: Path) -> None:
    """AsyncAPI's own dialect builds on it."""
    text = json.loads(schema.read_text(encoding="utf-8"))
    newer, older = jsonschema_rs.Draft202012Validator(text), jsonschema_rs.Draft7Validator(text)
    examples = list((FOLDER / "examples" / schema.name.removesuffix(".v1.json")).glob("*/*.json"))
    assert examples
    for path in examples:
        body = json.loads(path.read_text(encoding="utf-8"))
        assert newer.is_valid(body) is older.is_valid(body), path


class Reader(HTMLParser):
    """A browser, as far as the page needs one: tags that are open, what it loads, anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.anchors: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        named = {name: value or "" for name, value in attrs}
        assert "src" not in named
        self.anchors |= {named["id"]} if "id" in named else set()
        self.links |= {named["href"]} if "href" in named else set()
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing() -> None:
    reader = Reader()
    reader.feed(PAGE)
    assert reader.open == []
    assert reader.tags & {"script", "link", "img", "iframe", "object"} == set()
    assert re.findall(r"url\(|@import|https?://", PAGE.split("</style>")[0]) == []
    inside = {link.removeprefix("#") for link in reader.links if link.startswith("#")}
    assert inside == reader.anchors
    assert {link for link in reader.links if not link.startswith("#")} == {"asyncapi.json", "README.md"}


def test_the_page_shows_every_topic_every_message_and_every_field() -> None:
    for channel in channels():
        assert f'<h2 id="{channel.id}"><code>{channel.address}</code></h2>' in PAGE
    for message in MESSAGES:
        assert f"<h3>{message.name}</h3>" in PAGE
        fields = [] if message.name.endswith(".data") else [row.path for row in rows_of(schema_of(message))]
        assert [path for path in fields if f"<td><code>{path}</code>" not in PAGE] == []
