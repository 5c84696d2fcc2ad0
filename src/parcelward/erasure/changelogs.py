"""The changelogs: which records must be written anew, so that compaction leaves no token of a person."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, Protocol

from parcelward.erasure.person import Person
from parcelward.identity import token_keys
from parcelward.stage import SourceRecord


class Reader(Protocol):
    """The records of a partition that hold any of some bytes (`parcelward.cluster.search`)."""

    def find(
        self, topic: str, numbers: Collection[int], wanted: Collection[bytes] | None = None
    ) -> Sequence[SourceRecord]:
        """Give those that hold any of the `wanted` bytes, in offset order."""
        ...


_OF_NOBODY = re.compile(re.escape(token_keys.ERASED.encode()) + rb"\.[A-Za-z0-9_-]{22}").search
ERASED = f"{token_keys.ERASED}.".encode()
"""Bytes that each record holds from which a person was erased."""


def count_erased(found: Sequence[SourceRecord]) -> int:
    """Count the parcels from which somebody was erased, of the ledger's records that hold `ERASED`."""
    return len({one.key for one in found if one.value is not None and _OF_NOBODY(one.value)})


class Change(NamedTuple):
    """A key of a changelog's partition, and its new value; None deletes."""

    topic: str
    key: bytes
    value: bytes | None


def keys_of(person: Person, found: Sequence[SourceRecord]) -> list[bytes]:
    """Give the keys under which a token lies, or has lain, of the records that were found."""
    return sorted(
        {one.key for one in found if one.key is not None and (person.owns(one.key) or person.is_in(one.value))}
    )


def newest_of(reader: Reader, topic: str, number: int, keys: Collection[bytes]) -> list[SourceRecord]:
    """Give the last record of each of these keys."""
    found = reader.find(topic, [number], keys) if keys else ()
    return list({one.key: one for one in found if one.key in keys}.values())


def changes(person: Person, reader: Reader, topic: str, number: int) -> Iterator[Change]:
    """Give what is to be written into a changelog's partition."""
    keys = keys_of(person, reader.find(topic, [number], person.needles))
    for record in newest_of(reader, topic, number, keys):
        if record.key is None or record.value is None:
            continue
        if person.owns(record.key):
            yield Change(topic, record.key, None)
        elif (value := person.put_out(record.value)) is not None:
            yield Change(topic, record.key, value)
