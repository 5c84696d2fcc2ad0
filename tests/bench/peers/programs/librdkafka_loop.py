"""A loop written by hand over confluent-kafka (librdkafka), with its commits or with transactions.

As its documentation advises: many messages per `consume` call, at-least-once by a synchronous commit after the outputs
were delivered ("Synchronous commits"), or the consume-transform-produce transaction of its `eos-transactions` example:
positions are sent to the transaction together with the group's metadata. The count per key is in memory; the latest
count of each key of a batch goes to a compacted changelog, from which an assigned partition is restored.
"""

import signal
import struct
from typing import Any

import orjson
from confluent_kafka import (  # type: ignore[import-not-found,unused-ignore]
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)

from tests.bench.peers.job import BATCH, TENTH, Job

COUNT = struct.Struct("<q")
WAIT_S = 0.1


class Loop:
    """Consumer, producer and the counts of the assigned partitions."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.counts: dict[bytes, int] = {}
        self.running = True
        own = {"transactional.id": f"{job.app}-loop"} if job.exactly_once else {"enable.idempotence": True}
        self.producer = Producer({"bootstrap.servers": job.kafka, "linger.ms": 5} | own)
        if job.exactly_once:
            self.producer.init_transactions()
        self.consumer = Consumer(self._reading(job.app) | {"session.timeout.ms": job.session_ms})
        self.consumer.subscribe([job.source], on_assign=self._assigned)

    def _reading(self, group: str) -> dict[str, Any]:
        return {
            "bootstrap.servers": self.job.kafka,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }

    def _assigned(self, consumer: Any, partitions: list[Any]) -> None:
        self.counts.clear()
        reader = Consumer(self._reading(f"{self.job.app}-restore") | {"enable.partition.eof": True})
        reader.assign([TopicPartition(self.job.changelog, each.partition, OFFSET_BEGINNING) for each in partitions])
        left = len(partitions)
        while left:
            for message in reader.consume(BATCH, 1.0):
                error = message.error()
                if error is None:
                    self.counts[message.key()] = COUNT.unpack(message.value())[0]
                elif error.code() == KafkaError._PARTITION_EOF:
                    left -= 1
                else:
                    raise KafkaException(error)
        reader.close()

    def run(self) -> None:
        """Until SIGTERM."""
        while self.running:
            messages = self.consumer.consume(BATCH, WAIT_S)
            if not messages:
                continue
            if self.job.exactly_once:
                self._in_transaction(messages)
            else:
                self._process(messages)
                self.producer.flush()
                self.consumer.commit(asynchronous=False)
        self.consumer.close()

    def _in_transaction(self, messages: list[Any]) -> None:
        self.producer.begin_transaction()
        self._process(messages)
        positions = self.consumer.position(self.consumer.assignment())
        self.producer.send_offsets_to_transaction(positions, self.consumer.consumer_group_metadata())
        self.producer.commit_transaction()

    def _process(self, messages: list[Any]) -> None:
        counts, produce, alerts = self.counts, self.producer.produce, self.job.alerts
        changed: dict[bytes, int] = {}
        for message in messages:
            error = message.error()
            if error is not None:
                raise KafkaException(error)
            orjson.loads(message.value())
            key = message.key()
            count = counts.get(key, 0) + 1
            counts[key] = count
            changed[key] = message.partition()
            if count % TENTH == 0:
                produce(alerts, b"%d" % count, key)
        for key, partition in changed.items():
            produce(self.job.changelog, COUNT.pack(counts[key]), key, partition)
        self.producer.poll(0)

    def stop(self, *_: object) -> None:
        """End after the batch in work."""
        self.running = False


if __name__ == "__main__":
    loop = Loop(Job.given())
    signal.signal(signal.SIGTERM, loop.stop)
    loop.run()
