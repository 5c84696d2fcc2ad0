"""Events that wait for delivery: in order, within a bound, on disk for the next process, for their owner only."""

import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from parcelward.errors import UserError
from parcelward.publisher import NotDelivered, SpoolFull, spool
from parcelward.publisher.delivery import Delivery, Progress, Refusal
from parcelward.publisher.outbox import MemoryOutbox, Outbox, portions_after
from parcelward.publisher.record_bytes import Body, body_bytes, header_bytes
from parcelward.publisher.spool import Spool

MOST = 100_000_000


def body(number: int, size: int = 10) -> Body:
    value = str(number).zfill(size).encode()
    return Body("swift", b"SF%d" % (number % 3), body_bytes(b"SF%d" % (number % 3), value, header_bytes([])))


def fill(outbox: Outbox, counts: Sequence[int], size: int = 10) -> list[Body]:
    """Take portions of so many events."""
    taken: list[Body] = []
    for count in counts:
        portion = [body(len(taken) + number, size) for number in range(count)]
        outbox.append(portion)
        taken += portion
    return taken


def held(outbox: Outbox, number: int = 0) -> list[Body]:
    return [found for portion in portions_after(outbox, number) for found in portion.bodies]


@pytest.fixture(params=["memory", "spool"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Outbox:
    return MemoryOutbox(MOST) if request.param == "memory" else Spool(tmp_path / "spool", MOST)


def test_events_leave_in_the_order_in_which_they_came(outbox: Outbox) -> None:
    taken = fill(outbox, [1, 3, 1, 500])
    assert held(outbox) == taken
    assert [portion.first for portion in outbox.after(1, 2)] == [2, 5]
    outbox.remove_through(5)
    assert held(outbox) == taken[5:]
    assert outbox.last == len(taken)
    outbox.close()


def test_events_that_do_not_fit_into_memory_are_read_back_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "AT_HAND_BYTES", 200)
    outbox = Spool(tmp_path, MOST)
    taken = fill(outbox, [2] * 20)
    sent: list[Body] = []
    while portions := outbox.after(len(sent), 3):
        sent += [found for portion in portions for found in portion.bodies]
        outbox.remove_through(len(sent))
        if len(taken) < 60:
            more = [body(len(taken))]
            outbox.append(more)
            taken += more
    assert sent == taken
    outbox.close()


def test_a_spool_outlives_its_process(tmp_path: Path) -> None:
    first = Spool(tmp_path, MOST)
    taken = fill(first, [1, 2, 3])
    first.remove_through(1)
    first.close()
    second = Spool(tmp_path, MOST)
    assert (held(second), second.last) == (taken[1:], 6)
    assert second.append([body(9)]) == 7
    second.close()


def test_an_emptied_spool_leaves_no_personal_value_on_the_disk(tmp_path: Path) -> None:
    outbox = Spool(tmp_path, MOST)
    fill(outbox, [10])
    outbox.remove_through(10)
    outbox.close()
    assert [file.name for file in tmp_path.iterdir()] == ["lock"]


def test_a_spool_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    outbox = Spool(tmp_path / "new" / "spool", MOST)
    fill(outbox, [1])
    folder = tmp_path / "new" / "spool"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    rights = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert "events.db-wal" in rights
    assert set(rights.values()) == {0o600}
    outbox.close()


def test_a_second_publisher_on_a_spool_is_refused_in_a_sentence(tmp_path: Path) -> None:
    outbox = Spool(tmp_path, MOST)
    with pytest.raises(UserError, match=r"another publisher uses the spool in .*; stop it, or give each"):
        Spool(tmp_path, MOST)
    outbox.close()
    Spool(tmp_path, MOST).close()


def damage(folder: Path) -> None:
    (folder / "events.db").write_bytes(b"no database, whatever its name says" * 400)


def be_newer(folder: Path) -> None:
    with sqlite3.connect(folder / "events.db") as database:
        database.execute("pragma user_version=99")
    database.close()


def be_a_file(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    folder.write_bytes(b"")


@pytest.mark.parametrize("spoil", [damage, be_newer, be_a_file])
def test_a_spool_that_cannot_be_used_is_a_sentence_and_frees_the_folder(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    folder = tmp_path / "spool"
    outbox = Spool(folder, MOST)
    fill(outbox, [1])
    outbox.close()
    spoil(folder)
    for _ in range(2):
        with pytest.raises(UserError, match="spool"):
            Spool(folder, MOST)


def fill_up(outbox: Outbox, size: int = 1000) -> int:
    """Take events until there is no room; returns how many were taken."""
    for number in range(100_000):
        try:
            outbox.append([body(number, size)])
        except SpoolFull:
            return number
    raise AssertionError("the outbox has no bound")


@pytest.mark.parametrize(
    "make", [lambda _: MemoryOutbox(300_000), lambda folder: Spool(folder, 300_000)], ids=["memory", "disk"]
)
def test_a_full_outbox_says_so_keeps_what_it_has_and_takes_more_when_there_is_room(
    tmp_path: Path, make: Callable[[Path], Outbox]
) -> None:
    outbox = make(tmp_path)
    taken = fill_up(outbox)
    assert taken > 150
    assert [int(found.bytes[-1001:-1]) for found in held(outbox)] == list(range(taken))
    outbox.remove_through(taken - 20)
    assert outbox.append([body(taken, 1000)]) == taken + 1
    outbox.close()


DISK_FULL = """
import resource, signal, sys
from pathlib import Path
from tests.unit.test_publisher_spool import MOST, fill_up, held
from parcelward.publisher.spool import Spool
outbox = Spool(Path(sys.argv[1]), MOST)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
taken = fill_up(outbox)
assert len(held(outbox)) == taken, "lost"
outbox.remove_through(taken // 2)  # a full disk must not stop delivery
assert [found for found in held(outbox, taken // 2)]
if sys.argv[2] == "all":
    outbox.remove_through(taken)
    assert fill_up(outbox) == taken, "no room again"
    outbox._delivered = outbox.last  # as if the last deletion had found just enough room
    assert fill_up(outbox) == taken, "empty, and yet no room"
print(taken)
sys.stdout.flush()
import os, signal
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("delivered", ["half", "all"])
def test_a_full_disk_refuses_the_next_event_loses_none_and_has_room_when_all_is_delivered(
    tmp_path: Path, delivered: str
) -> None:
    command = [sys.executable, "-c", DISK_FULL, str(tmp_path), delivered]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    taken = int(ended.stdout)
    assert taken > 30
    outbox = Spool(tmp_path, MOST)
    numbers = [int(found.bytes[-1001:-1]) for found in held(outbox)]
    assert numbers == list(range(taken - len(numbers), taken))
    assert len(numbers) >= taken - taken // 2
    outbox.close()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_delivery_knows_its_outcome() -> None:
    progress = Progress(0, None)
    sent, refused, waiting = (Delivery(number, f"e-{number}", progress) for number in (1, 2, 3))
    assert not sent.done()
    with pytest.raises(NotDelivered, match=r"\(e-1\): no answer"):
        sent.result(0)
    called: list[str | None] = []
    for delivery in (waiting, sent):
        delivery.add_done_callback(lambda done: called.append(done.event_id))
    progress.advance(2, {2: Refusal("e-2", "MessageSizeTooLarge")}, 1)
    sent.result()
    with pytest.raises(NotDelivered, match="MessageSizeTooLarge") as raised:
        refused.result()
    assert raised.value.ids == ("e-2",)
    assert (called, waiting.done()) == (["e-1"], False)
    progress.end()
    assert called == ["e-1", "e-3"]
    with pytest.raises(NotDelivered):
        waiting.result()  # the publisher was closed: it does not wait for ever


def test_whoever_waits_is_told_from_another_thread() -> None:
    progress = Progress(0, None)
    delivery = Delivery(1, "e-1", progress)
    telling = threading.Timer(0.05, progress.advance, (1, {}, 1))
    telling.start()
    delivery.result(60)
    telling.join()
