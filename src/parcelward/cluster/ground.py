"""Gathers the facts that `parcelward.ground` judges: from Kafka, and from this machine."""

import contextlib
import resource
import shutil
import socket
import ssl
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from parcelward.cluster.admin import (
    administered,
    committed_positions,
    described_group,
    internal_copies,
    positions_kept_ms,
    topics_of,
)
from parcelward.cluster.client import client_options, consumer_options
from parcelward.cluster.entrance import address
from parcelward.flow import FLOW
from parcelward.footing import Bounds, footing_of
from parcelward.ground.facts import Certificate, ClockFacts, Facts, Machine, Place, Position, TopicFacts
from parcelward.ground.plan import STAMPED, plan_clock, plan_topics
from parcelward.settings import Settings

PROBE_S = 5.0
"""Longest wait for a record that asks for a broker's time, and for the first value of a changelog."""
DAY_S = 86_400.0


def gather(settings: Settings, known_ids: Mapping[str, str] | None = None, *, look_into_states: bool = False) -> Facts:
    """Gather everything; `known_ids` are the topics' ids when the worker started, None before it has.

    `look_into_states`: find state without positions. A worker need not: it finds that when it has read its state back.
    Raises UserError when Kafka does not answer.
    """

    def ask(admin: Any) -> Facts:
        topics = topics_of(admin, plan_topics(settings))
        sources, changelogs = _places(settings, topics)
        # In this order: a position that moves on meanwhile, or a log that grows, must not look like a flaw.
        starts = _offsets(admin, [*sources, *changelogs], OffsetSpec.EARLIEST)
        group = described_group(admin, settings.topics.app_id)
        allowed = _group_operations(group)
        may_ask = allowed is None or "DESCRIBE" in allowed
        committed = _committed(admin, settings) if may_ask else {}
        positions = {place: one for place in sources if (one := committed.get(place)) is not None}
        ends = _offsets(admin, [*sources, *changelogs], OffsetSpec.LATEST)
        logs = {place: Bounds(start, ends[place]) for place, start in starts.items()}
        live = _live_states(admin, settings, logs, positions) if look_into_states else frozenset[Place]()
        return Facts(
            topics=topics,
            logs=logs,
            positions=positions,
            live_states=live,
            other_couriers=_others(settings, committed),
            known_ids=known_ids or {},
            internal=internal_copies(admin),
            clocks=_clocks(settings, admin, topics),
            positions_kept_ms=positions_kept_ms(admin),
            group_operations=allowed,
            workers=len(group["members"] or ()) if may_ask else None,
            certificates=tuple(_certificates(settings)),
            machine=_machine(settings),
        )

    return administered(settings, "checking_the_ground", ask)


def _places(settings: Settings, topics: Mapping[str, TopicFacts]) -> tuple[list[Place], list[Place]]:
    """All partitions that there are, of the topics that stages read, and of the changelogs."""

    def of(names: Iterable[str]) -> list[Place]:
        return [(name, number) for name in names if name in topics for number in range(topics[name].partitions)]

    sources = [topic for stage in FLOW for topic in settings.topics.sources(stage, settings.couriers)]
    return of(sources), of(settings.topics.changelog(stage.name) for stage in FLOW)


def _offsets(admin: Any, places: Collection[Place], spec: Any) -> dict[Place, int]:
    if not places:
        return {}
    found = admin.list_partition_offsets({TopicPartition(*place): spec for place in places})
    return {(tp.topic, tp.partition): one.offset for tp, one in found.items()}


def _committed(admin: Any, settings: Settings) -> dict[Place, Position]:
    """Ask for every position of the group, those on topics that the settings do not name among them."""
    return {
        (tp.topic, tp.partition): Position(one.offset, footing_of(one.metadata))
        for tp, one in committed_positions(admin, settings).items()
    }


def _others(settings: Settings, committed: Collection[Place]) -> frozenset[str]:
    """Find the couriers whose intake the group has read, and the settings do not name."""
    topics = settings.topics
    read = {topics.courier_of(topic) for topic, _ in committed if topic.startswith(topics.intake(""))}
    return frozenset(read - set(settings.couriers))


def _live_states(
    admin: Any, settings: Settings, logs: Mapping[Place, Bounds], positions: Mapping[Place, Position]
) -> frozenset[Place]:
    """Stages and partitions whose changelog holds a value although the group has no position for them."""

    def unplaced(known: Mapping[Place, Position]) -> set[Place]:
        return {
            (stage.name, number)
            for stage in FLOW
            for number in range(settings.partitions)
            if not any((topic, number) in known for topic in settings.topics.sources(stage, settings.couriers))
        }

    written = {place for place in unplaced(positions) if _is_written(settings, logs, place)}
    held = {place for place in written if _holds_a_value(settings, settings.topics.changelog(place[0]), place[1])}
    # Asked again: a worker may have committed its first positions meanwhile.
    return frozenset(held & unplaced(_committed(admin, settings))) if held else frozenset()


def _is_written(settings: Settings, logs: Mapping[Place, Bounds], place: Place) -> bool:
    log = logs.get((settings.topics.changelog(place[0]), place[1]))
    return log is not None and log.end > log.start


def _holds_a_value(settings: Settings, topic: str, number: int) -> bool:
    """Read committed records up to the first that is no deletion."""
    consumer = KafkaConsumer(**consumer_options(settings))
    try:
        tp = TopicPartition(topic, number)
        consumer.assign([tp])
        consumer.seek_to_beginning(tp)
        end, deadline = consumer.end_offsets([tp])[tp], time.monotonic() + PROBE_S
        while consumer.position(tp) < end and time.monotonic() < deadline:
            for record in consumer.poll(timeout_ms=200).get(tp, ()):
                if record.value is not None:
                    return True
        return False
    finally:
        consumer.close()


def _group_operations(found: Mapping[str, Any]) -> frozenset[str] | None:
    if found["error"] is not None and "Authorization" in found["error"]:
        return frozenset()
    operations = found.get("authorized_operations")
    return frozenset(operations) if operations else None


def _clocks(settings: Settings, admin: Any, topics: Mapping[str, TopicFacts]) -> dict[int, ClockFacts]:
    """Compare clocks with each broker that leads a partition of the topic for it: it stamps an empty record."""
    name = settings.topics.clock
    topic = topics.get(name)
    if topic is None or (topic.operations is not None and "WRITE" not in topic.operations):
        return {}
    if topic.config.get(STAMPED) != plan_clock(settings).config[STAMPED]:
        return {}  # the topic would only show this machine's own clock
    (described,) = admin.describe_topics([name])
    led_by = {one["leader_id"]: one["partition_index"] for one in described["partitions"] if one["leader_id"] >= 0}
    found: dict[int, ClockFacts] = {}
    try:
        producer = KafkaProducer(
            **client_options(settings), acks="all", max_block_ms=int(PROBE_S * 1000), enable_idempotence=False
        )
    except KafkaError:
        return found
    try:
        for broker, partition in led_by.items():
            with contextlib.suppress(KafkaError):  # one broker that is away says nothing of the others
                producer.send(name, b"", partition=partition).get(PROBE_S)  # the first one waits for the connection
                found[broker] = _compared(producer, name, partition)
    finally:
        producer.close(PROBE_S)
    return found


def _compared(producer: Any, topic: str, partition: int) -> ClockFacts:
    before = time.time()
    theirs = producer.send(topic, b"", partition=partition).get(PROBE_S).timestamp / 1000
    after, monotonic = time.time(), time.monotonic()
    return ClockFacts(before - theirs, after - theirs, (theirs - monotonic) * 1000)


def _certificates(settings: Settings) -> Iterable[Certificate]:
    """The authorities that are trusted, and what each broker of the setting shows."""
    if not settings.security_protocol.endswith("SSL"):
        return
    cafile = client_options(settings).get("ssl_cafile")
    context = ssl.create_default_context(cafile=cafile)
    if cafile is not None:
        for one in context.get_ca_certs():
            yield Certificate(f"the authority in {cafile}", _days(str(one["notAfter"])))
    for server in client_options(settings)["bootstrap_servers"]:
        where = address(server)
        with (
            contextlib.suppress(OSError),
            socket.create_connection(where, timeout=PROBE_S) as plain,
            context.wrap_socket(plain, server_hostname=where[0]) as secured,
        ):
            shown = secured.getpeercert()
            if shown:
                yield Certificate(server, _days(str(shown["notAfter"])))


def _days(not_after: str) -> float:
    return (ssl.cert_time_to_seconds(not_after) - time.time()) / DAY_S


def _machine(settings: Settings) -> Machine:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    known = None if files == resource.RLIM_INFINITY else files
    if settings.state_dir is None:
        return Machine(files=known)
    room = shutil.disk_usage(_there(settings.state_dir))
    return Machine(room.free, room.total, known)


def _there(folder: Path) -> Path:
    """The nearest folder that exists already."""
    return next(one for one in (folder.absolute(), *folder.absolute().parents) if one.is_dir())
