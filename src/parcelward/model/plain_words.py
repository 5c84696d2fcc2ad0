"""A feature's contribution to a score in plain words, English and Chinese."""

from parcelward.contract.alerts import Bilingual, Contribution
from parcelward.features import FEATURES, INDEX, Feature, Kind, Value

_UNITS_ZH = {
    "s": "秒",
    "min": "分钟",
    "h": "时",
    "d": "天",
    "km": "公里",
    "km/h": "公里/小时",
    "g": "克",
    "CNY/kg": "元/千克",
}


def contribution(name: str, value: Value, weight: float) -> Contribution:
    """Contribution of model feature `name` with its actual `value`; `weight` in log-odds."""
    feature = FEATURES[INDEX[name]]
    number = None if value is None or isinstance(value, str) else float(value)
    rounded = round(weight, 4)
    size = f"{rounded:+.2f}"
    direction_en, direction_zh = ("raises", "提高风险") if weight > 0 else ("lowers", "降低风险")
    en = f"{feature.meaning}: {_english(feature, value)} ({direction_en} the risk, {size})"
    zh = f"{feature.meaning_zh}：{_chinese(feature, value)}（{direction_zh}，{size}）"
    return Contribution(feature=name, value=number, weight=rounded, text=Bilingual(zh=zh, en=en))


def _english(feature: Feature, value: Value) -> str:
    if value is None:
        return "not known yet"
    if feature.kind is Kind.BOOL:
        return "yes" if value else "no"
    return f"{_number(value)} {feature.unit}".rstrip()


def _chinese(feature: Feature, value: Value) -> str:
    if value is None:
        return "尚未可知"
    if feature.kind is Kind.BOOL:
        return "是" if value else "否"
    return f"{_number(value)}{_UNITS_ZH.get(feature.unit, feature.unit)}"


def _number(value: Value) -> str:
    """Digits a person reads: whole numbers whole, large ones without decimals, small ones with two."""
    if not isinstance(value, float):
        return str(value)
    digits = 0 if abs(value) >= 100 else 2
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text
