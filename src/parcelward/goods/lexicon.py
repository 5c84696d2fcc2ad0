"""The words the matcher knows, read once from the tables beside this module."""

import csv
import functools
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

import daachorse

from parcelward.errors import UserError
from parcelward.goods.text import normalise


class Kind(StrEnum):
    """What a lexicon entry says about a parcel."""

    DANGER = "danger"  # dangerous as such
    BATTERY = "battery"  # a lithium battery, alone or in equipment
    E_CIGARETTE = "e_cigarette"
    CIGARETTE = "cigarette"
    INNOCENT = "innocent"  # a compound that holds a dangerous word and is harmless
    GOODS = "goods"  # an ordinary thing; its category is the goods class
    VAGUE = "vague"  # names nothing that could be inspected


class Place(StrEnum):
    """Where in the text an entry may stand.

    Chinese has no word boundary to look for: `word` and `end` then mean that no other character stands beside the term, apart from
    words for its state or form (压缩, 溶液).
    """

    INSIDE = "in"
    WORD = "word"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    END = "end"


@dataclass(frozen=True, slots=True)
class Entry:
    """One term of the lexicon. `term` is as written in the table; severity and UN number are 0 and empty where they do not apply."""

    term: str
    kind: Kind
    category: str
    severity: int
    place: Place
    un_number: str
    latin: bool


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All entries and the automaton that finds them: pattern id i of the automaton is `entries[i]`."""

    entries: tuple[Entry, ...]
    automaton: daachorse.CharwiseDoubleArrayAhoCorasick
    un_categories: dict[str, tuple[str, int]]  # UN number -> category, severity


_DANGER = "danger.tsv"
_ORDINARY = "ordinary.tsv"
_UN_COLUMNS = 5


@functools.cache
def lexicon() -> Lexicon:
    """Read the tables and build the automaton (about 0.1 s, once per process)."""
    entries = {}
    for entry in (*_dangerous(), *_ordinary()):
        entries.setdefault((normalise(entry.term), entry.kind is Kind.INNOCENT), entry)
    patterns = [text for text, _ in entries]
    known = tuple(entries.values())
    numbers = {entry.un_number: (entry.category, entry.severity) for entry in known if entry.un_number}
    return Lexicon(known, daachorse.CharwiseDoubleArrayAhoCorasick(patterns), numbers)


def _rows(table: str) -> list[tuple[int, dict[str, str]]]:
    text = (resources.files(__package__) / table).read_text(encoding="utf-8")
    reader = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [(number, row) for number, row in enumerate(reader, start=2) if row["term"]]


def _dangerous() -> list[Entry]:
    return [
        _entry(_DANGER, number, row, row["kind"], int(row["severity"]), row["un"]) for number, row in _rows(_DANGER)
    ]


def _ordinary() -> list[Entry]:
    return [_entry(_ORDINARY, number, row, row["kind"], 0, "") for number, row in _rows(_ORDINARY)]


def _entry(table: str, number: int, row: dict[str, str], kind: str, severity: int, un_number: str) -> Entry:
    try:
        latin = row["language"] == "en"
        return Entry(row["term"], Kind(kind), row["category"], severity, Place(row["place"]), un_number, latin)
    except ValueError as error:
        raise UserError(f"goods/{table} line {number} ({row['term']}): {error}; correct that cell.") from error
