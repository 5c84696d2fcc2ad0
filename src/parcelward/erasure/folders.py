"""State folders and kept recordings: what lies in files on this machine."""

import fcntl
import gzip
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

from rocksdict import AccessType, Options, Rdict

from parcelward.erasure.person import Person
from parcelward.errors import UserError
from parcelward.replay.kept import lines_in

IN_USE = "in-use"
"""A worker locks this file of its state folder."""
_FAST = 3
TAIL = 18
"""Characters of a token that are certainly its own."""


def states_in(folder: Path) -> list[Path]:
    """Find the states in a worker's folder, one for each stage and partition."""
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def drop_states(folder: Path) -> int:
    """Delete the states in a folder that no worker uses; a worker fills them again. Returns their number.

    Replaced values stay in a database's files until it merges them, so nothing less will do.
    """
    found = states_in(folder)
    if not found:
        return 0
    with (folder / IN_USE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"state folder {folder} is in use by a worker; stop it first") from None
        for path in found:
            shutil.rmtree(path)
    return len(found)


def in_state(path: Path, person: Person) -> int:
    """Count what holds a token in a state: values that count, or, if there is none, files with replaced ones."""
    database = Rdict(str(path), Options(raw_mode=True), access_type=AccessType.read_only())
    try:
        entries = cast(Iterable[tuple[bytes, bytes]], database.items())
        values = sum(person.owns(key) or person.is_in(value) for key, value in entries)
    finally:
        database.close()
    return values or sum(_tells(file, person) for file in path.iterdir() if file.is_file())


def _tells(file: Path, person: Person) -> bool:
    # A packed block begins with what it holds as it is; only what comes again is shortened, the key's id for one.
    text = file.read_bytes()
    return any(token[-TAIL:].encode() in text for token in person.tokens)


def recorded_files(folder: Path) -> list[Path]:
    """Find the files of a kept recording."""
    return sorted(folder.glob("*.jsonl.gz"))


def drop_lines(path: Path, is_of: Callable[[bytes], bool]) -> int:
    """Write a file of a recording anew without the lines of a person, whole or not at all; returns how many went.

    Raises UserError when it is damaged. What an erasing that was killed has left half written goes, too.
    """
    anew, gone = path.with_suffix(".erasing"), 0
    anew.unlink(missing_ok=True)
    if not any(map(is_of, lines_in(path))):
        return 0
    with gzip.open(anew, "wb", compresslevel=_FAST) as file:
        for line in lines_in(path):
            if is_of(line):
                gone += 1
            else:
                file.write(line)
    with anew.open("rb") as written:
        os.fsync(written.fileno())
    anew.replace(path)
    return gone
