"""`parcelward simulate`: two files, events and ground truth, and one clear sentence when it cannot."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parcelward.cli import app
from parcelward.errors import UserError

START = "2026-11-02T08:00:00+08:00"


def command(*arguments: str) -> None:
    result = CliRunner().invoke(app, ["simulate", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output


def test_events_and_labels_go_to_two_files_and_a_seed_repeats_them(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one.jsonl", "labels.jsonl", "two.jsonl")]
    common = ["--events", "3000", "--seed", "5", "--start", START]
    command(*common, "--out", str(files[0]), "--labels", str(files[1]))
    command(*common, "--out", str(files[2]))
    assert files[0].read_bytes() == files[2].read_bytes()
    events = [json.loads(line) for line in files[0].read_text().splitlines()]
    labels = [json.loads(line) for line in files[1].read_text().splitlines()]
    assert len(events) == 3000
    assert labels
    assert {label["waybill"] for label in labels} <= {event["subject"] for event in events}
    assert set(labels[0]) == {"waybill", "courier", "pattern", "note", "case"}


def test_minutes_bound_the_simulated_time(tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    command("--minutes", "10", "--start", "2026-11-02T16:00:00+08:00", "--out", str(out))
    times = sorted(json.loads(line)["time"] for line in out.read_text().splitlines())
    assert times
    assert times[-1] < "2026-11-02T16:15"  # clocks may run ahead by some minutes


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--start", "yesterday"], "write a time like"),
        (["--couriers", " , "], "couriers"),
    ],
)
def test_a_wrong_option_is_named_in_one_sentence(arguments: list[str], words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=words):
        command("--out", str(tmp_path / "events.jsonl"), *arguments)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write"):
        command("--minutes", "1", "--out", str(tmp_path / "missing" / "events.jsonl"))
