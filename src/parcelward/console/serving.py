"""Serves the pages: one process with a follower of the topics, a letterbox for decisions, and a web server."""

import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack

import uvicorn

from parcelward.console.figures import new_metrics, served, taken
from parcelward.console.judging import judging_of
from parcelward.console.people.sessions import Sessions
from parcelward.console.sending import KafkaLetterbox
from parcelward.console.store.database import Database
from parcelward.console.store.follower import Follower
from parcelward.console.web.app import build_app
from parcelward.errors import UserError
from parcelward.settings import Settings

LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
LOOK_S = 0.2


def is_over_tls(settings: Settings) -> bool:
    """Tell whether pages leave by TLS. Raises UserError if they would leave this machine in the clear."""
    if settings.console_certificate is not None:
        return True
    if settings.console_host not in LOOPBACK:
        raise UserError(
            f"console_host {settings.console_host} is reached from elsewhere: set console_certificate and"
            " console_certificate_key, so that nobody reads passwords on the way"
        )
    return False


def serve(settings: Settings, database: Database, now_ms: Callable[[], int], stopped: Callable[[float], bool]) -> None:
    """Serve until `stopped`, which waits for so many seconds, says so. Raises UserError if the port is taken."""
    over_tls = is_over_tls(settings)
    with ExitStack() as stack:
        listening = stack.enter_context(_listen(settings))
        metrics = new_metrics()
        stack.enter_context(served(settings, metrics))
        follower = Follower(settings, database)
        follower.start()
        stack.callback(follower.stop)
        stack.enter_context(taken(metrics, follower, Sessions(database), now_ms))
        letterbox = stack.enter_context(KafkaLetterbox(settings))
        app = build_app(
            database,
            settings.topics,
            letterbox,
            over_tls,
            now_ms,
            lambda: follower.progress().certain_ms,
            metrics,
            judging_of(settings),
        )
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,  # URLs say what people look for
            server_header=False,
            date_header=False,
            proxy_headers=False,
            ssl_certfile=settings.console_certificate,
            ssl_keyfile=settings.console_certificate_key,
            timeout_graceful_shutdown=5,
        )
        host, port = listening.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        address = f"{'https' if over_tls else 'http'}://{shown}:{port}"
        print(f"console at {address}", flush=True)  # noqa: T201 - whoever starts it must know
        _run(uvicorn.Server(config), listening, stopped)


def _run(server: uvicorn.Server, listening: socket.socket, stopped: Callable[[float], bool]) -> None:
    """Run a server on a thread of its own: there it leaves signals to us."""
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="console-web")
    thread.start()
    try:
        while thread.is_alive() and not stopped(LOOK_S):
            pass
    finally:
        server.should_exit = True
        thread.join()


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.console_host, settings.console_port
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
        )
    except OSError as error:
        raise UserError(
            f"console: {host}:{port} cannot be used ({error.strerror}); see the setting console_port"
        ) from None
