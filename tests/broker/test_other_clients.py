"""Other clients and the official SDKs: their events are accepted, in both modes, and lie in the contract's partition.

A client that cannot be had on this machine is skipped, and says so.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from cloudevents.core.bindings import kafka as binding
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from kafka import KafkaProducer

from parcelward.broker.java import artifacts, java_command
from parcelward.cluster.admin import ensure_topics
from parcelward.cluster.reader import TopicReader
from parcelward.intake.decode import Decoder, Event, Limits
from parcelward.intake.event import RealNameData
from parcelward.settings import Settings
from parcelward.stage import Record
from parcelward.topics import partition_of
from tests.broker.test_publisher import real_name
from tests.node import run_node

PARTITIONS = 4
WAYBILLS = tuple(f"SF12345678901{number:02}" for number in range(8))
SECONDS = 120
TOOLS = "org.apache.kafka:kafka-tools:4.1.0"
NAMES = ("specversion", "id", "source", "type", "time")


@pytest.fixture
def settings(kafka: str, topic_prefix: str) -> Settings:
    made = Settings(kafka=kafka, topic_prefix=topic_prefix, couriers=("swift",), partitions=PARTITIONS)
    ensure_topics(made)
    return made


@pytest.fixture
def accepted(settings: Settings) -> Callable[[int], list[Record]]:
    """Reads the topic: each record is an event, says what was sent, and lies where the contract says."""

    def accepted(count: int) -> list[Record]:
        with TopicReader(settings, [settings.topics.intake("swift")]) as reader:
            records: list[Any] = list(reader.read_to_end())
        decoder = Decoder(settings.topics, Limits())
        events = [decoder.decode(record) for record in records]
        assert [event for event in events if not isinstance(event, Event)] == []
        assert all(
            isinstance(event, Event) and isinstance(event.data, RealNameData) and event.data.goods.name == "羽绒服"
            for event in events
        )
        assert [record.partition for record in records] == [partition_of(record.key, PARTITIONS) for record in records]
        assert len(records) == count
        return records

    return accepted


@pytest.mark.parametrize("data_as", ["object", "bytes"])
@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_the_python_sdk(settings: Settings, accepted: Callable[[int], Any], mode: str, data_as: str) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.kafka)
    for waybill in WAYBILLS:
        sent = real_name(waybill)
        data: Any = sent.pop("data")
        attributes = sent | {"datacontenttype": "application/json; charset=utf-8", "partitionkey": waybill}
        if data_as == "bytes":  # the SDK then writes data_base64
            del attributes["datacontenttype"]
            data = json.dumps(data, ensure_ascii=False).encode()
        attributes["time"] = datetime.fromisoformat(attributes["time"])
        message = getattr(binding, f"to_{mode}")(CloudEvent(attributes, data), JSONFormat())
        key = message.key.encode() if isinstance(message.key, str) else message.key
        producer.send(settings.topics.intake("swift"), message.value, key, list(message.headers.items()))
    producer.close()
    records = accepted(len(WAYBILLS))
    if mode == "structured":
        assert all((b"data_base64" in (record.value or b"")) is (data_as == "bytes") for record in records)


NODE = """
const { CloudEvent, Kafka } = require('cloudevents'), { Kafka: Cluster, logLevel } = require('kafkajs');
const [bootstrap, topic] = process.argv.slice(1), events = JSON.parse(require('fs').readFileSync(0));
(async () => {
  const producer = new Cluster({ brokers: [bootstrap], logLevel: logLevel.ERROR }).producer();
  await producer.connect();
  for (const { mode, event } of events) {
    const { key, value, headers } = Kafka[mode](new CloudEvent(event));
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    // The SDK has a header for each unset attribute, which kafkajs cannot send.
    const set = Object.fromEntries(Object.entries(headers).filter(([, given]) => given !== undefined));
    await producer.send({ topic, messages: [{ key, value: text, headers: set }] });
  }
  await producer.disconnect();
})();
"""


def test_the_sdk_of_npm_with_kafkajs(settings: Settings, accepted: Callable[[int], Any]) -> None:
    media = {"datacontenttype": "application/json; charset=utf-8"}
    events = [
        {"mode": mode, "event": real_name(waybill) | {"partitionkey": waybill} | (media if waybill[-1] in "13" else {})}
        for mode in ("binary", "structured")
        for waybill in WAYBILLS
    ]
    os.environ.setdefault("KAFKAJS_NO_PARTITIONER_WARNING", "1")
    run_node(NODE, settings.kafka, settings.topics.intake("swift"), stdin=json.dumps(events))
    accepted(2 * len(WAYBILLS))


def test_kcat_with_the_partitioner_of_the_contract(settings: Settings, accepted: Callable[[int], Any]) -> None:
    if (kcat := shutil.which("kcat")) is None:
        pytest.skip("kcat is not on this machine (Debian package kcat)")
    command = [kcat, "-P", "-b", settings.kafka, "-t", settings.topics.intake("swift")]
    command += ["-X", "partitioner=murmur2_random", "-K", "\\t"]
    lines = "".join(f"{waybill}\t{_text(real_name(waybill))}\n" for waybill in WAYBILLS)
    structured = ["-H", "content-type=application/cloudevents+json; charset=UTF-8"]
    subprocess.run([*command, *structured], check=True, input=lines.encode(), timeout=SECONDS)
    event = real_name(WAYBILLS[0])
    headers = [part for name in NAMES for part in ("-H", f"ce_{name}={event[name]}")]
    binary = [*command, *headers, "-H", "content-type=application/json"]
    subprocess.run(binary, check=True, input=f"{WAYBILLS[0]}\t{_text(event['data'])}\n".encode(), timeout=SECONDS)
    accepted(len(WAYBILLS) + 1)


def test_the_console_producer_of_java(settings: Settings, accepted: Callable[[int], Any]) -> None:
    pytest.importorskip("jgo", reason="the resolver of Java's artifacts is not installed")
    from jgo.maven import MavenContext, PythonResolver

    *options, path = java_command(heap_mb=256)
    try:
        jars = artifacts(MavenContext(resolver=PythonResolver()), TOOLS)
    except Exception as error:
        pytest.skip(f"{TOOLS} could not be fetched ({type(error).__name__})")
    command = [*options, os.pathsep.join([path, *jars]), "org.apache.kafka.tools.ConsoleProducer"]
    command += ["--bootstrap-server", settings.kafka, "--topic", settings.topics.intake("swift")]
    separators = ("headers.delimiter=|", "headers.separator=;", "headers.key.separator==")
    for told in ("parse.key=true", "parse.headers=true", *separators):
        command += ["--property", told]
    events = [real_name(waybill) for waybill in WAYBILLS]
    lines = [f"content-type=application/cloudevents+json|{_waybill(event)}\t{_text(event)}" for event in events]
    for event in events:
        headers = ";".join([*(f"ce_{name}={event[name]}" for name in NAMES), "content-type=application/json"])
        lines.append(f"{headers}|{_waybill(event)}\t{_text(event['data'])}")
    ran = subprocess.run(command, check=False, input="\n".join(lines).encode(), capture_output=True, timeout=SECONDS)
    assert ran.returncode == 0, ran.stderr.decode()
    accepted(2 * len(WAYBILLS))


def _waybill(event: dict[str, Any]) -> str:
    waybill: str = event["data"]["waybill"]
    return waybill


def _text(part: Any) -> str:
    return json.dumps(part, ensure_ascii=False, separators=(",", ":"))
