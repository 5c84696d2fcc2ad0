"""Builds the Faust app; nothing is created at import."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import faust

from parcelward.cluster.admin import changelog_ids
from parcelward.settings import Settings
from streams.engine.agents import screen
from streams.engine.assignment import Ownership, Recorder
from streams.engine.clients import consumer_options
from streams.engine.fetched_batches import read_in_batches
from streams.engine.partition import StagePlan
from streams.engine.state import MemoryStates, States
from streams.engine.state_on_disk import DiskStates
from streams.engine.tables import RECOVERY_BUFFER, BatchTable, PromptTableManager
from streams.engine.transport import BatchTransport

HOUR_S = 3600.0


class ScreeningApp(faust.App):  # type: ignore[misc]
    """A Faust app with batched delivery, without folders, leader topic and web server of its own."""

    def __init__(self, *args: Any, ownership: Ownership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ownership = ownership
        self.also_read: list[Any] = []

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Nothing is kept on disk."""

    async def on_start(self) -> None:
        """Subscribe to the topics that are merged into another one's batches."""
        await super().on_start()
        for topic in self.also_read:
            self.topics.add(topic)


def build_app(settings: Settings, plans: Sequence[StagePlan], recorder: Recorder) -> ScreeningApp:
    """The app of one worker: an agent and a table per stage. Nothing is connected before it is started."""
    read_in_batches()
    ownership = Ownership(settings, plans, recorder, states=_states(settings))
    app = ScreeningApp(settings.topics.app_id, ownership=ownership, **_faust_options(settings))
    for plan in plans:
        first, *others = (_bytes_topic(app, topic) for topic in plan.topics)
        app.also_read += others
        # TRAP: without bytes as types, recovery decodes the changelog as JSON.
        app.Table(
            plan.name,
            partitions=settings.partitions,
            key_type=bytes,
            value_type=bytes,
            recovery_buffer_size=RECOVERY_BUFFER,
        )
        app.agent(first, name=plan.name, isolated_partitions=True)(screen(ownership))
    return app


def _states(settings: Settings) -> States:
    if settings.state_dir is None:
        return MemoryStates()
    return DiskStates(settings.state_dir, partial(changelog_ids, settings))


def _bytes_topic(app: ScreeningApp, name: str) -> Any:
    return app.topic(name, key_type=bytes, key_serializer="raw", value_serializer="raw")


def _faust_options(settings: Settings) -> dict[str, Any]:
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
