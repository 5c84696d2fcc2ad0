"""Text from outside, made fit to be shown: what a person cannot see, or a terminal would obey, is written out.

Goods names, codes and bytes come from couriers. A name with ESC [2J would clear an analyst's screen, one with a newline
would forge a line of a listing, and one with U+202E would turn the words around. Everything that shows such text uses
`escaped`, so that it reads the same everywhere.
"""

import json
import unicodedata
from typing import Any

_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Controls, formats (direction, zero width), surrogates, private and unassigned characters, line separators."""


def escaped(text: str) -> str:
    r"""Write each character that is not seen, or that moves others, as `\xNN`, `\uNNNN` or `\UNNNNNNNN`.

    What comes out is one line, and stays as it is when it is escaped again.

    >>> print(escaped("petrol\n\x1b[2J\u202e"))
    petrol\x0a\x1b[2J\u202e
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written(char) if unicodedata.category(char) in _UNSEEN else char for char in text)


def escaped_lines(text: str) -> str:
    """The same for a text of our own with several lines, in which text from outside is quoted: its lines stay."""
    return "\n".join(map(escaped, text.split("\n")))


def json_line(value: Any) -> str:
    """Write a value as JSON on one line: what is not seen is escaped as JSON has it, so a program reads the same."""
    return escaped_json(json.dumps(value, ensure_ascii=False))


def escaped_json(text: str) -> str:
    """Escape what is not seen in a text that is JSON already, without changing what it says."""
    if text.isprintable():
        return text
    return "".join(_in_json(char) if unicodedata.category(char) in _UNSEEN else char for char in text)


def _written(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _in_json(char: str) -> str:
    return json.dumps(char)[1:-1] if ord(char) >= 0x80 or char == "\x7f" else " "  # a control outside a string: space
