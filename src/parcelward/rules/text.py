"""Reason texts with placeholders for feature values: `{feature}`, `{feature:spec}`, `{feature|text when unknown}`.

`spec` is Python's format mini-language, or `minutes` for a duration in seconds, without its sign, or `cap1000` for a
whole number of which a reader learns nothing more above 1000 (any limit): it is then written "over 1,000".
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
    """Place of a feature's value in a text. `default` stands there when the value is unknown; None if it never is."""

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
        """The text with the row's values. Never raises: what cannot be formatted is shown as it is."""
        return "".join(
            part if isinstance(part, str) else _safely(part, row[INDEX[part.feature]], self.language)
            for part in self.parts
        )


def template(text: str, language: Language) -> Template:
    """Parse a text; raises ValueError naming what is wrong (an unknown feature is the caller's to name).

    >>> template("{weight_g} g, read by {verify_method|nobody}", "en").placeholders[1].default
    'nobody'
    """
    parts: list[str | Placeholder] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        parts.append(_literal(text[end : match.start()]))
        place = Placeholder(match["name"], match["spec"] or "", match["default"])
        if place.feature in INDEX:
            _try(place, language)
        parts.append(place)
        end = match.end()
    parts.append(_literal(text[end:]))
    return Template(tuple(part for part in parts if part != ""), language)


def _literal(text: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError("has a brace that belongs to no {feature} placeholder")
    return text


def _try(place: Placeholder, language: Language) -> None:
    try:
        _shown(place, _SAMPLE[FEATURES[INDEX[place.feature]].type], language)
    except (ValueError, TypeError) as error:
        raise ValueError(f"cannot format {{{place.feature}}} with ':{place.spec}' ({error})") from None


def _safely(place: Placeholder, value: Value, language: Language) -> str:
    try:
        return _shown(place, value, language)
    except (ValueError, TypeError, OverflowError):
        return str(value)


def _shown(place: Placeholder, value: Value, language: Language) -> str:
    if value is None:
        unknown = "未知" if language == "zh" else "unknown"
        return unknown if place.default is None else place.default
    if isinstance(value, bool):
        return ("是" if value else "否") if language == "zh" else ("yes" if value else "no")
    if isinstance(value, str):
        words = WORDS.get(place.feature, {}).get(value)
        return format(value if words is None else words[language == "en"], place.spec)
    if place.spec == MINUTES:
        return f"{abs(value) / 60:.0f}" if math.isfinite(value) else "?"
    if cap := _CAP.fullmatch(place.spec):
        return _capped(value, int(cap[1]), language)
    if not place.spec and isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return format(value, place.spec)


def _capped(value: float, limit: int, language: Language) -> str:
    if not value <= limit:
        return f"{'超过' if language == 'zh' else 'over '}{limit:,}"
    return f"{value:,.0f}"
