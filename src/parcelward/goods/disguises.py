"""Other spellings of a term that a reader understands and a word list does not: by sound, by shape, by order.

打火ji, 打火饥 and dahuoji sound like 打火机. 火乍药 is 炸药 with its first character taken apart, 丁火机 leaves a part
out, 机火打 turns it round. A spelling that is an ordinary word of its own is told apart where it is found (`phrases`).
"""

import functools
import itertools
from collections.abc import Iterator
from typing import NamedTuple

from parcelward.goods.tables import rows

_MANY = 3  # characters of a term that may be changed in two places
_COMMON = 6  # of the most frequent characters of a sound, for two changes at once
_DIGITS = {"yi": "1", "er": "2", "san": "3", "si": "4", "wu": "5", "liu": "6", "qi": "7", "ba": "8", "jiu": "9"}


class Spelling(NamedTuple):
    """One other spelling of a term, in lower case."""

    text: str
    certain: bool
    """No ordinary text is written so: 氵气油, 炸yao."""
    alone: bool
    """Counts only where nothing else is named."""


class _Shape(NamedTuple):
    parts: tuple[str, ...]
    look_alikes: str


@functools.cache
def _sounds() -> dict[str, str]:
    return {row["sound"]: row["characters"] for row in rows("sounds.tsv")}


@functools.cache
def _shapes() -> dict[str, _Shape]:
    return {
        row["character"]: _Shape(tuple(row["parts"].split("|")) if row["parts"] else (), row["look_alikes"])
        for row in rows("shapes.tsv")
    }


def spellings(term: str, sounds: list[str]) -> Iterator[Spelling]:
    """Yield the other spellings of a Chinese term, whose characters sound like `sounds`.

    >>> found = {spelling.text for spelling in spellings("打火机", ["da", "huo", "ji"])}
    >>> {"打火ji", "dahuoji", "打火饥", "扌丁火机", "机火打"} <= found
    True
    """
    yield from _in_letters(term, sounds)
    if len(term) > 1:
        yield from _turned_round(term)
    yield from _taken_apart(term)
    yield from _by_sound(term, sounds)


def _in_letters(term: str, sounds: list[str]) -> Iterator[Spelling]:
    """Pinyin for some or all characters."""
    alone = len(term) < _MANY
    for parts in itertools.product(*zip(term, sounds, strict=True)):
        text = "".join(parts)
        if text.isascii():
            yield Spelling(text, certain=False, alone=alone)
            yield Spelling(" ".join(parts), certain=False, alone=True)
        elif text != term:
            yield Spelling(text, certain=True, alone=False)
    if len(term) > 1:
        initials = [(character, sound[0]) for character, sound in zip(term, sounds, strict=True)]
        for parts in itertools.product(*initials):
            text = "".join(parts)
            if text != term and not text.isascii():  # 打h机, 打hj
                yield Spelling(text, certain=False, alone=True)


def _turned_round(term: str) -> Iterator[Spelling]:
    if term[::-1] != term:
        yield Spelling(term[::-1], certain=False, alone=True)
    yield Spelling("".join(character * 2 for character in term), certain=True, alone=False)


def _taken_apart(term: str) -> Iterator[Spelling]:
    """Some characters written as their parts."""
    choices = [(character, *_shapes().get(character, _Shape((), "")).parts) for character in term]
    for parts in itertools.product(*choices):
        text = "".join(parts)
        if text != term:
            yield Spelling(text, certain=len(term) > 1, alone=len(term) == 1)


def _by_sound(term: str, sounds: list[str]) -> Iterator[Spelling]:
    """Replace one character, in a longer term two, by characters that sound or look like it."""
    if len(term) == 1:
        return
    others = [_like(character, sound) for character, sound in zip(term, sounds, strict=True)]
    if len(term) < _MANY:  # 火🐔 is a turkey as well as a lighter
        others = ["".join(filter(str.isalnum, characters)) for characters in others]
    for at, characters in enumerate(others):
        for character in characters:
            yield Spelling(term[:at] + character + term[at + 1 :], certain=False, alone=False)
    for one, two in itertools.combinations(range(len(term)), 2):
        for first, second in itertools.product(others[one][:_COMMON], others[two][:_COMMON]):
            changed = [*term]
            changed[one], changed[two] = first, second
            yield Spelling("".join(changed), certain=False, alone=len(term) < _MANY)


def _like(character: str, sound: str) -> str:
    shape = _shapes().get(character)
    found = (shape.look_alikes if shape else "") + _sounds().get(sound, "") + _DIGITS.get(sound, "")
    return found.replace(character, "")
