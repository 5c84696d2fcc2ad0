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
    """Statement of a lexicon entry about a parcel."""

    DANGER = "danger"  # dangerous as such
    BATTERY = "battery"  # a lithium battery, alone or in equipment
    E_CIGARETTE = "e_cigarette"
    CIGARETTE = "cigarette"
    INNOCENT = "innocent"  # a compound that holds a dangerous word and is harmless
    GOODS = "goods"  # an ordinary thing; its category is the goods class
    VAGUE = "vague"  # names nothing that could be inspected


class Place(StrEnum):
    """Place in the text where an entry may stand.

    Chinese has no word boundary to look for: `word` and `end` then mean that no other character stands beside the
    term, apart from words for its state or form (压缩, 溶液).
    """

    INSIDE = "in"
    WORD = "word"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    END = "end"


@dataclass(frozen=True, slots=True)
class Entry:
    """One term of the lexicon, as written in the table; severity 0 and no UN number where they do not apply."""

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
# One spelling may stand once in each group: 充电宝 is a battery and a class of goods.
_GROUPS = {Kind.INNOCENT: "innocent", Kind.GOODS: "goods", Kind.VAGUE: "vague"}


@functools.cache
def lexicon() -> Lexicon:
    """Read the tables and build the automaton (about 0.1 s, once per process)."""
    entries: dict[tuple[str, str], Entry] = {}
    for entry in (*_entries(_DANGER), *_entries(_ORDINARY)):
        entries.setdefault((normalise(entry.term), _GROUPS.get(entry.kind, "screened")), entry)
    patterns = [text for text, _ in entries]
    known = tuple(entries.values())
    numbers = {entry.un_number: (entry.category, entry.severity) for entry in known if entry.un_number}
    return Lexicon(known, daachorse.CharwiseDoubleArrayAhoCorasick(patterns), numbers)


def _entries(table: str) -> list[Entry]:
    text = (resources.files(__package__) / table).read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [_entry(table, number, row) for number, row in enumerate(rows, start=2)]


def _entry(table: str, number: int, row: dict[str, str]) -> Entry:
    try:
        return Entry(
            term=row["term"],
            kind=Kind(row["kind"]),
            category=row["category"],
            severity=int(row.get("severity") or 0),
            place=Place(row["place"]),
            un_number=row.get("un") or "",
            latin=row["language"] == "en",
        )
    except ValueError as error:
        raise UserError(f"goods/{table} line {number} ({row['term']}): {error}; correct that cell.") from error
