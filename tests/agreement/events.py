"""Events near the contract: made of the schema's own examples and bounds, then changed in a place or two."""

import json
import random
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
Path = tuple[Any, ...]

WRONG: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 1.0, 1.5, -0.0, 1e300, 10**20, "", " ", "  ", "x", "1", [], {}, [None], {"a": 1}),
    *("true", "null", "1.0", "\u3000", "\ufeff", "\u200b", "中国", "京A·12345", "\n", "a\n", "é", "e\u0301"),
)
"""Values of every JSON type, and texts that readers take differently."""
PIECES = tuple(" \n\t\u3000\u00a0\u0085\u2028中é😀٣Ａ-_.*0aZ~\x7f")
TIMES = (
    *("2026-11-23T09:30:00Z", "2026-11-23T09:30:00.123456789+08:00", "2024-02-29T23:59:59Z", "2026-02-29T09:30:00Z"),
    *("1900-02-29T09:30:00Z", "2000-02-29T00:00:00Z", "2026-04-31T09:30:00Z", "2026-11-23T24:00:00Z"),
    *("0001-01-01T00:00:00+08:00", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2026-11-23 09:30:00Z"),
    *("2026-11-23T09:30:00", "2026-11-23t09:30:00z", "2026-11-23T09:30:60Z", "2026-11-23T09:30:00+24:00"),
    *("2026-11-23T09:30:00.1234567890Z", "2026-11-23", "0100-02-29T00:00:00Z", "0400-02-29T00:00:00Z"),
)
MEDIA = (
    *("application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8", "application/jsonp"),
    *("application/json;", " application/json", "application/json \t; a=b", "text/json", "application/xml", "json"),
)


class Maker:
    """Makes events near one message's schema. The same seed makes the same events."""

    def __init__(self, schema: Schema, rng: random.Random) -> None:
        self._schema, self._rng = schema, rng
        self._definitions = schema.get("$defs", {})

    def event(self) -> Any:
        """An event that keeps the contract, with nothing, one thing or two things changed."""
        body = self._object(self._schema)
        for _ in range(self._rng.choice((0, 1, 1, 1, 2))):
            self._change(body)
        return body

    def encoded(self, body: Any) -> Any:
        """The same event with its data in base64."""
        if not isinstance(body, dict) or "data" not in body:
            return body
        text = json.dumps(body["data"], ensure_ascii=False).encode()
        return {name: part for name, part in body.items() if name != "data"} | {"data_base64": b64encode(text).decode()}

    # -- what keeps the contract ---------------------------------------------------------------------------------------

    def _object(self, schema: Schema) -> dict[str, Any]:
        required = schema.get("required", ())
        names = [
            name
            for name in schema["properties"]
            if name != "data_base64" and (name in required or name == "data" or self._rng.random() < 0.4)
        ]
        pairs = [name for name in names if name.removesuffix("_token") in names or name != "document_token"]
        chosen = [name for name in pairs if not (name.endswith("_token") and self._raw_of(name) in names)]
        return {name: self._value(name, schema["properties"][name]) for name in chosen}

    @staticmethod
    def _raw_of(token: str) -> str:
        raw = token.removesuffix("_token")
        return "document_number" if raw == "document" else raw

    def _value(self, name: str, field: Schema) -> Any:
        rng, schema = self._rng, self._resolved(field)
        if "anyOf" in field and rng.random() < 0.05 and name != "data":
            return None
        if "properties" in schema:
            return self._object(schema)
        if schema.get("type") == "array":
            most = schema["maxItems"]
            return [self._value(name, schema["items"]) for _ in range(rng.choice((0, 1, most)))]
        if "enum" in schema:
            return rng.choice(schema["enum"])
        if schema.get("type") in ("integer", "number"):
            low, high = schema["minimum"], schema["maximum"]
            number = rng.choice((low, high, rng.randint(low, high)))
            return float(number) if rng.random() < 0.3 else number
        if schema.get("type") == "boolean":
            return rng.random() < 0.5
        return rng.choice(field.get("examples") or schema.get("examples") or ["羽绒服"])

    def _resolved(self, field: Schema) -> Schema:
        if "anyOf" in field:
            return self._resolved(next(branch for branch in field["anyOf"] if branch.get("type") != "null"))
        if "$ref" in field:
            resolved: Schema = self._definitions[field["$ref"].rpartition("/")[2]]
            return resolved
        return field

    # -- and what does not, perhaps ------------------------------------------------------------------------------------

    def _change(self, body: Any) -> None:
        rng = self._rng
        path = rng.choice(list(_paths(body)) or [()])
        if not path:
            return
        holder = body
        for step in path[:-1]:
            holder = holder[step]
        step, old = path[-1], holder[path[-1]]
        match rng.randrange(8):
            case 0 if isinstance(holder, dict):
                del holder[step]
            case 1 if isinstance(holder, dict):
                holder[rng.choice((f"{step}x", step.upper(), "lat", "", "a b", "名"))] = holder.pop(step)
            case 2 if isinstance(old, list):
                holder[step] = old * rng.randint(2, 20)
            case 3 if str(step).endswith("_at") or step == "time":
                holder[step] = rng.choice(TIMES)
            case 4 if step == "datacontenttype":
                holder[step] = rng.choice(MEDIA)
            case 5 if isinstance(old, int | float) and not isinstance(old, bool):
                holder[step] = rng.choice((old + 1, old - 1, old + 0.5, -old, old * 1000, float(old), str(old)))
            case 6 | 7 if isinstance(old, str):
                holder[step] = self._edited(old)
            case _:
                holder[step] = rng.choice(WRONG)

    def _edited(self, text: str) -> str:
        rng = self._rng
        at = rng.randint(0, len(text))
        match rng.randrange(5):
            case 0:
                return text[:at] + rng.choice(PIECES) + text[at:]
            case 1:
                return text[:at] + text[at + 1 :]
            case 2:
                return text[:at] + rng.choice(PIECES) + text[at + 1 :]
            case 3:
                return rng.choice((text, *PIECES)) * rng.choice((0, 2, 9, 40, 41, 100, 101, 200, 201))
            case _:
                return rng.choice((text.upper(), text.lower(), text + "\n", " " + text, text[::-1]))


def _paths(body: Any, path: Path = ()) -> Iterator[Path]:
    steps = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for step, part in steps:
        yield (*path, step)
        yield from _paths(part, (*path, step))
