"""Forms by which a personal value shows in free text, as patterns; `free_text` reads digits of any script for them.

A group `hide` is the part of a match that is blanked; `bank` and `card` are numbers whose check digit is looked at.
"""

import re
from typing import NamedTuple

# Signs that people put between the digits of one number, however they part it. Not `*` and `x`, which stand between the
# sides of a box.
_SIGNS = (
    r"\s\-\u2010-\u2015\u2212\uff0d\u30fc.\uff0e\u00b7\u2022\u30fb_,\uff0c\u3001\u3002;\uff1b:\uff1a~\uff5e'\"`"
    r"()\uff08\uff09\[\]\u3010\u3011<>{}\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0f\u20e3\ufeff"
)
GAP = rf"[{_SIGNS}]{{0,3}}"
# Any other sign, a picture or something unseen, where the digits are parted as in a number.
_ANY = r"(?:[^\w*×]|[_\u115f\u1160\u3164\uffa0])"
_PARTED, _MAYBE_PARTED = rf"{_ANY}{{1,3}}", rf"{_ANY}{{0,3}}"

_PHONE_WORD = (
    r"(?:电话|電話|手机|手機|座机|热线|專線|专线|传真|致电|电联|联系(?:方式|人)?|拨打|"
    r"(?<![a-z])(?:tel|phone|mobile|mob|call|fax))(?:号码?)?"
)
_WECHAT = (
    r"(?:[微薇威徽]\W{0,2}信|微訊|[微薇][❤♥💚]\ufe0f?|v\s?信|"
    r"(?<![a-z])(?:we\s?chat|weixin|[vw][xⅹ](?=\s?[:：号=]|\s?[a-z_\-]*\d)))"
)
_DOCUMENT_WORD = r"(?:身份证|护照|護照|通行证|回乡证|台胞证|证件|(?<![a-z])passport)(?:号码?)?"
_MAIL_HOSTS = r"(?:qq|163|126|139|189|yeah|gmail|sina|foxmail|outlook|hotmail|aliyun|icloud|yahoo|sohu)"
_NUMBER = r"(?:\d{1,5}|[一二三四五六七八九十百零〇]{1,7})"
_HOUSE = r"(?:号楼?|弄|栋|幢|座|单元|室)"
_ROOM = rf"(?:\s?{_NUMBER}(?:号楼?|弄|栋|幢|座|单元|楼|层|室|房)|\s?\d{{3,4}}(?!\w))*"

_CONTACT = "@＠#at艾qwv扣企微薇威徽加抖快小钉旺支陌"
_ADDRESS = "路街道巷弄同区园寓村庄屯组楼幢栋座单"
_Table = tuple[tuple[int, str, tuple[str, ...]], ...]
_TABLE: _Table = (
    (  # a resident ID: any digits parted at will are one only with a date of birth in the right place
        17,
        "",
        (
            rf"(?<!\d)[1-9](?:{GAP}\d){{5}}{GAP}(?:1{GAP}9|2{GAP}0)(?:{GAP}\d){{2}}{GAP}[01](?:{GAP}\d){GAP}[0-3]"
            rf"(?:{GAP}\d){{4}}{GAP}[\dXx](?!\d)",
            rf"(?<!\d)[1-9]\d{{5}}{_MAYBE_PARTED}(?:19|20)\d\d{_MAYBE_PARTED}[01]\d{_MAYBE_PARTED}[0-3]\d{_MAYBE_PARTED}"
            rf"\d{{3}}{_MAYBE_PARTED}[\dXx](?!\d)",
            rf"(?<!\d)[1-9](?:{_PARTED}\d){{16}}{_PARTED}[\dXx](?!\d)",
        ),
    ),
    (  # a mobile number
        11,
        "",
        (
            rf"(?<!\d)(?:(?:00)?8{GAP}6{GAP})?(?:0{GAP})?1{GAP}[3-9](?:{GAP}\d){{9}}(?!\d)",
            rf"(?<!\d)1{_PARTED}[3-9](?:{_PARTED}\d){{9}}(?!\d)",
            rf"(?<!\d)(?=(?:{_MAYBE_PARTED}\d){{11}}(?!\d))1[3-9]\d{{1,5}}(?:{_PARTED}\d{{3,7}}){{1,2}}(?!\d)",
            r"(?<!\d)1[3-9]\d(?P<same>(?![A-Za-z*×])\D{1,2})\d{4}(?P=same)\d{4}(?!\d)",  # 139转1234转5606
            r"(?<!\d)1(?P<same>\D{1,2})[3-9](?:(?P=same)\d){9}(?!\d)",
        ),
    ),
    (  # one with letters for digits
        7,
        "oil",
        (r"(?<![A-Za-z0-9])(?=(?:[OoIl]{0,3}\d){7})[1Il][3-9][\dOoIl]{9}(?![A-Za-z0-9])",),
    ),
    (  # a land line, a number abroad
        8,
        "",
        (
            rf"(?<!\d)0(?:10|2\d|[3-9]\d\d){GAP}[2-8](?:{GAP}\d){{6,7}}(?!\d)(?:-\d{{1,6}}(?!\d))?",
            rf"(?<!\d)0(?:10|2\d|[3-9]\d\d){_PARTED}[2-8]\d{{2,3}}{_MAYBE_PARTED}\d{{4}}(?!\d)",
            rf"(?:(?<=\+)(?<![0-9A-Za-z]\+)\s?|(?<!\d)00)[1-9]\d{{0,2}}(?:{GAP}\d){{7,12}}(?!\d)",
            rf"(?<!\d)(?:85[23]{GAP}[2-9]\d{{3}}|886{GAP}9\d{{2}}{GAP}\d?){GAP}\d{{3,4}}(?:{GAP}\d{{3}})?(?!\d)",
        ),
    ),
    (16, "", (rf"(?<!\d)(?P<bank>[3-6]\d{{3}}(?:{_MAYBE_PARTED}\d{{4}}){{3}}(?:{_MAYBE_PARTED}\d{{1,3}})?)(?!\d)",)),
    (8, "", (r"\d{8,}[Xx]?",)),  # any long run
    (7, "", (rf"(?i){_PHONE_WORD}[^\w]{{0,3}}(?P<hide>\+?\d(?:[{_SIGNS}*xX×/]{{0,3}}\d){{6,}})",)),
    (  # cards of Hong Kong, passports, permits
        6,
        "",
        (
            r"(?i)(?<![A-Za-z0-9])[A-Z]{1,2}\s?\d{6}\s?[(（]\s?[\dA]\s?[)）]",
            r"(?<![A-Za-z0-9])(?P<card>[A-Z]{1,2}\s?\d{6}[\s\-]?[\dA])(?![A-Za-z0-9])",
            r"(?<![A-Za-z0-9])[CEHM][A-Z]\d{7}(?![A-Za-z0-9])",
            rf"(?i){_DOCUMENT_WORD}[^\w]{{0,3}}(?P<hide>[A-Z]{{0,2}}\s?\d(?:{GAP}\d){{5,}})",
        ),
    ),
    (  # a number plate
        3,
        "",
        (
            r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼](?=[A-Z][\s·.\-]?(?:[A-Z]{0,3}\d){3})"
            r"(?P<hide>[A-HJ-NP-Z][\s·.\-]?[A-HJ-NP-Z0-9]{5,6})(?![A-Za-z0-9])",
        ),
    ),
    (  # an e-mail address, an id of WeChat, QQ or another service
        0,
        _CONTACT,
        (
            r"(?i)(?:(?<![a-z])q\s?q(?![a-z])|扣扣|企鹅)(?:号|群)?\s?[:：]?\s?(?P<hide>[1-9]\d{4,})(?!\d)",
            r"[A-Za-z0-9._%+\-]+\s?(?:[@＠]|[(（\[]at[)）\]]|艾特)\s?[A-Za-z0-9\-]+(?:\s?[.．。]\s?[A-Za-z0-9\-]+)+",
            rf"(?i)[a-z0-9._%+\-]+(?:\s?[@＠#]\s?|\sat\s){_MAIL_HOSTS}(?![a-z0-9])"
            r"(?:\s?(?:[.．。]|点|\bdot\b)\s?(?:com|cn|net))?",
            rf"(?i){_WECHAT}\s?(?:号|id)?\s?[:：=]?\s?(?P<hide>[a-z][a-z0-9_\-]{{5,}}|[1-9]\d{{5,}})",
            r"(?i)加\s?(?:我|个)?\s?(?:[微薇]信?|[vw]x?(?![a-z]))(?:号|id)?\s?[:：=]?\s?"
            r"(?P<hide>[a-z][a-z0-9_\-]{5,}|\d{5,})",
            r"(?i)(?<![a-z0-9])v\s?[:：]\s?(?P<hide>[a-z][a-z0-9_\-]{5,}|\d{6,})",
            r"(?i)(?<![a-z0-9])(?P<hide>wxid_\w{6,})",
            r"(?i)(?:抖音|快手|小红书|钉钉|旺旺|微博|支付宝|陌陌|(?<![a-z])(?:telegram|whatsapp|skype|instagram))"
            r"(?:账?号|id|\s?[:：])\s?[:：]?\s?(?P<hide>[a-z0-9][a-z0-9_\-]{4,})",
        ),
    ),
    (  # an address: its street stays, its house does not
        0,
        _ADDRESS,
        (
            r"(?:(?<![电线公铁管油水气思套网電])路|街|大道|巷|弄|胡同|小区|花园|公寓|新村|[\u4e00-\u9fff\d][村庄屯组])\s?"
            rf"(?P<hide>{_NUMBER}(?:[-—之]{_NUMBER})?\s?{_HOUSE}{_ROOM})",
            r"(?P<hide>(?:\d{1,3}(?:号楼|幢|栋|座|弄)|[A-Z]座)\s?(?:\d{1,2}(?:单元|号|楼|层)\s?)?\d{3,4})(?:室|房|(?!\w))",
            r"(?P<hide>\d{1,2}单元\s?\d{3,4})(?!\d)",
        ),
    ),
    (5, "-—", (r"(?<=[\u4e00-\u9fff])(?P<hide>\d{1,3}[-—]\d{1,2}[-—]\d{3,4})(?![\d-])",)),
)
"""Digits that a text with such a form has at least, signs of which it has at least one (none: any text), the forms."""


class Form(NamedTuple):
    """One form: its pattern, the group that is blanked (0: all of it), and what a text with it has at least."""

    pattern: re.Pattern[str]
    group: str | int
    digits: int
    signs: frozenset[str]


def _group(pattern: str) -> str | int:
    return next((name for name in ("hide", "bank", "card") if f"<{name}>" in pattern), 0)


FORMS = tuple(
    Form(re.compile(pattern), _group(pattern), digits, frozenset(signs))
    for digits, signs, patterns in _TABLE
    for pattern in patterns
)
