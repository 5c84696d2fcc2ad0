"""Fills in an alert's card from the shipment: everything a person asks before deciding."""

from collections.abc import Sequence

from parcelward.alerts.clears import CLEARED, SAMPLED, clears_when
from parcelward.alerts.contacts import contacts_for
from parcelward.alerts.next_step import RECORDS_CHECK, SPOT_CHECK, Step, accepted_ms, last_seen, parcel_state
from parcelward.alerts.verdict import MODEL_RULE
from parcelward.contract.alerts import Finding, Lane
from parcelward.contract.cards import Bilingual, Card, Counterpart, Goods, ParcelState, Profile, Seen, Whereabouts
from parcelward.contract.fields import InspectionResult
from parcelward.escaping import escaped
from parcelward.features.table import INDEX, Row
from parcelward.goods import PROHIBITED, match_goods, read_found
from parcelward.moments import DAY_MS, HOUR_MS, MINUTE_MS, utc
from parcelward.shipments.shipment import ShipmentBrief

_FOUND = INDEX["found_danger_severity"]

_WHERE = {
    ParcelState.AT_OUTLET: ("应仍在网点", "should still be at the outlet"),
    ParcelState.REFUSED: ("验视人员已拒收，未交运", "refused by the inspector, did not travel"),
    ParcelState.HELD: ("已暂扣", "held"),
    ParcelState.HANDED_OVER: ("已移交公安", "handed over to the police"),
    ParcelState.UNDER_WAY: ("在途，已过机安检", "on its way, seen by an X-ray machine"),
    ParcelState.UNKNOWN: ("暂无后续轨迹，可能已离开网点", "not seen since, has probably left the outlet"),
    ParcelState.PERHAPS_DELIVERED: ("暂无后续轨迹，可能已派送", "not seen since, perhaps delivered"),
}


def build_card(
    shipment: ShipmentBrief,
    row: Row,
    lane: Lane,
    findings: Sequence[Finding],
    step: Step,
    now_ms: int,
    counterparts: Sequence[Counterpart] = (),
    in_channel: Bilingual | None = None,
    profiles: Sequence[Profile] = (),
) -> Card:
    """Fill in the card of a revision raised at `now_ms`; `step` is what is left of the proposed action.

    Without findings the parcel was sampled, or the alert is cleared: then a person first looks whether what changed is
    true.
    """
    begun, real_name = accepted_ms(shipment), shipment.real_name
    state = parcel_state(shipment, now_ms)
    zh, en = step.zh, step.en
    if findings and findings[0].rule == MODEL_RULE:
        zh, en = f"{zh}，并核对评分所列因素", f"{en}; look at what the score names"
    if notice := passed_all_the_same(shipment, row):
        zh, en = f"{zh}；注意：{notice.zh}", f"{en}; note: {notice.en}"
    clears = clears_when(findings)
    if lane is Lane.GREEN_SAMPLED:
        (zh, en), clears = SPOT_CHECK if in_channel is None else RECORDS_CHECK, SAMPLED
    elif not findings:
        zh = f"复核变化是否属实：属实的结案；不属实的，{step.zh}"
        en = f"look whether the change is true: if it is, close the alert; if not, {step.en}"
        clears = CLEARED
    if in_channel is not None and (findings or lane is Lane.GREEN_SAMPLED):
        zh, en = f"{zh}；{in_channel.zh}", f"{en}; {in_channel.en}"
    return Card(
        goods=_goods(shipment),
        accepted_at=None if begun is None else utc(begun),
        age_s=None if begun is None else (now_ms - begun) / 1000,
        inspection=_seen(shipment),
        whereabouts=_whereabouts(shipment, state),
        contacts=contacts_for(shipment, state, lane, step.action, _categories(shipment)),
        counterparts=tuple(counterparts),
        profiles=tuple(profiles),
        from_region=None if real_name is None else real_name.stated_region,
        to_region=None if real_name is None else real_name.receiver_region,
        next_step=Bilingual(zh=zh, en=en),
        clears_when=clears,
    )


def passed_all_the_same(shipment: ShipmentBrief, row: Row) -> Bilingual | None:
    """Say that the inspector saw something prohibited and let the parcel pass; None where nothing of that happened."""
    inspection = shipment.inspection
    severity = row[_FOUND]
    grave = isinstance(severity, int) and severity >= PROHIBITED
    if inspection is None or inspection.result != InspectionResult.PASSED or not (grave or inspection.found_category):
        return None
    found = escaped(inspection.found_goods or "")
    if inspection.found_by is not None:
        return Bilingual(
            zh=f"此前一次验视（验视人员{inspection.found_by}）记录所见为“{found or inspection.found_category}”，"
            f"其后的验视仍以“通过”放行",
            en=f"an earlier inspection, by {inspection.found_by}, wrote down “{found or inspection.found_category}”,"
            " and a later one let the parcel pass all the same",
        )
    return Bilingual(
        zh=f"验视人员{inspection.operator}记录所见为“{found or inspection.found_category}”，仍以“通过”放行",
        en=f"inspector {inspection.operator} wrote down “{found or inspection.found_category}”"
        " and let the parcel pass all the same",
    )


def age_in_words(age_s: float) -> Bilingual:
    """An age as a person says it: 12 minutes, 5 hours, 6 days."""
    age_ms = round(age_s * 1000)
    if age_ms < MINUTE_MS:
        return Bilingual(zh="不到1分钟", en="less than a minute")
    for unit_ms, zh, en in ((DAY_MS, "天", "days"), (HOUR_MS, "小时", "hours"), (MINUTE_MS, "分钟", "minutes")):
        if age_ms >= 2 * unit_ms or unit_ms == MINUTE_MS:
            number = age_ms // unit_ms
            return Bilingual(zh=f"{number}{zh}", en=f"{number} {en if number != 1 else en[:-1]}")
    raise AssertionError("minutes fit every age")


def _categories(shipment: ShipmentBrief) -> frozenset[str]:
    """Categories of the 2016 list that the declared or the found goods belong to, by their names or the inspector."""
    real_name, inspection = shipment.real_name, shipment.inspection
    names = (
        *(() if real_name is None else (real_name.goods_name, *real_name.other_goods)),
        None if inspection is None or inspection.found_goods is None else read_found(inspection.found_goods).seen,
    )
    matched = (match_goods(name) for name in names if name)
    found = {match.danger_category for match in matched if match.danger_severity >= PROHIBITED}
    return frozenset(one for one in (*found, None if inspection is None else inspection.found_category) if one)


def _goods(shipment: ShipmentBrief) -> Goods:
    real_name, inspection = shipment.real_name, shipment.inspection
    return Goods(
        declared=None if real_name is None else real_name.all_goods,
        quantity=None if real_name is None else real_name.quantity,
        declared_value_cny=None if real_name is None else real_name.declared_value_cny,
        found=None if inspection is None else inspection.found_goods,
        found_category=None if inspection is None else inspection.found_category,
        weight_g=None if real_name is None else real_name.weight_g,
        inspected_weight_g=None if inspection is None else inspection.weight_g,
    )


def _seen(shipment: ShipmentBrief) -> Seen | None:
    inspection = shipment.inspection
    if inspection is None:
        return None
    begun, done = inspection.started_ms, inspection.event_ms
    if inspection.timed_ms is not None:
        done = inspection.timed_ms
    known = begun is not None and begun <= done
    return Seen(
        at=utc(inspection.event_ms),
        operator=inspection.operator,
        outlet=inspection.outlet,
        result=inspection.result,
        opened=inspection.opened,
        duration_s=(done - begun) / 1000 if begun is not None and known else None,
        photos=len(inspection.photos),
    )


def _whereabouts(shipment: ShipmentBrief, state: ParcelState) -> Whereabouts:
    site, seen_ms = last_seen(shipment)
    zh, en = _WHERE[state]
    return Whereabouts(
        state=state,
        site=site,
        seen_at=utc(seen_ms),
        text=Bilingual(zh=f"{zh}（最后见于{site}）", en=f"{en} (last seen at {site})"),
    )
