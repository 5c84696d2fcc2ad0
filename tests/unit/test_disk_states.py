"""A state on disk is a copy of one changelog up to one offset, or it is nothing."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from parcelward.errors import UserError
from streams.engine.state import NOTHING_WRITTEN, Bounds
from streams.engine.state_on_disk import OLDEST_S, DiskState, DiskStates

PARTITION = ("duties", 0)


OPEN: list[DiskStates] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


def opened(folder: Path, changelog: str = "one") -> tuple[DiskStates, DiskState]:
    states = DiskStates(folder, lambda: {"duties": changelog})
    OPEN.append(states)
    state = states.open([PARTITION])[PARTITION]
    assert isinstance(state, DiskState)
    return states, state


def again(states: DiskStates, state: DiskState, changelog: str = "one") -> tuple[DiskStates, DiskState]:
    states.give_up({PARTITION: state})
    states.close()
    return opened(state._folder.parent, changelog)


def test_what_was_written_is_there_again_with_its_offset(tmp_path: Path) -> None:
    states, state = opened(tmp_path)
    state.write({b"a": b"1", b"b": b"2"}, 5)
    state.write({b"a": None, b"c": b"3"}, 8)
    states, state = again(states, state)
    assert (dict(state.items()), state.written) == ({b"b": b"2", b"c": b"3"}, 8)
    assert b"b" in state
    assert b"a" not in state


def test_a_walk_sees_every_key_although_the_state_changes(tmp_path: Path) -> None:
    _, state = opened(tmp_path)
    state.write({b"%04d" % number: b"old" for number in range(1000)}, 1)
    seen = {}
    for number, key in enumerate(state):
        state.write({key: b"new", b"%04d" % (999 - number): None if number < 100 else b"new"}, number + 2)
        seen[key] = state.get(key)
    assert set(seen) >= {b"%04d" % number for number in range(900)}
    assert set(seen.values()) <= {b"new", None}


@pytest.mark.parametrize(
    ("bounds", "believed"),
    [(Bounds(0, 11), True), (Bounds(0, 50), True), (Bounds(12, 50), False), (Bounds(0, 10), False)],
    ids=["nothing since", "a rest to read", "begins after it", "ahead of the changelog"],
)
def test_a_copy_counts_only_if_the_changelog_completes_it(tmp_path: Path, bounds: Bounds, believed: bool) -> None:
    _, state = opened(tmp_path)
    state.write({b"a": b"1"}, 10)
    state.forget_unless_current(bounds)
    assert state.written == (10 if believed else NOTHING_WRITTEN)
    assert (b"a" in state) == believed


def test_an_old_copy_is_dropped_when_deletions_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, state = opened(tmp_path)
    state.write({b"a": b"1"}, 10)
    later = time.time() + OLDEST_S + 1
    monkeypatch.setattr(time, "time", lambda: later)
    state.forget_unless_current(Bounds(0, 11))
    assert state.written == 10
    state.forget_unless_current(Bounds(0, 12))
    assert state.written == NOTHING_WRITTEN


def test_a_copy_of_another_changelog_is_dropped(tmp_path: Path) -> None:
    states, state = opened(tmp_path)
    state.write({b"a": b"1"}, 10)
    states, state = again(states, state, "another")
    assert (dict(state.items()), state.written) == ({}, NOTHING_WRITTEN)


def test_two_workers_cannot_share_a_folder(tmp_path: Path) -> None:
    opened(tmp_path)
    with pytest.raises(UserError, match="state_dir of its own"):
        DiskStates(tmp_path, dict)


def test_a_block_that_cannot_be_read_stops_every_reader(tmp_path: Path) -> None:
    states, state = opened(tmp_path)
    keys = [b"%05d" % number for number in range(10_000)]
    state.write({key: os.urandom(100) for key in keys}, 1)
    state._database.flush()
    states.give_up({PARTITION: state})
    states.close()
    (file,) = tmp_path.rglob("*.sst")
    with file.open("r+b") as block:
        block.seek(file.stat().st_size // 2)
        block.write(b"\xff" * 64)
    states, state = opened(tmp_path)
    for read in (
        lambda: [state.get(key) for key in keys],
        lambda: list(state.items()),  # what timers are restored from
        lambda: list(state),
    ):
        with pytest.raises(UserError, match="an emptied folder is filled again"):
            read()


class _Full:
    """A database that the disk has no room for."""

    def write(self, batch: object) -> None:
        raise OSError("no space left on device")


def test_after_a_failed_write_nothing_is_written_although_there_is_room_again(tmp_path: Path) -> None:
    """The failed batch is committed in Kafka: a later one on top of it would hide the gap behind its offset."""
    states, state = opened(tmp_path)
    state.write({b"a": b"1"}, 5)
    database, state._database = state._database, _Full()  # type: ignore[assignment]
    with pytest.raises(UserError, match="no space"):
        state.write({b"a": b"2"}, 6)
    state._database = database
    with pytest.raises(UserError, match="an earlier write failed"):
        state.write({b"b": b"3"}, 7)
    _, state = again(states, state)
    assert (dict(state.items()), state.written) == ({b"a": b"1"}, 5)


FILL = """
import os, resource, signal, sys
from pathlib import Path
sys.path.insert(0, os.getcwd())
from parcelward.errors import UserError
from tests.unit.test_disk_states import opened
states, state = opened(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
number = 0
try:
    while True:
        number += 1
        state.write({b"%06d" % number: os.urandom(1000)}, number)
except UserError as error:
    print(number - 1, state.written, "make room" in str(error), flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
try:
    state.write({b"after": b"the gap"}, number + 1)
except UserError:
    print("refused", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_full_disk_refuses_this_write_and_all_later_ones_and_leaves_a_prefix(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FILL, str(tmp_path)], capture_output=True, text=True, check=False)
    first, last = done.stdout.splitlines()
    assert last == "refused"
    count = int(first.split()[0])
    assert first == f"{count} {count} True"
    assert count > 100
    _, state = opened(tmp_path)
    assert state.written == count
    assert list(state) == [b"%06d" % number for number in range(1, count + 1)]


def test_a_disk_that_is_full_at_the_end_keeps_nobody_from_ending(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is the reason why the worker stops; what it raised then made the worker hang, or hid the reason."""
    states, state = opened(tmp_path)

    class Closing:
        def close(self) -> None:
            raise OSError("no space left on device")

    database, state._database = state._database, Closing()  # type: ignore[assignment]
    states.give_up({PARTITION: state})
    database.close()
    assert [record.message for record in caplog.records] == ["state on disk was not closed in order"]
