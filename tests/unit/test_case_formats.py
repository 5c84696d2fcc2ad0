"""Records that are stored and sent about alerts and cases say their format; a newer one is refused with a sentence."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from parcelward.cases.budget import Desk as BudgetDesk
from parcelward.cases.budget import Permit, decode_desk, decode_permit
from parcelward.cases.case import Bucket, Entry, Standing, decode_bucket, decode_case, decode_standing
from parcelward.cases.outgoing import decode_note
from parcelward.cases.passing import PassedDecision, decode_passed
from parcelward.cases.referral import decode_referral, encode
from parcelward.errors import UserError
from parcelward.expiry import touched_ms
from parcelward.formats import format_of
from tests.builders import T0
from tests.desk import Desk
from tests.lives import LIFE, decision, news, raised


def told() -> Desk:
    desk = Desk(LIFE)
    desk.hear(news("R3", "R14"))
    return desk


NOTE = next(send.value or b"" for send in LIFE.hear(None, news("R14")).sends if send.topic == "screening.cases")
ENTRY = Entry(1, "raised", True, "red", True, "swift", "SF1", 1, "R3")
STORED: dict[str, tuple[msgspec.Struct, Callable[[bytes], Any]]] = {
    "referral": (raised("R14"), decode_referral),
    "case": (next(iter(told().cases.values())), decode_case),
    "budget": (BudgetDesk(T0, {"case-1": "HZ-01"}), decode_desk),
    "standing": (Standing(T0, "k1.owner"), decode_standing),
    "bucket": (Bucket(T0, {"alert-1": ENTRY}), decode_bucket),
}
SENT: dict[str, tuple[msgspec.Struct, Callable[[bytes], Any]]] = {
    "note": (decode_note(NOTE), decode_note),
    "permit": (Permit(T0, "case-1", "outlet/swift/HZ-01"), decode_permit),
    "decision": (PassedDecision(T0, decision("outcome", 1), 1, 7, b"key", b"{}", (("ce_id", b"1"),)), decode_passed),
}


@pytest.mark.parametrize("name", STORED | SENT)
def test_each_says_its_format_and_a_newer_one_is_refused(name: str) -> None:
    value, decode = (STORED | SENT)[name]
    assert decode(encode(value)) == value
    assert format_of(encode(value)) == 1
    newer = encode(["9", *msgspec.msgpack.decode(encode(value))[1:]])
    with pytest.raises(UserError, match="is of format 9, and this version reads formats up to 1"):
        decode(newer)


@pytest.mark.parametrize("name", STORED)
def test_what_is_stored_begins_with_the_time_at_which_it_last_mattered(name: str) -> None:
    value, _ = STORED[name]
    assert touched_ms(encode(value)) >= T0
