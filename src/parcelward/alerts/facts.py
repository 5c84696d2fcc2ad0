"""Facts that an alert's record keeps, so that the next revision can say what changed, from what to what.

A record is bounded: a few short texts, and at most `FOUND_KEPT` findings with their reasons and values.
"""

from collections.abc import Sequence

import msgspec

from parcelward.contract.alerts import Finding
from parcelward.contract.cards import Bilingual, EarlierFinding
from parcelward.features.table import Value
from parcelward.shipments.shipment import Duty, ShipmentBrief

TEXT_KEPT = 80
"""Characters of a goods name."""
VALUE_KEPT = 200
"""Characters of a text that a rule asked."""
REASON_KEPT = 200
FOUND_KEPT = 8


class Found(msgspec.Struct, array_like=True, frozen=True):
    """A finding of a published revision: severity, reason and values as they were last."""

    rule: str
    severity: str
    zh: str
    en: str
    values: dict[str, Value] = {}  # of the features that its rule asks; empty where an older version wrote it


class Facts(msgspec.Struct, array_like=True, frozen=True):
    """Facts that the last published revision rested on; None where unknown. A new one goes to the end."""

    goods_name: str | None = None
    found_goods: str | None = None
    weight_g: int | None = None
    inspected_weight_g: int | None = None
    inspection_result: str | None = None
    inspection_opened: bool | None = None
    document_check: str | None = None
    document: str | None = None
    name: str | None = None
    phone: str | None = None
    verify_method: str | None = None
    real_name_overdue: bool = False
    inspection_overdue: bool = False
    scan_overdue: bool = False
    scan_decision: str | None = None
    quantity: int | None = None
    outlet: str | None = None
    agreement_id: str | None = None


def facts_of(shipment: ShipmentBrief) -> Facts:
    """The facts of a shipment as they are now; of personal values the masks alone."""
    real_name, inspection, scan = shipment.real_name, shipment.inspection, shipment.scan
    facts: dict[str, str | int | bool | None] = {
        "real_name_overdue": bool(shipment.overdue & Duty.REAL_NAME),
        "inspection_overdue": bool(shipment.overdue & Duty.INSPECTION),
        "scan_overdue": bool(shipment.overdue & Duty.SECURITY_SCAN),
        "scan_decision": None if scan is None else scan.decision,
    }
    if real_name is not None:
        facts |= {
            "goods_name": real_name.all_goods[:TEXT_KEPT],
            "weight_g": real_name.weight_g,
            "quantity": real_name.quantity,
            "document_check": real_name.document_check,
            "document": real_name.document_mask,
            "name": real_name.name_mask,
            "phone": real_name.phone_mask,
            "verify_method": real_name.verify_method,
            "outlet": real_name.outlet,
            "agreement_id": real_name.agreement_id,
        }
    if inspection is not None:
        facts |= {
            "found_goods": None if inspection.found_goods is None else inspection.found_goods[:TEXT_KEPT],
            "inspected_weight_g": inspection.weight_g,
            "inspection_result": inspection.result,
            "inspection_opened": inspection.opened,
        }
    return Facts(**facts)  # type: ignore[arg-type]


def kept_value(value: Value) -> Value:
    """The value as a record keeps it."""
    return value[:VALUE_KEPT] if isinstance(value, str) else value


def found_so_far(before: Sequence[Found], findings: Sequence[Finding]) -> tuple[Found, ...]:
    """All that was ever found on a waybill, each rule once and as it was said last; the newest `FOUND_KEPT` of them."""
    now = {
        one.rule: Found(
            one.rule,
            one.severity.value,
            one.reason.zh[:REASON_KEPT],
            one.reason.en[:REASON_KEPT],
            {name: kept_value(value) for name, value in one.values.items()},
        )
        for one in findings
    }
    kept = [one for one in before if one.rule not in now]
    return (*kept, *now.values())[-FOUND_KEPT:]


def no_longer_found(
    before: Sequence[Found], rules_before: Sequence[str], findings: Sequence[Finding]
) -> tuple[EarlierFinding, ...]:
    """Give what earlier revisions found and these findings do not hold; of an older record the rule ids alone."""
    now = {one.rule for one in findings}
    gone = [
        EarlierFinding(rule=one.rule, severity=one.severity, reason=Bilingual(zh=one.zh, en=one.en))
        for one in before
        if one.rule not in now
    ]
    known = now | {one.rule for one in before}
    return (*gone, *(EarlierFinding(rule=rule) for rule in rules_before if rule not in known))[:FOUND_KEPT]
