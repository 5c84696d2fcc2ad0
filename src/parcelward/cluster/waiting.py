"""Records of a topic that the workers have not read yet, as far as the user may know it."""

from contextlib import AbstractContextManager

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import GroupIdNotFoundError, KafkaError

from parcelward.cluster.admin import committed_positions
from parcelward.cluster.client import client_options, unreachable
from parcelward.errors import UserError
from parcelward.settings import Settings


def records_waiting(settings: Settings, topic: str) -> int | None:
    """Count the records between the workers' positions and the topic's end; None where this user may not ask.

    Where workers have no position yet, everything that is there waits.
    """
    try:
        admin = KafkaAdminClient(**client_options(settings))
    except (KafkaError, OSError):
        return None
    try:
        positions = {place: one.offset for place, one in committed_positions(admin, settings).items()}
        (found,) = admin.describe_topics([topic])
        places = [TopicPartition(topic, one["partition_index"]) for one in found["partitions"]]
        begins = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.EARLIEST))
        ends = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
    except (KafkaError, LookupError, ValueError):
        return None
    finally:
        admin.close()
    return sum(
        int(ends[place].offset) - max(int(positions.get(place, 0)), int(begins[place].offset)) for place in places
    )


class Reading(AbstractContextManager["Reading"]):
    """The workers' reading, asked anew each time; a context manager. Raises UserError when no broker answers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        try:
            self._admin = KafkaAdminClient(**client_options(settings))
        except (KafkaError, OSError) as error:
            raise unreachable(settings, error) from None

    def has_read(self, topic: str, partition: int, offset: int) -> bool:
        """Tell whether a record has been read, and what came of it is committed. Raises UserError if it is not told."""
        try:
            found = committed_positions(self._admin, self._settings).get(TopicPartition(topic, partition))
        except GroupIdNotFoundError:  # no worker has ever been there
            return False
        except KafkaError as error:
            group = self._settings.topics.app_id
            raise UserError(
                f"sent, but it is not known whether it was taken: Kafka does not say how far group {group} has read "
                f"({type(error).__name__}); run provision.py again, it allows this user to ask"
            ) from None
        return found is not None and found.offset > offset

    def __exit__(self, *_: object) -> None:
        self._admin.close()
