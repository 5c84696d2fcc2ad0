"""A value of 64 KiB may hold thousands of fields: each is looked at once, and it is refused like any other."""

import pytest

from parcelward.contract.reasons import Reason
from parcelward.intake.refusal import first_twice
from parcelward.stage import Record
from tests.decoding import headers, reason, sound, value

MOST = 65_536
FIELDS = b",".join(b'"%d":1' % number for number in range(6500))
CE = list(headers())


def beside(inner: bytes) -> Record:
    """A sound event with more fields in it."""
    made = value()[:-1] + b"," + inner + b"}"
    assert MOST // 2 < len(made) <= MOST
    return sound(value=made)


HOSTILE: dict[str, tuple[Record, Reason]] = {
    "one field 10,000 times": (beside(b",".join([b'"a":1'] * 10_000)), Reason.DUPLICATE_FIELD),
    "6,500 fields": (beside(FIELDS), Reason.UNKNOWN_FIELD),
    "6,500 fields, the last one twice": (beside(FIELDS + b',"6499":1'), Reason.DUPLICATE_FIELD),
    "the same in an object": (beside(b'"x":{' + FIELDS + b',"6499":1}'), Reason.DUPLICATE_FIELD),
    "30,000 elements": (beside(b'"x":[' + b",".join([b"0"] * 30_000) + b"]"), Reason.UNKNOWN_FIELD),
    "30,000 elements for an object": (sound(value=b"[" + b",".join([b"0"] * 30_000) + b"]"), Reason.WRONG_TYPE),
    "20,000 objects": (beside(b'"x":[' + b",".join([b"{}"] * 20_000) + b"]"), Reason.UNKNOWN_FIELD),
    "150 arrays of depth 190": (
        beside(b'"x":[' + b",".join([b"[" * 190 + b"]" * 190] * 150) + b"]"),
        Reason.UNKNOWN_FIELD,
    ),
    "depth 32,000": (sound(value=b"[" * 32_000 + b"]" * 32_000), Reason.INVALID_JSON),
    "a name of 60,000 letters": (beside(b'"weight_g' + b"g" * 60_000 + b'":1'), Reason.UNKNOWN_FIELD),
    "100,000 headers, the last one twice": (
        sound(headers=[*CE, *((f"ce_{number}", b"1") for number in range(100_000)), ("ce_99999", b"1")]),
        Reason.DUPLICATE_FIELD,
    ),
}


@pytest.mark.parametrize(("given_record", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_a_wide_or_deep_value_is_refused_for_its_reason(given_record: Record, expected: Reason) -> None:
    assert reason(given_record) == expected


class Watched(str):
    """A name that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Watched.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_finding_the_name_that_comes_twice_takes_one_look_at_each() -> None:
    names = [Watched(number) for number in range(5000)] + [Watched(4999)]
    assert first_twice(names) == "4999"
    assert Watched.compared < 5 * len(names)
    assert first_twice(names[:-1]) is None
