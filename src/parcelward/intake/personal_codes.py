"""Events whose codes are numbers of persons are refused here: codes are stored and shown as they are."""

from typing import Any

from parcelward.contract.person_numbers import person_number
from parcelward.contract.reasons import Reason
from parcelward.intake.refusal import Rejected

_CODES = ("waybill", "operator", "outlet", "site", "machine", "device", "corrects")


def personal_code(event_id: str, data: Any) -> Rejected | None:
    """Give the refusal of an event in which a code is a person's number; None when none is.

    `data` is that of any event, as a struct or as a model.
    """
    # A number of a person begins with a digit, and every letter is over ":". Nearly all codes begin with a letter.
    if (
        getattr(data, "waybill", "") > ":"  # a heartbeat has none
        and data.operator > ":"
        and getattr(data, "outlet", ":") > ":"
        and (getattr(data, "device", None) or "E") > ":"
        and getattr(data, "corrects", None) is None
        and (event_id > ":" or person_number(event_id) is None)
        and ((sender := getattr(data, "sender", None)) is None or (sender.agreement_id or "E") > ":")
    ):
        return None
    codes = {"id": event_id} | {f"data.{name}": getattr(data, name, None) or "" for name in _CODES}
    codes["data.sender.agreement_id"] = getattr(getattr(data, "sender", None), "agreement_id", None) or ""
    for name, code in codes.items():
        if (found := person_number(code)) is not None:
            return Rejected(Reason.INVALID_VALUE, f"{name}: is a person's {found}; send a code")
    return None
