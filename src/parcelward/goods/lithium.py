"""Says how a goods name has to do with lithium: batteries by themselves, or equipment that ordinarily holds one.

By air that is the difference between UN3480 and UN3481: a power bank flies under declaration or not at all, a telephone
is a thing to ask about.
"""

import re
from enum import StrEnum

from parcelward.goods.matching import match_goods
from parcelward.goods.text import CJK, normalise


class Lithium(StrEnum):
    """Meaning of a goods name for lithium batteries."""

    ALONE = "alone"
    INSIDE = "inside"


_BATTERY = re.compile(
    r"电池|充电宝|移动电源|电芯|锂电|锂离子|锂聚合物|锂金属|钠离子|18650|户外电源|启动电源"
    r"|batter|\bcell|\bli ?(?:ion|po)|lithium|sodium ion|power ?bank|portable charger|power station"
)
_IN_EQUIPMENT = re.compile(r"装在设备中|驱动的车辆|battery powered|镍氢")
_HOLDS = re.compile(r"(?:含|内置|自带|附带|带有?|内有|装有|配有?|\b(?:with|incl\w*|built in|contains)\b)[^,;]{0,8}$")
"""Before a battery: the name is that of the thing which holds it (手机（含锂电池）)."""

_DEVICES = (
    "手机|智能机|笔记本电脑|手提电脑|平板电脑|平板|学习机|游戏机|无人机|航拍机|智能手表|电话手表|运动手表|手环|"
    "蓝牙音箱|蓝牙音响|蓝牙键盘|蓝牙鼠标|蓝牙耳机|无线鼠标|相机|摄像机|行车记录仪|对讲机|电子阅读器|阅读器|扫地机器人|"
    "扫地机|电动剃须刀|剃须刀电动|筋膜枪|充电风扇|小风扇|充电台灯|电动玩具车|遥控车|遥控飞机|平衡车|电动牙刷|冲牙器"
)
_CHINESE = re.compile(
    rf"(?<!玩具)(?<!模型)(?<!仿真)(?:{_DEVICES})(?!模型|玩具)"
    rf"(?=$|[^{CJK}]|[一二两三四五六七八九十几]?[台个部只架块支套件]|全新|二手|新款|未拆|整机|主机|含|带|内置|自带|"
    r"黑|白|银|红|蓝)"
)
_ENGLISH = re.compile(
    r"\b(?:(?:cell|mobile|smart) ?phones?|iphones?(?: ?\d+)?(?: pro| max)*|laptops?|notebook computers?"
    r"|tablets?|ipads?|drones?|smart ?watch(?:es)?|(?:digital )?cameras?"
    r"|bluetooth (?:speakers?|headsets?)|e ?readers?)(?=$|[^a-z ]| \d)"
)


def lithium_in(name: str) -> Lithium | None:
    """Say whether a goods name means batteries by themselves or equipment with one; None where it means neither.

    >>> [lithium_in(name) for name in ("充电宝", "手机", "手机壳")]
    [<Lithium.ALONE: 'alone'>, <Lithium.INSIDE: 'inside'>, None]
    """
    match = match_goods(name)
    if match.battery:
        return Lithium.ALONE if _names_a_battery(normalise(name), match.danger_terms) else Lithium.INSIDE
    if match.goods_class not in ("phone", "computer", "electronics", "appliance", "toy"):
        return None
    plain = normalise(name)
    return Lithium.INSIDE if _CHINESE.search(plain) or _ENGLISH.search(plain) else None


def _names_a_battery(plain: str, terms: tuple[str, ...]) -> bool:
    for term in terms:
        if not _BATTERY.search(term) or _IN_EQUIPMENT.search(term):
            continue
        at = plain.find(normalise(term))
        if at < 0 or not _HOLDS.search(plain[:at]):
            return True
    return False
