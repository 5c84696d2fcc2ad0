"""Accounts of couriers' days, as the contract says them."""

from datetime import date
from typing import Any

from parcelward.contract.accounts import Account, Overdue
from parcelward.contract.reasons import Reason


def account(
    courier: str, day: date, sent: int, refused: int = 2, late: int = 20, inspections: int = 2
) -> dict[str, Any]:
    """An account of a day that adds up."""
    made = Account(
        courier=courier,
        date=day.isoformat(),
        final=True,
        complete=True,
        adds_up=True,
        sent=sent,
        screened=sent - refused,
        scan_only=0,
        duplicate=0,
        heartbeats=0,
        refused=refused,
        refused_for={Reason.INVALID_JSON: refused - 1, Reason.MISSING_FIELD: 1},
        pending=0,
        undecided=0,
        unaccounted=0,
        twice=0,
        corrections=0,
        late=late,
        overdue=Overdue(real_name=0, inspection=inspections, security_scan=0),
    )
    document: dict[str, Any] = made.model_dump(mode="json")
    return document
