"""Only a gap that a worker said excuses an event that is missing, and only an event that was promised is looked for."""

from pathlib import Path

from tests.chaos.couriers import MARK_BYTES, mark
from tests.chaos.oracle import acknowledged
from tests.chaos.retention import Gap, gaps_said, said_again


def test_a_gap_excuses_once_however_often_it_is_said_and_what_is_said_again_is_counted(tmp_path: Path) -> None:
    said = '{"level": "error", "message": "records are gone", "topic": "intake.swift", "partition": 2, '
    (tmp_path / "worker-1.log").write_text(f'{said}"offset": 40, "records": 5}}\n{{"message": "ready"}}\n')
    (tmp_path / "worker-2.log").write_text(f'{said}"offset": 40, "records": 5}}\n{said}"offset": 90, "records": 1}}\n')
    (tmp_path / "worker-3.log").write_text(f'{said}"offset": 90, "records": 7}}\n')
    gaps = gaps_said(tmp_path.glob("worker-*.log"))
    assert gaps.keys() == {Gap("intake.swift", 2, *span) for span in ((40, 45), (90, 91), (90, 97))}
    assert said_again(gaps) == 2


def test_a_mark_that_a_killed_process_was_about_to_write_is_no_promise(tmp_path: Path) -> None:
    marks = [mark("intake.swift", b"SF1", b"%d" % number) for number in range(3)]
    (tmp_path / "acknowledged").mkdir()
    (tmp_path / "acknowledged" / "0").write_text(f"{marks[0]}\n{marks[1][:9]}")
    (tmp_path / "acknowledged" / "1").write_text(f"{marks[2]}\n")
    assert len(marks[0]) + 1 == MARK_BYTES
    assert acknowledged(tmp_path) == {marks[0], marks[2]}
