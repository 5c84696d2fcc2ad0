"""Steps of the records between the stages, of the state, and of the alerts."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from parcelward.alerts.verdict import decode_alert
from parcelward.contract.events import EVENT_TYPES
from parcelward.formats import format_of
from parcelward.shipments.shipment import Hop, Shipment, Trigger, decode_hop, decode_shipment
from parcelward.stage import SourceRecord
from parcelward.topics import Topics
from parcelward.trace.step import Kind, Positions, Step, Words, duties_in, parts_of, step_at, waits

_BECAUSE = {
    Trigger.REAL_NAME: "of a real-name event",
    Trigger.INSPECTION: "of an inspection",
    Trigger.SCAN: "of a security scan",
    Trigger.OVERDUE: "a deadline passed",
    Trigger.CONFLICT: "events contradict each other",
}


class Passed(NamedTuple):
    """A record between two stages, read."""

    record: SourceRecord
    hop: Hop
    shipment: Shipment

    def is_of(self, partition: int, offset: int) -> bool:
        """Tell whether an intake record led to it."""
        shipment = self.shipment
        if self.hop.takes_back or self.hop.only_counts or shipment.trigger == Trigger.OVERDUE:
            return False
        return shipment.partition == partition and bool(shipment.evidence) and shipment.evidence[-1][2] == offset


def read_passed(records: Iterable[SourceRecord], waybill: str) -> Iterator[Passed]:
    """Read the records between the stages that are about a waybill."""
    for record in records:
        if record.value is None:
            continue
        hop = decode_hop(record.value)
        shipment = decode_shipment(hop.shipment)
        if shipment.waybill == waybill:
            yield Passed(record, hop, shipment)


def passed_step(passed: Passed, topics: Topics, positions: Positions) -> Step:
    """Say where a record between the stages goes, and why. Its key is a token, and is not said."""
    record, hop, shipment = passed
    to_senders = record.topic == topics.into("senders")
    where = f"the outlet {shipment.home_outlet}"
    if to_senders:
        where = "the document" if hop.at_document else "the phone"
    because = _BECAUSE[shipment.trigger]
    if hop.takes_back:
        says = f"a correction: the profile of {where} takes back {parts_of(hop.takes_back)}"
    elif hop.only_counts:
        outlet = shipment.real_name.outlet if shipment.real_name else shipment.home_outlet
        says = f"counted at the outlet {outlet}, which accepted it; it is judged at another one"
    else:
        counts = f", which counts {parts_of(shipment.firsts)}" if shipment.firsts else ""
        says = f"pass {shipment.passes}, because {because}: to the profile of {where}{counts}"
    if waits(record, positions):
        says += "; the workers have not read it yet"
    return step_at(
        record,
        Kind.BETWEEN,
        says,
        courier=shipment.courier,
        **{"pass": shipment.passes},
        format=format_of(record.value or b""),
        shipment_format=format_of(bytes(hop.shipment)),
        takes_back=bool(hop.takes_back),
        only_counts=hop.only_counts,
    )


def state_step(record: SourceRecord, older: int, words: Words) -> Step:
    """Say what the ledger's record says; `older` ones of the same waybill are not compacted away yet."""
    if record.value is None:
        return step_at(record, Kind.STATE, "the ledger has forgotten the waybill", deleted=True)
    shipment, form = decode_shipment(record.value), format_of(record.value)
    evidence = [{"event_id": one, "type": EVENT_TYPES[number].value} for one, number, _ in shipment.evidence]
    counted = f"{_count(shipment.events, 'event')}, {shipment.duplicates} of them repeated"
    says = f"the ledger, format {form}: {counted}, {_count(shipment.passes, 'pass')}; {words.phase(shipment)}"
    if shipment.conflicts:
        says += f"; {_count(shipment.conflicts, 'contradiction')}"
    if older:
        says += f"; {_count(older, 'older record')} not compacted away yet"
    return step_at(
        record,
        Kind.STATE,
        says,
        courier=shipment.courier,
        format=form,
        phase=words.phase(shipment),
        events=shipment.events,
        duplicates=shipment.duplicates,
        passes=shipment.passes,
        conflicts=shipment.conflicts,
        overdue=duties_in(shipment.overdue),
        due_ms=shipment.due_ms or None,
        evidence=evidence,
        older=older,
    )


def alert_state_step(record: SourceRecord) -> Step:
    """Say what the last stage keeps of a waybill's alert."""
    if record.value is None:
        return step_at(record, Kind.STATE, "the last stage has forgotten the alert", deleted=True)
    known, form = decode_alert(record.value), format_of(record.value)
    told = f"revision {known.revision}, lane {known.verdict.lane}" if known.revision else "nothing was published"
    says = f"the alert's record, format {form}: {told}; pass {known.passes} was judged last"
    return step_at(
        record, Kind.STATE, says, format=form, revision=known.revision, lane=known.verdict.lane, passes=known.passes
    )


def alert_step(record: SourceRecord) -> Step:
    """Say what a revision of an alert said."""
    said = json.loads(record.value or b"{}")
    rules = ", ".join(one["rule"] for one in said["findings"]) or "no finding"
    ids = [one["event_id"] for one in said["evidence"]]
    says = (
        f"alert {said['alert_id']}, revision {said['revision']}: {said['lane']}, {said['state']}, {rules}; "
        f"proposes {said['action']}"
    )
    return step_at(
        record,
        Kind.ALERT,
        says,
        courier=said["courier"],
        alert_id=said["alert_id"],
        revision=said["revision"],
        lane=said["lane"],
        state=said["state"],
        rules=[one["rule"] for one in said["findings"]],
        action=said["action"],
        evidence=ids,
    )


def newest(records: Sequence[SourceRecord]) -> list[tuple[SourceRecord, int]]:
    """Give of each key the last record, and how many older ones are still there."""
    last: dict[tuple[int, bytes | None], tuple[SourceRecord, int]] = {}
    for record in records:
        where = record.partition, record.key
        last[where] = record, last[where][1] + 1 if where in last else 0
    return list(last.values())


def _count(number: int, what: str) -> str:
    plural = what + ("es" if what.endswith("s") else "s")
    return f"{number} {what if number == 1 else plural}"
