"""Filter of the audit as a URL says it. People are named by their log-in names: no token stands in an address."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time

from parcelward.console.people.accounts import Account
from parcelward.console.store.audit import AuditFilter
from parcelward.console.web.rendering import query
from parcelward.console.web.wanted import cleaned, one_of
from parcelward.contract.steps import Role, StepKind
from parcelward.moments import CHINA, DAY_MS, ms_of

FIELDS = ("person", "role", "kind", "courier", "day", "refused")
ELSEWHERE = "-"
"""People who have no account here; no log-in name begins so."""
YES = "yes"


class Audited:
    """Fields of a filter by name; those that are empty, or say nothing that exists, are left out."""

    def __init__(self, given: Mapping[str, str]) -> None:
        asked = {name: cleaned(given.get(name, "")) for name in FIELDS}
        self.person, self.courier = asked["person"], asked["courier"]
        self.role, self.kind = one_of(Role, asked["role"]), one_of(StepKind, asked["kind"])
        self.day, self.refused = _day(asked["day"]), asked["refused"] == YES

    @property
    def fields(self) -> dict[str, str]:
        """Give what is asked, by the names in the URL."""
        said = (self.person, self.role, self.kind, self.courier, self.day, YES if self.refused else "")
        return {name: str(value) for name, value in zip(FIELDS, said, strict=True) if value}

    def path(self, page: str, **more: str) -> str:
        """Write the address of a page with this filter."""
        return page + query(**self.fields, **more)

    def decisions(self, accounts: Sequence[Account]) -> AuditFilter:
        """Give the filter of decisions. A name that nobody has finds nothing."""
        tokens = {one.name: one.token for one in accounts}
        begin_ms = None if self.day is None else ms_of(datetime.combine(self.day, time(), CHINA))
        return AuditFilter(
            person=None if self.person in ("", ELSEWHERE) else tokens.get(self.person, ""),
            nobody_of=tuple(tokens.values()) if self.person == ELSEWHERE else (),
            role=self.role,
            kind=self.kind,
            courier=self.courier or None,
            refused=self.refused,
            since_ms=begin_ms,
            until_ms=None if begin_ms is None else begin_ms + DAY_MS,
        )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
