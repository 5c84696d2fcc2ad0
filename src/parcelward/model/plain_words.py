"""A feature's contribution to a score in plain words, English and Chinese."""

from parcelward.contract.alerts import Contribution
from parcelward.contract.cards import Bilingual
from parcelward.features.plain_words import label, value_in_words
from parcelward.features.table import FEATURES, INDEX, Value


def contribution(name: str, value: Value, weight: float) -> Contribution:
    """Contribution of model feature `name` with its actual `value`; `weight` in log-odds."""
    feature = FEATURES[INDEX[name]]
    number = None if value is None or isinstance(value, str) else float(value)
    called, shown = label(feature), value_in_words(feature, value)
    text = Bilingual(zh=f"{called.zh}：{shown.zh}", en=f"{called.en}: {shown.en}")
    return Contribution(feature=name, value=number, weight=round(weight, 4), text=text)
