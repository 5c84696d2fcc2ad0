"""Reason texts with placeholders for feature values: `{feature}`, `{feature:spec}`, `{feature|text when unknown}`.

`spec` is Python's format mini-language, or one of our own. `minutes` writes a duration in seconds as minutes, without
its sign. `cap1000` (or another limit) writes a number above 1000 as "over 1,000", where more digits tell a reader
nothing.
"""

import math
import re
from typing import Literal, NamedTuple

from parcelward.features.table import FEATURES, INDEX, FeatureType, Row, Value
from parcelward.rules.words import WORDS

Language = Literal["zh", "en"]

_PLACEHOLDER = re.compile(r"\{(?P<name>[^{}:|]*)(?::(?P<spec>[^{}|]*))?(?:\|(?P<default>[^{}]*))?\}")
_SAMPLE: dict[FeatureType, Value] = {
    FeatureType.BOOL: True,
    FeatureType.INT: 7,
    FeatureType.DOUBLE: 7.5,
    FeatureType.STRING: "x",
}
_CAP = re.compile(r"cap([1-9][0-9]*)")
MINUTES = "minutes"


class Placeholder(NamedTuple):
    """Place of a feature's value in a text. `default` is written for an unknown value; None if it is always known."""

    feature: str
    spec: str
    default: str | None


class Template(NamedTuple):
    """A parsed text: literal parts and placeholders."""

    parts: tuple[str | Placeholder, ...]
    language: Language

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """All placeholders in order."""
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    def fill(self, row: Row) -> str:
        """The text with the row's values. Never raises: a value that cannot be formatted is shown as it is."""
        return "".join(
            part if isinstance(part, str) else _safely(part, row[INDEX[part.feature]], self.language)
            for part in self.parts
        )


def template(text: str, language: Language) -> Template:
    """Parse a text; raises ValueError naming what is wrong. Finding unknown features is left to the caller.

    >>> template("{weight_g} g, read by {verify_method|nobody}", "en").placeholders[1].default
    'nobody'
    """
    parts: list[str | Placeholder] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        parts.append(_literal(text[end : match.start()]))
        placeholder = Placeholder(match["name"], match["spec"] or "", match["default"])
        if placeholder.feature in INDEX:
            _try(placeholder, language)
        parts.append(placeholder)
        end = match.end()
    parts.append(_literal(text[end:]))
    return Template(tuple(part for part in parts if part != ""), language)


def _literal(text: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError("has a brace that belongs to no {feature} placeholder")
    return text


def _try(placeholder: Placeholder, language: Language) -> None:
    try:
        _shown(placeholder, _SAMPLE[FEATURES[INDEX[placeholder.feature]].type], language)
    except (ValueError, TypeError) as error:
        raise ValueError(f"cannot format {{{placeholder.feature}}} with ':{placeholder.spec}' ({error})") from None


def _safely(placeholder: Placeholder, value: Value, language: Language) -> str:
    try:
        return _shown(placeholder, value, language)
    except (ValueError, TypeError, OverflowError):
        return str(value)


def _shown(placeholder: Placeholder, value: Value, language: Language) -> str:
    if value is None:
        unknown = "未知" if language == "zh" else "unknown"
        return unknown if placeholder.default is None else placeholder.default
    if isinstance(value, bool):
        return ("是" if value else "否") if language == "zh" else ("yes" if value else "no")
    if isinstance(value, str):
        words = WORDS.get(placeholder.feature, {}).get(value)
        return format(value if words is None else words[language == "en"], placeholder.spec)
    if placeholder.spec == MINUTES:
        return f"{abs(value) / 60:.0f}" if math.isfinite(value) else "?"
    if cap := _CAP.fullmatch(placeholder.spec):
        return _capped(value, int(cap[1]), language)
    if not placeholder.spec and isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return format(value, placeholder.spec)


def _capped(value: float, limit: int, language: Language) -> str:
    if not value <= limit:
        return f"{'超过' if language == 'zh' else 'over '}{limit:,}"
    return f"{value:,.0f}"
