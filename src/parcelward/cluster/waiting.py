"""Records of a topic that the workers have not read yet, as far as the user may know it."""

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError

from parcelward.cluster.admin import committed_positions
from parcelward.cluster.client import client_options
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
