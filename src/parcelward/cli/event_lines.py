"""The file of events that a command was given: opened, or the standard input."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from parcelward.errors import UserError


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


def name_of(file: str) -> str:
    """The file as a message names it.

    >>> name_of("-")
    'stdin'
    """
    return "stdin" if file == "-" else file
