"""From a verdict to the alert record that leaves: everything a person needs to decide, and nothing raw."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5

from parcelward.alerts.verdict import SEVERITIES, AlertRecord
from parcelward.contract.alerts import (
    ALERT_TYPE,
    Action,
    Alert,
    AlertState,
    Bilingual,
    Evidence,
    Finding,
    Lane,
    Parties,
    Score,
    Severity,
)
from parcelward.contract.events import EVENT_TYPES
from parcelward.features.decimals import apart
from parcelward.rules import RulePack
from parcelward.shipments.shipment import Shipment
from parcelward.stage import Send
from parcelward.topics import Topics

ALERT_NAMESPACE = UUID("6c1ad2a4-6a0c-5bb4-9f8e-0d3b0e7c6a11")
SOURCE = "/parcelward"
MODEL_RULE = "model"
ACTION_TEXT = {
    Action.REFUSE: ("拒绝收寄", "refuse the parcel"),
    Action.HOLD: ("暂停流转", "hold the parcel"),
    Action.REINSPECT: ("重新开箱验视", "inspect again"),
    Action.VERIFY_IDENTITY: ("重新核验身份", "verify the identity again"),
    Action.REQUEST_INFORMATION: ("要求补充信息", "ask for information"),
    Action.AUDIT_OUTLET: ("核查网点", "audit the outlet"),
}


def alert_id(courier: str, waybill: str, first_arrival_ms: int) -> str:
    """Derive the id of a parcel's alert. It never changes: a replay or a rebuilt state gives the same one.

    A waybill number that comes back after it was forgotten is another parcel: its first arrival tells them apart.
    """
    return str(uuid5(ALERT_NAMESPACE, f"{courier}/{waybill}/{first_arrival_ms}/acceptance"))


def _moment(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)


def model_finding(score: Score) -> Finding:
    """Make the finding that the model alone raises, in the words of its largest contributions."""
    value, threshold = (
        apart(one, (score.value, score.threshold), 2, "{:.{}f}".format) for one in (score.value, score.threshold)
    )
    over_zh, over_en = ("超过", "over") if score.value > score.threshold else ("达到", "at")
    zh = "、".join(part.text.zh for part in score.contributions[:3])
    en = "; ".join(part.text.en for part in score.contributions[:3])
    return Finding(
        rule=MODEL_RULE,
        name="risk_model",
        version=1,
        severity=Severity.MEDIUM,
        action=Action.REINSPECT,
        reason=Bilingual(
            zh=f"风险评分{value}{over_zh}阈值{threshold}，主要因素：{zh}",
            en=f"risk score {value} is {over_en} {threshold}, mainly: {en}",
        ),
        legal_basis="邮政法 第二十五条（收寄验视），模型提示，由人员判定",
        values={part.feature: part.value for part in score.contributions},
        thresholds={"score": score.threshold},
    )


def _summary(lane: Lane, state: AlertState, findings: Sequence[Finding], action: Action) -> Bilingual:
    if state is AlertState.CLEARED_BY_EVIDENCE:
        return Bilingual(
            zh="后续证据不再支持此前的告警，请人员复核后结案",
            en="later evidence no longer supports this alert; review it",
        )
    if lane is Lane.GREEN_SAMPLED:
        return Bilingual(zh="未发现问题，随机抽样复核", en="nothing found; drawn at random for a check")
    first, more = findings[0], len(findings) - 1
    zh, en = ACTION_TEXT[action]
    return Bilingual(
        zh=f"{first.reason.zh}{f'（另有{more}项）' if more else ''}；建议：{zh}",
        en=f"{first.reason.en}{f' (and {more} more)' if more else ''}; proposed: {en}",
    )


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


def build_alert(
    shipment: Shipment,
    record: AlertRecord,
    findings: Sequence[Finding],
    score: Score | None,
    pack: RulePack,
    topics: Topics,
) -> Alert:
    """Build one revision of an alert. All times come from the evidence. `score` is None without a model."""
    lane = Lane(str(record.verdict.lane))
    ordered = tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))
    clear = not ordered and lane is not Lane.GREEN_SAMPLED
    state = AlertState.CLEARED_BY_EVIDENCE if clear else AlertState.OPEN
    action = Action(record.verdict.action or Action.REQUEST_INFORMATION)
    at = _moment(record.touched_ms)
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
        action=action,
        raised_at=at,
        due_by=_moment(record.due_ms),
        findings=ordered,
        score=score,
        parties=_parties(shipment),
        evidence=tuple(
            Evidence(
                event_id=event_id,
                event_type=EVENT_TYPES[number].value,
                topic=topics.intake(shipment.courier),
                partition=shipment.partition,
                offset=offset,
            )
            for event_id, number, offset in shipment.evidence
        ),
        rule_pack_version=pack.version,
        rule_pack_hash=pack.hash,
        model_version=None if score is None else score.model_version,
        summary=_summary(lane, state, ordered, action),
    )


def alert_send(alert: Alert, topics: Topics) -> Send:
    """Write the alert as a CloudEvent in binary mode; key = waybill."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{alert.alert_id}:{alert.revision}".encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", ALERT_TYPE.encode()),
        ("ce_time", alert.raised_at.isoformat(timespec="milliseconds").encode()),
        ("ce_subject", alert.waybill.encode()),
        ("content-type", b"application/json"),
    ]
    return Send(topics.alerts, alert.waybill.encode(), alert.model_dump_json().encode(), headers)
