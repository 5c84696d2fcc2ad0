"""The next step: a finding's action, as the parcel's present state allows. A table of (state x action), and no more.

Nobody reports when a parcel leaves an outlet or is delivered, so its age speaks where no event does.
"""

from typing import NamedTuple

from parcelward.contract.alerts import Action
from parcelward.contract.cards import ParcelState
from parcelward.contract.fields import InspectionResult, ScanDecision
from parcelward.moments import DAY_MS, HOUR_MS
from parcelward.shipments.shipment import InspectionEntry, RealNameEntry, ShipmentBrief

LEAVES_AFTER_MS = 2 * HOUR_MS
"""An outlet's vans leave several times a day: so long after the acceptance nobody can say that it is still there."""
DELIVERED_AFTER_MS = 3 * DAY_MS
"""Most parcels are delivered within three days."""
STOPPING = frozenset(
    (
        InspectionResult.REFUSED_BY_SENDER,
        InspectionResult.REFUSED_PROHIBITED,
        InspectionResult.REFUSED_MISMATCH,
        InspectionResult.HELD_FOR_PROOF,
    )
)
"""Outcomes of an inspection after which a parcel does not travel."""
OF_SCAN: dict[str, ParcelState] = {
    ScanDecision.PASS: ParcelState.UNDER_WAY,
    ScanDecision.REOPEN: ParcelState.HELD,
    ScanDecision.HOLD: ParcelState.HELD,
    ScanDecision.HAND_OVER: ParcelState.HANDED_OVER,
}


class Step(NamedTuple):
    """The action that is still possible, and the way to go about it."""

    action: Action
    zh: str
    en: str


_KEEP_REFUSED = Step(
    Action.REPORT,
    "验视人员已拒收：核实物品去向；依法应当没收、销毁或可能涉及违法犯罪的，报告并移交",
    "the inspector has refused it already: make sure where the goods are; report and hand over what the law takes away"
    " or what may be a crime",
)
_KEEP_HELD = Step(
    Action.HOLD, "该件已暂扣：继续暂扣，未查清不得放行", "it is held already: keep it, release nothing yet"
)
_STOP = Step(
    Action.TRACE_AND_STOP,
    "该件已在途：立即追查，在下一环节拦截",
    "it is on its way: trace it and stop it at the next hub",
)
_FIND = Step(
    Action.TRACE_AND_STOP,
    "该件可能已离开网点：立即查明所在，就地拦截",
    "it has probably left the outlet: find it and stop it where it is",
)
_TOO_LATE = Step(
    Action.TRACE_AND_STOP,
    "收寄已超过三日，可能已派送：追查去向，未派送的立即拦截，已派送的按规定报告",
    "accepted over three days ago, perhaps delivered: trace it, stop it if it is still on its way, report if it is not",
)
_HANDED_OVER = Step(
    Action.REPORT,
    "该件已移交公安：核对移交凭据，配合调查",
    "it was handed over to the police: check the receipt, assist",
)

_AUDIT = Step(
    Action.AUDIT_OUTLET,
    "核查网点：调取监控和收寄记录，抽查尚在网点的快件",
    "audit the outlet: look at its camera footage and records, and open some of the parcels that are still there",
)
_ASK = Step(
    Action.REQUEST_INFORMATION,
    "要求网点说明情况、补充信息",
    "ask the outlet to explain, and for the information that is missing",
)
_ASK_ABOUT_INSPECTION = Step(
    Action.REQUEST_INFORMATION,
    "该件已无法重新验视：要求网点提交验视影像和记录",
    "it cannot be inspected any more: ask the outlet for the photos and the record of the inspection",
)
_VERIFY_LATER = Step(
    Action.VERIFY_IDENTITY,
    "联系寄件人凭证件原件核验身份，派送前办结",
    "reach the sender and verify the identity by the original document, before the parcel is delivered",
)
SPOT_CHECK = (
    "抽查：仍在网点的，开箱核对；已离开的，查看验视照片和记录",
    "a spot check: open it if it is still at the outlet; if it has left, look at the photos and the record",
)
"""For a clean parcel that was drawn; nobody stops it."""
RECORDS_CHECK = ("抽查：查看验视照片和记录", "a spot check: look at the photos and the record")
"""For one that goes through a green channel: nobody opens it."""
_VERIFY_RECORD = Step(
    Action.VERIFY_IDENTITY, "核查登记的寄件人身份", "verify the sender's identity as it was registered"
)

_ALWAYS = {
    Action.REQUEST_INFORMATION: _ASK,
    Action.AUDIT_OUTLET: _AUDIT,
    Action.TRACE_AND_STOP: Step(
        Action.TRACE_AND_STOP, "追查该件所在并拦截", "find out where the parcel is and stop it"
    ),
    Action.REPORT: Step(Action.REPORT, "按规定移交并报告", "hand over and report as the rules demand"),
}

STEPS: dict[ParcelState, dict[Action, Step]] = {
    ParcelState.AT_OUTLET: {
        Action.REFUSE: Step(Action.REFUSE, "拒绝收寄，不得交运", "refuse the parcel; it must not leave the outlet"),
        Action.HOLD: Step(
            Action.HOLD,
            "暂停流转，在网点单独存放，查清前不交运",
            "hold the parcel at the outlet, apart from others; it does not travel until this is settled",
        ),
        Action.REINSPECT: Step(
            Action.REINSPECT,
            "交运前开箱验视，核对内件与申报是否一致",
            "before it travels, open the parcel and compare what is in it with the declaration",
        ),
        Action.VERIFY_IDENTITY: Step(
            Action.VERIFY_IDENTITY,
            "请寄件人出示证件原件当面核验，登记有误的更正；人已离开的，联系其补验",
            "ask the sender to show the original document, and correct the registration if it is wrong; if the sender"
            " has left, reach them",
        ),
        **_ALWAYS,
    },
    ParcelState.REFUSED: {
        Action.REFUSE: _KEEP_REFUSED,
        Action.HOLD: _KEEP_REFUSED,
        Action.REINSPECT: Step(
            Action.REQUEST_INFORMATION,
            "验视人员已拒收：要求网点说明验视情况、补齐记录",
            "the inspector has refused it already: ask the outlet to explain the inspection and complete its record",
        ),
        Action.VERIFY_IDENTITY: _VERIFY_RECORD,
        **_ALWAYS,
    },
    ParcelState.HELD: {
        Action.REFUSE: _KEEP_HELD,
        Action.HOLD: _KEEP_HELD,
        Action.REINSPECT: Step(
            Action.REINSPECT, "该件已暂扣：就地开箱验视", "it is held already: open and inspect it there"
        ),
        Action.VERIFY_IDENTITY: _VERIFY_LATER,
        **_ALWAYS,
    },
    ParcelState.HANDED_OVER: {
        Action.REFUSE: _HANDED_OVER,
        Action.HOLD: _HANDED_OVER,
        Action.REINSPECT: _HANDED_OVER,
        Action.VERIFY_IDENTITY: _VERIFY_RECORD,
        **_ALWAYS,
    },
    ParcelState.UNDER_WAY: {
        Action.REFUSE: _STOP,
        Action.HOLD: _STOP,
        Action.REINSPECT: Step(
            Action.REINSPECT,
            "该件已在途：在下一处理中心开箱验视",
            "it is on its way: open and inspect it at the next hub",
        ),
        Action.VERIFY_IDENTITY: _VERIFY_LATER,
        **_ALWAYS,
    },
    ParcelState.UNKNOWN: {
        Action.REFUSE: _FIND,
        Action.HOLD: _FIND,
        Action.REINSPECT: Step(
            Action.REINSPECT,
            "该件可能已离开网点：查明所在，就地开箱验视",
            "it has probably left the outlet: find it, open and inspect it where it is",
        ),
        Action.VERIFY_IDENTITY: _VERIFY_LATER,
        **_ALWAYS,
    },
    ParcelState.PERHAPS_DELIVERED: {
        Action.REFUSE: _TOO_LATE,
        Action.HOLD: _TOO_LATE,
        Action.REINSPECT: _ASK_ABOUT_INSPECTION,
        Action.VERIFY_IDENTITY: _VERIFY_RECORD,
        **_ALWAYS,
    },
}


def next_step(state: ParcelState, action: Action) -> Step:
    """Give what an action comes to in this state."""
    return STEPS[state][action]


def accepted_ms(shipment: ShipmentBrief) -> int | None:
    """Event time of the acceptance, by whichever of its records is known; None when only a scan is."""
    for entry in (shipment.real_name, shipment.inspection):
        if entry is not None:
            return entry.event_ms
    return None


def last_seen(shipment: ShipmentBrief) -> tuple[str, int]:
    """Give the outlet or site of the event that was last, and its time (epoch ms)."""
    scan, seen = shipment.scan, _seen_at_outlets(shipment)
    if scan is not None and (not seen or scan.event_ms >= seen[-1].event_ms):
        return scan.site, scan.event_ms
    return seen[-1].outlet, seen[-1].event_ms


def outlet_last_seen(shipment: ShipmentBrief) -> str:
    """Give the outlet at which the parcel was accepted or inspected last; where only a scan is known, its home."""
    seen = _seen_at_outlets(shipment)
    return seen[-1].outlet if seen else shipment.home_outlet


def _seen_at_outlets(shipment: ShipmentBrief) -> list[RealNameEntry | InspectionEntry]:
    """Acceptance and inspection, the later one last; of two at once the inspection."""
    known = [entry for entry in (shipment.real_name, shipment.inspection) if entry is not None]
    return sorted(known, key=lambda entry: entry.event_ms)


def parcel_state(shipment: ShipmentBrief, now_ms: int) -> ParcelState:
    """Give the state of the parcel as its events tell it at `now_ms`; where none does, its age."""
    scan, inspection = shipment.scan, shipment.inspection
    begun = accepted_ms(shipment)
    age_ms = now_ms - (begun if begun is not None else now_ms if scan is None else scan.event_ms)
    if scan is not None and (inspection is None or scan.event_ms >= inspection.event_ms or not _stopped(shipment)):
        state = OF_SCAN[scan.decision]  # a scan after a refusal: it travels all the same
        if scan.decision == ScanDecision.REOPEN and inspection is not None and inspection.event_ms > scan.event_ms:
            state = ParcelState.UNDER_WAY  # it was opened, as the X-ray judge asked, and was not stopped
        return ParcelState.PERHAPS_DELIVERED if state is ParcelState.UNDER_WAY and _is_old(age_ms) else state
    if inspection is not None and _stopped(shipment):
        return ParcelState.HELD if inspection.result == InspectionResult.HELD_FOR_PROOF else ParcelState.REFUSED
    if _is_old(age_ms):
        return ParcelState.PERHAPS_DELIVERED
    return ParcelState.UNKNOWN if age_ms >= LEAVES_AFTER_MS else ParcelState.AT_OUTLET


def _stopped(shipment: ShipmentBrief) -> bool:
    inspection = shipment.inspection
    return inspection is not None and inspection.result in STOPPING


def _is_old(age_ms: int) -> bool:
    return age_ms >= DELIVERED_AFTER_MS
