"""Fingerprints of the token keys, kept in the state, so that another key under the same id is noticed at start.

Tokens of two keys never match. Under one id nothing would show that: every parcel would seem to come from a stranger,
and every resent event to contradict the first. So each partition of the first stage keeps under `KEYS_KEY` a record of
the keys whose tokens its state may hold. The later stages see tokens only, never a key.
"""

import hmac
from collections.abc import Mapping

import msgspec

from parcelward.errors import UserError
from parcelward.expiry import LAG_MS
from parcelward.formats import reading
from parcelward.moments import DAY_MS

KEYS_KEY = b"/token-keys"
"""State key of the record. Waybills' keys begin with a courier, and no courier has an empty name."""
FINGERPRINT_BYTES = 4
"""Enough to tell two keys apart, and of little use to those who try out keys: one in four billion passes by chance."""

ERASED = "erased"
"""In place of a key's id, in the tokens of persons who were erased: such a token can be compared with no other one."""

Fingerprints = Mapping[str, bytes]
"""Fingerprints by key id."""


class TokenKeys(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="2"):
    """The keys whose tokens a partition's state may hold, as they lie in the state.

    It has the form of a ledger record of a waybill without a number, of which no event is known and nothing is due. So
    whoever reads the whole ledger passes it by, and so does a version that does not know it.
    """

    touched_ms: int  # beginning of the day (UTC) of the newest arrival, epoch ms
    due_ms: int = 0
    courier: str = ""
    waybill: str = ""
    keys: str = "{}"  # JSON of `Keys`
    partition: int = 0
    first_arrival_ms: int = 0


Keys = dict[str, tuple[str, int]]
"""By key id the fingerprint as hex digits, and the day (epoch ms) on which it was last a setting."""

_encode = msgspec.msgpack.Encoder().encode
_decode = reading(TokenKeys, "the record of the token keys")
_write_keys = msgspec.json.Encoder(order="sorted").encode
_read_keys = msgspec.json.Decoder(Keys).decode


def fingerprint(key_id: str, key: bytes) -> bytes:
    """Make the fingerprint of a key: a keyed hash of a fixed text, cut short.

    >>> fingerprint("k1", b"0123456789abcdef").hex()
    '19ff9c1f'
    """
    return hmac.digest(key, b"fingerprint\0" + key_id.encode(), "sha256")[:FINGERPRINT_BYTES]


def differing(record: bytes | None, fingerprints: Fingerprints) -> list[str]:
    """Ids under which the state's tokens were made with another key than the settings have, sorted.

    `record` is what a partition of the first stage keeps under `KEYS_KEY`; None for a state that keeps none yet.
    """
    if record is None:
        return []
    known = _read_keys(_decode(record).keys)
    return sorted(key_id for key_id, now in fingerprints.items() if key_id in known and known[key_id][0] != now.hex())


def require_same(record: bytes | None, fingerprints: Fingerprints) -> None:
    """Raise UserError, naming the key id and the way out, when a key differs from the one that made the tokens."""
    for key_id in differing(record, fingerprints):
        raise UserError(
            f"setting token_keys: key {key_id} is another key than the one that made the tokens in the state under "
            f"this id; put the old key back, or give the new one an id of its own beside it and name that in token_key "
            '(docs/runbook.md, "Change the token key"); nothing was acknowledged'
        )


def noted(record: bytes | None, fingerprints: Fingerprints, arrival_ms: int, keep_ms: int) -> bytes | None:
    """Give the record as it has to be after an arrival (epoch ms); None while it is right as it is.

    A key that is no setting any more stays for `keep_ms`, as long as tokens of it may be in the state. The record
    changes at most once a day, and depends on the arrivals alone, not on how they were cut into batches.
    """
    before = TokenKeys(0) if record is None else _decode(record)
    known = _read_keys(before.keys)
    day_ms = max(arrival_ms // DAY_MS * DAY_MS, before.touched_ms)
    if day_ms == before.touched_ms and known.keys() >= fingerprints.keys():
        return None
    keys = {key_id: kept for key_id, kept in known.items() if kept[1] + keep_ms + LAG_MS + DAY_MS >= day_ms}
    keys |= {key_id: (mark.hex(), day_ms) for key_id, mark in fingerprints.items()}
    return _encode(TokenKeys(day_ms, keys=_write_keys(keys).decode()))
