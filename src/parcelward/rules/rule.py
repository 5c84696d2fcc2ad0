"""A rule, a hit, a pack."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from parcelward.contract.alerts import Action, Severity
from parcelward.features.table import Row, Value
from parcelward.rules.check import Node
from parcelward.rules.text import Limits, Template


@dataclass(frozen=True, slots=True)
class Example:
    """A partial row (all other features unknown) that must, or must not, fire."""

    values: dict[str, Value]
    fires: bool


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule of a pack. `fields`: features of its expression in order of appearance.

    `limits`: all numbers that each feature is compared with; `thresholds`: the first of them.
    """

    id: str
    name: str
    version: int
    severity: Severity
    action: Action
    owner: str
    legal_basis: str
    about: str
    source: str
    expression: Node
    reason_zh: Template
    reason_en: Template
    examples: tuple[Example, ...]
    fields: tuple[str, ...]
    thresholds: dict[str, float | int] = field(default_factory=dict)
    limits: Limits = field(default_factory=dict)


class Hit(NamedTuple):
    """A rule that fired. With `error`, a rule that failed on this row: it neither fired nor found the parcel clean."""

    rule: Rule
    error: str | None


@dataclass(frozen=True, slots=True, eq=False)
class RulePack:
    """Rules in the order of the pack, and the one function generated from them.

    `evaluate(row)` gives the hits in the order of the pack. It never raises. Callers must not change what it returns.
    """

    version: str
    rules: tuple[Rule, ...]
    evaluate: Callable[[Row], Sequence[Hit]]
    python: str  # the generated source, for reading
