"""A Faust app that delivers in batches: its options, and the parts of Faust that it leaves out."""

from datetime import timedelta
from typing import Any

import faust

from parcelward.settings import Settings
from streams.engine.assignment import Assignment
from streams.engine.clients import consumer_options
from streams.engine.tables import BatchTable, PromptTableManager
from streams.engine.transport import BatchTransport

HOUR_S = 3600.0


class ScreeningApp(faust.App):  # type: ignore[misc]
    """A Faust app with batched delivery, without folders, leader topic and web server of its own."""

    def __init__(self, *args: Any, assignment: Assignment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.assignment = assignment
        self.also_read: list[Any] = []

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Nothing is kept on disk."""

    async def on_start(self) -> None:
        """Subscribe also to the topics whose records are merged into another topic's batches."""
        await super().on_start()
        for topic in self.also_read:
            self.topics.add(topic)


def bytes_topic(app: ScreeningApp, name: str) -> Any:
    """A topic whose records stay bytes: Faust would skip and commit a record that it cannot decode."""
    return app.topic(name, key_type=bytes, key_serializer="raw", value_serializer="raw")


def faust_options(settings: Settings) -> dict[str, Any]:
    """Options of the Faust app: where Kafka is, and that Faust commits, creates and serves nothing by itself."""
    session_s = settings.session_timeout / timedelta(seconds=1)
    options = consumer_options(settings)
    return {
        "broker": [f"kafka://{server}" for server in options["bootstrap_servers"].split(",")],
        "broker_credentials": _credentials(settings, options),
        "broker_session_timeout": session_s,
        "broker_heartbeat_interval": session_s / 4,
        "broker_request_timeout": options["request_timeout_ms"] / 1000,
        "broker_max_poll_interval": options["max_poll_interval_ms"] / 1000,
        "broker_commit_interval": 10.0,  # nothing is committed by Faust
        "store": "memory://",
        "Table": BatchTable,
        "TableManager": PromptTableManager,
        "topic_partitions": settings.partitions,
        "topic_allow_declare": False,  # topic_admin makes the topics, as they should be
        "topic_disable_leader": True,
        "table_standby_replicas": 0,
        "stream_recovery_delay": 0.0,
        "stream_wait_empty": False,
        "web_enabled": False,
        "autodiscover": False,
        "stream_processing_timeout": HOUR_S,
    }


def _credentials(settings: Settings, options: dict[str, Any]) -> Any:
    """Credentials of the one producer that Faust opens for itself."""
    context = options.get("ssl_context")
    if settings.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            mechanism=settings.sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context=context) if context else None
