"""Readers: the contract compiled for the hot path. A reader accepts what its pydantic model accepts, and nothing else.

A reader is made from the model's own JSON Schema. A msgspec type checks types, bounds, lengths, enumerations and
unknown fields. One generated Python function checks the rest: patterns, times, a raw value beside its token. Each
answers *yes* or *in doubt*. A value that is in doubt goes to the model, which decides, and says why it refuses. A
keyword of JSON Schema that is unknown here fails at import, so that no constraint of the contract is overlooked.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct, defstruct
from msgspec.json import Decoder
from pydantic import BaseModel

from parcelward.moments import epoch_ms, ms_of

Schema = Mapping[str, Any]

REMEMBERED = 65_536
CODES = frozenset(
    {"courier", "outlet", "site", "operator", "device", "machine", "region", "stated_region", "issuing_country"}
)
"""Fields whose values come again and again, so that a value that fits is remembered. None of them is personal."""
IN_DOUBT = -1

_WORDS = frozenset({"title", "description", "examples", "default", "x-unit"})
_OF_OBJECT = frozenset({"type", "properties", "required", "additionalProperties", "allOf", "$defs"})
_BOUNDS = {
    "string": {"minLength": "min_length", "maxLength": "max_length"},
    "integer": {"minimum": "ge", "maximum": "le"},
    "number": {"minimum": "ge", "maximum": "le"},
    "boolean": {},
}
_PYTHON = {"string": str, "integer": int, "number": float, "boolean": bool}


class Reader(Struct, frozen=True):
    """Reads the data of one event type.

    `parse` makes a struct of JSON text. When it is in doubt, it raises what msgspec raises. `complete` then checks the
    rest and fills in defaults and times in ms. It returns IN_DOUBT, or the number of colons that the text surely has if
    it names each field once: one per field, and those within times. `of_model` makes the same struct of a model.
    """

    parse: Callable[[bytes | Raw], Any]
    complete: Callable[[Any], int]
    of_model: Callable[[BaseModel], Any]


class KnownCodes:
    """Bounded set of texts that fit a pattern and come again and again."""

    def __init__(self, pattern: str) -> None:
        self.known: set[str] = set()
        self._fits = re.compile(pattern).fullmatch

    def add_if_fits(self, text: str) -> bool:
        """Tell whether a text that is not known fits. If it does, it is known from now on."""
        if not self._fits(text):
            return False
        if len(self.known) >= REMEMBERED:
            self.known.clear()
        self.known.add(text)
        return True


def reader_of(model: type[BaseModel], structs: Mapping[str, type[Struct]]) -> Reader:
    """Compile a model. `structs` gives, by the class name of each model, the struct that its values become.

    Raises TypeError when a model and its struct do not have the same fields, or when the contract uses a keyword that
    is unknown here.
    """
    compiler = _Compiler(model.model_json_schema(), structs)
    wire = compiler.wire_type(compiler.root)
    return Reader(Decoder(wire).decode, compiler.complete_function(), lambda part: _as_struct(part, compiler.wires))


def _as_struct(value: Any, wires: Mapping[str, Any]) -> Any:
    """Turn a value that pydantic has validated into the value that a reader gives."""
    if isinstance(value, BaseModel):
        parts = {_attribute(name): _as_struct(part, wires) for name, part in value}
        return wires[type(value).__name__](**parts)
    if isinstance(value, tuple):
        return tuple(_as_struct(part, wires) for part in value)
    if isinstance(value, datetime):
        return ms_of(value)
    return value.value if isinstance(value, Enum) else value


def _attribute(name: str) -> str:
    """Name of a field inside: times end in `_at` on the wire and in `_ms` inside."""
    return name.removesuffix("_at") + "_ms" if name.endswith("_at") else name


class _Compiler:
    """Compiles one JSON Schema to struct types and one function."""

    def __init__(self, schema: Schema, structs: Mapping[str, type[Struct]]) -> None:
        self.root = schema
        self.wires: dict[str, Any] = {}
        self._structs = structs
        self._names: dict[str, Any] = {"epoch_ms": epoch_ms, "IN_DOUBT": IN_DOUBT}
        self._codes: dict[str, str] = {}
        self._parts = 0

    # -- types -------------------------------------------------------------------------------------------------------

    def wire_type(self, schema: Schema) -> Any:
        """The struct type of an object: a subclass of its plain struct that knows the constraints.

        A field with a default is None where it was not given, so that `complete` can fill it in.
        """
        name = schema["title"]
        if name in self.wires:
            return self.wires[name]
        _require(schema, _OF_OBJECT, name)
        if schema.get("additionalProperties") is not False:
            raise TypeError(f"contract: {name} lets unknown fields through")
        plain = self._structs[name]
        properties, required = schema["properties"], schema.get("required", ())
        if sorted(map(_attribute, properties)) != sorted(plain.__struct_fields__):
            raise TypeError(f"{plain.__name__} does not have the fields of {name}")
        fields: list[Any] = []
        for field, given in properties.items():
            kind = self._type(given, f"{name}.{field}")
            fields.append((_attribute(field), kind) if field in required else (_attribute(field), kind, None))
        self.wires[name] = defstruct(
            name,
            fields,
            bases=(plain,),
            rename={_attribute(field): field for field in properties},
            forbid_unknown_fields=True,
            frozen=False,
            gc=False,
            kw_only=True,
        )
        return self.wires[name]

    def _type(self, given: Schema, where: str) -> Any:
        schema, nullable = self._resolved(given)
        if "enum" in schema:
            _require(schema, {"enum", "type"}, where)
            kind: Any = Literal[tuple(schema["enum"])]
        elif schema["type"] == "object":
            kind = self.wire_type(schema)
        elif schema["type"] == "array":
            _require(schema, {"type", "items", "maxItems"}, where)
            kind = Annotated[
                tuple[self._type(schema["items"], where), ...],  # type: ignore[misc]
                Meta(max_length=schema["maxItems"]),
            ]
        else:
            bounds = _BOUNDS[schema["type"]]
            _require(schema, {"type", "pattern", "format", *bounds}, where)
            limits = {bounds[word]: limit for word, limit in schema.items() if word in bounds}
            kind = Annotated[_PYTHON[schema["type"]], Meta(**limits)] if limits else _PYTHON[schema["type"]]
        return kind | None if nullable else kind

    def _resolved(self, given: Schema) -> tuple[Schema, bool]:
        """Return the schema that a field refers to, and whether null is allowed."""
        if "anyOf" in given:
            one, other = given["anyOf"]
            if other != {"type": "null"}:
                raise TypeError(f"contract: not a field that may be null: {given['anyOf']}")
            return self._resolved(one)[0], True
        if "$ref" in given:
            return self.root["$defs"][given["$ref"].rpartition("/")[2]], False
        return given, False

    # -- the function ------------------------------------------------------------------------------------------------

    def complete_function(self) -> Callable[[Any], int]:
        """Compile the function that checks and completes what `wire_type` has parsed."""
        lines = [
            "def complete(part0):",
            "    colons = 0",
            *self._object(self.root, "part0", "    "),
            "    return colons",
        ]
        exec("\n".join(lines), self._names)  # noqa: S102 - our own text, made of the contract at import
        complete: Callable[[Any], int] = self._names["complete"]
        return complete

    def _object(self, schema: Schema, part: str, pad: str) -> Iterator[str]:
        required, tokens = schema.get("required", ()), _tokens(schema)
        if required:
            yield f"{pad}colons += {len(required)}"
        for name, given in schema["properties"].items():
            field = f"{part}.{_attribute(name)}"
            if name in required:
                yield from self._check(name, given, field, pad)
                continue
            yield f"{pad}if {field} is not None:"
            yield f"{pad}    colons += 1"
            if name in tokens:
                yield f"{pad}    if {part}.{tokens[name]} is not None:"
                yield f"{pad}        return IN_DOUBT"
            yield from self._check(name, given, field, pad + "    ")
            default = given["default"]
            if default is not None:
                yield f"{pad}else:"
                yield f"{pad}    {field} = {tuple(default) if isinstance(default, list) else default!r}"

    def _check(self, name: str, given: Schema, field: str, pad: str) -> Iterator[str]:
        """Lines that check a value which is given and not null."""
        schema, _ = self._resolved(given)
        if schema.get("type") == "object":
            part = self._part()
            yield f"{pad}{part} = {field}"
            yield from self._object(schema, part, pad)
        elif schema.get("type") == "array":
            items, _ = self._resolved(schema["items"])
            if items["type"] == "object":
                part = self._part()
                yield f"{pad}for {part} in {field}:"
                yield from self._object(items, part, pad + "    ")
            elif "pattern" in items:
                raise TypeError(f"contract: {name} is an array of texts with a pattern")
        elif schema.get("format") == "date-time":
            yield f"{pad}text = {field}"
            yield f"{pad}{field} = ms = epoch_ms(text)"
            yield f"{pad}if ms is None:"
            yield f"{pad}    return IN_DOUBT"
            yield f'{pad}colons += 2 if text[-1] == "Z" else 3'
        elif "pattern" in schema:
            yield from self._pattern(name, schema["pattern"], field, pad)

    def _pattern(self, name: str, pattern: str, field: str, pad: str) -> Iterator[str]:
        if name in CODES:
            codes = self._codes.setdefault(pattern, f"codes{len(self._codes)}")
            if codes not in self._names:
                self._names[codes] = KnownCodes(pattern)
                self._names[f"{codes}_known"] = self._names[codes].known
            yield f"{pad}if {field} not in {codes}_known and not {codes}.add_if_fits({field}):"
        else:
            fits = f"fits{len(self._names)}"
            self._names[fits] = re.compile(pattern).fullmatch
            yield f"{pad}if not {fits}({field}):"
        yield f"{pad}    return IN_DOUBT"

    def _part(self) -> str:
        self._parts += 1
        return f"part{self._parts}"


def _tokens(schema: Schema) -> dict[str, str]:
    """Raw field by token: the two must not come together, as `contract.events` writes into the schema."""
    found = {}
    for rule in schema.get("allOf", ()):
        raw, token = rule["not"]["required"]
        found[token] = raw
    return found


def _require(schema: Schema, known: Iterable[str], where: str) -> None:
    if unknown := schema.keys() - _WORDS - set(known):
        raise TypeError(f"contract: {where} uses {', '.join(sorted(unknown))}, which readers do not know")
