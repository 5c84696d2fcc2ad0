"""The words of an alert about control periods, in Chinese and in English. Times are China's."""

from collections.abc import Sequence

from parcelward.contract.cards import Bilingual
from parcelward.controls.period import Period
from parcelward.escaping import escaped
from parcelward.moments import CHINA, DAY_MS, HOUR_MS, MINUTE_MS, utc
from parcelward.shipments.shipment import Duty

_DUTY = {
    Duty.REAL_NAME: Bilingual(zh="实名登记", en="the registration"),
    Duty.INSPECTION: Bilingual(zh="收寄验视", en="the inspection"),
    Duty.SECURITY_SCAN: Bilingual(zh="过机安检", en="the scan"),
}
_UNITS = ((DAY_MS, "天", "d"), (HOUR_MS, "小时", "h"), (MINUTE_MS, "分钟", "min"))


def period_words(period: Period) -> Bilingual:
    """Name a period with its end: 管控期“进博会安保”（至2026年11月11日00:00）."""
    until = utc(period.until_ms).astimezone(CHINA)
    zh, en = escaped(period.title.zh), escaped(period.title.en)
    return Bilingual(
        zh=f"管控期“{zh}”（至{until.year}年{until.month}月{until.day}日{until:%H:%M}）",
        en=f"the control period “{en}” (until {until:%Y-%m-%d %H:%M} UTC+8)",
    )


def named(periods: Sequence[Period]) -> Bilingual:
    """Name several periods."""
    each = [period_words(one) for one in periods]
    return Bilingual(zh="、".join(one.zh for one in each), en=" and ".join(one.en for one in each))


def demanded(duty: int, periods: Sequence[Period], within_ms: int) -> Bilingual:
    """Say that a duty is demanded in a period that the settings do not demand."""
    who, limit, what = named(periods), _limit(within_ms), _DUTY[duty]
    if duty == Duty.INSPECTION:
        return Bilingual(
            zh=f"{who.zh}期间信件也须收寄验视，时限{limit.zh}，不得检查信件内容",
            en=f"letters, too, are to be inspected, within {limit.en}, in {who.en}; nobody reads them",
        )
    return Bilingual(
        zh=f"{who.zh}期间要求{what.zh}，时限{limit.zh}",
        en=f"{what.en} is demanded, within {limit.en}, in {who.en}",
    )


def shortened(duty: int, periods: Sequence[Period], within_ms: int, usual_ms: int) -> Bilingual:
    """Say that a period gives a duty less time than the settings."""
    who, limit, usual, what = named(periods), _limit(within_ms), _limit(usual_ms), _DUTY[duty]
    return Bilingual(
        zh=f"{who.zh}期间{what.zh}时限为{limit.zh}（平时{usual.zh}）",
        en=f"{what.en} is due within {limit.en} instead of {usual.en} in {who.en}",
    )


def left_scope(periods: Sequence[Period]) -> Bilingual:
    """Say that a parcel stays under a period although a correction says otherwise now."""
    who = named(periods)
    return Bilingual(
        zh=f"该件曾属{who.zh}适用范围，后续更正不解除管控要求",
        en=f"the parcel was in the scope of {who.en}; a later correction lifts nothing",
    )


def raised(periods: Sequence[Period], named_before: bool) -> Bilingual:
    """Say that a finding counts for more in a period, in short where the text has named it."""
    if named_before:
        return Bilingual(zh="管控期内，本项严重程度提高一级", en="it counts one step higher then")
    who = named(periods)
    return Bilingual(zh=f"{who.zh}期间，本项严重程度提高一级", en=f"it counts one step higher in {who.en}")


def in_channel(periods: Sequence[Period]) -> Bilingual:
    """Say that a parcel goes through a green channel."""
    who = named(periods)
    return Bilingual(
        zh=f"该件适用{who.zh}绿色通道，不得因本告警扣留、延误",
        en=f"it goes through the green channel of {who.en}: do not keep or delay it because of this alert",
    )


def _limit(duration_ms: int) -> Bilingual:
    """A limit in the largest unit in which it is whole."""
    for unit_ms, zh, en in _UNITS:
        if duration_ms >= unit_ms and duration_ms % unit_ms == 0:
            return Bilingual(zh=f"{duration_ms // unit_ms}{zh}", en=f"{duration_ms // unit_ms} {en}")
    seconds = f"{duration_ms / 1000:g}"
    return Bilingual(zh=f"{seconds}秒", en=f"{seconds} s")
