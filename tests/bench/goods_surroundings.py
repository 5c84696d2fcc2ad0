"""Puts words that prove nothing round every dangerous term: `python -m tests.bench.goods_surroundings`.

Ways of transport, payment, forms, amounts and other ordinary goods beside it must leave a term the severity that it has
alone, or at least 2. The command tries all of them and prints those that do not; the unit tests try some.
"""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from parcelward.goods import match_goods
from parcelward.goods.lexicon import RESTRICTED, Term, TermKind, TermPlace, lexicon

TRANSPORT = (
    *(
        "一箱空运",
        "一桶空运",
        "一瓶空派",
        "用快递寄",
        "用塑料桶寄",
        "快递到付",
        "顺丰包邮",
        "顺丰空运",
        "航空件",
        "陆运",
    ),
    *("冷链", "急件", "易碎", "保价", "普货", "送人", " free delivery", " free shipping", " 木箱打包"),
)
PAYMENT = (" 到付", "货到付款", "已付款", "现金支付", "不退不换", "月结")
FORMS = ("样品", "粉末", "液体", "原液", "全新", "二手", "工业用", "教学用")
GRAINS = ("固体颗粒", "农用颗粒")  # of substances
AMOUNTS = ("一桶", "三箱", "一套", " 5升", " 2瓶", " 10公斤", " 500g", " 1把", " x5")
BESIDE = ("(香精)", "，另有空瓶2个", "，衣服一件", "、水果一箱", "；灶具一套")
APART = (" 空瓶", " 衣服", "+书籍2本")  # a sign beside a lone character is a disguise, so these need a longer term
BEFORE = ("一桶", "两瓶", "急件 ", "快递 ", "样品 ", "易碎品 ", "正品", "进口", "高纯", "空运", "到付", "白色")
BESIDE_BEFORE = ("衣服、", "书2本，", "图书，", "玩具、", "衣服和")
APART_BEFORE = ("图书 ", "水果+")
_ARMS = ("01", "02", "03", "12")


class Case(NamedTuple):
    """A name with a dangerous term in it, and the least severity that is right."""

    name: str
    least: int


def dangerous_terms() -> list[Term]:
    """Return the terms that may stand anywhere and are at least yellow by themselves, as they are written."""
    return sorted(
        (
            term
            for term in {term.text: term for term in lexicon().terms if not term.disguised}.values()
            if term.kind is TermKind.DANGER
            and term.severity >= RESTRICTED
            and term.place is not TermPlace.ALONE
            and match_goods(term.text).danger_severity >= RESTRICTED
        ),
        key=lambda term: term.text,
    )


def cases() -> Iterator[Case]:
    """Yield every term with every surrounding."""
    for term in dangerous_terms():
        after = [*TRANSPORT, *PAYMENT, *FORMS, *AMOUNTS, *BESIDE, *(() if term.category in _ARMS else GRAINS)]
        before = [*BEFORE, *BESIDE_BEFORE]
        if len(term.text) > 1 and not term.latin:
            after += APART
            before += APART_BEFORE
        for name in (*(term.text + words for words in after), *(words + term.text for words in before)):
            yield Case(name, RESTRICTED)


def sampled(one_in: int) -> list[Case]:
    """Return the same part of the cases every time, spread over terms and surroundings."""
    return [case for case in cases() if _hash(case.name) % one_in == 0]


def lost(tried: list[Case]) -> list[str]:
    """Return the names that are milder than they may be."""
    return [case.name for case in tried if match_goods(case.name).danger_severity < case.least]


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest())


def main() -> None:
    """Try everything and print what is lost."""
    tried = list(cases())
    names = lost(tried)
    print(f"{len(names)} of {len(tried)} names lost ({len(names) / len(tried):.3%})")
    print("\n".join(names))


if __name__ == "__main__":
    main()
