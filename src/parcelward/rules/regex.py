"""The part of RE2's pattern language that means the same in Python's `re`, and cannot blow up there."""

import re

_TOKEN = re.compile(
    r"(?P<escape>\\[dw.\\+*?()\[\]{}|^$/-])"
    r"|(?P<set>\[\^?(?:\\[dw.\\\]\[^-]|[^\]\[\\&~|-])(?:\\[dw.\\\]\[^-]|-(?!-)|[^\]\[\\&~|-])*\])"
    r"|(?P<open>\((?:\?:)?)(?!\?)"
    r"|(?P<close>\))"
    r"|(?P<repeat>[*+?]|\{\d{1,3}(?:,\d{0,3})?\})"
    r"|(?P<bar>\|)"
    r"|(?P<edge>[\^$])"
    r"|(?P<plain>[^\\\[\](){}*+?|^$])"
)


class PatternError(Exception):
    """A pattern that is refused, and the reason."""


def python_pattern(pattern: str) -> "re.Pattern[str]":
    """A compiled pattern that `search` decides as CEL's matches() does; raises PatternError.

    Allowed: characters, sets, \\d \\w, groups, alternatives, anchors, greedy repeats; no repeat inside a repeated
    group, since Python's matcher could then take exponential time where RE2 takes linear.

    >>> bool(python_pattern("^烟花|爆竹").search("爆竹一箱"))
    True
    """
    out: list[str] = []
    repeats = [False]  # per open group: whether it holds a repeat
    previous, closed_with_repeat = "start", False
    position = 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None or token.lastgroup is None:
            raise PatternError(f"{pattern[position]!r} at position {position + 1} is not supported")
        kind, text = token.lastgroup, token[0]
        if kind == "repeat":
            if previous in ("start", "open", "bar", "repeat", "edge"):
                raise PatternError(f"nothing to repeat at position {position + 1}")
            if previous == "close" and closed_with_repeat:
                raise PatternError(f"a repeat within a repeated group at position {position + 1}")
            repeats[-1] = True
        elif kind == "open":
            repeats.append(False)
        elif kind == "close":
            if len(repeats) == 1:
                raise PatternError(f"unmatched ')' at position {position + 1}")
            closed_with_repeat = repeats.pop()
            repeats[-1] |= closed_with_repeat
        out.append(r"\Z" if text == "$" else text)
        previous, position = kind, token.end()
    if len(repeats) != 1:
        raise PatternError("a group is not closed")
    try:
        return re.compile("".join(out), re.ASCII)
    except (re.error, OverflowError) as error:
        raise PatternError(str(error)) from None
