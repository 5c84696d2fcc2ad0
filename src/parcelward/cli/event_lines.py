"""The file of events that a command was given: opened, or the standard input."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from parcelward.errors import UserError
from parcelward.process.stopping import Stop

CHUNK = 262_144


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """Open a file of events; `-` is the standard input. Raises UserError when it cannot be read."""
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 - closed below; only opening may be the user's mistake
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}); give a file of one JSON event a line") from None
    with stream:
        yield stream


def arriving_lines(stop: Stop, most: int) -> Iterator[list[tuple[int, bytes]]]:
    """Numbered lines of the standard input as they come, at most so many together; ends with it, or at a signal."""
    source = sys.stdin.fileno()
    rest, number = b"", 0
    while not stop.requested:
        ready, _, _ = select.select([source, stop.fileno()], [], [])
        if source not in ready:
            return
        chunk = os.read(source, CHUNK)
        *lines, rest = (rest + chunk).split(b"\n")
        if not chunk and rest:
            lines = [rest]  # the last line, without its end
        numbered = [(number + count, line.strip()) for count, line in enumerate(lines, 1)]
        number += len(lines)
        events = [(count, line) for count, line in numbered if line]
        for first in range(0, len(events), most):
            yield events[first : first + most]
        if not chunk:
            return


def name_of(file: str) -> str:
    """The file as a message names it.

    >>> name_of("-")
    'stdin'
    """
    return "stdin" if file == "-" else file
