"""Records that could not be delivered, as they lie on the topic `undelivered`: whole, with headers that say why."""

from collections.abc import Sequence

from parcelward.contract.deliveries import UndeliveredHeaders
from parcelward.delivery.answers import as_header
from parcelward.delivery.book import Item
from parcelward.stage import Send, SourceRecord

TOPIC, PARTITION, OFFSET = "pw_topic", "pw_partition", "pw_offset"
ENDPOINT = "pw_endpoint"
ADDED = tuple(UndeliveredHeaders.model_fields)

Headers = Sequence[tuple[str, bytes]]


def undelivered_send(item: Item, endpoint: str, topic: str, now_s: float) -> Send:
    """Write a record that was given up: its own key, value and headers, and ours.

    One that comes from the topic of undelivered records keeps the place that it had first.
    """
    record = item.record
    own = [(name, value) for name, value in record.headers if name not in ADDED]
    place = {TOPIC: record.topic.encode(), PARTITION: b"%d" % record.partition, OFFSET: b"%d" % record.offset}
    if record.topic == topic:
        place |= {name: value for name, value in record.headers if name in place}
    assert item.answer is not None
    ours = {
        ENDPOINT: endpoint.encode(),
        "pw_reason": item.answer.outcome.value.encode(),
        "pw_status": b"%d" % item.answer.status,
        "pw_attempts": b"%d" % item.attempts,
        "pw_first_attempt_at": as_header(item.first_s),
        "pw_undelivered_at": as_header(now_s),
        "pw_webhook_id": item.message.id.encode(),
    }
    return Send(topic, record.key, record.value, [*own, *place.items(), *ours.items()])


def first_topic(record: SourceRecord) -> str:
    """Name the topic that an undelivered record was on first. On any other topic the header is not ours."""
    return next((value.decode() for name, value in record.headers if name == TOPIC), record.topic)


def is_for(record: SourceRecord, endpoint: str) -> bool:
    """Tell whether an undelivered record was meant for this receiver."""
    return (ENDPOINT, endpoint.encode()) in [tuple(header) for header in record.headers]
