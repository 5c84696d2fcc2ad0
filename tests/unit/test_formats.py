"""Every stored record says its format: older ones are read, newer ones are refused with a sentence."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from parcelward import counts
from parcelward.alerts.verdict import AlertRecord, Verdict, decode_alert
from parcelward.cases.case import Bucket, CaseRecord
from parcelward.cases.outgoing import CaseNote
from parcelward.cases.referral import ReferralRecord
from parcelward.errors import UserError
from parcelward.expiry import touched_ms
from parcelward.formats import NEWEST, add_format, format_of, reading, refuse_newer
from parcelward.poison import isolate
from parcelward.profiles.distinct import STAFF_WIDTH_MS, StaffSeen
from parcelward.profiles.outlets import OperatorProfile, OutletProfile, decode_operator, decode_outlet
from parcelward.profiles.senders import PhoneProfile, Read, SenderProfile, decode_phone, decode_sender
from parcelward.profiles.windows import RollingTop
from parcelward.screening.outlet_state import PhotoOwner, decode_photo
from parcelward.shipments.shipment import (
    DUE_WITHIN,
    Hop,
    PhoneView,
    Shipment,
    decode_arrived,
    decode_brief,
    decode_due,
    decode_hop,
    decode_shipment,
    encode,
    ledger_key,
)
from parcelward.stage import Batch, Record
from streams.engine.state_on_disk import ABOUT, DiskState, DiskStates
from tests.builders import SECOND, T0, feed_all, inspection, pipeline, real_name, record, scan

SHIPMENT = Shipment(T0, T0 + SECOND, "swift", "SF1", "HZ-1", 3, T0)
GOODS = RollingTop(9, {9: {1: 5}}, {1: 5}, {9: 5})
STAFF = StaffSeen(T0 // STAFF_WIDTH_MS, {7: {T0 // STAFF_WIDTH_MS: 1}})
EMPTY_WINDOW = [0, 0, []]
RECORDS: dict[str, tuple[msgspec.Struct, Callable[[bytes], Any]]] = {
    "shipment": (SHIPMENT, decode_shipment),
    "phone": (PhoneProfile(T0, [(T0, 1)]), decode_phone),
    "sender": (SenderProfile(T0, [], [Read(T0, 30.0, 120.0)]), decode_sender),
    "outlet": (OutletProfile(T0, goods_1d=GOODS, staff=STAFF), decode_outlet),
    "operator-never-counted": (OperatorProfile(0), decode_operator),
    "operator-just-then": (OperatorProfile(1), decode_operator),
    "photo": (PhotoOwner(T0, "SF1"), decode_photo),
    "alert": (AlertRecord(T0, 1, Verdict("red", "refuse", ("R1",))), decode_alert),
    "hop": (Hop(msgspec.Raw(encode(SHIPMENT)), True, PhoneView(1, 2)), decode_hop),
}


OF_FORMAT_1: dict[str, list[Any]] = {
    "shipment": [
        T0,
        T0 + SECOND,
        "swift",
        "SF1",
        "HZ-1",
        3,
        T0,
        *[0] * 3,
        *[None] * 3,
        0,
        0,
        False,
        *[0] * 6,
        [],
        b"",
        [],
    ],
    "phone": [T0, [[T0, 1]]],
    "sender": [T0, [], [[T0, 30.0, 120.0]]],
    "outlet": [T0, *[EMPTY_WINDOW] * 6, [9, {9: {1: 2, 2049: 3}}, {1: 2, 2049: 3}, {9: 5}], {7: T0}],
    "operator-never-counted": [0, *[EMPTY_WINDOW] * 5, []],
    "operator-just-then": [1, *[EMPTY_WINDOW] * 5, []],
    "hop": [msgspec.Raw(encode(SHIPMENT)), True, [1, 2], None],
}
"""What a record of `RECORDS` was in format 1, if it has another one now; without the format."""


def of_format(record: bytes, number: int) -> bytes:
    """The record as another format would have it: the same fields, and the format as that one says it."""
    _, *fields = msgspec.msgpack.decode(record)
    return encode(fields if number == 0 else [str(number), *fields])


def older(name: str, number: int) -> bytes:
    """A record as format 0 or 1 had it."""
    value, _ = RECORDS[name]
    if number == format_that_is_written(type(value)):
        return encode(value)
    fields = OF_FORMAT_1.get(name) or msgspec.msgpack.decode(encode(value))[1:]
    return encode(["1", *fields] if number else fields)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_read_in_every_format(name: str, number: int) -> None:
    value, decode = RECORDS[name]
    written, before = encode(value), older(name, number)
    assert (format_of(written), format_of(before)) == (format_that_is_written(type(value)), number)
    assert encode(decode(written)) == written
    assert encode(decode(before)) == written
    if number == 0:
        assert add_format(before) == older(name, 1)


def test_what_an_operator_did_fast_is_kept_by_the_hour_when_its_format_is_raised() -> None:
    windows = [[0, 0, []]] * 4
    operator = decode_operator(encode(["1", T0, *windows, [100, 3, [1, 0, 2]], [T0 - 1, T0]]))
    assert (operator.fast_gaps, operator.inspections) == ({98: 1, 100: 2}, [T0 - 1, T0])


def test_a_waybill_of_format_1_keeps_its_conflicts_and_knows_corrections_by_ids() -> None:
    line, data = pipeline(), real_name()
    feed_all(line, [record(data, event_id="first")])
    key = ledger_key("swift", data["waybill"])
    _, *fields = msgspec.msgpack.decode(line.cells["duties"][0].state[key])
    fields[19] = 1
    line.cells["duties"][0].state[key] = encode(["1", *fields[:24], []])
    feed_all(line, [record(real_name(corrects="first", weight_g=950), T0 + SECOND)])
    known = decode_shipment(line.cells["duties"][0].state[key])
    assert known.real_name is not None
    assert (known.real_name.weight_g, known.conflicts) == (950, 1)


@pytest.mark.parametrize("number", [3, 10, 99])
@pytest.mark.parametrize("name", RECORDS)
def test_a_record_of_a_newer_format_is_refused_with_a_sentence(name: str, number: int) -> None:
    value, decode = RECORDS[name]
    newest = format_that_is_written(type(value))
    told = rf"of format {number}, and this version reads formats up to {newest}: .*start that"
    with pytest.raises(UserError, match=told):
        decode(of_format(encode(value), number))


def test_a_newer_format_is_recognised_whatever_else_has_changed_in_it() -> None:
    for fields in ([], ["SF1"], [None] * 40):
        with pytest.raises(UserError, match="a record of the duty ledger is of format 3"):
            decode_shipment(encode(["3", *fields]))


@pytest.mark.parametrize("broken", [b"\xc0", b"no array", encode(["1", "no time"]), encode([]), encode(["x", T0])])
def test_a_record_that_is_merely_broken_stays_our_own_fault(broken: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_shipment(broken)


@pytest.mark.parametrize("of_hop", [0, 1, 2])
@pytest.mark.parametrize("of_shipment", [0, 1, 2])
def test_a_record_between_the_stages_and_its_shipment_have_formats_of_their_own(of_hop: int, of_shipment: int) -> None:
    shipment = older("shipment", of_shipment)
    fields = [msgspec.Raw(shipment), True, [1, 2], None, *([0, None] if of_hop == 2 else [])]
    hop = encode([str(of_hop), *fields] if of_hop else fields)
    arrived = decode_arrived(hop)
    assert (arrived.shipment.waybill, arrived.at_document, arrived.phone) == ("SF1", True, PhoneView(1, 2))
    read = decode_hop(hop)
    assert (decode_brief(read.shipment), decode_shipment(read.shipment)) == (arrived.shipment, SHIPMENT)
    assert msgspec.msgpack.decode(encode(read))[0] == "2", "what is sent on is written in this format"


@pytest.mark.parametrize("of_hop", [2, 3])
def test_a_newer_record_between_the_stages_is_refused_where_it_is_read(of_hop: int) -> None:
    shipment = msgspec.Raw(of_format(encode(SHIPMENT), 5 - of_hop))
    hop = Record("screening.outlets", 0, 0, T0, b"k", encode([str(of_hop), shipment, False, None, None, 0, None]))
    line = pipeline()
    for cells in (line.cells["senders"], line.cells["outlets"]):
        with pytest.raises(UserError, match="is of format 3"):
            isolate(partial(cells[0].stage.step, state={}), Batch([hop]))


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("name", [name for name in RECORDS if name != "hop"])
def test_when_a_record_was_touched_is_read_in_every_format(name: str, number: int) -> None:
    value, _ = RECORDS[name]
    assert touched_ms(older(name, number)) == value.touched_ms  # type: ignore[attr-defined]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_deadline_is_found_in_every_format_without_decoding(number: int) -> None:
    ledger = older("shipment", number)
    assert ledger.find(encode(SHIPMENT.due_ms), 0, DUE_WITHIN) >= 0
    assert decode_due(ledger).due_ms == SHIPMENT.due_ms


def test_the_sweep_and_the_timers_take_older_records() -> None:
    line = pipeline()
    feed_all(line, [record(real_name(), T0)])
    key = ledger_key("swift", real_name()["waybill"])
    _, *fields = msgspec.msgpack.decode(line.cells["duties"][0].state[key])
    line.cells["duties"][0].state[key] = encode([*fields[:24], []])
    line.cells["duties"][0].stage.restore(line.cells["duties"][0].state)
    later = T0 + 3 * 3_600_000
    result = line.feed([record(scan("SF0000000000002"), later)])
    assert result.counts[counts.OVERDUE, "inspection"] == 1
    assert format_of(line.cells["duties"][0].state[key]) == 2, "written anew, in this format"


def test_every_record_of_a_run_says_its_format() -> None:
    """Looks at all that a run stores and sends between the stages; one struct without its tag turns this red."""
    line = pipeline()
    photos = [{"sha256": "ab" * 32, "taken_at": "2026-11-23T10:00:00+08:00"}]
    sent, notes = watched(line, "screening.senders", "screening.outlets"), watched(line, "screening.cases")
    feed_all(
        line,
        [
            record(real_name(goods={"name": "打火机"}), T0),
            record(inspection(photos=photos), T0 + SECOND),
            record(scan(), T0 + 2 * SECOND),
            record(real_name("SF0000000000002", sender={"phone": None}, receiver={"phone": None}), T0),
        ],
    )
    found = {
        name: [value for cell in cells for value in cell.state.values()]
        for name, cells in line.cells.items()
        if name not in ("outlets", "cases")
    }
    for name in ("outlets", "cases"):
        for key, value in line.cells[name][0].state.items():
            found.setdefault(f"{name} {key[:1].decode()}", []).append(value)
    assert found.keys() == formats_by_place().keys() - {"between the stages", "notes"}
    assert {len(msgspec.msgpack.decode(value)) for value in found["senders"]} == {4, 5}, "phones and documents"
    assert len(sent) >= 6
    for name, values in {**found, "between the stages": sent, "notes": notes}.items():
        assert {format_of(value) for value in values} == {formats_by_place()[name]}, name
    assert {format_of(bytes(decode_hop(value).shipment)) for value in sent} == {format_that_is_written(Shipment)}


def format_that_is_written(struct: Any) -> int:
    return int(str(struct.__struct_config__.tag))


def formats_by_place() -> dict[str, int]:
    structs = {
        "duties": Shipment,
        "senders": SenderProfile,
        "outlets o": OutletProfile,
        "outlets p": OperatorProfile,
        "outlets h": PhotoOwner,
        "outlets w": AlertRecord,
        "between the stages": Hop,
        "referrals": ReferralRecord,
        "cases c": CaseRecord,
        "cases b": Bucket,
        "notes": CaseNote,
    }
    return {name: format_that_is_written(struct) for name, struct in structs.items()}


def watched(line: Any, *topics: str) -> list[bytes]:
    """The records that the stages of a pipeline send to one another by these topics from now on."""
    sent: list[bytes] = []
    deliver = line._deliver

    def look(send: Any, result: Any) -> None:
        if send.topic in topics:
            sent.append(send.value)
        deliver(send, result)

    line._deliver = look
    return sent


def test_the_newest_format_is_that_of_the_newest_struct() -> None:
    tags = {format_that_is_written(type(value)) for value, _ in RECORDS.values()}
    assert max(tags) == NEWEST


def test_steps_lead_from_format_to_format() -> None:
    class Newer(msgspec.Struct, array_like=True, tag="3"):
        touched_ms: int
        name: str

    def add_name(record: bytes) -> bytes:
        return encode(["3", msgspec.msgpack.decode(record)[1], "unnamed"])

    decode = reading(Newer, "a newer one", {0: add_format, 1: add_name})
    for before in ([T0], ["1", T0]):
        assert decode(encode(before)) == Newer(T0, "unnamed")
    with pytest.raises(UserError, match="a newer one is of format 4, and this version reads formats up to 3"):
        decode(encode(["4", T0]))


def test_newer_records_are_found_among_many_in_a_changelog() -> None:
    values = [encode(value) for value, _ in RECORDS.values()]
    refuse_newer([*values, *(older(name, 0) for name in RECORDS), None, b"", b"1", b"no array"], "a record")
    for value in values:
        with pytest.raises(UserError, match="a record is of format 12"):
            refuse_newer([*values, of_format(value, 12)], "a record")


def test_a_folder_that_a_newer_version_has_written_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    def opened(changelog: str = "one") -> tuple[DiskStates, DiskState]:
        states = DiskStates(tmp_path, lambda: {"outlets": changelog})
        try:
            state = states.open([("outlets", 0)])["outlets", 0]
        except UserError:
            states.close()
            raise
        assert isinstance(state, DiskState)
        return states, state

    def closed(states: DiskStates, state: DiskState) -> None:
        states.give_up({("outlets", 0): state})
        states.close()

    states, state = opened()
    state.write({b"k": encode(PhotoOwner(T0, "SF1"))}, 7)
    about = msgspec.msgpack.decode(state._database.get(ABOUT) or b"")
    assert about[-1] == NEWEST
    closed(states, state)
    states, state = opened()
    state._database[ABOUT] = encode([*about[:-1], NEWEST + 1])
    closed(states, state)
    for _ in range(2):
        with pytest.raises(UserError, match=r"outlets-0 is of format 3, and this version reads formats up to 2"):
            opened()
    states, state = opened("another")
    assert (len(state), state.written) == (0, -1), "the changelog is another one: the folder says nothing about it"
    closed(states, state)
