"""Reason texts with placeholders for feature values: `{feature}`, `{feature:spec}`, `{feature|text when unknown}`.

`spec` is a part of Python's format mini-language, bounded in width and decimals, or one of our own. `minutes` writes a
duration in seconds as minutes, without its sign. `cap1000` (or another limit) writes a number above 1000 as
"over 1,000", where more digits tell a reader nothing.

A number is shown with decimals enough to differ from the limits that its rule compares it with.
"""

import math
import re
from collections.abc import Mapping
from functools import partial
from typing import Literal, NamedTuple

from parcelward.features.decimals import apart
from parcelward.features.table import FEATURES, INDEX, FeatureType, Row, Value
from parcelward.rules.words import WORDS

Language = Literal["zh", "en"]
Limits = Mapping[str, tuple[float | int, ...]]
"""The numbers that a rule compares each feature with."""

MAX_LENGTH = 1000  # characters of a text
MAX_PLACEHOLDERS = 20
MINUTES = "minutes"

_PLACEHOLDER = re.compile(r"\{(?P<name>[^{}:|]*)(?::(?P<spec>[^{}|]*))?(?:\|(?P<default>[^{}]*))?\}")
_CAP = re.compile(r"cap([1-9][0-9]{0,8})")
_SPEC = re.compile(
    r"(?P<head>(?:.?[<>^])?[-+ ]?0?(?:[1-9]|[1-3][0-9])?,?)(?:\.(?P<decimals>[0-9]))?(?P<type>[dfeg%s]?)", re.DOTALL
)
"""The specs that are allowed: at most 39 wide, at most 9 decimals."""
_TYPES = {FeatureType.BOOL: "", FeatureType.INT: "dfe%", FeatureType.DOUBLE: "feg%", FeatureType.STRING: "s"}
_SAMPLES: dict[FeatureType, Value] = {FeatureType.INT: 7, FeatureType.DOUBLE: 7.5, FeatureType.STRING: "x"}
_NUMBER = "a number may be up to 39 wide, with up to 9 decimals, and end with one of"
_ALLOWED = {
    FeatureType.BOOL: "a truth value has no format",
    FeatureType.INT: f"{_NUMBER} 'd', 'f', 'e', '%'; or be written as 'minutes' or 'cap1000'",
    FeatureType.DOUBLE: f"{_NUMBER} 'f', 'e', 'g', '%'; or be written as 'minutes' or 'cap1000'",
    FeatureType.STRING: "a text may be up to 39 wide, and cut at up to 9 characters",
}
_LISTS = ("goods_danger_terms", "found_danger_terms")
"""Features that hold several words with the Chinese comma of lists between them."""
_NOUGHT = (0,)  # what is not nought is never shown as nought
_USUAL_DECIMALS = 6  # Python's own, of f, e and %


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

    def fill(self, row: Row, limits: Limits) -> str:
        """The text with the row's values. Never raises: a value that cannot be formatted is shown as it is."""
        return "".join(
            part
            if isinstance(part, str)
            else _safely(part, row[INDEX[part.feature]], self.language, _NOUGHT + limits.get(part.feature, ()))
            for part in self.parts
        )


def template(text: str, language: Language) -> Template:
    """Parse a text; raises ValueError naming what is wrong. Finding unknown features is left to the caller.

    >>> template("{weight_g} g, read by {verify_method|nobody}", "en").placeholders[1].default
    'nobody'
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"is longer than {MAX_LENGTH:,} characters")
    parts: list[str | Placeholder] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        parts.append(_literal(text[end : match.start()]))
        placeholder = Placeholder(match["name"], match["spec"] or "", match["default"])
        if placeholder.feature in INDEX:
            _check_spec(placeholder)
        parts.append(placeholder)
        end = match.end()
    parts.append(_literal(text[end:]))
    made = Template(tuple(part for part in parts if part != ""), language)
    if len(made.placeholders) > MAX_PLACEHOLDERS:
        raise ValueError(f"has more than {MAX_PLACEHOLDERS} placeholders")
    return made


def _literal(text: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError("has a brace that belongs to no {feature} placeholder")
    return text


def _check_spec(placeholder: Placeholder) -> None:
    """Refuse a format that does not fit the feature, or that could fill memory: `{weight_g:9999999999d}`."""
    spec, kind = placeholder.spec, FEATURES[INDEX[placeholder.feature]].type
    number = kind in (FeatureType.INT, FeatureType.DOUBLE)
    if not spec or (number and (spec == MINUTES or _CAP.fullmatch(spec))):
        return
    match = _SPEC.fullmatch(spec)
    if match is not None and kind in _SAMPLES and (not match["type"] or match["type"] in _TYPES[kind]):
        try:
            format(_SAMPLES[kind], spec)  # the rest is Python's own to judge: a sign or a comma for a text, say
            return
        except ValueError:
            pass
    raise ValueError(f"cannot format {{{placeholder.feature}}} with ':{spec[:40]}'; {_ALLOWED[kind]}")


def _safely(placeholder: Placeholder, value: Value, language: Language, limits: tuple[float | int, ...]) -> str:
    try:
        return _shown(placeholder, value, language, limits)
    except (ValueError, TypeError, OverflowError):
        return str(value)


def _shown(placeholder: Placeholder, value: Value, language: Language, limits: tuple[float | int, ...]) -> str:
    spec = placeholder.spec
    if value is None:
        unknown = "未知" if language == "zh" else "unknown"
        return unknown if placeholder.default is None else placeholder.default
    if isinstance(value, bool):
        return ("是" if value else "否") if language == "zh" else ("yes" if value else "no")
    if isinstance(value, str):
        if placeholder.feature in _LISTS and language == "en":
            value = value.replace("、", ", ")
        words = WORDS.get(placeholder.feature, {}).get(value)
        return format(value if words is None else words[language == "en"], spec)
    if spec == MINUTES:
        return apart(value, limits, 0, _minutes) if math.isfinite(value) else "?"
    if cap := _CAP.fullmatch(spec):
        return _capped(value, int(cap[1]), language, limits)
    if not spec:
        return str(value) if isinstance(value, int) else apart(value, limits, 1, _plain)
    match = _SPEC.fullmatch(spec)
    if match is None or not (match["type"] or match["decimals"]) or match["type"] == "d":
        return format(value, spec)
    decimals = int(match["decimals"] or _USUAL_DECIMALS)
    return apart(value, limits, decimals, partial(_with_decimals, match["head"], match["type"]))


def _minutes(seconds: float, decimals: int) -> str:
    return f"{abs(seconds) / 60:.{decimals}f}"


def _plain(value: float, decimals: int) -> str:
    shown = f"{value:.{decimals}f}"
    return shown.rstrip("0").rstrip(".") if math.isfinite(value) else shown


def _with_decimals(head: str, type_: str, value: float, decimals: int) -> str:
    return format(value, f"{head}.{decimals}{type_}")


def _thousands(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}"


def _capped(value: float, limit: int, language: Language, limits: tuple[float | int, ...]) -> str:
    if not value <= limit:
        return f"{'超过' if language == 'zh' else 'over '}{limit:,}"
    return apart(value, limits, 0, _thousands)
