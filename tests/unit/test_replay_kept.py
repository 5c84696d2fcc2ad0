"""A kept recording replays as the topics did; mistakes of the one who replays are one clear sentence."""

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from parcelward.cli import app
from parcelward.errors import UserError
from parcelward.replay.check import check
from parcelward.replay.compare import Span, differing
from parcelward.replay.kept import KeptRecording, keep
from parcelward.screening.build import build_stages
from parcelward.stage import Record, SourceRecord
from tests.builders import DAY, T0, settings
from tests.courier_traffic import COURIERS, traffic
from tests.live_run import LiveRun

SETTINGS = settings(couriers=COURIERS, partitions=2)
STAGES = build_stages(SETTINGS)
ODD = Record("intake.swift", 0, 10_000, T0 + DAY, b"\xff\xfe", None, [("x", b"\x80"), ("ce_id", None)])  # type: ignore[list-item]


def live_run(seed: int = 1) -> LiveRun:
    live = LiveRun(SETTINGS, STAGES, seed)
    records = traffic(seed, partitions=2)
    live.run([*records, ODD._replace(timestamp=records[-1].timestamp)])
    live.end(records[-1].timestamp + DAY)
    return live


def test_a_kept_recording_replays_as_the_topics_did(tmp_path: Path) -> None:
    live = live_run()
    whole = check(live, STAGES, Span())
    events = keep(live, tmp_path / "day")
    again = check(KeptRecording(tmp_path / "day", SETTINGS), STAGES, Span())
    assert again == whole
    assert events == whole.events
    assert whole.comparison.same
    assert whole.comparison.alerts.equal > 0


def test_records_come_back_byte_for_byte(tmp_path: Path) -> None:
    live = live_run()
    keep(live, tmp_path / "day")
    kept = KeptRecording(tmp_path / "day", SETTINGS)

    def plain(records: Iterator[SourceRecord]) -> Sequence[Any]:
        return [(one.topic, one.offset, one.timestamp, one.key, one.value, list(one.headers)) for one in records]

    for number in range(2):
        assert plain(kept.intake("swift", number)) == plain(live.intake("swift", number))
        for topic in ("screening.senders", "screening.outlets"):
            assert list(kept.order(topic, number)) == list(live.order(topic, number))
    assert plain(kept.alerts()) == plain(live.alerts())


def test_a_recording_of_the_format_before_is_read(tmp_path: Path) -> None:
    live = live_run()
    keep(live, tmp_path / "day")
    about = tmp_path / "day" / "recording.json"
    about.write_bytes(about.read_bytes().replace(b'"format":2', b'"format":1'))
    for path in (tmp_path / "day").glob("screening.*.jsonl.gz"):
        passes = [json.loads(line)[:9] for line in gzip.decompress(path.read_bytes()).splitlines()]
        path.write_bytes(gzip.compress("".join(json.dumps(one) + "\n" for one in passes).encode()))
    assert check(KeptRecording(tmp_path / "day", SETTINGS), STAGES, Span()).comparison.same


def test_what_is_kept_up_to_a_time_replays_up_to_it(tmp_path: Path) -> None:
    live = live_run()
    middle = live.logs["intake.swift", 0][-3].timestamp
    keep(live, tmp_path / "day", middle)
    kept = KeptRecording(tmp_path / "day", SETTINGS)
    assert kept.to_ms == middle
    expected, found = check(live, STAGES, Span(None, middle)), check(kept, STAGES, Span(None, middle))
    assert (found.comparison.alerts, found.events) == (expected.comparison.alerts, expected.events)


def test_a_recording_opens_for_its_owner_only_and_is_never_written_over(tmp_path: Path) -> None:
    keep(live_run(), tmp_path / "day")
    assert (tmp_path / "day").stat().st_mode & 0o777 == 0o700
    with pytest.raises(UserError, match="a recording is kept in a new folder"):
        keep(live_run(), tmp_path / "day")


def test_a_recording_of_other_couriers_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    keep(live_run(), tmp_path / "day")
    with pytest.raises(UserError, match="is of couriers swift, orient"):
        KeptRecording(tmp_path / "day", settings(couriers=("swift",)))
    with pytest.raises(UserError, match="holds no readable recording"):
        KeptRecording(tmp_path, SETTINGS)
    (tmp_path / "day" / "intake.swift.1.jsonl.gz").write_bytes(b"\x1f\x8b\x08 damaged")
    with pytest.raises(UserError, match=r"intake.swift.1.jsonl.gz is missing or damaged"):
        check(KeptRecording(tmp_path / "day", SETTINGS), STAGES, Span())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--from", "yesterday"], "--from yesterday: write a time like 2026-11-23T08:00, or 30m, 6h, 2d"),
        (["--from", "1h", "--to", "2h"], "--from 1h is not before --to 2h"),
        (["--from", "2026-11-23T08:00", "--to", "2026-11-23T00:00Z"], "is not before --to"),
        (["--warm-up", "8"], "--warm-up needs --from"),
        (["--from", "2026-11-24T00:00Z", "--to", "2026-11-23T00:00Z"], "is not before --to"),
    ],
)
def test_a_wrong_option_is_named(words: list[str], sentence: str) -> None:
    answer = CliRunner().invoke(app, ["replay", *words])
    assert isinstance(answer.exception, UserError)
    assert sentence in str(answer.exception)


def test_the_command_tells_equal_from_different(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"COURIERS": ",".join(COURIERS), "MODEL": "", "SAMPLED_SHARE": "0"}.items():
        monkeypatch.setenv(f"PARCELWARD_{name}", value)
    live = live_run()
    keep(live, tmp_path / "good")
    next(log for (topic, _), log in live.logs.items() if topic == "alerts" and log).pop()
    keep(live, tmp_path / "bad")
    good = CliRunner().invoke(app, ["replay", str(tmp_path / "good"), "--json"])
    bad = CliRunner().invoke(app, ["replay", str(tmp_path / "bad"), "--json"])
    assert (good.exit_code, json.loads(good.stdout)["same"]) == (0, True)
    assert (bad.exit_code, json.loads(bad.stdout)["same"]) == (1, False)
    assert json.loads(bad.stdout)["differences"]
    nothing = CliRunner().invoke(app, ["replay", str(tmp_path / "good"), "--from", "2030-01-01T00:00Z"])
    assert isinstance(nothing.exception, UserError), "an audit of nothing must not look like one that passed"


def test_differences_are_named_by_their_place() -> None:
    live = b'{"lane":"red","findings":[{"values":{"sends_7d":3}}],"score":{"value":0.5},"gone":1}'
    again = b'{"lane":"red","findings":[{"values":{"sends_7d":4}}],"score":{"value":0.50000000001},"new":"x"}'
    assert list(differing(live, again)) == [
        "findings[0].values.sends_7d: 3 live, 4 in the replay",
        "gone: 1 live, null in the replay",
        'new: null live, "x" in the replay',
    ]
