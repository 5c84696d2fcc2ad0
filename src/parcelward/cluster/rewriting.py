"""Writes to the changelogs of an installation that is stopped, fenced against workers that start meanwhile."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaProducer
from kafka.admin import ConfigResource
from kafka.errors import KafkaError

from parcelward.cluster.admin import administered, described_group
from parcelward.cluster.client import client_options
from parcelward.cluster.search import Search
from parcelward.errors import UserError
from parcelward.settings import Settings

Entry = tuple[str, bytes, bytes | None]
"""Topic, key and value; None deletes."""


def require_stopped(settings: Settings) -> None:
    """Raise UserError unless it is certain that no worker runs and that nothing waits between the stages."""
    group = settings.topics.app_id
    found = administered(settings, "looking_for_workers", lambda admin: described_group(admin, group))
    if members := len(found["members"] or ()):
        raise UserError(
            f"group {group} has {members} worker{'s' if members > 1 else ''}; stop all of them first, and start them "
            "again afterwards"
        )
    with Search(settings, [b""]) as search:
        if (positions := search.positions()) is None:
            raise UserError(
                f"Kafka does not say how far group {group} has read, so records may wait between the stages; "
                "nothing was changed: try again, with a user who may describe the group"
            )
        waiting = [
            f"{topic}/{number}"
            for topic in settings.topics.between
            for number in range(settings.partitions)
            if search.find_from(topic, number, positions.get((topic, number), 0))
        ]
    if waiting:
        raise UserError(
            f"records wait between the stages ({', '.join(waiting[:3])}); start a worker, let it read them (lag 0), "
            "and stop it again"
        )


@contextmanager
def rewriting(settings: Settings, number: int) -> Iterator[Any]:
    """Give a function that sends an `Entry` into a partition number; all of them are one transaction.

    It takes the name of that partition's owner. So a worker that was thought to be away can commit nothing more, and
    one that starts meanwhile stops this. Raises UserError, and nothing was written.
    """
    name = f"{settings.topics.app_id}-{number}"
    try:
        producer = KafkaProducer(**client_options(settings), acks="all", transactional_id=name)
        try:
            producer.init_transactions()
            producer.begin_transaction()
            sent: list[Any] = []

            def send(entry: Entry) -> None:
                topic, key, value = entry
                sent.append(producer.send(topic, key=key, value=value, partition=number))

            try:
                yield send
                producer.flush()
                for one in sent:
                    one.get(0)
            except BaseException:
                producer.abort_transaction()
                raise
            producer.commit_transaction()
        finally:
            producer.close()
    except KafkaError as error:
        raise UserError(
            f"partition {number} of the changelogs was not rewritten ({type(error).__name__}): a worker has started "
            "meanwhile, or brokers do not answer; stop all workers and run it again"
        ) from error


def topic_settings(settings: Settings, topics: Sequence[str], entries: Sequence[str]) -> dict[str, dict[str, int]]:
    """Ask for some entries of topics, as numbers; an entry that may not be read is missing."""

    def ask(admin: Any) -> dict[str, dict[str, int]]:
        asked = [ConfigResource("TOPIC", topic, list(entries)) for topic in topics]
        found = admin.describe_configs(asked, config_filter="all")["topic"]
        return {
            topic: {name: int(of["value"]) for name, of in entries.items() if of.get("value") is not None}
            for topic, entries in found.items()
        }

    return administered(settings, "asking_for_retention", ask)
