"""Says in plain words what is wrong with an expression, and how to mend it; Google's checker speaks of overloads."""

import re
from difflib import get_close_matches

from parcelward.features.table import INDEX
from parcelward.rules.words import WORDS

_INSTEAD = {
    "and": "&&",
    "or": "||",
    "not": "!",
    "&": "&&",
    "|": "||",
    "=": "==",
    "=>": ">=",
    "=<": "<=",
    "is": "==",
    "like": ".contains('...')",
    "between": "weight_g >= 1 && weight_g <= 5",
    "if": "condition ? one : other",
    "then": "condition ? one : other",
    "else": "condition ? one : other",
}
"""What people write who know other languages, and what it is here."""
_ON_TEXT = ("contains", "startsWith", "endsWith", "matches")
_FUNCTIONS = (*_ON_TEXT, "size", "int", "double")
_KINDS = {
    "int": "a whole number (int)",
    "double": "a number with decimals (double)",
    "string": "a text (string)",
    "bool": "true or false (bool)",
}
_NUMBERS = frozenset(("int", "double"))
_COMPARE = frozenset(("<", "<=", ">", ">="))
_OVERLOAD = re.compile(r"found no matching overload for '(?P<name>[^']+)' applied to '\((?P<kinds>.*)\)'")
_WORD = re.compile(r"[A-Za-z_]+|=[><]|.", re.DOTALL)
_WORD_BEFORE = re.compile(r"([A-Za-z_]+|[<>])\s*$")
_CHINESE = re.compile(r"[㐀-鿿]")


def explained(said: str, source: str, at: int) -> str:
    """Put a message of the checker about the position `at` of an expression into plain words.

    >>> explained("Syntax error: mismatched input 'and' expecting <EOF>", "is_person and photos > 1", 10)
    'write `&&` instead of `and`'
    """
    if not source.strip():
        return "the expression is empty"
    if (overload := _OVERLOAD.match(said)) is not None:
        return _kinds_do_not_fit(overload["name"].strip("_@"), overload["kinds"].split(", "))
    if (unknown := re.match(r"undeclared reference to '([^']+)'", said)) is not None:
        return _unknown(unknown[1])
    if said.startswith(("Syntax error", "reserved identifier")):
        return _cannot_be_read(said, source, at)
    return said


def _kinds_do_not_fit(name: str, kinds: list[str]) -> str:
    left, right = (kinds * 2)[:2]
    if "null_type" in kinds:
        return (
            "there is no null in rules: a test of an unknown feature is neither true nor false, so leave this test out"
        )
    if name in ("&&", "||", "!", "?:"):
        kind = next((one for one in kinds if one != "bool"), "bool")
        return (
            f"`{name}` needs what is true or false, this is {_kind(kind)}; compare it first, as in `weight_g > 20000`"
        )
    if name == "in":
        return (
            "`in` needs a list on its right: goods_name in ['香水', '发胶']; .contains('香水') finds a part of a text"
        )
    if name in _COMPARE and left == "bool" and right in _NUMBERS:
        return f"comparisons cannot be chained: write `5 < weight_g && weight_g < 10`, not `5 < weight_g {name} 10`"
    if "bool" in kinds:
        return "this is true or false by itself: write `is_person` or `!is_person`, without a comparison"
    sides = f"`{name}` has {_kind(left)} on its left and {_kind(right)} on its right"
    if {left, right} == _NUMBERS:
        return f"{sides}, and the two do not mix: {_mend(left)}"
    if "string" in kinds and _NUMBERS & set(kinds):
        return f"{sides}: a number has no quotes, a text has"
    return f"`{name}` does not take {' and '.join(map(_kind, kinds))}"


def _mend(left: str) -> str:
    if left == "int":
        return "write a whole number (20, not 20.5), or double(weight_g) > 20.5"
    return "write the number with decimals (20.0, not 20)"


def _kind(name: str) -> str:
    return _KINDS.get(name, name)


def _unknown(name: str) -> str:
    if name.lower() in ("true", "false"):
        return f"write `{name.lower()}` in small letters"
    if name in _ON_TEXT:
        return f"write the text first: goods_name.{name}('...')"
    function = get_close_matches(name, _FUNCTIONS, n=1, cutoff=0.8)
    if function:
        return f"unknown function '{name}'; did you mean '{function[0]}'?"
    if any(name in words for words in WORDS.values()):
        return f"'{name}' is a value, and stands in quotes"
    close = get_close_matches(name, INDEX, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else "; `parcelward rules fields` lists what there is"
    return f"unknown feature or function '{name}'{hint}"


def _cannot_be_read(said: str, source: str, at: int) -> str:
    before, rest = source[:at], source[at:]
    found = _WORD.match(rest)
    word = found[0] if found is not None else ""
    earlier = _WORD_BEFORE.search(before)
    if earlier is not None and earlier[1] == "not":
        word = "not"
    if earlier is not None and earlier[1] == "<" and word == ">":
        return "write `!=` instead of `<>`"
    if word in _INSTEAD:
        return f"write `{_INSTEAD[word]}` instead of `{word}`"
    if "missing ')'" in said:
        return "a bracket is not closed: `)` is missing"
    if word == ")":
        return "there is a `)` too many"
    if _CHINESE.match(word):
        return "a text stands in quotes, as in goods_name.contains('香水')"
    if word in ("'", '"'):
        return "a text is not closed: its quote is missing"
    if word and not word.isascii():
        return (
            f"`{word}` is no sign of an expression; write signs, quotes and brackets in half width: ' \" ( ) > < ; : ?"
        )
    if word == "," and before[-1:].isdigit() and rest[1:2].isdigit():
        return "write a number without commas: 20000"
    if word == ",":
        return "a list stands in square brackets: sender_kind in ['person', 'organisation']"
    if before.rstrip()[-1:].isdigit() and rest[:1].isdigit():
        return "write a number without spaces: 20000"
    if before[-1:].isdigit() and word.isalpha():
        return f"a number has no unit; leave `{word}` away (`parcelward rules fields` has the units)"
    if not rest.strip():
        return f"the expression ends too early: something is missing after `{source.split()[-1]}`"
    return f"the expression cannot be read from `{word}` on; is a sign missing before it (`&&`, `||`)?"
