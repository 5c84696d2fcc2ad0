"""From a verdict to the alert record that leaves: everything a person needs to decide, and nothing raw."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol
from uuid import UUID, uuid5

from parcelward.alerts.card import age_in_words, build_card
from parcelward.alerts.next_step import next_step, parcel_state
from parcelward.alerts.verdict import SEVERITIES, AlertRecord, named
from parcelward.contract.alerts import (
    ALERT_TYPE,
    Action,
    Alert,
    AlertState,
    Evidence,
    Finding,
    Lane,
    Parties,
    Score,
)
from parcelward.contract.cards import Bilingual, Card, Change, Counterpart, EarlierFinding, Profile
from parcelward.contract.controls import AppliedControl
from parcelward.contract.events import EVENT_TYPES
from parcelward.features.table import Row
from parcelward.moments import utc
from parcelward.shipments.shipment import Shipment
from parcelward.stage import Send
from parcelward.topics import Topics

ALERT_NAMESPACE = UUID("6c1ad2a4-6a0c-5bb4-9f8e-0d3b0e7c6a11")
SOURCE = "/parcelward"
ACTION_TEXT = {
    Action.REFUSE: ("拒绝收寄", "refuse the parcel"),
    Action.HOLD: ("暂停流转", "hold the parcel"),
    Action.REINSPECT: ("开箱验视", "open and inspect"),
    Action.VERIFY_IDENTITY: ("核验身份", "verify the identity"),
    Action.REQUEST_INFORMATION: ("要求补充信息", "ask for information"),
    Action.AUDIT_OUTLET: ("核查网点", "audit the outlet"),
    Action.TRACE_AND_STOP: ("追查并拦截", "trace and stop the parcel"),
    Action.REPORT: ("核实去向并报告", "report"),
}
FOLLOWED_UP = ("pw_followed_up", b"1")
"""Header of alerts whose further life is led here. Those of earlier versions lack it: nobody waits for their end."""
AGE_NAMED_S = 3600.0
"""A parcel accepted so long ago has its age in the summary."""


class PackName(Protocol):
    """Version and content hash of the rule pack that judged."""

    @property
    def version(self) -> str: ...
    @property
    def hash(self) -> str: ...


def alert_id(courier: str, waybill: str, first_arrival_ms: int) -> str:
    """Derive the id of a parcel's alert. It never changes: a replay or a rebuilt state gives the same one.

    A waybill number that comes back after it was forgotten is another parcel: its first arrival tells them apart.
    """
    return str(uuid5(ALERT_NAMESPACE, f"{courier}/{waybill}/{first_arrival_ms}/acceptance"))


class History(NamedTuple):
    """History of an alert that a revision tells: what changed, and what was found before and is no longer."""

    changes: tuple[Change, ...] = ()
    found_before: tuple[EarlierFinding, ...] = ()


NO_HISTORY = History()


def _summary(lane: Lane, findings: Sequence[Finding], card: Card, history: History, clear: bool) -> Bilingual:
    age = _age_words(card)
    if clear:
        changed_zh = "；".join(one.text.zh for one in history.changes) or "相关记录已变"
        changed_en = "; ".join(one.text.en for one in history.changes) or "what it rested on"
        before = [named(one.rule) for one in history.found_before]
        before_zh, before_en = "、".join(one.zh for one in before), ", ".join(one.en for one in before)
        return Bilingual(
            zh=f"后续证据不再支持此前的告警（{before_zh}）。变化：{changed_zh}。请人员复核后结案",
            en=f"later evidence no longer supports this alert ({before_en}). Changed: {changed_en}."
            " Review, then close it",
        )
    if lane is Lane.GREEN_SAMPLED:
        return Bilingual(zh="未发现问题，随机抽样复核", en="nothing found; drawn at random for a check")
    first, more = findings[0], len(findings) - 1
    step = card.next_step
    return Bilingual(
        zh=f"{first.reason.zh}{f'（另有{more}项）' if more else ''}{age.zh}；建议：{step.zh}",
        en=f"{first.reason.en}{f' (and {more} more)' if more else ''}{age.en}; proposed: {step.en}",
    )


def _age_words(card: Card) -> Bilingual:
    if card.age_s is None or card.age_s < AGE_NAMED_S:
        return Bilingual(zh="", en="")
    words = age_in_words(card.age_s)
    return Bilingual(zh=f"；收寄于{words.zh}前", en=f"; accepted {words.en} ago")


def _parties(shipment: Shipment) -> Parties:
    real_name = shipment.real_name
    if real_name is None:
        return Parties()
    return Parties(
        document_token=real_name.document_token,
        document_mask=real_name.document_mask,
        name_mask=real_name.name_mask,
        phone_token=real_name.phone_token,
        phone_mask=real_name.phone_mask,
    )


def _evidence(shipment: Shipment, topics: Topics) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            event_id=event_id,
            event_type=EVENT_TYPES[number].value,
            topic=topics.intake(shipment.courier),
            partition=shipment.partition,
            offset=offset,
        )
        for event_id, number, offset in shipment.evidence
    )


def build_alert(
    shipment: Shipment,
    row: Row,
    record: AlertRecord,
    findings: Sequence[Finding],
    score: Score | None,
    pack: PackName,
    topics: Topics,
    history: History = NO_HISTORY,
    counterparts: Sequence[Counterpart] = (),
    controls: Sequence[AppliedControl] = (),
    in_channel: Bilingual | None = None,
    profiles: Sequence[Profile] = (),
) -> Alert:
    """Build one revision of an alert. All times come from the evidence. `score` is None without a model.

    `in_channel` says that a green channel lets the parcel go on.
    """
    lane = Lane(str(record.verdict.lane))
    ordered = tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))
    clear = not ordered and lane is not Lane.GREEN_SAMPLED
    state = AlertState.CLEARED_BY_EVIDENCE if clear else AlertState.OPEN
    proposed = Action(record.verdict.action or Action.REQUEST_INFORMATION)
    step = next_step(parcel_state(shipment, record.touched_ms), proposed)
    card = build_card(shipment, row, lane, ordered, step, record.touched_ms, counterparts, in_channel, profiles)
    at = utc(record.touched_ms)
    real_name, inspection = shipment.real_name, shipment.inspection
    return Alert(
        alert_id=alert_id(shipment.courier, shipment.waybill, shipment.first_arrival_ms),
        revision=record.revision,
        state=state,
        courier=shipment.courier,
        waybill=shipment.waybill,
        outlet=shipment.home_outlet,
        operator=real_name.operator if real_name is not None else None if inspection is None else inspection.operator,
        lane=lane,
        action=step.action,
        raised_at=at,
        due_by=utc(record.due_ms),
        findings=ordered,
        score=score,
        parties=_parties(shipment),
        evidence=_evidence(shipment, topics),
        rule_pack_version=pack.version,
        rule_pack_hash=pack.hash,
        model_version=None if score is None else score.model_version,
        summary=_summary(lane, ordered, card, history, clear),
        card=card,
        changes=history.changes,
        controls=tuple(controls),
        found_before=history.found_before,
    )


def alert_send(alert: Alert, topics: Topics) -> Send:
    """Write the alert as a CloudEvent in binary mode; key = waybill.

    What came with a later version is left out where there is none: control periods and profiles.
    """
    leave_out: dict[str, Any] = {} if alert.controls else {"controls": True}
    if alert.card is None or not alert.card.profiles:
        leave_out["card"] = {"profiles"}
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{alert.alert_id}:{alert.revision}".encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", ALERT_TYPE.encode()),
        ("ce_time", alert.raised_at.isoformat(timespec="milliseconds").encode()),
        ("ce_subject", alert.waybill.encode()),
        ("content-type", b"application/json"),
        FOLLOWED_UP,
    ]
    return Send(topics.alerts, alert.waybill.encode(), alert.model_dump_json(exclude=leave_out).encode(), headers)


def is_followed_up(headers: Sequence[tuple[str, bytes]] | None) -> bool:
    """Tell by its headers whether an alert is of a version that leads it to its end."""
    return FOLLOWED_UP in (headers or ())
