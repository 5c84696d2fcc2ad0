"""Events whose codes are numbers of persons are refused here: codes are stored and shown as they are."""

from parcelward.contract.person_numbers import person_number
from parcelward.contract.reasons import Reason
from parcelward.intake.event import EventData, RealNameData, ScanData
from parcelward.intake.refusal import Rejected


def personal_code(event_id: str, data: EventData) -> Rejected | None:
    """Give the refusal of an event in which a code is a person's number; None when none is."""
    if isinstance(data, ScanData):
        codes = (event_id, data.waybill, data.operator, data.site, data.machine)
        if any(map(person_number, codes)):
            return _refusal(("id", "data.waybill", "data.operator", "data.site", "data.machine"), codes)
        return None
    if person_number(event_id) or person_number(data.waybill) or person_number(data.operator):
        return _refusal(("id", "data.waybill", "data.operator"), (event_id, data.waybill, data.operator))
    device, corrects = data.device or "-", data.corrects or "-"
    agreement = (data.sender.agreement_id or "-") if isinstance(data, RealNameData) else "-"
    if person_number(data.outlet) or person_number(device) or person_number(corrects) or person_number(agreement):
        names = ("data.outlet", "data.device", "data.corrects", "data.sender.agreement_id")
        return _refusal(names, (data.outlet, device, corrects, agreement))
    return None


def _refusal(names: tuple[str, ...], codes: tuple[str, ...]) -> Rejected:
    name, found = next((name, found) for name, code in zip(names, codes, strict=True) if (found := person_number(code)))
    return Rejected(Reason.INVALID_VALUE, f"{name}: is a person's {found}; send a code")
