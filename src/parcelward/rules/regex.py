"""Patterns of matches(): RE2's language, matched by RE2, in time that grows in a straight line with the text.

Python's own `re` backtracks: on `^(a|aa|b)+$` and a name of 61 characters it never comes back. CEL means RE2 anyway.
"""

import re
from collections.abc import Callable
from functools import cache

import re2

MAX_PROGRAM = 2000
"""Instructions of a compiled pattern. RE2 spends at most this many steps on each byte of a text: measured with patterns
made to hurt, 3 ms for a goods name of 200 characters. An ordinary pattern takes 2 us.
"""

_LOOK_AROUND = re.compile(r"\(\?<?[=!]")
_BACKREFERENCE = re.compile(r"\\[1-9gk]$|\(\?P=?$")


class PatternError(Exception):
    """A pattern that is refused, and the reason."""


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True  # only whether it matches is asked
    return options


@cache
def _compiled(pattern: str) -> "re2._Regexp[str]":
    try:
        compiled = re2.compile(pattern, _options())
    except re2.error as error:
        raise PatternError(_said(str(error.args[0], "utf-8", "replace"))) from None
    if compiled.programsize > MAX_PROGRAM:
        raise PatternError(f"it needs {compiled.programsize:,} steps for each byte, {MAX_PROGRAM:,} are allowed")
    return compiled


def search(pattern: str) -> Callable[[str], bool]:
    """A function that tells whether a text contains the pattern, as CEL's matches() does; raises PatternError.

    >>> search("^烟花|爆竹")("爆竹一箱"), search("^(a|aa|b)+$")("a" * 60 + "c")
    (True, False)
    """
    find = _compiled(pattern).search

    def found(text: str) -> bool:
        return find(text.encode("utf-8", "replace")) is not None

    return found


def steps(pattern: str) -> int:
    """The most steps that a pattern takes for each byte of a text."""
    size: int = _compiled(pattern).programsize
    return size


def _said(error: str) -> str:
    """RE2's own words, with the reason where the pattern asks for what no linear-time engine can do."""
    if _LOOK_AROUND.search(error):
        return f"look-around cannot be matched in linear time, so it is not supported ({error})"
    if _BACKREFERENCE.search(error):
        return f"a backreference cannot be matched in linear time, so it is not supported ({error})"
    return error
