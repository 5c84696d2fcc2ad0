"""Word to the counter that nothing is to be done about a parcel, for couriers that want an answer about every parcel.

There is one for each parcel, so it is written without the contract's model; a test holds it to that.
"""

import msgspec

from parcelward.alerts.alert import alert_id
from parcelward.cases.outgoing import event_send
from parcelward.contract.instructions import INSTRUCTION_TYPE
from parcelward.contract.steps import InstructionAction
from parcelward.moments import utc
from parcelward.shipments.shipment import LETTER, First, ShipmentBrief
from parcelward.stage import Send
from parcelward.topics import Topics

WHY = {
    "zh": "截至目前收到的记录，未发现需要处置的问题",
    "en": "nothing that is known so far asks for anything to be done",
}
TASK = {"zh": "按正常流程办理", "en": "go on as usual"}

_COUNTER = First.ACCEPTANCE | First.INSPECTION
_encode = msgspec.json.Encoder().encode


def is_complete_now(shipment: ShipmentBrief) -> bool:
    """Tell whether this pass completed the counter's records: registered, and inspected unless it is a letter."""
    accepted = shipment.real_name
    if accepted is None or not shipment.firsts & _COUNTER:
        return False
    return shipment.inspection is not None or accepted.goods_nature == LETTER


def proceed_send(shipment: ShipmentBrief, topics: Topics) -> Send:
    """Write that nothing is to be done; key = waybill. Any instruction about the parcel has a higher revision."""
    courier, waybill, at_ms = shipment.courier, shipment.waybill, shipment.touched_ms
    accepted = shipment.real_name
    alert = alert_id(courier, waybill, shipment.first_arrival_ms)
    body = {
        "alert_id": alert,
        "revision": 0,
        "courier": courier,
        "waybill": waybill,
        "outlet": shipment.home_outlet if accepted is None else accepted.outlet,
        "action": InstructionAction.PROCEED.value,
        "hold": False,
        "issued_at": utc(at_ms).isoformat(timespec="milliseconds"),
        "answer_by": None,
        "answer_within_s": None,
        "reminder": 0,
        "why": WHY,
        "task": TASK,
    }
    return event_send(
        topics.instructions(courier), waybill, f"{alert}:0", INSTRUCTION_TYPE, waybill, at_ms, _encode(body)
    )
