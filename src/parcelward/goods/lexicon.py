"""The words the matcher knows, read once from the tables beside this module."""

import csv
import functools
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

import daachorse

from parcelward.errors import UserError
from parcelward.goods.text import normalise


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
    apart from words for its state or form (压缩, 溶液).
    """

    INSIDE = "in"
    WORD = "word"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    END = "end"


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


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All terms, and the automaton that finds them: its pattern number i is `terms[i]`."""

    terms: tuple[Term, ...]
    automaton: daachorse.CharwiseDoubleArrayAhoCorasick
    un_categories: dict[str, tuple[str, int]]  # UN number -> category, severity


_DANGER = "danger.tsv"
_ORDINARY = "ordinary.tsv"
# One spelling may be a term of each group: 充电宝 is a battery and a class of goods.
_GROUPS = {TermKind.INNOCENT: "innocent", TermKind.GOODS: "goods", TermKind.VAGUE: "vague"}


@functools.cache
def lexicon() -> Lexicon:
    """Read the tables and build the automaton (about 0.1 s, once per process)."""
    terms: dict[tuple[str, str], Term] = {}
    for term in (*_terms(_DANGER), *_terms(_ORDINARY)):
        terms.setdefault((normalise(term.text), _GROUPS.get(term.kind, "danger")), term)
    patterns = [text for text, _ in terms]
    known = tuple(terms.values())
    numbers = {term.un_number: (term.category, term.severity) for term in known if term.un_number}
    return Lexicon(known, daachorse.CharwiseDoubleArrayAhoCorasick(patterns), numbers)


def _terms(table: str) -> list[Term]:
    text = (resources.files(__package__) / table).read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [_term(table, number, row) for number, row in enumerate(rows, start=2)]


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
