"""Roles of the console's people."""

from enum import StrEnum

from parcelward.contract.steps import Role as StepRole


class Role(StrEnum):
    """Role of an account; `web/rights.py` says what each may do."""

    COURIER = "courier"
    ANALYST = "analyst"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    RULE_AUTHOR = "rule_author"

    @property
    def decides_as(self) -> StepRole | None:
        """Role in which it decides on alerts; None: it decides nothing."""
        return {Role.ANALYST: StepRole.ANALYST, Role.SUPERVISOR: StepRole.SUPERVISOR}.get(self)
