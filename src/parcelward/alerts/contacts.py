"""Roles that can be called about an alert. No names and no numbers of people: a duty roster has these."""

from collections.abc import Iterator

from parcelward.alerts.next_step import outlet_last_seen
from parcelward.contract.alerts import Action, Lane
from parcelward.contract.cards import Bilingual, Contact, ContactRole, ParcelState
from parcelward.goods import REPORTED_AT_ONCE
from parcelward.shipments.shipment import ShipmentBrief

_WITH_THE_OUTLET = (ParcelState.AT_OUTLET, ParcelState.REFUSED)
_CALL = {
    ContactRole.POLICE_110: (
        "公安机关110：涉枪、涉爆、涉毒等物品，立即报告",
        "police, 110: weapons, explosives, drugs and the like are reported at once",
    ),
    ContactRole.OUTLET_MANAGER: (
        "网点负责人：核实并处置该件",
        "outlet manager: looks at the parcel and does what is proposed",
    ),
    ContactRole.HUB_SECURITY: (
        "处理中心安检负责人：拦截或开箱",
        "security lead of the hub: stops or opens the parcel",
    ),
    ContactRole.COURIER_SECURITY_DESK: (
        "快递企业安全值班：督促处置；已离开网点的，追查拦截",
        "courier's security duty desk: sees that it is done; traces and stops a parcel that has left",
    ),
    ContactRole.DELIVERY_OUTLET: (
        "派送网点：暂停派送或查明签收情况",
        "delivering outlet: stops the delivery or says who received it",
    ),
    ContactRole.POSTAL_AUTHORITY: (
        "邮政管理部门：接收报告、核查网点",
        "postal authority: takes the report, audits the outlet",
    ),
}


def contacts_for(
    shipment: ShipmentBrief, state: ParcelState, lane: Lane, action: Action, categories: frozenset[str]
) -> tuple[Contact, ...]:
    """Give whom to call about the parcel in this state, the most urgent first."""
    return tuple(
        Contact(role=role, where=where, text=Bilingual(zh=_CALL[role][0], en=_CALL[role][1]))
        for role, where in _roles(shipment, state, lane, action, categories)
    )


def _roles(
    shipment: ShipmentBrief, state: ParcelState, lane: Lane, action: Action, categories: frozenset[str]
) -> Iterator[tuple[ContactRole, str | None]]:
    if categories & REPORTED_AT_ONCE and lane is Lane.RED:
        yield ContactRole.POLICE_110, None
    at_hub = shipment.scan is not None and state in (ParcelState.UNDER_WAY, ParcelState.HELD, ParcelState.HANDED_OVER)
    if at_hub and shipment.scan is not None:
        yield ContactRole.HUB_SECURITY, shipment.scan.site
    nearest: list[tuple[ContactRole, str | None]] = [(ContactRole.OUTLET_MANAGER, outlet_last_seen(shipment))]
    if action is Action.TRACE_AND_STOP or lane is Lane.RED:
        nearest.append((ContactRole.COURIER_SECURITY_DESK, None))
    yield from nearest if state in _WITH_THE_OUTLET else reversed(nearest)
    if state is ParcelState.PERHAPS_DELIVERED:
        yield ContactRole.DELIVERY_OUTLET, None
    if action in (Action.REPORT, Action.AUDIT_OUTLET) or (categories and lane is Lane.RED):
        yield ContactRole.POSTAL_AUTHORITY, None
