"""Facts that an alert's record keeps, so that the next revision can say what changed, from what to what.

A record is bounded: a few short texts, and at most `FOUND_KEPT` findings with their reasons.
"""

from collections.abc import Sequence

import msgspec

from parcelward.contract.alerts import Finding
from parcelward.contract.cards import Bilingual, Change, EarlierFinding
from parcelward.escaping import escaped
from parcelward.rules.words import WORDS
from parcelward.shipments.shipment import Duty, ShipmentBrief

TEXT_KEPT = 80
"""Characters of a goods name."""
REASON_KEPT = 200
FOUND_KEPT = 8


class Found(msgspec.Struct, array_like=True, frozen=True):
    """A finding of a published revision: severity and reason as they were said last."""

    rule: str
    severity: str
    zh: str
    en: str


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


NAMES = {
    "goods_name": ("申报品名", "declared goods name"),
    "found_goods": ("验视所见物品", "goods found at the inspection"),
    "weight_g": ("收寄重量（克）", "weight at acceptance (g)"),
    "inspected_weight_g": ("验视重量（克）", "weight at inspection (g)"),
    "inspection_result": ("验视结果", "inspection result"),
    "inspection_opened": ("是否开箱", "parcel opened"),
    "document_check": ("证件号校验结果", "check of the document number"),
    "document": ("寄件人证件", "sender's document"),
    "name": ("寄件人姓名", "sender's name"),
    "phone": ("寄件人电话", "sender's phone"),
    "verify_method": ("证件核验方式", "how the document was read"),
    "real_name_overdue": ("实名登记逾期", "real-name registration overdue"),
    "inspection_overdue": ("验视记录逾期", "inspection record overdue"),
    "scan_overdue": ("安检记录逾期", "security scan overdue"),
    "scan_decision": ("安检判定", "decision of the security scan"),
    "quantity": ("申报件数", "declared pieces"),
    "outlet": ("收寄网点", "accepting outlet"),
    "agreement_id": ("协议编号", "agreement number"),
}


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
            "goods_name": real_name.goods_name[:TEXT_KEPT],
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


def changes_between(before: Facts | None, after: Facts) -> tuple[Change, ...]:
    """Say what differs; nothing when the facts of the revision before are not kept (an older version wrote it)."""
    if before is None:
        return ()
    return tuple(
        _change(name, was, now)
        for name in Facts.__struct_fields__
        if (was := getattr(before, name)) != (now := getattr(after, name))
    )


def _change(name: str, was: object, now: object) -> Change:
    zh, en = NAMES[name]
    old, new = _in_words(name, was), _in_words(name, now)
    return Change(
        what=name,
        before=None if was is None else _plain(was),
        after=None if now is None else _plain(now),
        text=_new(zh, en, new)
        if was is None
        else Bilingual(zh=f"{zh}：{old[0]} → {new[0]}", en=f"{en}: {old[1]} → {new[1]}"),
    )


def _new(zh: str, en: str, now: tuple[str, str]) -> Bilingual:
    """Say what was unknown before; a later record, mostly, and nobody changed anything."""
    return Bilingual(zh=f"{zh}：{now[0]}（此前未知）", en=f"{en}: {now[1]} (unknown before)")


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _in_words(name: str, value: object) -> tuple[str, str]:
    """The value in Chinese and in English."""
    if value is None:
        return "未知", "unknown"
    if isinstance(value, bool):
        return ("是", "yes") if value else ("否", "no")
    text = escaped(str(value))
    return WORDS.get(name, {}).get(text, (text, text))


def found_so_far(before: Sequence[Found], findings: Sequence[Finding]) -> tuple[Found, ...]:
    """All that was ever found on a waybill, each rule once and as it was said last; the newest `FOUND_KEPT` of them."""
    now = {
        one.rule: Found(one.rule, one.severity.value, one.reason.zh[:REASON_KEPT], one.reason.en[:REASON_KEPT])
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
