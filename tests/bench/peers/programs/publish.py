"""Writes the source topic: `python -m tests.bench.peers.programs.publish SERVERS TOPIC COUNT`."""

import sys

from confluent_kafka import Producer  # type: ignore[import-not-found,unused-ignore]

from tests.bench.peers.records import records


def main() -> None:
    """Publish and wait until everything is acknowledged."""
    servers, topic, count = sys.argv[1:]
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 20, "acks": "all"})
    for made in records(int(count)):
        while True:
            try:
                producer.produce(topic, made.value, made.key, made.partition)
                break
            except BufferError:
                producer.poll(0.1)
    if producer.flush(120):
        sys.exit("not everything was acknowledged")


if __name__ == "__main__":
    main()
