"""Steps of the intake records of a waybill: what became of each."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from parcelward.contract.patterns import REPAIR_PATTERN
from parcelward.intake.decode import Decoder
from parcelward.intake.refusal import Rejected
from parcelward.intake.repair import LINK
from parcelward.shipments.shipment import Shipment
from parcelward.stage import SourceRecord
from parcelward.trace.records import Passed
from parcelward.trace.step import Kind, Positions, Step, Words, step_at, waits

Place = tuple[str, int, int]  # topic, partition, offset


class Known(NamedTuple):
    """All that the other topics say about a waybill, by which its intake records are understood.

    `refused` has the reason and the detail by the intake record's place, `right` the partition that the contract names.
    """

    refused: Mapping[Place, tuple[str, str]]
    passed: Sequence[Passed]
    ledgers: Mapping[str, Shipment]  # by courier
    positions: Positions
    right: int


def refusals(records: Sequence[SourceRecord]) -> dict[Place, tuple[str, str]]:
    """Read from refused records which intake records they were, and why they were refused."""
    found: dict[Place, tuple[str, str]] = {}
    for record in records:
        said = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
        place = said.get("pw_partition", ""), said.get("pw_offset", "")
        if all(part.isdigit() for part in place):
            where = said.get("pw_topic", ""), int(place[0]), int(place[1])
            found[where] = said.get("pw_reason", ""), said.get("pw_detail", "")
    return found


def is_about(record: SourceRecord, waybill: str) -> bool:
    """Tell whether a record names exactly this waybill: as its key, as its subject, or in its data.

    A number that stands elsewhere, as a phone or within a longer number, is no waybill.
    """
    if waybill.encode() in (record.key, dict(record.headers).get("ce_subject")):
        return True
    try:
        body = msgspec.json.decode(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    if not isinstance(body, dict):
        return False
    data = body.get("data")
    named = [body.get("subject"), body.get("waybill"), data.get("waybill") if isinstance(data, dict) else None]
    return waybill in named


def mended_from(record: SourceRecord) -> str | None:
    """Read from an accepted record which refused one it mends; None for one that mends none."""
    link: Any = dict(record.headers).get(f"ce_{LINK}")
    if link is None and (value := record.value) and f'"{LINK}"'.encode() in value:
        body = msgspec.json.decode(value)
        link = body.get(LINK) if isinstance(body, dict) and "specversion" in body else None
    text = link.decode(errors="replace") if isinstance(link, bytes) else link
    return text if isinstance(text, str) and re.fullmatch(REPAIR_PATTERN, text) else None


def refused_step(record: SourceRecord) -> Step | None:
    """Say that a refused record lies there for its courier; what it holds is not shown."""
    ((topic, partition, offset), (reason, detail)), *_ = [*refusals([record]).items(), (("", 0, 0), ("", ""))]
    if not topic:
        return None
    says = f"the refused record {topic}/{partition}/{offset}, whole, for its courier: {reason}"
    return step_at(record, Kind.REFUSED, says, reason=reason, detail=detail, of=f"{topic}/{partition}/{offset}")


def intake_steps(
    records: Sequence[SourceRecord], courier: str, known: Known, decoder: Decoder, words: Words
) -> list[Step]:
    """Say for each intake record of a courier, in the order of arrival, what became of it."""
    before: set[bytes] = set()
    steps = []
    for record in sorted(records, key=lambda one: (one.timestamp, one.partition, one.offset)):
        steps.append(_intake_step(record, courier, known, decoder, words, before))
    return steps


def _intake_step(
    record: SourceRecord, courier: str, known: Known, decoder: Decoder, words: Words, before: set[bytes]
) -> Step:
    place = record.topic, record.partition, record.offset
    if place in known.refused:
        reason, detail = known.refused[place]
        # Even the id of a refused event may be somebody's number, so it is not shown.
        return step_at(record, Kind.INTAKE, f"refused: {reason}; {detail}", became="refused", reason=reason)
    event = decoder.decode(record)
    if isinstance(event, Rejected):
        became, says = _not_read(record, event, known)
        return step_at(record, Kind.INTAKE, says, became=became, reason=event.reason.value)
    became, says = _read(record, courier, event.id, event.identity in before, event.identity, known, words)
    if became != "waits":
        before.add(event.identity)
    mended = mended_from(record)
    if mended is not None:
        says = f"mended from {mended}: {says}"
    if record.partition != known.right:
        says += f"; it lies in another partition than the contract names ({known.right})"
    return step_at(
        record,
        Kind.INTAKE,
        f"{event.type.duty} {event.id}: {says}",
        courier=courier,
        became=became,
        event_id=event.id,
        type=event.type.value,
        event_ms=event.time_ms,
        misplaced=record.partition != known.right,
        mended_from=mended,
    )


def _not_read(record: SourceRecord, rejected: Rejected, known: Known) -> tuple[str, str]:
    if waits(record, known.positions):
        return "waits", f"the workers have not read it yet; they will refuse it: {rejected.reason.value}"
    return "unknown", (
        f"refused by today's settings ({rejected.reason.value}), but its refused record is not there: it was deleted, "
        "or other settings were in force"
    )


def _read(
    record: SourceRecord,
    courier: str,
    event_id: str,
    came_before: bool,
    identity: bytes,
    known: Known,
    words: Words,
) -> tuple[str, str]:
    """Say what became of an event: a word for programs, and a clause."""
    if waits(record, known.positions):
        return "waits", "the workers have not read it yet"
    ledger = known.ledgers.get(courier)
    led_to = [one for one in known.passed if one.shipment.courier == courier]
    for one in led_to:
        if one.is_of(record.partition, record.offset):
            return "accepted", f"accepted; {words.phase_then(one.shipment, ledger)}"
    if ledger is not None and any(
        offset == record.offset and entry == event_id and ledger.partition == record.partition
        for entry, _, offset in ledger.evidence
    ):
        return "accepted", f"accepted; {words.phase(ledger)}"
    if came_before:
        return "duplicate", "came again: counted, and changes nothing"
    if record.partition != known.right:
        return "moved", "moved unread to the partition that the contract names"
    if ledger is not None and identity in ledger.seen:
        return "duplicate", "came before, too: counted, and changes nothing"
    return "unknown", "read by the workers; what it led to is not on the topics any more"
