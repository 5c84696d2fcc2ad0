"""The engines that are compared, and how each is started."""

import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import orjson

from parcelward.topics import Topics
from tests.bench.peers.environments import KAFKA_STREAMS, kafka_streams, own_version, python_of

PACKAGE = "tests.bench.peers.programs"
LOOP = ("confluent-kafka==2.16.1", "orjson==3.13.0")
QUIX = ("quixstreams==3.28.1",)
FAUST = ("faust-streaming[rocksdict,orjson]==0.15.3",)


@dataclass(frozen=True, slots=True)
class Engine:
    """One line of the table. `changelog` names the topic of its state, made by us where `makes_changelog` is false."""

    name: str
    version: str
    command: Callable[[], Sequence[str]]
    changelog: Callable[[str], str]
    count_in: Callable[[bytes], int]
    exactly_once: bool = False
    makes_changelog: bool = True
    slow: bool = False


def _program(environment: str, requirements: tuple[str, ...], module: str) -> list[str]:
    return [python_of(environment, *requirements), "-m", f"{PACKAGE}.{module}"]


def publisher() -> list[str]:
    """The command of the program that writes the source topic."""
    return _program("librdkafka", LOOP, "publish")


def _long(order: str) -> Callable[[bytes], int]:
    return lambda value: int(struct.unpack(f"{order}q", value)[0])


def engines() -> list[Engine]:
    """All of them, ours last."""
    faust = partial(_program, "faust", FAUST, "stock_faust")
    quix = partial(_program, "quix", QUIX, "quix")
    loop = partial(_program, "librdkafka", LOOP, "librdkafka_loop")
    version = KAFKA_STREAMS.rsplit(":", 1)[1]
    quix_log = "changelog__{}--peers.source--default".format
    streams_log = "{}-counts-changelog".format
    loop_log = "{}.counts".format
    return [
        Engine("stock Faust", "0.15.3", faust, streams_log, orjson.loads, slow=True),
        Engine("Quix Streams, at least once", "3.28.1", quix, quix_log, orjson.loads),
        Engine("Quix Streams, exactly once", "3.28.1", quix, quix_log, orjson.loads, exactly_once=True),
        Engine("Kafka Streams, at least once", version, kafka_streams, streams_log, _long(">")),
        Engine("Kafka Streams, exactly_once_v2", version, kafka_streams, streams_log, _long(">"), exactly_once=True),
        Engine("librdkafka loop, commits", "2.16.1", loop, loop_log, _long("<"), makes_changelog=False),
        Engine(
            "librdkafka loop, transactions",
            "2.16.1",
            loop,
            loop_log,
            _long("<"),
            exactly_once=True,
            makes_changelog=False,
        ),
        Engine(
            "Parcelward",
            own_version(),
            lambda: [sys.executable, "-m", f"{PACKAGE}.ours"],
            lambda app: Topics(f"{app}.").changelog("duties"),
            _long("<"),
            exactly_once=True,
            makes_changelog=False,
        ),
    ]
