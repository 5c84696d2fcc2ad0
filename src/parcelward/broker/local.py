"""Starts, awaits and stops one local broker on one folder."""

import fcntl
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from parcelward.broker.java import java_command
from parcelward.broker.properties import CLUSTER_ID, Node, server_properties
from parcelward.errors import UserError
from parcelward.process.child import Child

HOST = "127.0.0.1"
START_S = 60.0
STOP_S = 15.0


class StartInterrupted(Exception):  # noqa: N818 - nothing is wrong
    """The start was interrupted on request; nothing is left running."""


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


class LocalBroker:
    """A broker on 127.0.0.1 that keeps its data under `home`; a context manager.

    Port 0 takes any free one. Data survives restarts; the process never outlives this one.
    """

    def __init__(
        self,
        home: Path,
        port: int = 0,
        interrupted: Callable[[float], bool] = _sleep,
        node: Node | None = None,
        heap_mb: int = 512,
    ) -> None:
        """`interrupted` waits so many seconds, or less, and says whether the start shall be given up.

        `node` makes it a member of a cluster, on that node's port.
        """
        self.home = home.absolute()
        self.port = port if node is None else node.port
        self._node = node
        self._heap_mb = heap_mb
        self._interrupted = interrupted
        self._lock: IO[bytes] | None = None
        self._child: Child | None = None

    @property
    def bootstrap(self) -> str:
        """Address for clients, `host:port`."""
        return f"{HOST}:{self.port}"

    @property
    def log_path(self) -> Path:
        """Path of the broker's own log: warnings and errors only."""
        return self.home / "kafka.log"

    @property
    def pid(self) -> int:
        """Process id of the broker."""
        assert self._child is not None, "not started"
        return self._child.pid

    @property
    def is_launched(self) -> bool:
        """True after a launch, until it is stopped."""
        return self._child is not None

    @property
    def exit_code(self) -> int | None:
        """None while the broker runs."""
        return self._child.exit_code if self._child else None

    def start(self) -> None:
        """Start it and return when it answers.

        Raises UserError when the port or the folder is in use, StartInterrupted when interrupted.
        """
        self.launch()
        try:
            self.await_answer()
        except BaseException:
            self.stop()
            raise

    def launch(self) -> None:
        """Start it and return at once: a member of a cluster answers only when a majority is there."""
        java = java_command(self._heap_mb)
        self._lock = _lock_home(self.home)
        try:
            self.port = free_port(self.port)
            self._launch(java)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop it cleanly (killed after 15 s) and free the folder. Safe to call twice."""
        if self._child is not None:
            self._child.stop(STOP_S)
            self._child = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self, java: list[str]) -> None:
        assert self._lock is not None
        data = self.home / "data"
        properties = self.home / "server.properties"
        node = self._node or Node(1, self.port, {1: free_port(0)})
        properties.write_text(server_properties(data, node))
        with self.log_path.open("wb") as log:
            if not (data / "meta.properties").exists():
                command = [*java, "kafka.tools.StorageTool", "format", "-c", str(properties), "-t", CLUSTER_ID]
                self._format(command, log)
            # The child holds the lock as well: the folder stays locked until both are gone.
            self._child = Child([*java, "kafka.Kafka", properties], log, pass_fds=[self._lock.fileno()])

    def _format(self, command: list[str], log: IO[bytes]) -> None:
        # In a session of its own: Ctrl-C in the terminal would end it, and look like a folder that cannot be written.
        assert self._lock is not None
        formatting = Child(command, log, pass_fds=[self._lock.fileno()])
        try:
            while formatting.exit_code is None:
                self._pause()
            if formatting.exit_code:
                raise UserError(f"the broker could not format its data: {self._last_error()} (log: {self.log_path})")
        finally:
            formatting.stop(0)

    def _pause(self) -> None:
        if self._interrupted(0.05):
            raise StartInterrupted

    def await_answer(self) -> None:
        """Return when it answers. Raises UserError when it stops or takes too long, or StartInterrupted."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self.exit_code is not None:
                raise UserError(f"the broker stopped at its start: {self._last_error()} (log: {self.log_path})")
            if _listens(self.port) and self._answers():
                return
            self._pause()
        raise UserError(f"the broker did not answer within {START_S:.0f} s; see {self.log_path}")

    def _answers(self) -> bool:
        try:
            KafkaAdminClient(bootstrap_servers=[self.bootstrap], bootstrap_timeout_ms=2000).close()
        except (KafkaError, OSError):
            return False
        return True

    def _last_error(self) -> str:
        lines = self.log_path.read_text(errors="replace").splitlines()
        errors = [line for line in lines if " ERROR " in line or "Exception" in line]
        return (errors or lines or ["no reason given"])[-1].strip()[:300]


def _lock_home(home: Path) -> IO[bytes]:
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / "lock").open("wb")
    except OSError as error:
        raise UserError(f"the broker cannot keep its data in {home}: {error.strerror}; set broker_home") from None
    # A broker whose parent was killed a moment ago may still be on its way out.
    deadline = time.monotonic() + 2
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                lock.close()
                raise UserError(
                    f"another broker already runs on {home}; stop it, or choose another folder with --home"
                ) from None
            time.sleep(0.05)
        else:
            return lock


def free_port(port: int) -> int:
    """Return the port itself, or any free one for 0. Raises UserError when something listens there."""
    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UserError(
                f"port {port} on {HOST} cannot be used ({error.strerror}); stop what listens there, "
                "or choose another with --port"
            ) from None
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """True when a broker could listen on the port."""
    try:
        free_port(port)
    except UserError:
        return False
    return True


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0
