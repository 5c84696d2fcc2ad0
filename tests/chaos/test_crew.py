"""Only what was done to a worker excuses how it ended; every other end is named, and its log kept."""

import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.chaos.crew import Crew, Slot
from tests.engine_kit.kafka import await_true

RULES = "rules.yaml"


class Child:
    """A worker that ends with a code when it is looked at."""

    def __init__(self, code: int) -> None:
        self.exit_code: int | None = None
        self.code, self.pid = code, 0
        self.process = SimpleNamespace(send_signal=lambda number: None)

    def stop(self, grace_s: float) -> int:
        return self.code


def crew_with(tmp_path: Path, code: int, words: str) -> tuple[Crew, Slot, Child]:
    crew = Crew({}, tmp_path, fragile=[tmp_path / RULES])
    child: Any = Child(code)
    slot = Slot("worker-1", tmp_path / "worker-1.log", child=child)
    slot.log.write_text("an earlier worker\n" + words)
    slot.said, slot.wanted = len("an earlier worker\n"), False
    crew.slots.append(slot)
    return crew, slot, child


@pytest.mark.parametrize(
    ("sent", "code", "said", "expected"),
    [
        (signal.SIGTERM, 0, "stopped", True),
        (signal.SIGTERM, -15, "", False),
        (signal.SIGTERM, -9, "hangs", False),
        (signal.SIGTERM, 1, "failed", False),
        (signal.SIGKILL, -9, "", True),
        (None, -9, "out of memory", False),
        (None, 0, "stopped for no reason", False),
        (None, 1, "failed", False),
        (None, 2, f"parcelward: {{folder}}/{RULES}: cannot read the rule pack", True),
        (None, 2, "parcelward: creating topics failed", False),
    ],
)
def test_an_end_is_expected_only_if_something_explains_it(
    tmp_path: Path, sent: signal.Signals | None, code: int, said: str, expected: bool
) -> None:
    said = said.format(folder=tmp_path)
    crew, slot, child = crew_with(tmp_path, code, said)
    if sent is not None:
        crew.send(slot, sent)
    child.exit_code = code
    crew.look_after()
    assert (crew.unexpected == []) is expected
    for end in crew.unexpected:
        assert (end.worker, end.said) == ("worker-1", said.removeprefix("parcelward: "))
        assert Path(end.log).read_text() == said


@pytest.mark.parametrize(("code", "count"), [(0, 0), (-9, 1)])
def test_who_does_not_stop_in_good_order_at_the_end_is_named(tmp_path: Path, code: int, count: int) -> None:
    crew, _, _ = crew_with(tmp_path, code, "hangs")
    assert crew.stop() == [code]
    assert [Path(end.log).read_text() for end in crew.unexpected] == ["hangs"] * count


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_that_has_not_begun_may_end_by_the_signal(tmp_path: Path) -> None:
    crew = Crew({}, tmp_path)
    slot = crew.join()
    crew.leave(slot)
    await_true(lambda: slot.child is not None and slot.child.exit_code is not None)
    crew.look_after()
    assert (list(crew.endings), crew.unexpected) == (["signal 15"], [])
