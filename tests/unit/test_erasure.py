"""A person is put out of records of every format, and out of recordings; the rest of each stays as it was."""

import gzip
from pathlib import Path
from zlib import crc32

import msgspec
import pytest

from parcelward.cases.case import decode_case, standing_key
from parcelward.cases.referral import encode
from parcelward.erasure.folders import drop_lines
from parcelward.erasure.lines import line_reader
from parcelward.erasure.person import Person
from parcelward.erasure.tokens import Values, tokenisers, tokens_of
from parcelward.errors import UserError
from parcelward.formats import format_of
from parcelward.profiles.senders import decode_sender
from parcelward.replay.kept import _line, lines_in, record_in
from parcelward.settings import Settings
from parcelward.shipments.shipment import Shipment, decode_shipment
from parcelward.stage import Record
from tests.desk import Desk
from tests.fixtures.stored import read_records
from tests.lives import LIFE, news

STORED = sorted((Path(__file__).parents[1] / "fixtures").glob("state-*"))


def records(folder: Path, stage: str) -> list[Record]:
    return [
        one
        for one in read_records(folder / "changelog.jsonl.xz")
        if one.topic.endswith(f"-{stage}-changelog") and one.value is not None and b"/" in (one.key or b"/")
    ]


def senders_of(record: Record) -> set[str]:
    """Document and phone of a ledger's record."""
    real_name = decode_shipment(record.value or b"").real_name
    tokens = () if real_name is None else (real_name.document_token, real_name.phone_token)
    return {token for token in tokens if token is not None}


def without_tokens(shipment: Shipment) -> Shipment:
    """A shipment with nobody in it, to compare the rest."""
    real_name = shipment.real_name
    if real_name is not None:
        real_name = msgspec.structs.replace(real_name, document_token="", phone_token="", operator_token="")
        real_name = msgspec.structs.replace(real_name, receiver_token="", name_token="")
    versions = [msgspec.structs.replace(one, entry=b"") for one in shipment.versions]
    return msgspec.structs.replace(shipment, real_name=real_name, versions=versions)


@pytest.mark.parametrize("folder", STORED, ids=lambda folder: folder.name)
def test_a_ledger_of_any_format_loses_the_token_and_nothing_else(folder: Path) -> None:
    ledgers = [one for one in records(folder, "duties") if b"/" in (one.key or b"") and senders_of(one)]
    assert len(ledgers) > 50
    for record in ledgers:
        before = record.value or b""
        person = Person(frozenset(senders_of(record)))
        after = person.put_out(before)
        assert after is not None
        assert not person.is_told(after)
        assert format_of(after) == format_of(before)
        assert without_tokens(decode_shipment(after)) == without_tokens(decode_shipment(before))


def test_versions_within_a_ledgers_record_lose_it_too() -> None:
    told = [one for one in records(STORED[-1], "duties") if b"/" in (one.key or b"")]
    several = [one for one in told if senders_of(one) and decode_shipment(one.value or b"").versions]
    assert several
    for record in several:
        person = Person(frozenset(senders_of(record)))
        after = person.put_out(record.value or b"") or b""
        assert len(decode_shipment(after).versions) == len(decode_shipment(record.value or b"").versions)
        assert not person.is_told(after)


def test_a_profile_of_somebody_else_keeps_its_counts_and_loses_the_mark() -> None:
    tokens = {token for one in records(STORED[-1], "duties") if b"/" in (one.key or b"") for token in senders_of(one)}
    profiles = [one for one in read_records(STORED[-1] / "changelog.jsonl.xz") if "senders" in one.topic and one.value]
    marked = [
        (token, one)
        for one in profiles
        for token in sorted(tokens)
        if (one.key or b"").decode() != token and Person(frozenset([token])).is_in(one.value)
    ]
    assert marked
    for token, record in marked:
        after = Person(frozenset([token])).put_out(record.value or b"") or b""
        assert crc32(token.encode()) not in msgspec.msgpack.decode(after)
        assert not Person(frozenset([token])).is_in(after)
        assert len(after) - len(record.value or b"") in range(-8, 9), "as many sends as before"


def test_who_is_in_no_record_changes_none() -> None:
    nobody = Person(frozenset(["demo." + "A" * 22]))
    assert [one for one in records(STORED[-1], "duties") if nobody.put_out(one.value or b"") is not None] == []
    assert decode_sender(msgspec.msgpack.encode(["2", 1])).touched_ms == 1


def test_the_name_beside_the_document_goes_and_no_other_name() -> None:
    named = [one for one in records(STORED[-1], "duties") if b"/" in (one.key or b"") and senders_of(one)]
    names = 0
    for record in named:
        before = decode_shipment(record.value or b"").real_name
        after = decode_shipment(Person(frozenset(senders_of(record))).put_out(record.value or b"") or b"").real_name
        assert before is not None
        assert after is not None
        assert before.name_token is None or after.name_token != before.name_token
        assert (after.name_token is None, after.name_mask) == (before.name_token is None, before.name_mask)
        assert after.operator_token == before.operator_token or before.operator_token in senders_of(record)
        names += before.name_token is not None
    assert names > 50


DOCUMENT, PHONE, NAME = "36042619910101007X", "13800001234", "王小明"
SETTINGS = Settings(couriers=("swift",))


def lines(folder: Path, *values: bytes) -> Path:
    """A file of refused records, as a recording keeps it."""
    path = folder / "rejected.jsonl.gz"
    headers = [("pw_reason", b"invalid_encoding")]
    kept = [_line(Record("rejected.swift", 0, 1, 1, b"SF1", value, headers)) for value in values]
    path.write_bytes(gzip.compress(b"".join(one + b"\n" for one in kept)))
    return path


def is_of(line: bytes) -> bool:
    makers = tokenisers(SETTINGS)
    values = Values(DOCUMENT, PHONE, NAME)
    return line_reader(SETTINGS, Person(frozenset(tokens_of(values, makers))), makers, values)(line)


@pytest.mark.parametrize(
    "value",
    [
        b'{"phone": "13800001234"',
        b'\xff{"phone": "13800001234"',
        NAME.encode("gb18030"),
        b'{"name": "\\u738b\\u5c0f\\u660e"',
        b'{"name": "\\u738B\\u5C0F\\u660E"',
        DOCUMENT.lower().encode(),
    ],
    ids=["as it is", "no UTF-8", "GB 18030", "escaped", "escaped with capitals", "other case"],
)
def test_a_refused_record_in_a_recording_goes_however_it_was_written(tmp_path: Path, value: bytes) -> None:
    path = lines(tmp_path, value, b"of somebody else")
    assert drop_lines(path, is_of) == 1
    (left,) = lines_in(path)
    assert record_in(left).value == b"of somebody else"


def test_what_an_erasing_that_was_killed_left_half_written_goes(tmp_path: Path) -> None:
    path = lines(tmp_path, b"of somebody else")
    (tmp_path / "rejected.jsonl.erasing").write_bytes(PHONE.encode())
    assert drop_lines(path, is_of) == 0
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_damaged_recording_is_named(tmp_path: Path) -> None:
    path = lines(tmp_path, b"of somebody else")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UserError, match="is missing or damaged"):
        drop_lines(path, is_of)


def test_a_case_about_the_person_loses_the_token_in_its_subject_and_a_snooze_of_such_cases_goes_whole() -> None:
    desk = Desk(LIFE)
    desk.hear(news("R14"))
    (case,) = desk.cases.values()
    kind, _, token = case.subject.partition("/")
    person = Person(frozenset([token]))
    after = person.put_out(encode(case)) or b""
    assert token.encode() not in after
    changed = decode_case(after)
    assert changed.subject.startswith(f"{kind}/erased.")
    assert msgspec.structs.replace(changed, subject=case.subject) == case
    (referral,) = desk.referrals.values()
    assert token.encode() not in (person.put_out(encode(referral)) or token.encode())
    assert person.owns(standing_key(case.theme, case.subject))
    assert not person.owns(b"swift/SF1234567890123")
