"""Three local brokers as one cluster, each of which can be killed, paused and started again."""

import os
import signal
from pathlib import Path
from types import TracebackType
from typing import Self

from parcelward.broker.local import LocalBroker, free_port
from parcelward.broker.properties import Node

HEAP_MB = 256


class LocalCluster:
    """Brokers on 127.0.0.1 that keep their data under `home`; a context manager.

    Every topic has three copies; an acknowledged record is on two brokers at least. A broker that comes back has its
    old port.
    """

    def __init__(self, home: Path, size: int = 3) -> None:
        numbers = range(1, size + 1)
        ports = _free_ports(2 * size)
        controllers = dict(zip(numbers, ports[size:], strict=True))
        self._brokers = {
            number: LocalBroker(home / f"broker-{number}", node=Node(number, port, controllers), heap_mb=HEAP_MB)
            for number, port in zip(numbers, ports[:size], strict=True)
        }

    @property
    def bootstrap(self) -> str:
        """Addresses for clients: all brokers."""
        return ",".join(broker.bootstrap for broker in self._brokers.values())

    @property
    def numbers(self) -> list[int]:
        """The brokers' numbers."""
        return list(self._brokers)

    def broker(self, number: int) -> LocalBroker:
        """One broker."""
        return self._brokers[number]

    def kill(self, number: int) -> None:
        """kill -9 one broker."""
        os.kill(self._brokers[number].pid, signal.SIGKILL)
        self._brokers[number].stop()

    def launch(self, number: int) -> None:
        """Start a broker that is down; returns at once."""
        self._brokers[number].launch()

    def pause(self, number: int) -> None:
        """Stop one broker for a while (SIGSTOP), with its connections open."""
        os.kill(self._brokers[number].pid, signal.SIGSTOP)

    def go_on(self, number: int) -> None:
        """Continue a paused broker."""
        os.kill(self._brokers[number].pid, signal.SIGCONT)

    def start(self) -> None:
        """Start all of them and return when all answer."""
        try:
            for broker in self._brokers.values():
                broker.launch()
            for broker in self._brokers.values():
                broker.await_answer()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all, by force: a member that shuts down in good order waits for the others. Safe to call twice."""
        for broker in self._brokers.values():
            if broker.exit_code is None and broker.is_launched:
                os.kill(broker.pid, signal.SIGKILL)
            broker.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _free_ports(count: int) -> list[int]:
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port(0))
    return list(ports)
