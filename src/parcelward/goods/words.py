"""Parts a goods name into words, with the dictionary of rjieba."""

import re

from parcelward.goods.text import CJK

Token = tuple[str, int, int]
"""A word, its start and its end."""

# An amount ends a word (5升|火机 is no 升火|机); words of transport are words (顺丰).
_CUTS = re.compile(
    f"\\d+(?:毫?升|公?斤|[千毫]?克|[瓶桶罐个件只支箱盒包条袋把])(?=[{CJK}])"
    "|(顺丰|圆通|中通|申通|韵达|包邮|到付|寄付|月结|货到付款|已付款?|空[运派投]|海[运派]|陆运|专线|普货|冷链|急件|加急|保价"
    "|易碎品?|不退不换|全新|正品|进口|高纯|白色|样品|快递|送人|固体)"
)


def parted(text: str) -> list[Token]:
    """Return the words of a text with their places.

    >>> [word for word, _, _ in parted("5升火机顺丰")]
    ['5', '升', '火机', '顺丰']
    """
    tokens: list[Token] = []
    start = 0
    for known in _CUTS.finditer(text):
        tokens += _tokens(text, start, known.start() if known[1] else known.end())
        tokens += [(known[1], *known.span())] if known[1] else []
        start = known.end()
    return tokens + _tokens(text, start, len(text))


def _tokens(text: str, start: int, end: int) -> list[Token]:
    import rjieba  # it unpacks its dictionary when it is imported: an eighth of a second, for few parcels and commands

    return [(word, start + first, start + last) for word, first, last in rjieba.tokenize(text[start:end], hmm=False)]
