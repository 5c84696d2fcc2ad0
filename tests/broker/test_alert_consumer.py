"""The consumer that docs/reliability.md shows keeps each revision once: run as it is printed there."""

import json
import re
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from parcelward.cluster.admin import ensure_topics
from parcelward.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def printed() -> Any:
    """The function on the page."""
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102 - the page is ours
    return names["follow_alerts"]


def test_the_printed_consumer_stores_every_revision_once(kafka: str, topic_prefix: str) -> None:
    settings = Settings(kafka=kafka, topic_prefix=topic_prefix, couriers=("swift",), partitions=1)
    ensure_topics(settings)
    topic = settings.topics.alerts
    producer = KafkaProducer(bootstrap_servers=kafka, transactional_id=f"{topic_prefix}writer")
    producer.init_transactions()

    def write(*revisions: tuple[str, int], commit: bool = True) -> None:
        producer.begin_transaction()
        for alert_id, revision in revisions:
            producer.send(topic, key=b"wb", value=json.dumps({"alert_id": alert_id, "revision": revision}).encode())
        producer.flush()
        if commit:
            producer.commit_transaction()
        else:
            producer.abort_transaction()

    write(("a", 1), ("b", 1))
    write(("a", 2), ("ghost", 1), commit=False)
    write(("a", 2))
    write(("a", 1), ("a", 2), ("b", 1))  # a replay into the same topic
    producer.close()

    known: dict[str, int] = {}
    stored: list[dict[str, Any]] = []
    follow = printed()
    follow(kafka, topic, known, stored.append, consumer_timeout_ms=6000)
    assert [(one["alert_id"], one["revision"]) for one in stored] == [("a", 1), ("b", 1), ("a", 2)]
    follow(kafka, topic, {}, stored.append, consumer_timeout_ms=4000)
    assert len(stored) == 3, "what was committed came again"
