"""Read a YAML file with the place of every value, so that an error text can name line and column."""

from collections.abc import Hashable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor

from parcelward.errors import UserError

MAX_BYTES = 1_000_000
MAX_NODES = 20_000
"""Values in a file; a rule has about 60."""
MAX_SHOWN = 160  # characters of a line in an error text
MAX_SCALAR = 40  # characters of a value that is no text: numbers, dates
MAX_WHOLE = 999_999_999


@dataclass(frozen=True, slots=True)
class Text:
    """A file: where it came from (as shown to people) and its lines."""

    name: str
    lines: tuple[str, ...]

    def fault(self, line: int, column: int, message: str) -> UserError:
        """The error for a place, counted from 1, with the line and a caret under the column."""
        shown = self.lines[line - 1].rstrip() if 0 < line <= len(self.lines) else ""
        cut = max(0, column - 1 - MAX_SHOWN // 2) if len(shown) > MAX_SHOWN else 0
        shown, at = shown[cut : cut + MAX_SHOWN], column - cut
        pad = "".join("..."[: 1 + (east_asian_width(sign) in "WF")] for sign in shown[: at - 1])
        return UserError(f"{self.name}:{line}:{column}: {message}\n  | {shown}\n  | {pad}^")


class _Loader(Composer, yaml.CSafeLoader):
    """Nodes of a file, without aliases: a pack reads top to bottom; with a bound on the number of values.

    libyaml parses, in a tenth of the time that PyYAML's own parser takes: every worker and many a command wait for it.
    """

    def __init__(self, content: str) -> None:
        yaml.CSafeLoader.__init__(self, content)
        Composer.__init__(self)
        self.nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.nodes += 1
        event = self.peek_event()
        mark: Any = event.start_mark if event else None
        if self.nodes > MAX_NODES:
            raise yaml.MarkedYAMLError(problem=f"more than {MAX_NODES:,} values", problem_mark=mark)
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not supported", problem_mark=mark)
        return super().compose_node(parent, index)


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """One YAML value, its place in the file, and a few words on what it belongs to (`rule R5`)."""

    text: Text
    node: yaml.Node
    of: str

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1

    @property
    def column(self) -> int:
        return int(self.node.start_mark.column) + 1

    def fault(self, message: str) -> UserError:
        """The error for this value."""
        return self.text.fault(self.line, self.column, f"{self.of}: {message}")

    def within(self, line: int, column: int, message: str) -> UserError:
        """The error for a line and column, from 1, inside a scalar that is one line or a `|` block."""
        style = getattr(self.node, "style", None)
        if style == "|":
            number = self.line + line
            shown = self.text.lines[number - 1] if number <= len(self.text.lines) else ""
            indent = len(shown) - len(shown.lstrip(" ")) if line == 1 else self._indent()
            return self.text.fault(number, indent + column, f"{self.of}: {message}")
        if line == 1 and self.node.start_mark.line == self.node.end_mark.line:
            quote = 1 if style in ("'", '"') else 0
            return self.text.fault(self.line, self.column + quote + column - 1, f"{self.of}: {message}")
        return self.fault(message)

    def _indent(self) -> int:
        first = self.text.lines[self.line] if self.line < len(self.text.lines) else ""
        return len(first) - len(first.lstrip(" "))

    def about(self, of: str) -> "SourcePlace":
        """The same place, named after another owner (`rule R5`) in error texts."""
        return SourcePlace(self.text, self.node, of)

    def mapping(
        self, required: tuple[str, ...] | None = None, optional: tuple[str, ...] = ()
    ) -> dict[str, "SourcePlace"]:
        """The entries of a mapping. With `required`, all of these keys and no others but `optional` must be there."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.fault("must be a mapping (key: value)")
        found: dict[str, SourcePlace] = {}
        for key_node, value_node in self.node.value:
            key = SourcePlace(self.text, key_node, self.of).string()
            if key in found:
                raise SourcePlace(self.text, key_node, self.of).fault(f"'{key}' is given twice")
            if required is not None and key not in (*required, *optional):
                close = get_close_matches(key, (*required, *optional), n=1)
                hint = f"; did you mean '{close[0]}'?" if close else f"; known are {', '.join((*required, *optional))}"
                raise SourcePlace(self.text, key_node, self.of).fault(f"unknown key '{key}'{hint}")
            found[key] = SourcePlace(self.text, value_node, f"{self.of}")
        for key in required or ():
            if key not in found:
                raise self.fault(f"'{key}' is missing")
        return found

    def items(self) -> list["SourcePlace"]:
        """The entries of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.fault("must be a list")
        return [SourcePlace(self.text, node, self.of) for node in self.node.value]

    def value(self) -> Hashable:
        """The scalar, with the type that YAML gives it."""
        if not isinstance(self.node, yaml.ScalarNode):
            raise self.fault("must be a single value")
        if len(self.node.value) > MAX_SCALAR and self.node.tag != "tag:yaml.org,2002:str":
            raise self.fault(f"is longer than {MAX_SCALAR} characters and no text; put a text in quotes")
        try:
            constructed: Hashable = SafeConstructor().construct_object(self.node)
        except (ValueError, yaml.YAMLError) as error:
            raise self.fault(f"is not a value YAML understands ({str(error).splitlines()[0]})") from None
        return constructed

    def string(self) -> str:
        """A text that is not empty."""
        value = self.value()
        if not isinstance(value, str):
            raise self.fault(f"must be text; put {value!r} in quotes")
        if not value.strip():
            raise self.fault("must not be empty")
        return value

    def uncut(self) -> str:
        """A text that YAML did not cut at a `#`: what follows one, outside quotes, is a comment."""
        end = self.node.end_mark
        line = self.text.lines[end.line] if end.line < len(self.text.lines) else ""
        if not getattr(self.node, "style", None) and line[end.column :].lstrip().startswith("#"):
            message = "the text ends before '#', which begins a comment; put the text in quotes"
            raise self.text.fault(end.line + 1, line.index("#", end.column) + 1, f"{self.of}: {message}")
        return self.string()

    def written(self) -> str:
        """The scalar as it is written, whichever type YAML would give it."""
        if not isinstance(self.node, yaml.ScalarNode) or not self.node.value:
            raise self.fault("must be a single value")
        return str(self.node.value)

    def whole(self) -> int:
        """A whole number from 1 to 999,999,999."""
        value = self.value()
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self.fault(f"must be a whole number of at least 1, not {value!r}")
        if value > MAX_WHOLE:
            raise self.fault(f"must be at most {MAX_WHOLE:,}")
        return value


def read(path: Path, shown_as: str, what: str = "rule pack") -> SourcePlace:
    """The root of a YAML file; raises UserError when it cannot be read or is not YAML. `what` the file should be."""
    return parsed(content_of(path, shown_as, what), shown_as, what)


def content_of(path: Path, shown_as: str, what: str) -> bytes:
    """The bytes of a file; raises UserError when it cannot be read or is too large."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"{shown_as}: cannot read the {what} ({error.strerror}); name an existing file") from None
    if len(raw) > MAX_BYTES:
        raise UserError(f"{shown_as}: larger than {MAX_BYTES} bytes; is this a {what}?")
    return raw


def parsed(raw: bytes, shown_as: str, what: str) -> SourcePlace:
    """The root of YAML text; raises UserError when it is none."""
    try:
        content = raw.decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{shown_as}: not UTF-8 at byte {error.start}; save the file as UTF-8") from None
    text = Text(shown_as, tuple(content.split("\n")))
    try:
        loader = _Loader(content)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise text.fault(line, column, f"not well-formed YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise UserError(f"{shown_as}: not well-formed YAML: {str(error).splitlines()[0]}") from None
    if node is None:
        raise UserError(f"{shown_as}: the {what} is empty")
    return SourcePlace(text, node, what)
