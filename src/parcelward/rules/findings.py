"""Turn a hit into the finding that an alert carries."""

import math
from collections.abc import Sequence

from parcelward.contract.alerts import Action, Finding, Severity
from parcelward.contract.cards import Bilingual
from parcelward.escaping import escaped
from parcelward.features.table import INDEX, Row, Value
from parcelward.rules.rule import Hit, Rule
from parcelward.rules.text import Template

ERROR_SHOWN = 200  # characters


def severity_and_action(hit: Hit) -> tuple[Severity, Action]:
    """Severity and action of a hit. A rule that failed is medium and asks for information, whatever it looks for."""
    if hit.error is not None:
        return Severity.MEDIUM, Action.REQUEST_INFORMATION
    return hit.rule.severity, hit.rule.action


def finding_of(hit: Hit, row: Row) -> Finding:
    """The finding of a hit: reasons with the row's values, the features the rule looked at, its thresholds.

    A rule that failed could not judge, which does not make the parcel clean. Its finding says so and asks a person.
    """
    rule = hit.rule
    severity, action = severity_and_action(hit)
    clears = None
    if hit.error is None:
        reason = _filled((rule.reason_zh, rule.reason_en), rule, row)
        clears = None if rule.clears is None else _filled(rule.clears, rule, row)
    else:
        error = escaped(hit.error[:ERROR_SHOWN])
        reason = Bilingual(
            zh=f"规则{rule.id}（{rule.name}）运行失败，未能判断：{error}",
            en=f"rule {rule.id} ({rule.name}) failed and could not judge: {error}",
        )
    return Finding(
        rule=rule.id,
        name=rule.name,
        version=rule.version,
        severity=severity,
        action=action,
        reason=reason,
        legal_basis=rule.legal_basis,
        values={name: sendable(row[INDEX[name]]) for name in rule.fields},
        thresholds=rule.thresholds,
        clears_when=clears,
    )


def rests_on(hits: Sequence[Hit], row: Row) -> set[str]:
    """Give the counts that the findings of hits rest on: those that have reached a lower limit of the rule."""
    found = set()
    for hit in hits:
        if hit.error is None:
            for feature, least in hit.rule.least.items():
                value = row[INDEX[feature]]
                if isinstance(value, int) and value >= least:
                    found.add(feature)
    return found


def _filled(texts: tuple[Template, Template], rule: Rule, row: Row) -> Bilingual:
    zh, en = (escaped(text.fill(row, rule.limits)) for text in texts)
    return Bilingual(zh=zh, en=en)


def sendable(value: Value) -> Value:
    """Replace infinity and NaN, which JSON does not have, by None."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
