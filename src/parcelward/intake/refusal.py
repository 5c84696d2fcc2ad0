"""Refused records: the reason code, a detail that helps without repeating a value, and the headers that hold both.

A detail names a field path of the contract and the rule it breaks. Values, and field names that the sender invented,
never appear: either could hold a name, a phone or a document number. On the sender's own machine the names may be shown
(`Rejected.at_home`); other spellings of the contract's own names (`lat`) hold nobody's value and are always shown.
"""

import difflib
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from parcelward.contract.alerts import RejectedHeaders
from parcelward.contract.events import EVENT_MODELS
from parcelward.contract.patterns import IN_WORDS
from parcelward.contract.reasons import Reason
from parcelward.counts import REJECTED
from parcelward.intake.field_forms import form_at, models_in
from parcelward.moments import utc
from parcelward.record_batch import MOST_HEADERS, MOST_RECORDS, MOST_UNPACKED, read_withheld
from parcelward.stage import CountKey, Send, SourceRecord
from parcelward.topics import MAX_REJECTED_BYTES, Topics

DETAIL_LIMIT = 500
_BATCH_LIMITS = (
    f"unpacked it has more than {MOST_UNPACKED} bytes, {MOST_RECORDS} records or {MOST_HEADERS} headers; "
    "send smaller batches"
)
HEADER_FRAME_BYTES = 8
"""Bytes for the lengths of one header on the wire; short headers need fewer."""
MOST_BYTES = MAX_REJECTED_BYTES - 4096
"""Most bytes of key, value and headers that fit into one record on `rejected.<courier>`."""
MOST_PROBLEMS = 3
MOST_AT_HOME = 20
"""Problems of one event that its sender is told of, on rejected topics and on their own machine."""
NAME_SHOWN = 40
"""Characters of an unknown field's name that are shown on the machine that it comes from."""
SHORTEST_BEGINNING = 3
ALSO_CALLED = {
    "longitude": ("lng", "lon"),
    "phone": ("mobile", "tel", "telephone", "phonenumber"),
    "document_number": ("idnumber", "idno", "idcard", "docnumber"),
    "document_type": ("idtype", "doctype"),
    "issuing_country": ("country", "nationality"),
    "waybill": ("waybillno", "waybillnumber"),
    "weight_g": ("weight", "grams"),
    "corrects": ("correctionof", "corrected"),
    "declared_value_cny": ("value", "price"),
    "quantity": ("qty", "count", "pieces"),
}
"""Other words for fields of the contract, without capitals and underscores."""

# jiter's messages: fixed words and a position, never a piece of the text.
_JSON_MESSAGE = re.compile(r"^[A-Za-z ,:`\[\]{}()\\u0-9-]{1,80} at line [0-9]+ column [0-9]+$")

# pydantic error type -> (reason, wording); {name} is filled from the constraint, which comes from the contract.
_WORDING: dict[str, tuple[Reason, str]] = {
    "missing": (Reason.MISSING_FIELD, "required"),
    "string_type": (Reason.WRONG_TYPE, "must be a string"),
    "int_type": (Reason.WRONG_TYPE, "must be a whole number"),
    "int_from_float": (Reason.WRONG_TYPE, "must be a whole number"),
    "float_type": (Reason.WRONG_TYPE, "must be a number"),
    "bool_type": (Reason.WRONG_TYPE, "must be true or false"),
    "tuple_type": (Reason.WRONG_TYPE, "must be an array"),
    "model_type": (Reason.WRONG_TYPE, "must be an object"),
    "model_attributes_type": (Reason.WRONG_TYPE, "must be an object"),
    "string_too_short": (Reason.INVALID_VALUE, "must have at least {min_length} character(s)"),
    "string_too_long": (Reason.INVALID_VALUE, "must have at most {max_length} characters"),
    "too_long": (Reason.INVALID_VALUE, "must have at most {max_length} entries"),
    "string_pattern_mismatch": (Reason.INVALID_VALUE, ""),
    "greater_than_equal": (Reason.INVALID_VALUE, "must be at least {ge}"),
    "less_than_equal": (Reason.INVALID_VALUE, "must be at most {le}"),
    "later_cases_of_an_alert": (
        Reason.INVALID_VALUE,
        "decision.later_cases is for a snooze of a case, not of an alert",
    ),
    "raw_and_token": (Reason.INVALID_VALUE, "{raw} and {token} must not come together, send one of them"),
    "union_tag_not_found": (Reason.MISSING_FIELD, "must name its kind"),
    "union_tag_invalid": (Reason.INVALID_VALUE, "its kind must be one of {expected_tags}"),
    "finite_number": (Reason.INVALID_VALUE, "must be a finite number"),
    "enum": (Reason.INVALID_VALUE, "must be one of {expected}"),
    "literal_error": (Reason.INVALID_VALUE, "must be {expected}"),
    "datetime_parsing": (Reason.INVALID_VALUE, "must be a date that exists"),
    "datetime_from_date_parsing": (Reason.INVALID_VALUE, "must be a date that exists"),
}


class Rejected(NamedTuple):
    """Refusal of a record: the reason, and what is wrong where. `detail` holds no value of the record.

    `named` says more where there is more: every problem, with the field names that the sender invented. It is for the
    sender's own screen and goes nowhere else.
    """

    reason: Reason
    detail: str
    named: str = ""

    @property
    def at_home(self) -> str:
        """The detail as it may be shown on the machine that the event comes from."""
        return self.named or self.detail


def no_value(record: SourceRecord) -> Rejected:
    """Refusal of a record without a value: a tombstone, or the stand-in of a batch that must not be read."""
    if (batch := read_withheld(record.headers or ())) is None:
        return Rejected(Reason.TOMBSTONE, "the record has no value")
    if batch.reason is Reason.TOO_LARGE:
        return Rejected(batch.reason, f"all records of the batch that ends here: {_BATCH_LIMITS}")
    return Rejected(batch.reason, "all records of the batch that ends here: it cannot be unpacked or read")


def rejected_record(topic: str, record: SourceRecord, rejected: Rejected) -> Send:
    """The refused record as it goes to `topic`: key, value and headers as they came, and ours (`RejectedHeaders`).

    A record that passed intake only because it was compressed may be larger than the topic takes. It then goes without
    its value, and our headers hold the value's size and SHA-256. If key and headers alone are too large, they are left
    out as well. So every record that a courier can send can be refused, and the stream goes on.
    """
    headers = rejected_headers(record, rejected)
    rest = len(record.key or b"") + sum(len(name.encode()) + len(value or b"") for name, value in headers)
    rest += HEADER_FRAME_BYTES * len(headers)
    value = record.value or b""
    if rest + len(value) <= MOST_BYTES:
        return Send(topic, record.key, record.value, headers)
    left_out = [
        ("pw_value_bytes", str(len(value)).encode()),
        ("pw_value_sha256", hashlib.sha256(value).hexdigest().encode()),
    ]
    if rest <= MOST_BYTES:
        return Send(topic, record.key, None, headers + left_out)
    return Send(topic, None, None, _our_headers(record, rejected) + left_out)


def rejected_headers(record: SourceRecord, rejected: Rejected) -> list[tuple[str, bytes]]:
    """Headers of the refused record on `rejected.<courier>`: the original ones, then ours (`RejectedHeaders`).

    `pw_rejected_at` is the record's arrival, so that a replay gives the same headers. Headers named `pw_*` that the
    sender added are dropped: the courier must be able to believe ours.
    """
    kept = [(name, value) for name, value in record.headers or () if not name.startswith("pw_")]
    return kept + _our_headers(record, rejected)


def _our_headers(record: SourceRecord, rejected: Rejected) -> list[tuple[str, bytes]]:
    arrival = utc(max(0, min(record.timestamp, 253_402_300_799_999)))
    ours = RejectedHeaders(
        pw_reason=rejected.reason,
        pw_detail=rejected.detail[:DETAIL_LIMIT],
        pw_topic=record.topic,
        pw_partition=str(record.partition),
        pw_offset=str(record.offset),
        pw_rejected_at=arrival.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )
    if record.value is None and (batch := read_withheld(record.headers or ())) is not None:
        known = {"pw_batch_records": batch.records, "pw_value_bytes": batch.bytes, "pw_value_sha256": batch.sha256}
        ours = ours.model_copy(update=known)
    return [(name, str(value).encode()) for name, value in ours if value is not None]


def not_json(message: str, value: bytes) -> Rejected:
    """Refusal of a value that the JSON parser could not read; `message` is the parser's."""
    if b"\0" in value:
        return Rejected(Reason.INVALID_ENCODING, "the value holds a NUL byte")
    try:
        value.decode()
    except UnicodeDecodeError as error:
        return Rejected(Reason.INVALID_ENCODING, f"the value is not UTF-8 at byte {error.start}")
    if "surrogate" in message or "hex escape" in message:
        return Rejected(Reason.INVALID_ENCODING, "the value holds an unpaired or cut-off \\u escape")
    if value.startswith(b"\xef\xbb\xbf"):
        return Rejected(Reason.INVALID_JSON, "the value begins with a byte order mark; send UTF-8 without one")
    if "number out of range" in message:
        return Rejected(Reason.INVALID_VALUE, "the value holds a number with too many digits")
    detail = message if _JSON_MESSAGE.match(message) else "not well-formed JSON"
    # In a file an event is one line, whose number is said beside it.
    return Rejected(
        Reason.INVALID_JSON, detail, "" if b"\n" in value else detail.replace("at line 1 column", "at column")
    )


class _NotPlainError(ValueError):
    """Raised inside `read_strictly`; carries the refusal."""

    def __init__(self, rejected: Rejected) -> None:
        super().__init__()
        self.rejected = rejected


def first_twice(names: Iterable[str]) -> str | None:
    """The first of the names that comes more than once; None when none does.

    Each name is looked at once, however many a courier sends.

    >>> first_twice(["id", "time", "source", "time"])
    'time'
    """
    counts = Counter(names)
    return next((name for name, count in counts.items() if count > 1), None)


def _one_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = first_twice(name for name, _ in pairs)
        shown = twice if twice in _NAMES else "a field"
        raise _NotPlainError(Rejected(Reason.DUPLICATE_FIELD, f"{shown} is given more than once in one object"))
    for name, value in pairs:
        if "\0" in name or (isinstance(value, str) and "\0" in value):
            raise _NotPlainError(Rejected(Reason.INVALID_ENCODING, "a string holds a NUL character (\\u0000)"))
        if isinstance(value, list) and any(isinstance(entry, str) and "\0" in entry for entry in value):
            raise _NotPlainError(Rejected(Reason.INVALID_ENCODING, "a string holds a NUL character (\\u0000)"))
    return found


def _constant(_name: str) -> Any:
    raise _NotPlainError(Rejected(Reason.INVALID_JSON, "NaN and Infinity are not JSON"))


def read_strictly(value: bytes) -> Any | Rejected:
    """Read a JSON value, or refuse it: a field twice in one object, NaN, or a NUL character.

    This is exact but slow, for values that the fast path cannot decide on. `value` must have passed the JSON parser
    before, which bounds its depth. Of a number, only the length of its text comes back.

    >>> read_strictly(b'{"id": 1, "id": 2}').detail
    'id is given more than once in one object'
    """
    try:
        return json.loads(
            value, object_pairs_hook=_one_of_each, parse_constant=_constant, parse_int=len, parse_float=len
        )
    except _NotPlainError as problem:
        return problem.rejected
    except (ValueError, RecursionError):
        return Rejected(Reason.INVALID_JSON, "not well-formed JSON")


def problems_of(error: ValidationError, prefix: str, model: type[BaseModel], mark: str = "") -> Rejected:
    """Refusal of a value that is JSON but breaks the contract.

    `prefix` is the path of what was validated; `mark` is put before each path (`ce_` for headers).
    """
    # A misspelt field explains the missing one, so it goes first.
    found = sorted(error.errors(include_url=False), key=lambda item: item["type"] != "extra_forbidden")
    problems = [_problem(item, prefix, model) for item in found[:MOST_AT_HOME]]
    detail = _joined([mark + detail for _, detail, _ in problems[:MOST_PROBLEMS]], len(found))
    named = _joined([mark + named for _, _, named in problems], len(found))
    return Rejected(problems[0][0], detail[:DETAIL_LIMIT], named if named != detail else "")


def _joined(problems: Sequence[str], found: int) -> str:
    rest = found - len(problems)
    return "; ".join([*problems, f"and {rest} more"] if rest else problems)


def _problem(item: ErrorDetails, prefix: str, model: type[BaseModel]) -> tuple[Reason, str, str]:
    """Reason and detail of one problem, and the detail with the name that the sender invented."""
    if item["type"] == "extra_forbidden":
        parent, name = path(item["loc"][:-1], prefix), str(item["loc"][-1])
        meant, is_spelling = _meant(name, model, item["loc"][:-1])
        hint = f", perhaps {meant} was meant" if meant else ""
        named = f"{parent}: unknown field {json.dumps(name[:NAME_SHOWN], ensure_ascii=False)}{hint}"
        return Reason.UNKNOWN_FIELD, named if is_spelling else f"{parent}: unknown field{hint}", named
    reason, text = _broken(item, prefix, model)
    return reason, text, text


def _broken(item: ErrorDetails, prefix: str, model: type[BaseModel]) -> tuple[Reason, str]:
    kind, location = item["type"], item["loc"]
    reason, wording = _WORDING.get(kind, (Reason.INVALID_VALUE, "is not valid"))
    context = item.get("ctx", {})
    if kind in ("enum", "literal_error") and not isinstance(item["input"], str):
        reason, wording = Reason.WRONG_TYPE, "must be a string"
    elif kind == "string_pattern_mismatch":
        return reason, f"{path(location, prefix)}: {IN_WORDS[context['pattern']]}"
    wording = wording.format_map(context)
    if kind in _NO_TEXT and isinstance(item["input"], str):
        wording += ", and is a text; write it without quotation marks"
    elif kind == "string_type" and (form := form_at(model, location)):
        wording += f": {form}"
    return reason, f"{path(location, prefix)}: {wording}"


_NO_TEXT = ("int_type", "float_type", "bool_type")


def path(location: Sequence[int | str], prefix: str) -> str:
    """Dotted path of a field, `data.photos.0.sha256`; only names of the contract and positions."""
    return ".".join([prefix, *map(str, location)] if prefix else map(str, location)) or "event"


def _meant(name: str, model: type[BaseModel], parents: Sequence[int | str]) -> tuple[str, bool]:
    """The field that was probably meant, and whether the name surely is a spelling of it and no value.

    It is one if it is another word for it, its beginning, or the same letters.
    """
    names, plain = list(_names_at(model, parents)), _letters(name)
    for known in names:
        begins = len(plain) >= SHORTEST_BEGINNING and known.startswith(plain)
        if begins or plain == _letters(known) or plain in ALSO_CALLED.get(known, ()):
            return known, True
    near = difflib.get_close_matches(name.lower(), names, 1, 0.6)
    return (near[0] if near else ""), False


def _letters(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _names_at(model: type[BaseModel], parents: Sequence[int | str]) -> Iterable[str]:
    for step in parents:
        if isinstance(step, str) and step in model.model_fields:  # a position, or the kind in a union, is none
            model = next(iter(models_in(model.model_fields[step].annotation)), model)
    return list(model.model_fields)


def _collect_names(models: Iterable[type[BaseModel]]) -> frozenset[str]:
    names: set[str] = set()
    for model in models:
        names |= set(model.model_fields)
        for field in model.model_fields.values():
            names |= _collect_names(models_in(field.annotation))
    return frozenset(names)


_NAMES = _collect_names(EVENT_MODELS.values())


def refuse_value(error: ValidationError, value: bytes, prefix: str, model: type[BaseModel]) -> Rejected:
    """Refusal of a value that the model refused: no JSON, JSON that `read_strictly` refuses, or a broken contract."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return not_json(str(first["ctx"]["error"]), value)
    if isinstance(refused := read_strictly(value), Rejected):
        return refused
    return problems_of(error, prefix, model)


def keys_in(body: Any) -> int:
    """Count the fields of parsed JSON, nested ones included. One that came twice in an object counts once."""
    if isinstance(body, dict):
        return len(body) + sum(keys_in(part) for part in body.values() if isinstance(part, dict | list))
    return sum(keys_in(part) for part in body if isinstance(part, dict | list)) if isinstance(body, list) else 0


def is_plain(value: bytes, fields: int) -> bool:
    """Tell cheaply whether accepted JSON surely names each field once and holds no NUL. If False, use `read_strictly`.

    `fields` is the number of different keys (`keys_in`). There are at least as many keys as that, and at least as many
    colons as keys, because a colon follows every key. So if there are exactly `fields` colons, no key came twice.
    Strings may hold colons too (times). Then `":` is counted instead, which is as good if no white space stands between
    the two characters. Text that looks like the end of a key only makes the count larger.
    """
    if b"\\" in value and b"\\u0000" in value:
        return False
    if value.count(b":") == fields:
        return True
    return (
        value.count(b'":') == fields
        and not (b" " in value and b" :" in value)
        # One byte is found ten times faster than a pattern, so the pattern is for values that hold one of them.
        and not ((b"\n" in value or b"\t" in value or b"\r" in value) and _SPACE_BEFORE_COLON(value))
    )


_SPACE_BEFORE_COLON = re.compile(rb"[\t\n\r]:").search


def set_aside(topics: Topics, record: SourceRecord, error: Exception) -> tuple[Send, CountKey]:
    """Refuse an intake record that our own code failed on: the refused record for its courier, and the count to raise.

    The detail names the exception's class but does not repeat its message, which may quote the record.
    """
    courier = topics.courier_of(record.topic)
    rejected = Rejected(Reason.UNEXPECTED, f"our own code failed: {type(error).__name__}")
    return rejected_record(topics.rejected(courier), record, rejected), (REJECTED, courier, Reason.UNEXPECTED.value)


def of_intake(refused: Iterable[SourceRecord], topics: Topics) -> Iterator[SourceRecord]:
    """Leave out what was refused of a courier's answers: they lie on the same topic, and are no events."""
    return (record for record in refused if came_from(record, topics.intake("")))


def came_from(refused: SourceRecord, topics: str) -> bool:
    """Tell whether a refused record came from a topic whose name begins so."""
    return dict(refused.headers).get("pw_topic", b"").startswith(topics.encode())
