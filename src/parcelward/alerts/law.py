"""The legal basis of a finding for readers of English: names of laws and numbers of articles, by a table.

What the table does not know stays as it is, in Chinese: a law is not translated by guessing.
"""

import re

from parcelward.rules.laws import number_of

NAMES = {
    "快递暂行条例（2025年修订）": "Interim Regulation on Express Delivery (as revised in 2025)",
    "邮件快件实名收寄管理办法": "Measures for Real-Name Acceptance of Mail and Parcels",
    "快递市场管理办法": "Measures for the Express Market",
    "反恐怖主义法": "Counterterrorism Law",
    "邮政法": "Postal Law",
    "禁止寄递物品管理规定及指导目录（2016）": "Rules on Prohibited Articles with their list (2016)",
    "属危险化学品的：": "for hazardous chemicals: ",
    "危险化学品安全法（2026年5月1日起施行，条款待核）": "Hazardous Chemicals Safety Law"
    " (in force since 2026-05-01, article not yet checked)",
    "危险化学品安全管理条例": "Regulation on the Safety of Hazardous Chemicals",
    "烟草专卖法及卷烟限量寄递规定（每件不超过2条，400支）": "Tobacco Monopoly Law and the limits on sending cigarettes"
    " (2 cartons, 400 cigarettes a parcel)",
    "国家烟草专卖局、国家邮政局通告2022年第1号（电子烟限量寄递：每人每天限寄一件）": "notice 1 of 2022 of the tobacco"
    " monopoly and postal authorities (e-cigarettes: one parcel per person and day)",
    "民用航空危险品运输管理规定（条款待核）": "Rules on the Carriage of Dangerous Goods by Civil Aviation"
    " (article not yet checked)",
    "GB 12268-2025《危险货物品名表》": "GB 12268-2025, list of dangerous goods",
    "IATA危险品规则": "IATA dangerous goods regulations",
    "（收寄验视）": " (inspection at acceptance)",
    "（虚构寄递流程信息）": " (invented records of handling)",
    "（虚构快递物品的名称）": " (invented goods names)",
    "（虚构快递物品的名称、数量、重量信息）": " (invented names, quantities or weights of goods)",
    "（如实标注快件重量）": " (true weight)",
    "（内件信息与查验情况不符的，不得收寄）": " (not to be accepted where content and declaration differ)",
    "模型仅作提示，由人员判定": "the model is only a hint, a person decides",
}
_NAME = re.compile("|".join(map(re.escape, sorted(NAMES, key=len, reverse=True))))
_ARTICLES = re.compile(r"\s?第[零一二三四五六七八九十百]+条(?:、第[零一二三四五六七八九十百]+条)*")
_ARTICLE = re.compile(r"第([零一二三四五六七八九十百]+)条")


def law_in_english(basis: str) -> str:
    """Write a legal basis in English.

    >>> law_in_english("邮政法 第二十五条、第七十五条；快递暂行条例（2025年修订）第三十二条")
    'Postal Law art. 25, 75; Interim Regulation on Express Delivery (as revised in 2025) art. 32'
    """
    named = _NAME.sub(lambda match: NAMES[match[0]], basis)
    numbered = _ARTICLES.sub(_numbered, named)
    return numbered.replace("；", "; ").replace("、", ", ")


def _numbered(articles: re.Match[str]) -> str:
    return " art. " + ", ".join(str(number_of(one)) for one in _ARTICLE.findall(articles[0]))
