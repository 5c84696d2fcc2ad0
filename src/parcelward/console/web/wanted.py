"""Filter of the desk as a URL says it: a list is a link, and an alert remembers the list that it was opened from."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from parcelward.alerts.verdict import MODEL_RULE
from parcelward.console.store.case_desk import CaseFilter
from parcelward.console.store.desk import DeskFilter, View
from parcelward.contract.alerts import Lane
from parcelward.contract.steps import ReferralState

FIELDS = ("view", "lane", "state", "courier", "outlet", "rule", "q", "case")
MOST_CHARACTERS = 80
_Choice = TypeVar("_Choice", bound=StrEnum)


class Wanted:
    """Fields of a filter by name; those that are empty, or say nothing that exists, are left out."""

    def __init__(self, given: Mapping[str, str]) -> None:
        asked = {name: cleaned(given.get(name, "")) for name in FIELDS}
        self.view = one_of(View, asked.pop("view")) or View.DUE
        self.lane, self.state = one_of(Lane, asked.pop("lane")), one_of(ReferralState, asked.pop("state"))
        courier, _, self.outlet = asked["outlet"].rpartition("/")  # as pages write it: courier and outlet
        self.courier, self.words = asked["courier"] or courier, asked["q"]
        self.rule = rule_in(asked["rule"])
        self.case = asked["case"]

    @classmethod
    def from_text(cls, text: str) -> "Wanted":
        """Read a filter that was written by `text`."""
        return cls(dict(parse_qsl(text[:1000])))

    @property
    def fields(self) -> dict[str, str]:
        """Give what is asked, by the names in the URL."""
        said = (self.view, self.lane, self.state, self.courier, self.outlet, self.rule, self.words, self.case)
        found = {name: str(value) for name, value in zip(FIELDS, said, strict=True) if value}
        return {name: value for name, value in found.items() if (name, value) != ("view", View.DUE)}

    @property
    def text(self) -> str:
        """Write the filter as the query of a URL."""
        return urlencode(self.fields)

    @property
    def narrows(self) -> bool:
        """True where more is asked than a view."""
        return bool(self.fields.keys() - {"view"})

    def alerts(self, own_token: str) -> DeskFilter:
        """Give the filter of alerts for a person."""
        return DeskFilter(
            view=self.view,
            me=own_token,
            lane=self.lane,
            state=self.state,
            courier=self.courier or None,
            outlet=self.outlet or None,
            rule=self.rule or None,
            case=self.case or None,
            words=self.words,
        )

    def within(self, case: str) -> "Wanted":
        """Give the list of a case that was opened from this list; with "" the list around it."""
        return Wanted(self.fields | {"case": case})

    def cases(self, own_token: str) -> CaseFilter | None:
        """Give the filter of cases; None where something is asked that only alerts have."""
        if self.state or self.outlet or self.rule or self.words or self.case:
            return None
        return CaseFilter(view=self.view, me=own_token, lane=self.lane, courier=self.courier or None)


def cleaned(text: str) -> str:
    """Give a field of a URL as a database takes it.

    >>> cleaned(" swift" + chr(0))
    'swift'
    """
    return text.replace("\x00", "").strip()[:MOST_CHARACTERS]


def rule_in(text: str) -> str:
    """Give the id of a rule as alerts have it.

    >>> rule_in("r 3"), rule_in("Model")
    ('R3', 'model')
    """
    plain = text.replace(" ", "")
    return plain.lower() if plain.lower() == MODEL_RULE else plain.upper()


def one_of(kind: type[_Choice], text: str) -> _Choice | None:
    """Give the value of a list that a text names; None where it names none."""
    return kind(text) if text in tuple(kind) else None
