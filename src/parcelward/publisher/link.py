"""The connection to the brokers: kafka-python's client, and an idempotent producer of our own on it.

kafka-python's producer (3.0.12) cannot be used for hours of outage. When a batch that was sent once expires,
`TransactionManager.reset_producer_id` drops the producer id and leaves the state at READY, but `init_producer_id` asks
for a new one only in the state UNINITIALIZED (since its pull request 2928). So it never has an id again: nothing is
sent, nothing expires, `send` goes on returning and `close` waits for ever. Ours never expires a batch. What is not
acknowledged is sent again, under the same number while the broker knows us and as a new producer when it does not.
"""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from kafka.errors import KafkaError, for_code
from kafka.net.compat import KafkaNetClient
from kafka.protocol.producer import InitProducerIdRequest, ProduceRequest

from parcelward.cluster.client import client_options, require_answer
from parcelward.errors import UserError
from parcelward.publisher.record_bytes import Batch
from parcelward.settings import Settings

ANSWER_S = 30.0
"""Longest wait for an answer; then the connection is given up and the request repeated on a new one."""
BOOTSTRAP_S = 10.0
SLICE_MS = 100
"""Time after which a wait looks whether it shall end."""
TOPIC_S = 2.0
SEQUENCES = 2**31

DONE = frozenset({0, 46})  # 46: it was there already
REFUSED = frozenset({2, 10, 18, 32, 42, 87})
"""The broker will never take a record as it is: corrupt, too large, wrong time stamp, invalid request or record."""
FORGOTTEN = frozenset({45, 47, 59, 90})
"""The broker does not know this producer, its epoch or its numbers (any more)."""


class Place(NamedTuple):
    """A partition, as kafka-python names one."""

    topic: str
    partition: int


class LinkDown(Exception):  # noqa: N818 - caught at one place
    """The brokers cannot be asked at present; the message says why."""


class Stopped(Exception):  # noqa: N818
    """The wait was ended by its owner."""


class Answer(NamedTuple):
    """A broker's answer to one batch."""

    code: int
    said: str

    @property
    def meaning(self) -> str:
        """The answer in words."""
        name: str = for_code(self.code).__name__
        return f"{name}: {self.said}" if self.said else name


class Link:
    """One producer, whatever connections it uses; not thread-safe. `stopped` ends every wait."""

    def __init__(self, settings: Settings, stopped: Callable[[], bool]) -> None:
        self._settings = settings
        self._stopped = stopped
        self._client: Any = None
        self._id, self._epoch = -1, -1
        self._next: dict[Place, int] = {}
        self._topics: set[str] = set()

    def partitions(self, topic: str) -> int:
        """Number of a topic's partitions; 0 when it does not exist or may not be seen. Raises LinkDown."""
        client = self._connected()
        self._topics.add(topic)
        if not (found := client.cluster.partitions_for_topic(topic)):
            client.cluster.set_topics(self._topics)
            self._await(client.cluster.request_update(), TOPIC_S)
            found = client.cluster.partitions_for_topic(topic)
        return len(found or ())

    def send(self, batches: Mapping[Place, Batch]) -> dict[Place, Answer]:
        """Send one batch to each place; an answer for each, and the numbers of the next. Raises LinkDown."""
        client = self._connected()
        if self._id < 0:
            self._introduce()
        by_node: dict[int, list[Place]] = {}
        for place in batches:
            if (node := client.cluster.leader_for_partition(place)) is None or node < 0:
                raise LinkDown(f"{place.topic}-{place.partition} has no leader")
            by_node.setdefault(node, []).append(place)
        sent = []
        for node, places in by_node.items():
            self._connect_to(node)
            sent.append(client.send(node, self._request({place: batches[place] for place in places})))
        answers: dict[Place, Answer] = {}
        for future in sent:
            for topic in self._await(future, ANSWER_S).responses:
                for one in topic.partition_responses:
                    answers[Place(topic.name, one.index)] = Answer(one.error_code, one.error_message or "")
        for place, answer in answers.items():
            if answer.code in DONE:
                self._next[place] = (self._next.get(place, 0) + len(batches[place])) % SEQUENCES
        return answers

    def forget(self) -> None:
        """Be another producer from now on."""
        self._id = -1
        self._next.clear()

    def drop(self) -> None:
        """Give up the connections; the next call makes new ones. What was under way may arrive."""
        client, self._client = self._client, None
        if client is not None:
            try:
                client.close()
            except Exception:  # nothing of it is used any more, whatever state it is in
                logging.getLogger(__name__).debug("closing a connection failed", exc_info=True)

    def _connected(self) -> Any:
        if self._client is None:
            try:
                require_answer(self._settings)  # kafka-python leaks the socket of a connection that is refused
            except UserError as error:
                raise LinkDown(str(error).partition(";")[0]) from None
            self._client = KafkaNetClient(
                **client_options(self._settings),
                request_timeout_ms=int(ANSWER_S * 1000),
                reconnect_backoff_max_ms=1000,
                allow_auto_create_topics=False,
            )
            try:
                self._await(self._client._manager.bootstrap_async(BOOTSTRAP_S * 1000), BOOTSTRAP_S)
            except LinkDown as error:
                raise self._no_answer(error) from None
            self._await(self._client.cluster.set_topics(self._topics), TOPIC_S)
        return self._client

    def _no_answer(self, error: LinkDown) -> LinkDown:
        for failure in self._client._manager._auth_failures.values():
            return LinkDown(f"login refused for user {self._settings.sasl_username} ({type(failure).__name__})")
        return LinkDown(f"no Kafka answers at {self._settings.kafka} ({error})")

    def _connect_to(self, node: int) -> None:
        begun = time.monotonic()
        while not self._client.is_ready(node):
            self._client.maybe_connect(node)
            if failure := self._client._manager.auth_failure(node):
                raise LinkDown(f"{type(failure).__name__}: {failure}")
            if self._stopped():
                raise Stopped
            if time.monotonic() - begun > BOOTSTRAP_S:
                raise LinkDown(f"node {node} does not answer")
            self._client.poll(timeout_ms=SLICE_MS)

    def _introduce(self) -> None:
        node = self._client.least_loaded_node()
        if node is None:
            raise LinkDown("no broker is known")
        self._connect_to(node)
        request = InitProducerIdRequest(
            transactional_id=None, transaction_timeout_ms=0, producer_id=-1, producer_epoch=-1, max_version=4
        )
        answer = self._await(self._client.send(node, request), ANSWER_S)
        if answer.error_code:
            raise LinkDown(Answer(answer.error_code, "").meaning)
        self._id, self._epoch = answer.producer_id, answer.producer_epoch
        self._next.clear()

    def _request(self, batches: Mapping[Place, Batch]) -> ProduceRequest:
        topic_type = ProduceRequest.TopicProduceData
        partition_type = topic_type.PartitionProduceData
        topics: dict[str, list[Any]] = {}
        for place, batch in batches.items():
            content = batch.bytes_for(self._id, self._epoch, self._next.get(place, 0))
            topics.setdefault(place.topic, []).append(partition_type(index=place.partition, records=content))
        return ProduceRequest(
            transactional_id=None,
            acks=-1,
            timeout_ms=int(ANSWER_S * 1000),
            topic_data=[topic_type(name=name, partition_data=found) for name, found in topics.items()],
            min_version=7,  # the first that may carry zstd
            max_version=9,
        )

    def _await(self, future: Any, seconds: float) -> Any:
        until = time.monotonic() + seconds
        while not future.is_done:
            if self._stopped():
                raise Stopped
            if time.monotonic() > until:
                raise LinkDown("no answer from the broker in time")
            try:
                self._client.poll(timeout_ms=SLICE_MS, future=future)
            except (KafkaError, OSError) as error:
                raise LinkDown(f"{type(error).__name__}: {error}") from None
        if future.failed():
            raise LinkDown(f"{type(future.exception).__name__}: {future.exception}")
        return future.value
