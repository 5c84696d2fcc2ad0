"""Reads a goods name: danger, battery, restricted goods, vagueness, class."""

import re
from dataclasses import replace
from functools import cache, lru_cache
from typing import NamedTuple

from parcelward.goods.context import fits_a_battery, has_its_boundaries, is_denied, is_toy, stands_by_itself
from parcelward.goods.lexicon import CARE, PROHIBITED, RESTRICTED, WEAPONS, Lexicon, Term, TermKind, TermPlace, lexicon
from parcelward.goods.numbers import cas_numbers, un_numbers
from parcelward.goods.phrases import Phrase
from parcelward.goods.quantities import exceeds_limit, units_written
from parcelward.goods.text import CJK, normalise, spaces_dropped

# A few thousand names cover most of a day's parcels. Each takes about 0.3 KB: ordinary names share their `GoodsMatch`.
_CACHE_SIZE = 65_536

_SHORT_NAME = 16
_MANY_HITS = 12
_UTF_8_OF_CHINESE = 3  # bytes of a character
_TWO_DIGITS = re.compile(r"\d\d")
_NOT_CHINESE = re.compile(f"[^{CJK}]+")
_DRUGS = "12"
_WHOLE = frozenset((TermPlace.WORD, TermPlace.END))
_EXPLOSIVES_END_AT = 600  # UN 0004 to 0599 are class 1
_DANGER_KINDS = frozenset((TermKind.DANGER, TermKind.BATTERY, TermKind.E_CIGARETTE, TermKind.CIGARETTE))
_WITH_LITHIUM = frozenset((TermKind.BATTERY, TermKind.E_CIGARETTE))
_NOT_CONTENT = re.compile(
    r"[\W\d_]+|(?:[一二两三四五六七八九十]?(?:件|个|盒|箱|包|袋|批|份|条|双|台|只|kg|g|pcs?|x)(?![a-z]))"
)
_COUNTING = frozenset("一二两三四五六七八九十件个盒箱包袋批份条双台只kgpcsx")
_SAME_CHARACTER = re.compile(r"(.)\1*")


class GoodsMatch(NamedTuple):
    """Meaning of one goods name.

    Severity: 0 nothing, 1 depends on the transport mode or needs care (battery, perfume, drink), 2 restricted, or a
    chemical that needs papers, 3 prohibited. Categories: `01` to `12` and `14` to `18` of the prohibited list,
    `battery`, or `misc` for what UN class 9 holds.
    """

    danger_terms: tuple[str, ...] = ()
    """Terms that decide severity and category, as in the lexicon; none where a UN number decides."""
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
    numbered = _TWO_DIGITS.search(text) is not None
    hits = _hits(text, known)
    dangers = _dangers(name, text, hits)
    if numbered:
        dangers = sorted(dangers + _numbered(text, known), key=lambda hit: -hit.term.severity)
    if not dangers and len(text) <= _SHORT_NAME and _is_mixed(text) and not _names_danger(hits):
        dangers = _scattered(text, known)
    written = un_numbers(text) if numbered else ()
    vague, goods_class = _is_vague(text, hits), _goods_class(hits)
    if not dangers and not written:
        return _harmless(vague, goods_class)
    restricted = _restricted(dangers)
    units = units_written(text, restricted) if restricted else None
    category, severity = worst = _worst(dangers, written, known)
    return GoodsMatch(
        danger_terms=tuple(
            dict.fromkeys(hit.term.text for hit in dangers if (hit.term.category, hit.term.severity) == worst)
        ),
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


def _numbered(text: str, known: Lexicon) -> list[_TermHit]:
    """Return the substances named by their CAS numbers."""
    return [_TermHit(0, 0, known.cas_terms[number]) for number in cas_numbers(text) if number in known.cas_terms]


def _is_mixed(text: str) -> bool:
    """Tell whether a name holds Chinese characters and something else."""
    return not (text.isascii() or (text.isalpha() and len(text.encode()) == _UTF_8_OF_CHINESE * len(text)))


def _names_danger(hits: list[_TermHit]) -> bool:
    return any(hit.term.kind in _DANGER_KINDS for hit in hits)


def _scattered(text: str, known: Lexicon) -> list[_TermHit]:
    """Return the term that a short name spells with other signs in between: 汽☆油, 炸(药), 打a火a机, K 粉."""
    term = known.named.get(_NOT_CHINESE.sub("", text)) or known.named.get(text.replace(" ", ""))
    return [] if term is None or term.kind is not TermKind.DANGER or term.disguised else [_TermHit(0, 0, term)]


def _dangers(written: str, text: str, hits: list[_TermHit]) -> list[_TermHit]:
    """Return the dangerous hits that count, worst first. None lies inside a longer one or a harmless compound."""
    found = [hit for hit in hits if hit.term.kind in _DANGER_KINDS]
    if not found:
        return found
    if len(found) > _MANY_HITS:
        found = _first_and_last(found)
    compounds = [hit for hit in hits if hit.term.kind is TermKind.INNOCENT]
    if any(hit.end - hit.start == len(text) for hit in compounds):
        return []
    name = Phrase(text, spaces_dropped(written, text) if len(written) > len(text) else ())
    longest = _longest_real(name, found, compounds)
    counted: list[_TermHit] = []
    for hit in longest:
        if any(hit.term is other.term for other in counted):
            continue  # the same again
        judged = _judged(name, hit)
        if judged is not None:
            counted.append(judged)
    if len(counted) < len(longest):
        counted = _without_packaging(name, longest, counted)
    return sorted(counted, key=lambda hit: (-hit.term.severity, hit.start))


def _first_and_last(found: list[_TermHit]) -> list[_TermHit]:
    """Return the first and the last places of each term: a word a hundred times over is no more than that."""
    places: dict[int, list[_TermHit]] = {}
    for hit in found:
        places.setdefault(id(hit.term), []).append(hit)
    return [hit for group in places.values() for hit in (group if len(group) < 4 else [*group[:2], *group[-2:]])]


def _longest_real(name: Phrase, found: list[_TermHit], compounds: list[_TermHit]) -> list[_TermHit]:
    """Return the hits that are words of the name, without those inside a longer one or a harmless compound."""
    longest: list[_TermHit] = []
    plain: list[_TermHit] = []
    for hit in sorted(found, key=lambda hit: hit.start - hit.end):
        if any(_covers(other, hit) and other[:2] != hit[:2] for other in plain):
            continue
        if any(
            # 钉枪|配件 holds no 枪配件.
            (_covers(other, hit) or (hit.term.category in WEAPONS and other.start < hit.start < other.end))
            and not name.takes_apart(other.start, other.end)
            for other in compounds
        ):
            continue
        if _is_real(name, hit):
            longest.append(hit)
            if not hit.term.disguised:
                plain.append(hit)
    return longest


def _without_packaging(name: Phrase, found: list[_TermHit], counted: list[_TermHit]) -> list[_TermHit]:
    """Return hits, milder where the same thing is said to be absent: perfume bottle without perfume."""
    absent = {hit.term.text for hit in found if is_denied(name.text, hit.start, hit.end, hit.term.category)}
    return [_milder(hit, CARE) if hit.term.text in absent and name.words_after(hit.end) else hit for hit in counted]


def _is_real(name: Phrase, hit: _TermHit) -> bool:
    """Tell whether a hit is a word of the name, or was meant as one."""
    start, end, term = hit
    if term.place is TermPlace.ALONE and not name.names_nothing_else(start, end):
        return False
    if term.disguised:
        return name.is_disguise(start, end, term)
    if term.place in _WHOLE and not term.latin and not stands_by_itself(name.text, start, end, term):
        return name.is_whole_word(start, end, term.place)
    return name.is_word(start, end, term) or (term.category == _DRUGS and not start)


def _judged(name: Phrase, hit: _TermHit) -> _TermHit | None:
    """Return a hit with the severity that its surroundings leave it; None if they prove that it means nothing.

    A red needs more proof than a yellow: a denial without naming anything else, and a hit in the middle of a shop
    title, are worth a look and no more.
    """
    start, end, term = hit
    if is_denied(name.text, start, end, term.category):
        silent = term.severity > CARE and name.names_nothing_else(start, end)
        return _milder(hit, RESTRICTED) if silent else None
    if is_toy(name.text, start, term):
        return None
    if term.kind is not TermKind.DANGER:
        fitting = term.kind is TermKind.BATTERY and fits_a_battery(name.text, end)
        return None if fitting or name.is_empty(start, end) else hit
    left = name.severity_left(start, end, term)
    if left < term.severity:
        return _milder(hit, left) if left else None
    if term.severity > RESTRICTED and (name.is_doubtful(end) or not name.is_word(start, end, term)):
        return _milder(hit, RESTRICTED)
    return hit


def _milder(hit: _TermHit, severity: int) -> _TermHit:
    return hit._replace(term=_milder_term(hit.term, severity))


@lru_cache(maxsize=4096)
def _milder_term(term: Term, severity: int) -> Term:
    return replace(term, severity=min(term.severity, severity))


def _covers(outer: _TermHit, inner: _TermHit) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _worst(dangers: list[_TermHit], written: tuple[str, ...], known: Lexicon) -> tuple[str | None, int]:
    category, severity = (dangers[0].term.category, dangers[0].term.severity) if dangers else (None, 0)
    for number in written:
        explosive = int(number) < _EXPLOSIVES_END_AT
        meaning = ("03", PROHIBITED) if explosive else known.un_categories.get(number, ("misc", RESTRICTED))
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
    vague = False
    for hit in hits:
        if hit.term.kind is TermKind.VAGUE:
            vague = True
            text = text[: hit.start] + " " * (hit.end - hit.start) + text[hit.end :]
    if not vague and len(text) > 1 and text[0] != text[1] and _COUNTING.isdisjoint(text[:2]) and text[:2].isalpha():
        return False  # two characters that say something
    rest = _NOT_CONTENT.sub("", text)
    return not rest or (len(rest) > 1 and _SAME_CHARACTER.fullmatch(rest) is not None)


def _goods_class(hits: list[_TermHit]) -> str | None:
    """Return the class of the thing named last, the longest of several: compounds end with their head."""
    things = [hit for hit in hits if hit.term.kind is TermKind.GOODS]
    return max(things, key=lambda hit: (hit.end, -hit.start)).term.category if things else None
