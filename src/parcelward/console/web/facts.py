"""Facts of an alert against the limits of the rules that they broke, in plain words."""

from collections.abc import Iterator
from dataclasses import dataclass

from parcelward.alerts.terminal import Language
from parcelward.alerts.verdict import MODEL_RULE
from parcelward.console.web.rendering import bilingual
from parcelward.contract.alerts import Alert, Severity
from parcelward.contract.cards import Bilingual
from parcelward.features.plain_words import label, value_in_words
from parcelward.features.table import FEATURES
from parcelward.rules.words import WORDS

_FEATURES = {feature.name: feature for feature in FEATURES}


@dataclass(frozen=True, slots=True)
class Fact:
    """One value that a rule looked at, and its limit; None where the rule compares it with no number."""

    rule: str
    severity: Severity
    name: str
    value: str
    limit: str | None


def facts_against_limits(alert: Alert, language: Language) -> list[Fact]:
    """List what the rules looked at, each value once; first those that have a limit. The model has a chart instead."""
    found: dict[tuple[str, str], Fact] = {}
    for fact in _facts(alert, language):
        found.setdefault((fact.name, fact.value), fact)
    return sorted(found.values(), key=lambda fact: fact.limit is None)


def _facts(alert: Alert, language: Language) -> Iterator[Fact]:
    for finding in alert.findings:
        if finding.rule == MODEL_RULE:
            continue
        for name, value in finding.values.items():
            feature = _FEATURES.get(name)
            limit = finding.thresholds.get(name)
            if feature is None:
                said, shown = name, str(value)
                bound = None if limit is None else str(limit)
            else:
                said, shown = bilingual(label(feature), language), _in_words(name, value, language)
                bound = None if limit is None else bilingual(value_in_words(feature, limit), language)
            yield Fact(finding.rule, finding.severity, said, shown, bound)


def _in_words(name: str, value: object, language: Language) -> str:
    coded = WORDS.get(name, {}).get(str(value))
    if coded is not None:
        return bilingual(Bilingual(zh=coded[0], en=coded[1]), language)
    words = value_in_words(_FEATURES[name], value)  # type: ignore[arg-type]
    return bilingual(words, language)
