"""Rules as rows of a page: what the pack says of each, its alerts by day, and how right they were."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from parcelward.alerts.law import law_in_english
from parcelward.alerts.terminal import Language
from parcelward.console.store.rules_page import Decided, RuleDays, RuleEnds, precision
from parcelward.console.store.versions import RunsThere
from parcelward.console.web.rendering import bilingual
from parcelward.console.web.rule_names import name_of_rule
from parcelward.features.plain_words import label, value_in_words
from parcelward.features.table import FEATURES, INDEX
from parcelward.outcomes.intervals import Figure
from parcelward.rules import Rule, RulePack
from parcelward.rules.text import Template

DAYS = 14
HIGHEST = 40.0
_FIRST = date(1970, 1, 1)


class DayBar(NamedTuple):
    """One day: where it stands, how high it is, and how much was counted; `more` is the part that stands out."""

    x: int
    date: date
    height: float
    value: int
    more: float = 0.0


class LookedAt(NamedTuple):
    """One thing that a rule looks at, and the numbers with which it is compared."""

    name: str
    limits: str


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule: `rule` is None of one that alerts name and the pack does not have."""

    id: str
    name: str
    rule: Rule | None
    bars: tuple[DayBar, ...]
    alerts: int
    red: int
    open: int
    precision: Figure
    false_alarms: int
    decided: int


def day_bars(counts: Sequence[int], last_day: int, parts: Sequence[int] | None = None) -> tuple[DayBar, ...]:
    """Draw counts of days that follow on each other, the last of which is numbered; `parts` stand out in them.

    >>> [(one.date.day, one.height, one.more) for one in day_bars((2, 0, 4), 20_000, (1, 0, 0))]
    [(2, 20.0, 10.0), (3, 0.0, 0.0), (4, 40.0, 0.0)]
    """
    most = max(1, *counts)
    dates = [_FIRST + timedelta(days=last_day - len(counts) + 1 + number) for number in range(len(counts))]
    shares = [0] * len(counts) if parts is None else parts
    return tuple(
        DayBar(x, day, round(HIGHEST * count / most, 1), count, round(HIGHEST * part / most, 1))
        for x, (day, count, part) in enumerate(zip(dates, counts, shares, strict=True))
    )


def rule_rows(
    pack: RulePack | None,
    days: dict[str, RuleDays],
    ends: Decided,
    still_open: dict[str, int],
    today: int,
    in_: Language,
) -> list[RuleRow]:
    """Give a row for each rule of the pack, and for each other one that alerts name; the most frequent ones first."""
    rules = {rule.id: rule for rule in (pack.rules if pack else ())}
    ids = [*rules, *sorted((days.keys() | ends.by_rule.keys() | still_open.keys()) - rules.keys())]
    rows = [
        rule_row(one, rules.get(one), days.get(one), ends.by_rule.get(one), ends.since_day, still_open, today, in_)
        for one in ids
    ]
    return sorted(rows, key=lambda one: -one.alerts)


def rule_row(
    id_: str,
    rule: Rule | None,
    days: RuleDays | None,
    ends: RuleEnds | None,
    since_day: int,
    still_open: dict[str, int],
    today: int,
    in_: Language,
) -> RuleRow:
    """Give the row of one rule."""
    shown = range(today - DAYS + 1, today + 1)
    counts = [days.alerts[day] if days else 0 for day in shown]
    red = [days.red[day] if days else 0 for day in shown]
    return RuleRow(
        id_,
        name_of_rule(rule.name if rule else id_, in_),
        rule,
        day_bars(counts, today, red),
        sum(counts),
        sum(red),
        still_open.get(id_, 0),
        precision(days, ends, since_day),
        ends.outcomes["false_alarm"] if ends else 0,
        ends.decided.total() if ends else 0,
    )


def said_of(text: Template, in_: Language) -> str:
    """Write what a rule says, with the names of the values that it fills in."""
    return "".join(
        part if isinstance(part, str) else f"〔{bilingual(label(FEATURES[INDEX[part.feature]]), in_)}〕"
        for part in text.parts
    )


def law_of(rule: Rule, in_: Language) -> str:
    """Name the law that a rule rests on; in English as far as its names are known."""
    return rule.legal_basis if in_ == "zh" else law_in_english(rule.legal_basis)


def looked_at(rule: Rule, in_: Language) -> list[LookedAt]:
    """List what a rule looks at, in plain words."""
    found = []
    for name in rule.fields:
        feature = FEATURES[INDEX[name]]
        limits = [bilingual(value_in_words(feature, limit), in_) for limit in rule.limits.get(name, ())]
        found.append(LookedAt(bilingual(label(feature), in_), ", ".join(limits)))
    return found


def other_packs(pack: RulePack | None, there: Iterable[RunsThere]) -> bool:
    """Tell whether some of the newest alerts were judged by another pack than the one that is known here."""
    return pack is not None and any((one.pack, one.hash or pack.hash) != (pack.version, pack.hash) for one in there)
