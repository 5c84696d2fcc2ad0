"""Names and values of features in plain words, English and Chinese."""

import re
from collections.abc import Callable

from parcelward.contract.cards import Bilingual
from parcelward.features.table import FEATURES, Feature, FeatureType, Value

_UNITS_ZH = {
    "s": "秒",
    "min": "分钟",
    "h": "小时",
    "d": "天",
    "km": "公里",
    "km/h": "公里/小时",
    "g": "克",
    "kg": "千克",
    "CNY/kg": "元/千克",
}
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_UNITS_OF_TIME = (("d", 2 * 86_400.0), ("h", 2 * 3600.0), ("min", 120.0), ("s", 0.0))  # unit, seconds it is used from
_DANGER = (("none", "无"), ("care needed", "需注意"), ("restricted", "限寄"), ("prohibited", "禁寄"))
_KG_FROM_G = 1000

_EXPLAINED = re.compile(r": |; |, | \(")
_Words = tuple[str, str]  # English, Chinese


def label(feature: Feature) -> Bilingual:
    """Meaning of a feature without its explanations: in a sentence they would read as part of the value."""
    return Bilingual(zh=feature.meaning_zh.partition("（")[0], en=_EXPLAINED.split(feature.meaning, maxsplit=1)[0])


def value_in_words(feature: Feature, value: Value) -> Bilingual:
    """The value with its unit, as a person would write it; codes and texts as they are."""
    en, zh = _in_words(feature, value)
    return Bilingual(zh=zh, en=en)


def _in_words(feature: Feature, value: Value) -> _Words:
    if value is None:
        return "unknown", "未知"
    if isinstance(value, str):
        return (value, value) if value else ("none", "无")
    if feature.type is FeatureType.BOOL:
        return ("yes", "是") if value else ("no", "否")
    number = float(value)
    if feature.name in _SPECIAL:
        return _SPECIAL[feature.name](number)
    if number and feature.unit in _SECONDS:
        return _duration(number * _SECONDS[feature.unit])
    if feature.unit == "g" and abs(number) >= _KG_FROM_G:
        return _measured(number / _KG_FROM_G, "kg")
    return _measured(number, feature.unit)


def _duration(seconds: float) -> _Words:
    """Seconds in the unit a person would choose: 90 s, 20.58 min, 6.49 h, 3 d."""
    unit = next(unit for unit, least in _UNITS_OF_TIME if abs(seconds) >= least)
    return _measured(seconds / _SECONDS[unit], unit)


def _measured(number: float, unit: str) -> _Words:
    digits = _number(number)
    return f"{digits} {unit}".rstrip(), f"{digits}{_UNITS_ZH.get(unit, unit)}"


def _level(number: float) -> _Words:
    level = int(number)
    return _DANGER[level] if 0 <= level < len(_DANGER) else _measured(number, "")


def _pieces(number: float) -> _Words:
    digits = _number(number)
    return f"{digits} {'piece' if number == 1 else 'pieces'}", f"{digits}件"


def _hour(number: float) -> _Words:
    hour = int(number)
    return f"{hour:02}:00 to {hour:02}:59", f"{hour}时"


def _known_for(number: float) -> _Words:
    """Days since a document was first seen; none means that this parcel is the first within the window."""
    return _duration(number * _SECONDS["d"]) if number > 0 else ("with this parcel", "本件为首次")


def _share(number: float) -> _Words:
    text = f"{_number(round(100 * number, 1))} %"
    return text, text.replace(" ", "")


def _change(number: float) -> _Words:
    en, zh = _share(number)
    return (f"+{en}", f"+{zh}") if number > 0 else (en, zh)


def _times(number: float) -> _Words:
    digits = _number(number)
    return f"{digits} times", f"{digits}倍"


def _number(value: float) -> str:
    """Digits a person reads: whole numbers whole, large ones without decimals, small ones with two."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text


_SPECIAL: dict[str, Callable[[float], _Words]] = {
    **{feature.name: _share for feature in FEATURES if feature.meaning.startswith("share of")},
    "goods_danger_severity": _level,
    "sender_known_days": _known_for,
    "quantity": _pieces,
    "hour_of_day": _hour,
    "weight_change": _change,
    "weight_ratio": _times,
    "sender_weight_spread": _times,
}
