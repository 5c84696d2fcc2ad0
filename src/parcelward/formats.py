"""Formats of stored records and of records between the stages: the one that is written, and those that are read.

Each record is a MessagePack array, and its first element is its format, as a text: `["1", ...]`. A struct names its
format as its msgspec tag, so the decoder itself compares it and the newest format is read at full speed. A struct
inside another one names none: the whole record has one format. A shipment inside a `Hop` is a record of its own.

Records of format 0 have no such element. They begin with a time in ms (state) or with an array (between the stages), so
a text is unmistakable, and a version that knows no formats stops at it. A number it would take for a very old time, and
forget the record.

Formats are numbered over all kinds of records; a kind keeps its number until it changes. A new last field with a
default is no new format, if nothing goes wrong when an older version drops it. Any other change is one: give the struct
the next number, raise `NEWEST`, give `reading` the step from the format before, and add a folder to `tests/fixtures`.
Records are migrated when they are read, and are stored in the new format when they are next written.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import msgspec

from parcelward.errors import UserError

NEWEST = 2
"""The newest format of any record that this version writes."""
ARRAY_16 = 0xDC
"""MessagePack: an array of 16 or more elements begins with it, and then with their number in two bytes."""
HEAD_BYTES = 6
"""No more is needed to see the format: what an array begins with (3), and a text of two digits (3)."""

Struct = TypeVar("Struct", bound=msgspec.Struct)
Step = Callable[[bytes], bytes]
"""Makes a record of one format a record of the next."""


def format_of(record: bytes) -> int | None:
    """Give the format of a record; 0 when it says none, None when it is no array and so no record of ours.

    >>> format_of(msgspec.msgpack.encode(["1", 1764300000000])), format_of(msgspec.msgpack.encode([1764300000000]))
    (1, 0)
    """
    head = record[:1]
    at = 3 if head == b"\xdc" else 1
    if at == 1 and not b"\x90" <= head <= b"\x9f":
        return None
    length = int.from_bytes(record[at : at + 1]) - 0xA0  # of a text below 32 bytes
    text = record[at + 1 : at + 1 + length] if 0 < length < 0x20 else b""
    return int(text) if text.isdigit() else 0


def add_format(record: bytes) -> bytes:
    """Migrate a record of format 0 to format 1: the same fields, and before them the format.

    >>> msgspec.msgpack.decode(add_format(msgspec.msgpack.encode([1764300000000, "SF1"])))
    ['1', 1764300000000, 'SF1']
    """
    wide = record[0] == ARRAY_16
    fields = 1 + (int.from_bytes(record[1:3]) if wide else record[0] & 0x0F)
    head = bytes([0x90 | fields]) if fields < 0x10 else bytes([ARRAY_16, *fields.to_bytes(2)])
    return head + b"\xa11" + record[3 if wide else 1 :]


def renumber(record: bytes) -> bytes:
    """Migrate a record to the next format where only fields with a default have been added.

    >>> msgspec.msgpack.decode(renumber(msgspec.msgpack.encode(["1", 1764300000000, "SF1"])))
    ['2', 1764300000000, 'SF1']
    """
    at = 4 if record[0] == ARRAY_16 else 2
    return record[:at] + bytes([record[at] + 1]) + record[at + 1 :]


FROM_0: Mapping[int, Step] = {0: add_format}
FROM_1: Mapping[int, Step] = {**FROM_0, 1: renumber}


def reading(
    struct: type[Struct], what: str, steps: Mapping[int, Step] = FROM_0
) -> Callable[[bytes | msgspec.Raw], Struct]:
    """Make a decoder of records whose newest format is the tag of `struct`; `what` names such a record in a sentence.

    `steps` gives for each older format the step to the next one. The decoder raises UserError for a newer format.
    """
    decode = msgspec.msgpack.Decoder(struct).decode
    newest = int(str(struct.__struct_config__.tag))

    def read(record: bytes | msgspec.Raw) -> Struct:
        try:
            return decode(record)
        except msgspec.ValidationError:
            migrated = _migrate(bytes(record), newest, what, steps)
            if migrated is None:
                raise
        return decode(migrated)

    return read


def _migrate(record: bytes, newest: int, what: str, steps: Mapping[int, Step]) -> bytes | None:
    """Bring a record of an older format to the newest; None when it is of no older one."""
    found = format_of(record)
    if found is None or found == newest:
        return None
    while found is not None and found < newest:
        record = steps[found](record)
        found = format_of(record)
    if found is not None and found > newest:
        raise newer(what, found, newest)
    return record


def newer(what: str, found: int, newest: int = NEWEST) -> UserError:
    """Say that a record is of a newer format than this version reads, and the way out."""
    return UserError(
        f"{what} is of format {found}, and this version reads formats up to {newest}: a newer version has written it; "
        'start that version again, or a later one (docs/runbook.md, "A record of a newer format"); '
        "nothing was acknowledged"
    )


def refuse_newer(records: Iterable[bytes | None], what: str) -> None:
    """Raise UserError if one of many stored records is of a newer format; `what` names any one of them."""
    # Records of one kind begin alike, so only a few beginnings are left to look at.
    for head in {record[:HEAD_BYTES] for record in records if record}:
        if (found := format_of(head) or 0) > NEWEST:
            raise newer(what, found)
