"""Figures of a running console for Prometheus: served on an address of their own, and taken every few seconds."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, start_http_server
from sqlalchemy.exc import SQLAlchemyError

from parcelward.console.people.sessions import Sessions
from parcelward.console.store.follower import Progress
from parcelward.console_counts import BEHIND, CERTAIN, CONSOLE_DECLARED, PROJECTING, SESSIONS, UNREADABLE
from parcelward.errors import UserError
from parcelward.metrics import Metrics
from parcelward.settings import Settings

EVERY_S = 5.0
STOP_S = 5.0
"""Time to wait for a database that does not answer."""


class Progressing(Protocol):
    """Tells how far the tables are."""

    def progress(self) -> Progress:
        """Tell it. Raises SQLAlchemyError while the database is away."""
        ...


def new_metrics() -> Metrics:
    """Make the console's metrics on a registry of their own."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector):
        collector(registry=registry)
    return Metrics(registry, declared=CONSOLE_DECLARED)


@contextmanager
def served(settings: Settings, metrics: Metrics) -> Iterator[int]:
    """Serve /metrics inside the block; gives the port. Raises UserError when it is taken."""
    host, port = settings.http_host, settings.console_metrics_port
    try:
        server, thread = start_http_server(port, addr=host, registry=metrics.registry)
    except OSError as error:
        raise UserError(
            f"the console's /metrics cannot be served on {host}:{port} ({error.strerror}); set console_metrics_port"
        ) from None
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def taken(metrics: Metrics, follower: Progressing, sessions: Sessions, now_ms: Callable[[], int]) -> Iterator[None]:
    """Take the figures inside the block, on a thread: a database that hangs must hold up nothing else."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            take(metrics, follower, sessions, now_ms())
            over.wait(EVERY_S)

    thread = threading.Thread(target=work, name="console-figures", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(STOP_S)


def take(metrics: Metrics, follower: Progressing, sessions: Sessions, now_ms: int) -> None:
    """Take the figures once. Without its database a console projects nothing; the others stay as they were."""
    try:
        progress, open_sessions = follower.progress(), sessions.count(now_ms)
    except SQLAlchemyError:
        metrics.set(PROJECTING, 0)
        return
    metrics.set(PROJECTING, progress.projecting)
    metrics.set(BEHIND, progress.behind)
    metrics.set(UNREADABLE, progress.unreadable)
    metrics.set(SESSIONS, open_sessions)
    metrics.set(CERTAIN, progress.certain_ms / 1000)
