"""Names of medicines that begin with a chemical: 硝酸甘油片, 盐酸二甲双胍片."""

import re

from parcelward.goods.text import CJK

# Chinese names of medicines by their usual endings, with a dosage form: a dosage form alone proves nothing.
_MEDICINE = re.compile(
    f"[{CJK}]{{0,8}}?(?:甘油|异山梨酯|双胍|溴索|替利嗪|沙星|霉素|西林|头孢[{CJK}]{{1,3}}|洛尔|普利|沙坦|他汀|地平|[康拉伏达昔]唑"
    "|替丁|那敏|拉明|伪麻黄碱|碘酮|布洛芬|氟西汀|曲林|罗西汀|法辛|地尔硫卓|拉帕米|多塞平|替林|诺环素|西环素|四环素"
    "|比萘芬|芬酸|外用|肾上腺素|泼尼松|地塞米松|可的松|倍他米松|酮替芬|氯己定|依沙吖啶|[多鲁布]卡因|氯喹|奎宁|亚铁|软骨素|葡萄糖|阿托品|丁胺醇|布他林|特罗|奈德|[甲二氨]茶碱|硫胺|吡哆|维生素|苄星|胍片)"
    f"[{CJK}]{{0,4}}?(?:片|胶囊|栓|乳膏|软膏|凝胶|滴眼液|注射液|颗粒|口服液|糖浆|丸|吸入剂|气雾剂|喷雾剂)"
)
_FIRST_AID = re.compile("双氧水|过氧化氢")
_SMALL_BOTTLE = re.compile(r"(?<![\d.])(?:[1-9]\d?|[1-4]\d\d|500) ?(?:ml|毫升)(?![a-z])")


def names_a_medicine(text: str, at: int) -> bool:
    """Tell whether the text goes on there with the rest of a medicine's name and its dosage form.

    >>> names_a_medicine("硝酸甘油片", 2), names_a_medicine("硝酸铵农用颗粒", 3)
    (True, False)
    """
    return _MEDICINE.match(text, at) is not None


def is_for_wounds(text: str, start: int, end: int) -> bool:
    """Tell whether peroxide is a small bottle from a chemist's: 双氧水 医用100ml, but not 医用双氧水5升."""
    return (
        _FIRST_AID.fullmatch(text, start, end) is not None and "医用" in text and bool(_SMALL_BOTTLE.search(text, end))
    )
