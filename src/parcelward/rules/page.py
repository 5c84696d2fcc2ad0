"""The page docs/rules.md: one entry per rule of a pack, made from the pack itself."""

from parcelward.features import FEATURES
from parcelward.rules.rule import Rule, RulePack
from parcelward.rules.text import Template

_INTRO = """# Rules

<!-- made by `parcelward rules docs`; change the pack, not this page -->

Rule pack `{version}`, {count} rules. A rule is one [CEL](https://cel.dev) expression over the features listed below.
Every number in an expression is a choice to calibrate against answered alerts: no public base rates exist.

What an expression may use: features, literals, `&& || !`, `< <= > >= == !=`, `in [literals]`, `?:`, `+ - * / %`,
`size()`, `int()`, `double()`, and on text `contains`, `startsWith`, `endsWith`, `matches` (literal pattern).

- **Unknown.** A feature is unknown until its evidence arrives. A test over an unknown feature is neither true nor
  false: `&&` and `||` decide without it where the other side decides; otherwise the rule does not fire.
- **Numbers.** int and double do not mix; write `3.0` for a double. Integer division and `%` truncate toward zero.
  Integer division by zero and a result beyond 64 bits are errors of the rule; a double divided by zero is infinite.
- **Errors.** A rule that fails on a row is counted as failed: it is neither fired nor clean, and stops no other rule.

| rule | name | severity | action | owner |
|---|---|---|---|---|
"""


def rules_page(pack: RulePack) -> str:
    """The page as Markdown."""
    lines = [_INTRO.format(version=pack.version, count=len(pack.rules)).rstrip("\n")]
    for rule in pack.rules:
        anchor = f"{rule.id}-{rule.name}".lower()
        lines.append(f"| [{rule.id}](#{anchor}) | {rule.name} | {rule.severity} | {rule.action} | {rule.owner} |")
    for rule in pack.rules:
        lines += ["", *_entry(rule)]
    lines += ["", "## Features", "", "| feature | type | unit | meaning |", "|---|---|---|---|"]
    lines += [f"| `{f.name}` | {f.kind} | {f.unit or '-'} | {f.meaning} / {f.meaning_zh} |" for f in FEATURES]
    return "\n".join(lines) + "\n"


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
