"""The words the matcher knows, read once from the tables beside this module."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import daachorse

from parcelward.errors import UserError
from parcelward.goods.disguises import spellings
from parcelward.goods.tables import rows
from parcelward.goods.text import normalise

CARE, RESTRICTED, PROHIBITED = 1, 2, 3
"""Severities: needs care, or papers, or may never be sent. 0 is nothing."""
WEAPONS = frozenset(("01", "02"))
"""Categories of weapons: firearms, and controlled knives and devices."""


class TermKind(StrEnum):
    """Meaning of a lexicon term for a parcel."""

    DANGER = "danger"  # dangerous as such
    BATTERY = "battery"  # a lithium battery, alone or in equipment
    E_CIGARETTE = "e_cigarette"
    CIGARETTE = "cigarette"
    INNOCENT = "innocent"  # a compound that holds a dangerous word and is harmless
    GOODS = "goods"  # an ordinary thing; its category is the goods class
    VAGUE = "vague"  # names nothing that could be inspected


class TermPlace(StrEnum):
    """Place in the text where a term counts.

    Chinese has no word boundaries. For a Chinese term, `word` and `end` mean that no other character stands beside it,
    apart from words for its state or form (压缩, 溶液). `alone` means that nothing else is named: 冰块, not 冰块模具.
    """

    INSIDE = "in"
    WORD = "word"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    END = "end"
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Term:
    """One term of the lexicon, as the table has it; severity 0 and no UN number where they do not apply."""

    text: str
    kind: TermKind
    category: str
    severity: int
    place: TermPlace
    un_number: str
    latin: bool
    disguised: bool = False  # found by its sound or shape: a yellow unless the spelling leaves no other reading


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All terms, and the automaton that finds them: its pattern number i is `terms[i]`."""

    terms: tuple[Term, ...]
    automaton: daachorse.CharwiseDoubleArrayAhoCorasick
    un_categories: dict[str, tuple[str, int]]  # UN number -> category, severity
    cas_terms: dict[str, Term]  # CAS number -> the substance in the catalogues
    named: dict[str, Term]  # dangerous terms by their text


_DANGER = "danger.tsv"
_ORDINARY = "ordinary.tsv"
_CATALOGUES = "catalogues.tsv"
_ALONE_MARK = "="  # before a Chinese name of a catalogue that counts only where no other character stands beside it
_SHORT = 2  # characters of a term that a sound alone does not prove
# One spelling may be a term of each group: 充电宝 is a battery and a class of goods.
_GROUPS = {TermKind.INNOCENT: "innocent", TermKind.GOODS: "goods", TermKind.VAGUE: "vague"}


@functools.cache
def lexicon() -> Lexicon:
    """Read the tables and build the automaton (about 0.2 s, once per process)."""
    terms: dict[tuple[str, str], Term] = {}
    substances = list(_substances())
    catalogued = [term for names, _ in substances for term in names]
    for term in (*_terms(_DANGER), *catalogued, *_terms(_ORDINARY)):
        terms.setdefault((normalise(term.text), _GROUPS.get(term.kind, "danger")), term)
    for spelling, term in list(_disguised(terms)):
        terms.setdefault((spelling, "danger"), term)
    patterns = [text for text, _ in terms]
    known = tuple(terms.values())
    numbers = {
        term.un_number: (term.category, term.severity) for term in known if term.un_number and not term.disguised
    }
    cas = {number: names[0] for names, numbers_ in substances for number in numbers_}
    named = {text: term for (text, group), term in terms.items() if group == "danger" and len(text) > 1}
    return Lexicon(known, daachorse.CharwiseDoubleArrayAhoCorasick(patterns), numbers, cas, named)


def _terms(table: str) -> list[Term]:
    return [_term(table, number, row) for number, row in enumerate(rows(table), start=2)]


def _term(table: str, number: int, row: dict[str, str]) -> Term:
    try:
        return Term(
            text=row["term"],
            kind=TermKind(row["kind"]),
            category=row["category"],
            severity=int(row.get("severity") or 0),
            place=TermPlace(row["place"]),
            un_number=row.get("un") or "",
            latin=row["language"] == "en",
        )
    except ValueError as error:
        raise UserError(f"goods/{table} line {number} ({row['term']}): {error}; correct that cell.") from error


def _substances() -> Iterator[tuple[list[Term], list[str]]]:
    """Yield the names and CAS numbers of each substance of the statutory catalogues."""
    for row in rows(_CATALOGUES):
        chinese = [name for name in (row["name"], *row["aliases"].split("|")) if name]
        english = [name for name in row["english"].split("|") if name]
        named = [_catalogued(name, row, latin=False) for name in chinese]
        yield named + [_catalogued(name, row, latin=True) for name in english], row["cas"].split()


def _catalogued(name: str, row: dict[str, str], latin: bool) -> Term:
    inside = not (latin or name.startswith(_ALONE_MARK))
    return Term(
        text=name.removeprefix(_ALONE_MARK),
        kind=TermKind.DANGER,
        category=row["category"],
        severity=int(row["severity"]),
        place=TermPlace.INSIDE if inside else TermPlace.WORD,
        un_number="",
        latin=latin,
    )


def _disguised(terms: dict[tuple[str, str], Term]) -> Iterator[tuple[str, Term]]:
    """Yield other spellings of terms by sound, shape and order, each with the term that it means."""
    for row in rows("disguises.tsv"):
        plain = terms.get((normalise(row["term"]), "danger"))
        if plain is None:
            raise UserError(f"goods/disguises.tsv: {row['term']} is no term of goods/{_DANGER}; add it there.")
        variants = {
            (alone, short): replace(
                plain,
                place=TermPlace.ALONE if alone else TermPlace.INSIDE,
                severity=min(plain.severity, RESTRICTED) if short else plain.severity,
                latin=False,
                disguised=True,
            )
            for alone in (False, True)
            for short in (False, True)
        }
        for spelling in spellings(row["term"], row["sound"].split()):
            short = len(row["term"]) <= _SHORT and not spelling.certain
            yield spelling.text, variants[spelling.alone, short]
