"""Tokens that a courier made under a key that this installation does not have are refused here.

Such a token matches no other one, so each parcel would seem to come from a stranger, and nobody would notice.
"""

from collections.abc import Collection
from typing import Any

from parcelward.contract.reasons import Reason
from parcelward.intake.refusal import Rejected


def unknown_key(data: Any, known: Collection[str]) -> Rejected | None:
    """Give the refusal of an event with a token whose key id is not among the `known` ones; None when it has none.

    `data` is that of any event, as a struct or as a model.
    """
    if (sender := getattr(data, "sender", None)) is None:
        return None
    receiver, operator = data.receiver, data.operator_document_token
    of_sender = (sender.document_token, sender.name_token, sender.phone_token)
    if of_sender == _NO_TOKENS and operator is receiver.name_token is receiver.phone_token is None:
        return None  # nearly every event
    given = zip(_FIELDS, (*of_sender, operator, receiver.name_token, receiver.phone_token), strict=True)
    for name, token in given:
        if token is not None and token.partition(".")[0] not in known:
            detail = f"data.{name}: made under a key id that is not known here; known: {', '.join(sorted(known))}"
            return Rejected(Reason.UNKNOWN_KEY, detail)
    return None


_NO_TOKENS = (None, None, None)
_FIELDS = (
    "sender.document_token",
    "sender.name_token",
    "sender.phone_token",
    "operator_document_token",
    "receiver.name_token",
    "receiver.phone_token",
)
