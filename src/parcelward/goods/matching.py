"""Reads a goods name: danger, battery, restricted goods, vagueness, class."""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from parcelward.goods.context import is_defused, stands_in_place
from parcelward.goods.lexicon import Entry, Kind, Lexicon, lexicon
from parcelward.goods.quantities import exceeds_limit, units_written
from parcelward.goods.text import normalise

# Names repeat: a few thousand cover most of a day's parcels. About 0.3 KB each: what ordinary names say is shared.
_CACHE_SIZE = 65_536

_UN_NUMBER = re.compile(r"(?:(?<![a-z])un|联合国)(?: ?(?:编号|号|no\.?|number))?[ :#.\-]*(\d{4})(?!\d)")
_EXPLOSIVES_END_AT = 600  # UN 0004 to 0599 are class 1
_SCREENED_KINDS = frozenset((Kind.DANGER, Kind.BATTERY, Kind.E_CIGARETTE, Kind.CIGARETTE))
_WITH_LITHIUM = frozenset((Kind.BATTERY, Kind.E_CIGARETTE))
_NOT_CONTENT = re.compile(
    r"[\W\d_]+|(?:[一二两三四五六七八九十]?(?:件|个|盒|箱|包|袋|批|份|条|双|台|只|kg|g|pcs?|x)(?![a-z]))"
)
_SAME_CHARACTER = re.compile(r"(.)\1*")


class GoodsMatch(NamedTuple):
    """Meaning of one goods name.

    Severity: 0 nothing, 1 depends on the transport mode or needs care (battery, perfume, drink), 2 restricted, or a
    chemical that needs papers, 3 prohibited. Categories: `01` to `12` of the prohibited list, `battery`, or `misc` for
    what UN class 9 holds.
    """

    danger_terms: tuple[str, ...] = ()
    """Terms found, as in the lexicon, worst first."""
    danger_category: str | None = None
    """Category of the worst term."""
    danger_severity: int = 0
    un_numbers: tuple[str, ...] = ()
    """UN numbers written in the text, then those of the terms where known; four digits each."""
    battery: bool = False
    """Names a lithium battery, or a thing with one inside."""
    restricted: str | None = None
    """`e_cigarette`, `cigarette` or nothing."""
    restricted_units: int | None = None
    """Sticks of cigarettes, or devices or pods of e-cigarettes, as far as the text says how many."""
    vague: bool = False
    """Names nothing that an inspector could look for."""
    goods_class: str | None = None
    """Coarse class for weight plausibility; see `weight_range_g`."""
    over_limit: bool | None = None
    """Whether the written quantity exceeds what one parcel may hold; nothing where no quantity is written."""


class _Hit(NamedTuple):
    start: int
    end: int
    entry: Entry


@lru_cache(maxsize=_CACHE_SIZE)
def match_goods(name: str) -> GoodsMatch:
    """Return what the goods name says. Pure, never raises, remembers the names seen last.

    >>> match_goods("打·火·机 2个").danger_terms
    ('打火机',)
    >>> match_goods("棉T恤").danger_severity
    0
    """
    text = normalise(name)
    known = lexicon()
    hits = _hits(text, known)
    dangers = _screened(text, hits)
    written = tuple(dict.fromkeys(_UN_NUMBER.findall(text)))
    vague, goods_class = _is_vague(text, hits), _goods_class(hits)
    if not dangers and not written:
        return _harmless(vague, goods_class)
    restricted = _restricted(dangers)
    units = units_written(text, restricted) if restricted else None
    category, severity = _worst(dangers, written, known)
    return GoodsMatch(
        danger_terms=tuple(dict.fromkeys(hit.entry.term for hit in dangers if hit.entry.severity)),
        danger_category=category,
        danger_severity=severity,
        un_numbers=_un_numbers(written, dangers),
        battery=any(hit.entry.kind in _WITH_LITHIUM for hit in dangers) or category == "battery",
        restricted=restricted,
        restricted_units=units.total if units else None,
        vague=vague,
        goods_class=goods_class or restricted,
        over_limit=exceeds_limit(units) if units else None,
    )


@cache
def _harmless(vague: bool, goods_class: str | None) -> GoodsMatch:
    """The meaning that most names have: one shared value for all names of a class."""
    return GoodsMatch(vague=vague, goods_class=goods_class)


def _hits(text: str, known: Lexicon) -> list[_Hit]:
    entries = known.entries
    return [
        _Hit(start, end, entries[index])
        for start, end, index in known.automaton.find_overlapping(text)
        if stands_in_place(text, start, end, entries[index])
    ]


def _screened(text: str, hits: list[_Hit]) -> list[_Hit]:
    """Return the hits that count, worst first: none inside a longer one or a harmless compound, none defused."""
    screened = [hit for hit in hits if hit.entry.kind in _SCREENED_KINDS]
    if not screened:
        return screened
    shadows = [hit for hit in hits if hit.entry.kind is Kind.INNOCENT]
    counted = [
        hit
        for hit in screened
        if not any(_covers(shadow, hit) for shadow in shadows)
        and not any(_covers(other, hit) and other[:2] != hit[:2] for other in screened)
        and not is_defused(text, hit.start, hit.end, hit.entry)
    ]
    return sorted(counted, key=lambda hit: (-hit.entry.severity, hit.start))


def _covers(outer: _Hit, inner: _Hit) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _worst(dangers: list[_Hit], written: tuple[str, ...], known: Lexicon) -> tuple[str | None, int]:
    category, severity = (dangers[0].entry.category, dangers[0].entry.severity) if dangers else (None, 0)
    for number in written:
        explosive = int(number) < _EXPLOSIVES_END_AT
        meaning = ("03", 3) if explosive else known.un_categories.get(number, ("misc", 2))
        if meaning[1] > severity:
            category, severity = meaning
    return (category, severity) if severity else (None, 0)


def _un_numbers(written: tuple[str, ...], dangers: list[_Hit]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*written, *(hit.entry.un_number for hit in dangers if hit.entry.un_number))))


def _restricted(dangers: list[_Hit]) -> str | None:
    kinds = {hit.entry.kind for hit in dangers}
    if Kind.E_CIGARETTE in kinds:
        return Kind.E_CIGARETTE.value
    return Kind.CIGARETTE.value if Kind.CIGARETTE in kinds else None


def _is_vague(text: str, hits: list[_Hit]) -> bool:
    """Say whether nothing is left once vague words, numbers and counting words are taken away."""
    for hit in hits:
        if hit.entry.kind is Kind.VAGUE:
            text = text[: hit.start] + " " * (hit.end - hit.start) + text[hit.end :]
    rest = _NOT_CONTENT.sub("", text)
    return not rest or (len(rest) > 1 and _SAME_CHARACTER.fullmatch(rest) is not None)


def _goods_class(hits: list[_Hit]) -> str | None:
    """Return the class of the last and longest thing named: in both languages the head of a compound stands last."""
    things = [hit for hit in hits if hit.entry.kind is Kind.GOODS]
    return max(things, key=lambda hit: (hit.end, -hit.start)).entry.category if things else None
