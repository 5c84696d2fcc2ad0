"""Ports for what a test starts: from a range of which the system gives nothing to clients, a share for each process."""

import contextlib
import itertools
import os
import random
import socket

PORTS = range(20_000, 32_000)
PROCESSES = 8
"""At most so many processes of one session get ports that no other one gets."""

_share = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PROCESSES
_mine = PORTS[_share::PROCESSES]
_begin = random.SystemRandom().randrange(len(_mine))  # two sessions on one machine begin at different places
_candidates = itertools.cycle([*_mine[_begin:], *_mine[:_begin]])


def free_port() -> int:
    """A port on 127.0.0.1 where nothing listens, another one at each call."""
    while True:
        port: int = next(_candidates)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
