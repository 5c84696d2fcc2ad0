"""The page docs/rules.md: one entry per rule of a pack, made from the pack itself."""

from parcelward.contract.alerts import Action, Severity
from parcelward.features.table import FEATURES
from parcelward.rules.rule import Rule, RulePack
from parcelward.rules.text import Template

_INTRO = """# Rules

<!-- made by `parcelward rules docs`; change the pack, not this page -->

Rule pack `{version}`, {count} rules. A rule is one [CEL](https://cel.dev) expression over the features listed below.
Every number in an expression is a choice to calibrate against answered alerts: no public base rates exist.

## Your own pack

A pack is a YAML file. It replaces the built-in one: a rule that is not in your pack is not applied. So begin with a
copy of `src/parcelward/rules/acceptance.yaml` and change it. `parcelward rules check FILE` checks a pack and runs its
examples; the setting `PARCELWARD_RULE_PACK=FILE` puts it in force when a worker starts.

```yaml
{template}```

- Every key is required; an unknown one is refused. Raise the `version` of a rule when its meaning changes.
- `severity`: {severities}. `action`: {actions}.
- Texts name features: `{{feature}}`, with a format `{{weight_ratio:.1f}}` (Python's, `minutes` for seconds shown as
  minutes, `cap1000` for "over 1,000" above that), and `{{feature|words}}` for what is said when it is unknown.
  A feature that `expr` does not prove known needs such words.
- `examples` are rows of features; the others are unknown. A pack whose examples do not hold is refused.

## Expressions

What an expression may use: features, literals, `&& || !`, `< <= > >= == !=`, `in [literals]`, `?:`, `+ - * / %`,
`size()`, `int()`, `double()`, and on text `contains`, `startsWith`, `endsWith`, `matches` (literal pattern).

- **Unknown.** A feature is unknown until its evidence arrives. A test over an unknown feature is neither true nor
  false. Where the other side of `&&` or `||` decides alone, that does not matter; otherwise the rule does not fire.
- **Numbers.** int and double do not mix; write `3.0` for a double. Integer division and `%` truncate toward zero.
  Integer division by zero and a result beyond 64 bits are errors of the rule; a double divided by zero is infinite.
- **Errors.** A rule that fails on a row is counted as failed: it neither fired nor found the parcel clean. It stops no
  other rule. Its finding has medium severity, says that the rule failed and asks a person.

## Rules of this pack

| rule | name | severity | action | owner |
|---|---|---|---|---|
"""

TEMPLATE = """\
version: harbor-night-1          # name of the pack; every alert carries it
rules:
  - id: N1                       # a capital letter, then capitals or digits
    name: heavy_parcel_at_night  # snake_case
    version: 1
    severity: medium
    action: reinspect
    owner: goods                 # who answers for the rule
    legal_basis: 快递暂行条例（2025年修订）第三十二条
    about: Heavy parcels that a person hands in between 22 and 5 o'clock.
    expr: is_person && weight_g > 20000 && (hour_of_day >= 22 || hour_of_day < 5)
    reason:                      # both languages, with the actual values
      zh: 夜间收寄{weight_g}克重件，品名“{goods_name|未填写}”，请开箱验视
      en: a parcel of {weight_g} g accepted at night, declared as “{goods_name|none}”; open it
    examples:                    # at least one row each; both are run by `rules check`
      must_fire:
        - {is_person: true, weight_g: 25000, hour_of_day: 23}
      must_not_fire:
        - {is_person: true, weight_g: 25000, hour_of_day: 14}
        - {is_person: true, weight_g: 900, hour_of_day: 23}
"""
"""A pack to start from; a test loads it."""


def rules_page(pack: RulePack) -> str:
    """The page as Markdown."""
    lines = [_intro(pack)]
    for rule in pack.rules:
        anchor = f"{rule.id}-{rule.name}".lower()
        lines.append(f"| [{rule.id}](#{anchor}) | {rule.name} | {rule.severity} | {rule.action} | {rule.owner} |")
    for rule in pack.rules:
        lines += ["", *_entry(rule)]
    lines += ["", "## Features", "", "| feature | type | unit | known with | meaning |", "|---|---|---|---|---|"]
    lines += [
        f"| `{f.name}` | {f.type} | {f.unit or '-'} | {f.evidence} | {f.meaning} / {f.meaning_zh} |" for f in FEATURES
    ]
    return "\n".join(lines) + "\n"


def _intro(pack: RulePack) -> str:
    return _INTRO.format(
        version=pack.version,
        count=len(pack.rules),
        template=TEMPLATE,
        severities=", ".join(Severity),
        actions=", ".join(Action),
    ).rstrip("\n")


def _entry(rule: Rule) -> list[str]:
    return [
        f"## {rule.id} {rule.name}",
        "",
        f"Version {rule.version}, severity **{rule.severity}**, action **{rule.action}**, owner {rule.owner}.",
        rule.about,
        "",
        "```",
        rule.source,
        "```",
        "",
        f"- zh: {_shown(rule.reason_zh)}",
        f"- en: {_shown(rule.reason_en)}",
        f"- legal basis: {rule.legal_basis}",
        f"- looks at: {', '.join(f'`{name}`' for name in rule.fields)}",
    ]


def _shown(template: Template) -> str:
    return "".join(part if isinstance(part, str) else f"`{{{part.feature}}}`" for part in template.parts)
