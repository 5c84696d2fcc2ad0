"""A rule, a hit, a pack."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
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

    `limits`: all numbers that each feature is compared with. `least`: of each count that is compared with a lower limit
    the smallest that passes such a test; a finding rests on it from there on. `clears`: the evidence that clears the
    finding, in Chinese and in English; None where the pack does not say it.
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
    limits: Limits = field(default_factory=dict)
    least: Mapping[str, int] = field(default_factory=dict)
    clears: tuple[Template, Template] | None = None

    @property
    def thresholds(self) -> dict[str, float | int]:
        """The first number that each feature is compared with."""
        return {feature: numbers[0] for feature, numbers in self.limits.items()}


class Hit(NamedTuple):
    """A rule that fired. With `error`, a rule that failed on this row: it neither fired nor found the parcel clean."""

    rule: Rule
    error: str | None


@dataclass(frozen=True, slots=True, eq=False)
class RulePack:
    """Rules in the order of the pack, and the one function generated from them; `hash` tells its content from others.

    `evaluate(row)` gives the hits in the order of the pack. It never raises. Callers must not change what it returns.
    """

    version: str
    hash: str
    rules: tuple[Rule, ...]
    evaluate: Callable[[Row], Sequence[Hit]]
    python: str  # the generated source, for reading

    @property
    def least(self) -> dict[str, int]:
        """The smallest count of each feature on which a finding of any rule may rest."""
        found: dict[str, int] = {}
        for rule in self.rules:
            for feature, number in rule.least.items():
                found[feature] = min(found.get(feature, number), number)
        return found

    @property
    def name(self) -> str:
        """Version and hash."""
        return f"{self.version} {self.hash}"


def content_hash(rules: Iterable[Rule]) -> str:
    """16 hexadecimal digits of the content of a pack: equal where every verdict and every text of an alert is equal.

    Comments, line breaks, quotes, spaces in expressions, `about`, `owner`, examples and the pack's own version do not
    count. The order of the rules does, for findings come in it.
    """
    content = [
        [
            *(rule.id, rule.name, rule.version, rule.severity, rule.action, rule.legal_basis),
            *(rule.expression.canonical, rule.reason_zh.parts, rule.reason_en.parts),
            *(text.parts for text in rule.clears or ()),
        ]
        for rule in rules
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()[:16]
