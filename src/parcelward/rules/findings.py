"""Turn a hit into the finding that an alert carries."""

import math

from parcelward.contract.alerts import Action, Bilingual, Finding, Severity
from parcelward.features import INDEX, Row, Value
from parcelward.rules.rule import Hit


def finding_of(hit: Hit, row: Row) -> Finding:
    """The finding of a hit: reasons with the row's values, the features the rule looked at, its thresholds.

    A rule that failed gives a finding of low severity that says so and asks for a look by a person.
    """
    rule = hit.rule
    if hit.error is None:
        severity, action = rule.severity, rule.action
        reason = Bilingual(zh=rule.reason_zh.fill(row), en=rule.reason_en.fill(row))
    else:
        severity, action = Severity.LOW, Action.REQUEST_INFORMATION
        reason = Bilingual(
            zh=f"规则{rule.id}（{rule.name}）运行失败，未能判断：{hit.error}",
            en=f"rule {rule.id} ({rule.name}) failed and could not judge: {hit.error}",
        )
    return Finding(
        rule=rule.id,
        name=rule.name,
        version=rule.version,
        severity=severity,
        action=action,
        reason=reason,
        legal_basis=rule.legal_basis,
        values={name: _sendable(row[INDEX[name]]) for name in rule.fields},
        thresholds=rule.thresholds,
    )


def _sendable(value: Value) -> Value:
    """JSON knows no infinity and no NaN."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
