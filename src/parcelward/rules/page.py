"""The page docs/rules.md: one entry per rule of a pack, made from the pack itself."""

from parcelward.contract.alerts import Action, Severity
from parcelward.features.table import FEATURES
from parcelward.rules.check import MAX_CHOICES, MAX_DEPTH, MAX_LENGTH
from parcelward.rules.cost import MAX_STEPS, steps
from parcelward.rules.pack import MAX_RULES
from parcelward.rules.regex import MAX_PROGRAM
from parcelward.rules.rule import Rule, RulePack
from parcelward.rules.source import MAX_BYTES, MAX_NODES
from parcelward.rules.text import MAX_LENGTH as MAX_TEXT
from parcelward.rules.text import MAX_PLACEHOLDERS, Template

_INTRO = """# Rules

<!-- made by `parcelward rules docs`; change the pack, not this page -->

Rule pack `{version}`, {count} rules, content hash `{hash}`. A rule is one [CEL](https://cel.dev) expression over the
features listed below. Every number in an expression is a choice to calibrate against answered alerts: no public base
rates exist.

## Your own pack

A pack is a YAML file. With `extends: built-in` below its version it keeps the built-in rules: yours are added, one of
yours with the id of a built-in rule takes its place, and `without: [R12]` leaves rules out. Without `extends` the pack
stands for itself: a rule that is not in it is not applied. `parcelward rules check FILE` checks a pack, runs its
examples and says which built-in rules are missing or changed; the setting `PARCELWARD_RULE_PACK=FILE` puts it in force
when a worker starts.

```yaml
{template}```

- Every key but `clears` is required; an unknown one is refused. Raise a rule's `version` when its meaning changes.
- `reason` says what is known, and accuses nobody: a wrong clock or a typing error looks the same. It does not say what
  to do. That depends on where the parcel is; the alert says it, from `action` and the parcel's state.
- `severity`: {severities}. `action`: {actions}.
- Texts name features: `{{feature}}`, with a format `{{weight_ratio:.1f}}` (Python's, up to 39 wide and with up to 9
  decimals; `minutes` for seconds shown as minutes, `cap1000` for "over 1,000" above that), and `{{feature|words}}` for
  what is said when it is unknown. A feature that `expr` does not prove known needs such words.
- A number gets more decimals than its format says if it would else look equal to a limit that `expr` compares it with:
  "30.4 minutes (30 allowed)".
- A text with ` #` needs quotes: YAML takes what follows for a comment. The check refuses a text that was cut so.
- `examples` are rows of features; the others are unknown. A pack whose examples do not hold is refused.

The **content hash** stands beside the version in every alert (`rule_pack_hash`), in the log line `starting`, in the
metric `parcelward_rule_pack_info`, and in what `replay`, `screen` and `rules check` print. Two packs have the same hash
if every verdict and every text of an alert is the same. Comments, line breaks, quotes, spaces in an expression,
`about`, `owner`, `examples` and the name of the pack do not count. The order of the rules does: findings come in it.

## Expressions

What an expression may use: features, literals, `&& || !`, `< <= > >= == !=`, `in [literals]`, `?:`, `+ - * / %`,
`size()`, `int()`, `double()`, and on text `contains`, `startsWith`, `endsWith`, `matches` (a literal pattern in
[RE2's syntax](https://github.com/google/re2/wiki/Syntax): no look-around, no backreferences).

- **Unknown.** A feature is unknown until its evidence arrives. A test over an unknown feature is neither true nor
  false. Where the other side of `&&` or `||` decides alone, that does not matter; otherwise the rule does not fire.
- **Numbers.** int and double do not mix; write `3.0` for a double. Integer division and `%` truncate toward zero.
  Integer division by zero and a result beyond 64 bits are errors of the rule; a double divided by zero is infinite.
- **Errors.** A rule that fails on a row is counted as failed: it neither fired nor found the parcel clean. It stops no
  other rule. Its finding has medium severity, says that the rule failed and asks a person.

## What the check refuses

- **Nonsense.** A value that a feature never has (`sender_kind == 'persn'`, `hour_of_day == 24`), in an example too; a
  test that is always true or never (`weight_g >= 0`, `hour_of_day >= 25`, `is_person || !is_person`); a rule that can
  never fire; a branch that can never make its rule fire (`weight_g > 10 && (weight_g < 5 || is_person)`). The check
  tries all values that the tests can tell apart. What it refuses is nonsense; it does not find all nonsense, for it
  takes two terms, such as `weight_g` and `weight_g * 2`, to be independent.
- **An article that its law does not have** (邮政法 第三百条), for the laws whose number of articles is known. Whether
  an article says what the rule rests on, nobody but a reader can tell.
- **What could stop a worker.** A pattern that needs more than {pattern:,} steps a byte, a text of more than {text:,}
  characters or {placeholders} placeholders, an expression of more than {length:,} characters, nested more than {depth}
  deep (`?:` more than {choices}), a pack of more than {rules} rules, {values:,} values or {bytes:,} bytes, a number of
  more than 9 digits as a rule's version.
- **A pack that takes more than {steps:,} steps for one parcel.** A step is one operation (0.2 us), or one instruction
  of a pattern (at worst 8 us for a text of 200 characters). So a parcel takes at most 0.2 s, whatever the pack; the
  built-in one has {own} steps and takes 1 us for an ordinary parcel.

That last limit is the time budget of a parcel. It is proven when the pack is loaded; no clock runs along. A clock would
let the speed of a machine decide: a replay, or the same record after a restart, could come to another verdict.

## The law

Each article that a rule cites is compared with the text of the law by a test: it exists, and it says what the rule
rests on. 快递暂行条例 was at hand as of 2019; its articles are cited by the numbers of the revision of 2025
(22 is now 23, 31 is 32, 32 is 33, 33 is 34). 快递市场管理办法 (2023) was compared with a public copy.

These texts were not at hand, so what is cited of them is **not verified**: 危险化学品安全法 (in force since 2026-05-01;
it is cited by name where 危险化学品安全管理条例, article 64, was cited before; which of its articles applies, and
what of the regulation still does, a lawyer must say), 邮件快件实名收寄管理办法, 禁止寄递物品管理规定, the notice on
e-cigarettes, the limits on cigarettes, 民用航空危险品运输管理规定 (on dangerous goods by air), and IATA's rules.

The notice on e-cigarettes says "per person and day" (每人每天): R15 counts calendar days in China time, not 24 hours.

## Rules of this pack

| rule | name | severity | action | owner |
|---|---|---|---|---|
"""

TEMPLATE = """\
version: harbor-night-1          # name of the pack; every alert carries it
extends: built-in                # keep the built-in rules; leave this out for a pack of your own rules only
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
      zh: 夜间收寄{weight_g}克重件，品名“{goods_name|未填写}”
      en: a parcel of {weight_g} g accepted at night, declared as “{goods_name|none}”
    clears:                      # the evidence that clears it; may be left out
      zh: 开箱验视并通过的记录
      en: the record of an inspection that opened the parcel and passed it
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
        hash=pack.hash,
        pattern=MAX_PROGRAM,
        text=MAX_TEXT,
        placeholders=MAX_PLACEHOLDERS,
        length=MAX_LENGTH,
        depth=MAX_DEPTH,
        choices=MAX_CHOICES,
        rules=MAX_RULES,
        values=MAX_NODES,
        bytes=MAX_BYTES,
        steps=MAX_STEPS,
        own=steps(rule.expression for rule in pack.rules),
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
        *(
            [f"- clears (zh): {_shown(rule.clears[0])}", f"- clears (en): {_shown(rule.clears[1])}"]
            if rule.clears
            else ()
        ),
        f"- legal basis: {rule.legal_basis}",
        f"- looks at: {', '.join(f'`{name}`' for name in rule.fields)}",
    ]


def _shown(template: Template) -> str:
    return "".join(part if isinstance(part, str) else f"`{{{part.feature}}}`" for part in template.parts)
