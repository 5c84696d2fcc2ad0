"""Reads the topics for the audit."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from parcelward.contract.alerts import Alert
from parcelward.demo.audit import Audit, IntakeRecord, LedgerCount, Planted, Position, ReadAlert, Waybill, audit
from parcelward.errors import UserError
from parcelward.settings import Settings
from parcelward.shipment import decode_hop, decode_shipment
from parcelward.topic_reader import TopicReader


def recount(settings: Settings, acknowledged: int, labels: Iterable[Planted]) -> Audit:
    """Read intake, refusals, the duty ledger's changelog and alerts from their beginning, and match them."""
    topics = settings.topics
    intake = (
        IntakeRecord(
            (record.topic, record.partition, record.offset),
            topics.courier_of(record.topic),
            None if record.key is None else record.key.decode(errors="replace"),
            record.timestamp,
        )
        for record in _read(settings, [topics.intake(courier) for courier in settings.couriers])
    )
    refusals = _read(settings, [topics.rejected(courier) for courier in settings.couriers])
    return audit(
        acknowledged,
        intake,
        [_refusal(record) for record in refusals],
        ledger_counts(_read(settings, [topics.changelog("duties")])),
        passes_arrived(_read(settings, [topics.outlets])),
        [_alert(record) for record in _read(settings, [topics.alerts])],
        labels,
    )


def ledger_counts(changelog: Iterable[Any]) -> dict[Waybill, LedgerCount]:
    """What the ledger counted per waybill, from the changelog's records in order; the last value of a key counts."""
    counts: dict[bytes, tuple[Waybill, LedgerCount]] = {}
    for record in changelog:
        if record.value is None:
            counts.pop(record.key, None)
            continue
        shipment = decode_shipment(record.value)
        counts[record.key] = (shipment.courier, shipment.waybill), LedgerCount(shipment.events, shipment.passes)
    return dict(counts.values())


def passes_arrived(hops: Iterable[Any]) -> Counter[Waybill]:
    """How often each waybill came to the last stage."""
    shipments = (decode_shipment(decode_hop(record.value).shipment) for record in hops)
    return Counter((shipment.courier, shipment.waybill) for shipment in shipments)


def _read(settings: Settings, topics: list[str]) -> Iterable[Any]:
    with TopicReader(settings, topics) as reader:
        yield from reader.read_to_end()


def _refusal(record: Any) -> tuple[Position, str]:
    headers = {name: value.decode(errors="replace") for name, value in record.headers if name.startswith("pw_")}
    return (headers["pw_topic"], int(headers["pw_partition"]), int(headers["pw_offset"])), headers["pw_reason"]


def _alert(record: Any) -> ReadAlert:
    try:
        return ReadAlert(Alert.model_validate_json(record.value or b""), record.timestamp)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = f"{record.topic}/{record.partition}/{record.offset}"
        raise UserError(f"the alert at {where} breaks the contract: {first['loc']}: {first['msg']}") from None
