"""Numbers of cigarettes and e-cigarettes in a goods name, and the number that one parcel may hold.

Limits per parcel: 400 cigarettes (two cartons of 200); of e-cigarettes two devices, six pods or disposables, and 12 ml
of liquid in all (notice 1 of 2022 of the tobacco monopoly and the postal authority). So 2 ml of liquid count as a pod.
"""

import math
import re
from collections.abc import Callable
from typing import NamedTuple

from parcelward.goods.lexicon import TermKind

_STICKS_PER_CARTON = 200
_STICKS_PER_PACK = 20
_CARTONS_PER_CASE = 50
_ML_PER_POD = 2
_MOST_STICKS = 400
_MOST_DEVICES = 2
_MOST_PODS = 6

_NUMBER = r"(\d{1,6}(?:\.\d{1,2})?|[一二两三四五六七八九十百半]{1,4})"
_UNIT = (
    r"(?:条|盒|包|支|根|箱|件|颗|枚|粒|个|台|套|杆|弹|瓶|毫升|ml|"
    r"cartons?|packs?|sticks?|cases?|pcs|pods?|devices?|pens?|boxe?s?|bottles?)"
)
_TIMES = r"[x*×✕✖]"
_FACTOR = re.compile(rf"{_NUMBER} ?({_UNIT})?")
# One amount: factors that multiply, each with a unit or without (1条x3, 3x1条, 20支/包*10包*2, 3颗*3盒).
_PLAIN_FACTOR = rf"{_NUMBER.replace('(', '(?:', 1)} ?(?:{_UNIT}装?(?:/?{_UNIT})?)?"
_AMOUNT = re.compile(rf"{_PLAIN_FACTOR}(?: ?{_TIMES} ?{_PLAIN_FACTOR}){{0,3}}")
_PIECES = re.compile(rf"(?:{_TIMES} ?(\d{{1,4}})|(?<![\d.])(\d{{1,4}}) ?{_TIMES})(?![a-z\d])")
_EACH = re.compile(rf"(?:每|per ?|/){_UNIT} ?(?:内?含|装|有)? ?$")  # before an amount: it says what one of them holds
_CONTENT = re.compile(rf"{_UNIT}装|/{_UNIT}")  # within an amount: 3颗装, 10包/条
_TOTAL = re.compile("共|合计|总计|即|total|=")  # the same amount, said again
# Between two amounts of one thing: the second says the first again, or what it holds (1条(10包), 一盒三颗).
_JOINT = re.compile(r"[\s()\[\],，/]*(?:(?:一?共|合计|总计|即|total|=|等于|约|内?含|装|各)[\s:：]*)?")
_AGAIN = re.compile(rf"[)\]] ?{_TIMES} ?(\d{{1,4}})(?![a-z\d])")
_COMMA = re.compile("[,，]")
_LEAST_PODS_IN_A_BOX = 2
_LEAST_ML_IN_A_BOTTLE = 10
_MOST = 10**9  # no text means more than this
_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_STICKS = {
    **dict.fromkeys(("条", "carton"), _STICKS_PER_CARTON),
    **dict.fromkeys(("盒", "包", "pack", "box"), _STICKS_PER_PACK),
    **dict.fromkeys(("支", "根", "stick"), 1),
    **dict.fromkeys(("箱", "件", "case"), _STICKS_PER_CARTON * _CARTONS_PER_CASE),
}
_LIQUID = frozenset(("毫升", "ml"))
_POD_UNITS = frozenset(("颗", "枚", "粒", "弹", "pod"))
_WRAPPINGS = frozenset(("盒", "包", "条", "箱", "件", "瓶", "套", "carton", "pack", "case", "box", "bottle"))
_POD_WORDS = re.compile(r"烟弹|雾化弹|\bpods?\b|cartridge|一次性|disposable")


class Units(NamedTuple):
    """Restricted goods that a text names: sticks of cigarettes, or devices and pods of e-cigarettes."""

    sticks: int = 0
    devices: int = 0
    pods: int = 0

    @property
    def total(self) -> int:
        """Sticks for cigarettes, devices and pods together for e-cigarettes."""
        return self.sticks + self.devices + self.pods


def units_written(text: str, restricted: str) -> Units | None:
    """Return the quantity in a normalised name; None where none is written or its unit is unknown.

    `restricted` is as in `GoodsMatch`. Several quantities add up, factors multiply; `x6` without a unit
    counts pieces. An amount said again counts once.

    >>> units_written("香烟 2条", "cigarette").sticks
    400
    >>> units_written("香烟1条(10包)", "cigarette").sticks
    200
    """
    if restricted == TermKind.CIGARETTE.value:
        total = _sticks(text)
        return Units(sticks=total) if total else None
    return _e_cigarettes(text, _contents(text, _amounts(text, _wrapping_rank)))


class _Amount(NamedTuple):
    """An amount written: a number of its smallest unit (3颗*3盒 are 9颗) and its place."""

    value: float
    unit: str
    start: int
    end: int
    times: float = 1  # written after a bracket: 4包(80支)x2


def _amounts(text: str, size: Callable[[str], float]) -> list[_Amount]:
    """Return the amounts written; what one of them holds multiplies the amount before it: 2盒 每盒3颗."""
    found: list[_Amount] = []
    for amount in _AMOUNT.finditer(text):
        factors = [(_value(number), _singular(unit)) for number, unit in _FACTOR.findall(amount[0])]
        units = [unit for _, unit in factors if unit]
        if not units:
            continue
        value, unit = math.prod(number for number, _ in factors), min(units, key=size)
        start, end = amount.span()
        again = _AGAIN.match(text, end)
        if found and _EACH.search(text, 0, start):
            value, start = value * found[-1].value, found.pop().start
        found.append(_Amount(min(value, _MOST), unit, start, end, float(again[1]) if again else 1))
    return found


def _is_joint(text: str, first: _Amount, second: _Amount) -> bool:
    """Tell whether nothing stands between two amounts but what joins them."""
    between = text[first.end : second.start]
    if _JOINT.fullmatch(between) is None:
        return False
    return not _COMMA.search(between) or _TOTAL.search(between) is not None


def _sticks(text: str) -> int:
    """Return the number of cigarettes written. Of amounts that say each other again one counts: 1条(10包)."""
    counted: list[tuple[_Amount, float]] = []
    for amount in _amounts(text, lambda unit: _STICKS.get(unit, math.inf)):
        if amount.unit not in _STICKS:
            continue
        sticks = math.ceil(amount.value * _STICKS[amount.unit])
        if counted and _is_joint(text, counted[-1][0], amount):
            before, total = counted[-1]
            holds = sticks == _STICKS[before.unit] > _STICKS[amount.unit]  # 2条(10包): a carton has ten packs
            if sticks == total or holds or text[before.end : amount.start].strip(" )]"):
                counted[-1] = (amount, total if holds else max(total, sticks))
                continue
        counted.append((amount, sticks))
    totals = [min(_MOST, int(total * amount.times)) for amount, total in counted]
    return max(totals, default=0) if _TOTAL.search(text) else sum(totals)


def _contents(text: str, amounts: list[_Amount]) -> list[tuple[float, str]]:
    """Return the amounts of e-cigarettes, those of a wrapping with its contents as contents.

    一盒三颗 and 2盒(3颗装) multiply; 5盒15颗 and 15颗(5盒) say one amount twice.
    """
    groups: list[list[_Amount]] = []
    for amount in amounts:
        if groups and _is_joint(text, groups[-1][-1], amount):
            groups[-1].append(amount)
        else:
            groups.append([amount])
    found: list[tuple[float, str]] = []
    for group in groups:
        wrappings = [amount for amount in group if amount.unit in _WRAPPINGS]
        held = [amount for amount in group if amount.unit not in _WRAPPINGS]
        for amount in held or group:
            value = _in_all(text, wrappings[0].value, amount) if wrappings and held else amount.value
            found.append((min(_MOST, value * group[-1].times), amount.unit))
    return found


def _in_all(text: str, wrappings: float, held: _Amount) -> float:
    """Return what several wrappings hold: the amount itself if it is that of all, else it is that of each."""
    least = _LEAST_ML_IN_A_BOTTLE if held.unit in _LIQUID else _LEAST_PODS_IN_A_BOX
    each, rest = divmod(held.value, wrappings or 1)
    of_all = not rest and each >= least and not _CONTENT.search(text, held.start, held.end)
    return held.value if of_all else min(_MOST, held.value * wrappings)


def _singular(unit: str) -> str:
    return "box" if unit == "boxes" else unit.rstrip("s")


def _wrapping_rank(unit: str) -> int:
    """Order units of e-cigarettes by what they measure: liquid, pods, things, wrappings."""
    if unit in _LIQUID:
        return 0
    return 1 if unit in _POD_UNITS else 3 if unit in _WRAPPINGS else 2


def exceeds_limit(units: Units) -> bool:
    """Tell whether this is more than one parcel may hold.

    >>> exceeds_limit(Units(sticks=400)), exceeds_limit(Units(sticks=420))
    (False, True)
    """
    return units.sticks > _MOST_STICKS or units.devices > _MOST_DEVICES or units.pods > _MOST_PODS


def _e_cigarettes(text: str, written: list[tuple[float, str]]) -> Units | None:
    devices = pods = 0
    millilitres = 0.0
    named_as_pods = _POD_WORDS.search(text) is not None
    for value, unit in written:
        if unit in _LIQUID:
            millilitres += value
        elif unit in _POD_UNITS or (named_as_pods and unit not in ("台", "杆", "device", "pen")):
            pods += math.ceil(value)
        else:
            devices += math.ceil(value)
    times = _PIECES.search(text)
    if times and not written:
        pieces = int(times[1] or times[2])
        if named_as_pods:
            pods = pieces
        else:
            devices = pieces
    pods = pods or math.ceil(millilitres / _ML_PER_POD)
    return Units(devices=devices, pods=pods) if devices or pods else None


def _value(number: str) -> float:
    if number[0].isdigit():
        return float(number)
    if number == "半":
        return 0.5
    total = digit = 0
    for character in number:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in "十百":
            total += (digit or 1) * (10 if character == "十" else 100)
            digit = 0
    return float(total + digit)
