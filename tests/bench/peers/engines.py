"""The engines that are compared, and how each is started."""

import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import orjson

from parcelward.topics import Topics
from tests.bench.peers.environments import FLINK, KAFKA_STREAMS, flink, kafka_streams, own_version, python_of

OURS = "Parcelward"
PACKAGE = "tests.bench.peers.programs"
LOOP = ("confluent-kafka==2.16.1", "orjson==3.13.0")
QUIX = ("quixstreams==3.28.1",)
BYTEWAX = ("bytewax[kafka]==0.21.1", "orjson==3.13.0")
PATHWAY = ("pathway==0.33.0",)
FAUST = ("faust-streaming[rocksdict,orjson]==0.15.3",)


@dataclass(frozen=True, slots=True)
class Engine:
    """One line of the table.

    `changelog` names the topic of its state, made by us where `makes_changelog` is false, and `count_in` reads a count
    there; None where the state is in files of its own.
    """

    name: str
    version: str
    command: Callable[[], Sequence[str]]
    changelog: Callable[[str], str] | None = None
    count_in: Callable[[bytes], int] | None = None
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


def _version(coordinate: str) -> str:
    return coordinate.rsplit(":", 1)[1]


def engines() -> list[Engine]:
    """All of them, ours last."""
    faust = partial(_program, "faust", FAUST, "stock_faust")
    quix = partial(_program, "quix", QUIX, "quix")
    loop = partial(_program, "librdkafka", LOOP, "librdkafka_loop")
    bytewax = partial(_program, "bytewax", BYTEWAX, "bytewax_flow")
    pathway = partial(_program, "pathway", PATHWAY, "pathway_table")
    version, flink_version = _version(KAFKA_STREAMS), _version(FLINK[0])
    quix_log = "changelog__{}--peers.source--default".format
    streams_log = "{}-counts-changelog".format
    loop_log = "{}.counts".format
    return [
        Engine("stock Faust", "0.15.3", faust, streams_log, orjson.loads, slow=True),
        Engine("Quix Streams, at least once", "3.28.1", quix, quix_log, orjson.loads),
        Engine("Quix Streams, exactly once", "3.28.1", quix, quix_log, orjson.loads, exactly_once=True),
        Engine("Bytewax, at least once", "0.21.1", bytewax),
        Engine("Pathway, persisting", "0.33.0", pathway),
        Engine("Kafka Streams, at least once", version, kafka_streams, streams_log, _long(">")),
        Engine("Kafka Streams, exactly_once_v2", version, kafka_streams, streams_log, _long(">"), exactly_once=True),
        Engine("Flink, keyBy, exactly once", flink_version, partial(flink, "keyBy"), exactly_once=True),
        Engine("Flink, chained, exactly once", flink_version, partial(flink, "chained"), exactly_once=True),
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
            OURS,
            own_version(),
            lambda: [sys.executable, "-m", f"{PACKAGE}.ours"],
            lambda app: Topics(f"{app}.").changelog("duties"),
            _long("<"),
            exactly_once=True,
            makes_changelog=False,
        ),
    ]
