"""Refused records are told apart, counted by reason, and written whole into a file that only its owner can read."""

import base64
import json
import resource
import stat
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from parcelward.cli import app
from parcelward.cli.refusals import Groups, describe, refusal_line, rejected_ms
from parcelward.cli.repair_file import RepairFile
from parcelward.errors import UserError
from parcelward.moments import CHINA
from parcelward.publisher.record_bytes import Body, body_bytes, header_bytes
from parcelward.publisher.spool import Spool
from parcelward.stage import Record
from tests.builders import MINUTE, T0, moment

MOST = 10_000_000
SIZE = b"the value has 70000 bytes, the limit is 65536"


def refused(
    value: bytes | None = b"{}", headers: tuple[tuple[str, bytes], ...] = (), offset: int = 7, **ours: bytes
) -> Record:
    said = {
        "reason": b"wrong_type",
        "detail": b"data.weight_g: must be a whole number",
        "topic": b"intake.swift",
        "partition": b"3",
        "offset": str(offset).encode(),
        "rejected_at": moment(T0 + offset * MINUTE).encode(),
    } | ours
    return Record(
        "rejected.swift",
        0,
        offset,
        T0,
        b"SF1",
        value,
        [*headers, *((f"pw_{name}", said) for name, said in said.items())],
    )


def test_all_that_is_needed_to_send_it_again_is_shown_byte_for_byte() -> None:
    shown = describe(refused(b"\xff\x00", (("ce_id", b"e-1"), ("ce_x", b"\xfe"), ("ce_id", b"e-2"))), show_value=True)
    assert [(one["name"], one["value"]) for one in shown["headers"]] == [
        ("ce_id", "e-1"),
        ("ce_x", "\ufffd"),
        ("ce_id", "e-2"),
    ]
    assert base64.b64decode(shown["headers"][1]["value_base64"]) == b"\xfe"
    assert base64.b64decode(shown["value_base64"]) == b"\xff\x00"
    assert (shown["key"], "key_base64" in shown) == ("SF1", False)
    assert not {"headers", "value"} & describe(refused(), show_value=False).keys()


def test_a_record_without_its_value_says_what_is_known_of_it() -> None:
    shown = describe(refused(None, value_bytes=b"50000000", value_sha256=b"ab", batch_records=b"500"), show_value=True)
    assert (shown["bytes"], shown["value_sha256"], shown["batch_records"]) == (50_000_000, "ab", 500)
    assert shown["value"] is None


def test_a_line_shows_local_time_position_and_on_demand_headers() -> None:
    record = refused(b"{}", (("ce_id", b"e-1"),), offset=0)
    shown = refusal_line(describe(record, show_value=True), rejected_ms(record), UTC).plain
    assert shown.startswith("2026-11-23 02:00:00 intake.swift/3/0 SF1 wrong_type data.weight_g: must be a whole number")
    assert shown.split("\n")[1:] == ["    ce_id: e-1", "    {}"]


@pytest.mark.parametrize("at_ms", [-1, 253_402_300_799_999])
def test_no_time_is_too_odd_to_be_shown(at_ms: int) -> None:
    assert "intake.swift/3/7" in refusal_line(describe(refused(), show_value=False), at_ms, CHINA).plain


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("13800001234", "a person's phone number"),
        ("+86 138-0000-1234", "a person's phone number"),
        ("360426199101010071", "a person's resident ID number"),
        ("wang@example.cn", "a person's e-mail address"),
        ("王小明", "no code"),
    ],
)
def test_a_key_that_may_be_a_personal_value_is_hidden_unless_it_is_asked_for(key: str, why: str) -> None:
    record = refused()._replace(key=key.encode())
    hidden = describe(record, show_value=False)
    assert (hidden["key"], hidden["key_hidden"]) == (None, why)
    assert key not in json.dumps(hidden, ensure_ascii=False)
    line = refusal_line(hidden, rejected_ms(record), UTC).plain
    assert f"intake.swift/3/7 (key hidden: {why}) wrong_type" in line
    assert describe(record, show_value=True)["key"] == key


def test_places_are_numbers_for_programs() -> None:
    shown = describe(refused(), show_value=False)
    assert (shown["partition"], shown["offset"]) == (3, 7)
    assert describe(refused(offset=7, partition=b""), show_value=False)["partition"] is None


def test_what_can_be_made_no_event_is_shown_by_a_command_that_is_named(tmp_path: Path) -> None:
    with RepairFile(tmp_path / "mend.jsonl", "swift") as file:
        record = refused(b"\xff", reason=b"invalid_encoding")
        file.add(record, describe(record, show_value=False))
    assert list(file.outcome())[-1].endswith("parcelward rejected swift --reason invalid_encoding --json --show-value")


def test_reasons_are_counted_with_the_usual_detail_and_where_it_came_last() -> None:
    groups = Groups()
    records = [refused(offset=offset) for offset in (2, 0, 9)]
    records += [
        refused(offset=1, detail=b"data.n: must be a string"),
        refused(offset=5, reason=b"too_large", detail=SIZE),
    ]
    for record in records:
        groups.add(describe(record, show_value=False), rejected_ms(record))
    first, second = groups.as_rows(UTC)
    usual = "data.weight_g: must be a whole number"
    assert first == ("wrong_type", "4", "2026-11-23 02:00:00", "2026-11-23 02:09:00", usual, "intake.swift/3/9")
    assert second[:2] == ("too_large", "1")
    told = groups.as_objects()
    assert [(one["reason"], one["records"], one["sample"]) for one in told] == [
        ("wrong_type", 4, "intake.swift/3/9"),
        ("too_large", 1, "intake.swift/3/5"),
    ]
    assert told[1]["meaning"].startswith("The value is larger than the limit")


def written(path: Path, *records: Record) -> tuple[list[str | None], list[str]]:
    """Write records; gives the lines that are said of each one, and at the end."""
    with RepairFile(path) as file:
        said = [file.add(record, describe(record, show_value=False)) for record in records]
    return said, list(file.outcome())


def test_only_its_owner_can_read_the_file_and_every_record_is_accounted_for(tmp_path: Path) -> None:
    path = tmp_path / "mend.jsonl"
    broken = refused(b'{"name": "\x1b[2J', offset=8, reason=b"invalid_json", detail=b"EOF")
    said, outcome = written(path, refused(), broken, refused(offset=9, reason=b"key_mismatch"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    links = [json.loads(line)["repairof"] for line in path.read_text().splitlines()]
    assert links == ["intake.swift/3/7", "intake.swift/3/9"]
    assert said == [None, "not in the file: intake.swift/3/8 invalid_json: the value is not JSON (EOF)", None]
    assert [line for line in outcome if "2 events in" in line and "only you may read" in line]
    assert [line for line in outcome if "1 event refused as key_mismatch" in line]
    assert [line for line in outcome if "1 of the refused records can be made no event" in line]


def test_what_another_courier_is_named_in_is_not_sent_there_unseen(tmp_path: Path) -> None:
    with RepairFile(tmp_path / "mend.jsonl", "swift") as file:
        record = refused(reason=b"wrong_courier", detail=b"data.courier: this courier does not own the topic")
        file.add(record, describe(record, show_value=False))
    outcome = list(file.outcome())
    assert [line for line in outcome if "1 event refused as wrong_courier: they name another courier" in line]
    command = f"{tmp_path / 'mend.jsonl'} --courier swift"
    assert f"next: parcelward validate {command} names" in outcome[-1]
    assert outcome[-1].endswith(f"parcelward publish {command}")


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "mend.jsonl"
    written(path, refused())
    before = path.read_bytes()
    with pytest.raises(UserError, match="exists already"):
        RepairFile(path)
    with pytest.raises(UserError, match="cannot be written"):
        RepairFile(tmp_path / "nowhere" / "mend.jsonl")
    assert path.read_bytes() == before


def test_a_file_without_an_event_does_not_stay(tmp_path: Path) -> None:
    said, outcome = written(tmp_path / "mend.jsonl", refused(None, reason=b"tombstone"))
    assert said == [
        "not in the file: intake.swift/3/7 tombstone: the record has no value (data.weight_g: must be a whole number)"
    ]
    assert len(outcome) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))  # bytes of a file: this disk is full soon
    try:
        with pytest.raises(UserError, match="cannot be written"), RepairFile(tmp_path / "mend.jsonl") as file:
            file.add(refused(), describe(refused(), show_value=False))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """A spool with two events that Kafka does not take, the second of which is no JSON."""
    folder = tmp_path / "spool"
    outbox = Spool(folder, MOST)
    for courier, value in (("swift", b'{"waybill":"SF1"}'), ("orient", b"\xff")):
        headers = header_bytes([("ce_id", f"of-{courier}".encode())])
        outbox.set_aside([Body(courier, b"SF1", body_bytes(b"SF1", value, headers))], "no topic")
    outbox.close()
    return folder


def rejected(*arguments: Any) -> Result:
    return CliRunner().invoke(app, ["rejected", *map(str, arguments)])


def test_what_a_spool_has_set_aside_is_shown_and_stays(spool: Path) -> None:
    told = rejected("--spool", spool)
    assert told.exit_code == 0, told.output
    assert [line for line in told.stdout.splitlines() if line.startswith("intake.swift SF1 not_delivered no topic")]
    (line,) = rejected("swift", "--spool", spool, "--json", "--show-value").stdout.splitlines()
    shown: dict[str, Any] = json.loads(line)
    assert (shown["topic"], shown["value"]) == ("intake.swift", '{"waybill":"SF1"}')
    assert "not_delivered" in rejected("--spool", spool, "--group").stdout


def test_repair_moves_events_out_of_the_spool_and_leaves_what_is_none(spool: Path, tmp_path: Path) -> None:
    path = tmp_path / "mend.jsonl"
    told = rejected("--spool", spool, "--repair", path)
    assert told.exit_code == 1, "one is left out"
    assert "intake.orient not_delivered: the value is not JSON" in told.stderr
    assert path.read_text() == '{"id": "of-swift", "data": {"waybill":"SF1"}}\n'
    assert rejected("--spool", spool).stdout.count("\n") == 1
    assert "orient" in rejected("--spool", spool).stdout


def test_a_spool_in_use_or_missing_is_a_sentence(spool: Path, tmp_path: Path) -> None:
    outbox = Spool(spool, MOST)
    assert "another publisher uses the spool" in str(rejected("--spool", spool).exception)
    outbox.close()
    assert "there is no such folder" in str(rejected("--spool", tmp_path / "none").exception)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name a courier"),
        (("swift", "--follow", "--group"), "--follow and --group"),
        (("swift", "--group", "--repair", "x"), "--group and --repair"),
        (("--spool", "x", "--from", "1d"), "--spool and --from"),
        (("swift", "--from", "yesterday"), "--from yesterday: write a time like"),
        (("swift", "--until", "999999d"), "--until 999999d: write a time like"),
        (("swift", "--tz", "Mars"), "--tz Mars"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_a_sentence(arguments: tuple[str, ...], said: str) -> None:
    answer = rejected(*arguments)
    assert isinstance(answer.exception, UserError)
    assert said in str(answer.exception)


def test_the_reasons_of_answers_are_reasons_too() -> None:
    with pytest.raises(UserError, match="whose refused records"):
        CliRunner().invoke(app, ["rejected", "--reason", "doubled"], catch_exceptions=False)
    wrong = CliRunner().invoke(app, ["rejected", "swift", "--reason", "doubld"], env={"COLUMNS": "400"})
    assert wrong.exit_code == 2
    assert "'doubld' is not one of" in wrong.output
    assert "wrong_type" in wrong.output
    assert "of answers: unknown, doubled, stale, ahead, late, not_asked" in wrong.output
