"""Words that say that only the packaging of something dangerous is sent."""

import re

from parcelward.goods.text import CJK

# Right after the term, without an amount: 汽油5升 空瓶 are petrol and a bottle, 一箱空运 a way of transport.
_EMPTY = re.compile(
    "(?:的|塑料|铁皮?|玻璃|金属|旧|大|小|小样|专用|原装|包装|[瓶桶罐盒壶箱]子?)*"
    f"(?:空[瓶桶罐盒壶箱](?![运派投装])|[瓶桶罐盒壶箱]子?空的?(?![{CJK}]))"
    r"| ?\(空\)| ?(?:(?:bottle|can|drum|box|case|tin|jar|cartridge|cylinder)s? )?\(?empty(?![a-z])"
)
_EMPTY_BEFORE = re.compile(r"(?:(?<![航高真太天防])空的?|(?<![a-z])empty )$")
_PACKAGING = re.compile(r"[瓶桶罐壶盒箱袋]|$| (?:bottle|can|drum|box|case|tin)s?")


def is_empty_after(text: str, end: int) -> bool:
    """Tell whether empty packaging stands right after what it held.

    >>> is_empty_after("汽油空桶", 2), is_empty_after("汽油一箱空运", 2)
    (True, False)
    """
    return end < len(text) and _EMPTY.match(text, end) is not None


def is_empty_before(text: str, start: int, end: int) -> bool:
    """Tell whether the packaging is said to be empty before what it held.

    >>> is_empty_before("空汽油桶", 1, 3)
    True
    """
    return start > 0 and _EMPTY_BEFORE.search(text, 0, start) is not None and _PACKAGING.match(text, end) is not None
