"""Reads a goods name: danger, battery, restricted goods, vagueness, class."""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from parcelward.goods.context import has_its_boundaries, is_defused
from parcelward.goods.lexicon import Lexicon, Term, TermKind, lexicon
from parcelward.goods.quantities import exceeds_limit, units_written
from parcelward.goods.text import normalise

# A few thousand names cover most of a day's parcels. Each takes about 0.3 KB: ordinary names share their `GoodsMatch`.
_CACHE_SIZE = 65_536

_UN_NUMBER = re.compile(r"(?:(?<![a-z])un|联合国)(?: ?(?:编号|号|no\.?|number))?[ :#.\-]*(\d{4})(?!\d)")
_EXPLOSIVES_END_AT = 600  # UN 0004 to 0599 are class 1
_DANGER_KINDS = frozenset((TermKind.DANGER, TermKind.BATTERY, TermKind.E_CIGARETTE, TermKind.CIGARETTE))
_WITH_LITHIUM = frozenset((TermKind.BATTERY, TermKind.E_CIGARETTE))
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
    """`e_cigarette`, `cigarette` or None."""
    restricted_units: int | None = None
    """Number of cigarettes, or of e-cigarette devices and pods; None where the text states none."""
    vague: bool = False
    """Names nothing that an inspector could look for."""
    goods_class: str | None = None
    """Coarse class for weight plausibility; see `weight_range_g`."""
    over_limit: bool | None = None
    """True when the written quantity exceeds what one parcel may hold; None where no quantity is written."""


class _TermHit(NamedTuple):
    start: int
    end: int
    term: Term


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
    dangers = _dangers(text, hits)
    written = tuple(dict.fromkeys(_UN_NUMBER.findall(text)))
    vague, goods_class = _is_vague(text, hits), _goods_class(hits)
    if not dangers and not written:
        return _harmless(vague, goods_class)
    restricted = _restricted(dangers)
    units = units_written(text, restricted) if restricted else None
    category, severity = _worst(dangers, written, known)
    return GoodsMatch(
        danger_terms=tuple(dict.fromkeys(hit.term.text for hit in dangers if hit.term.severity)),
        danger_category=category,
        danger_severity=severity,
        un_numbers=_un_numbers(written, dangers),
        battery=any(hit.term.kind in _WITH_LITHIUM for hit in dangers) or category == "battery",
        restricted=restricted,
        restricted_units=units.total if units else None,
        vague=vague,
        goods_class=goods_class or restricted,
        over_limit=exceeds_limit(units) if units else None,
    )


@cache
def _harmless(vague: bool, goods_class: str | None) -> GoodsMatch:
    """The match of a harmless name: one shared value for all names of a class."""
    return GoodsMatch(vague=vague, goods_class=goods_class)


def _hits(text: str, known: Lexicon) -> list[_TermHit]:
    terms = known.terms
    return [
        _TermHit(start, end, terms[index])
        for start, end, index in known.automaton.find_overlapping(text)
        if has_its_boundaries(text, start, end, terms[index])
    ]


def _dangers(text: str, hits: list[_TermHit]) -> list[_TermHit]:
    """Return the dangerous hits, worst first. None lies inside a longer one or a harmless compound, none is defused."""
    found = [hit for hit in hits if hit.term.kind in _DANGER_KINDS]
    if not found:
        return found
    harmless = [hit for hit in hits if hit.term.kind is TermKind.INNOCENT]
    counted = [
        hit
        for hit in found
        if not any(_covers(compound, hit) for compound in harmless)
        and not any(_covers(other, hit) and other[:2] != hit[:2] for other in found)
        and not is_defused(text, hit.start, hit.end, hit.term)
    ]
    return sorted(counted, key=lambda hit: (-hit.term.severity, hit.start))


def _covers(outer: _TermHit, inner: _TermHit) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _worst(dangers: list[_TermHit], written: tuple[str, ...], known: Lexicon) -> tuple[str | None, int]:
    category, severity = (dangers[0].term.category, dangers[0].term.severity) if dangers else (None, 0)
    for number in written:
        explosive = int(number) < _EXPLOSIVES_END_AT
        meaning = ("03", 3) if explosive else known.un_categories.get(number, ("misc", 2))
        if meaning[1] > severity:
            category, severity = meaning
    return (category, severity) if severity else (None, 0)


def _un_numbers(written: tuple[str, ...], dangers: list[_TermHit]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*written, *(hit.term.un_number for hit in dangers if hit.term.un_number))))


def _restricted(dangers: list[_TermHit]) -> str | None:
    kinds = {hit.term.kind for hit in dangers}
    if TermKind.E_CIGARETTE in kinds:
        return TermKind.E_CIGARETTE.value
    return TermKind.CIGARETTE.value if TermKind.CIGARETTE in kinds else None


def _is_vague(text: str, hits: list[_TermHit]) -> bool:
    """Tell whether a name holds only vague words, numbers and counting words, or one character again and again."""
    for hit in hits:
        if hit.term.kind is TermKind.VAGUE:
            text = text[: hit.start] + " " * (hit.end - hit.start) + text[hit.end :]
    rest = _NOT_CONTENT.sub("", text)
    return not rest or (len(rest) > 1 and _SAME_CHARACTER.fullmatch(rest) is not None)


def _goods_class(hits: list[_TermHit]) -> str | None:
    """Return the class of the thing named last, the longest of several: compounds end with their head."""
    things = [hit for hit in hits if hit.term.kind is TermKind.GOODS]
    return max(things, key=lambda hit: (hit.end, -hit.start)).term.category if things else None
