"""A token under a key id that the service does not have is refused by its field; a key being replaced goes on."""

from typing import Any

import pytest
from pydantic import SecretStr

from parcelward import counts
from parcelward.contract.reasons import Reason
from parcelward.intake.decode import Decoder, Event, Limits, Rejected
from parcelward.topics import Topics
from tests.builders import feed_all, inspection, pipeline, real_name, record, scan

OLD, NEW = SecretStr("0123456789abcdef"), SecretStr("fedcba9876543210")
FIELDS = {
    "sender.document_token": {"sender": {"document_number": None, "document_token": "{}"}},
    "sender.name_token": {"sender": {"name": None, "name_token": "{}"}},
    "sender.phone_token": {"sender": {"phone": None, "phone_token": "{}"}},
    "operator_document_token": {"operator_document_token": "{}"},
    "receiver.name_token": {"receiver": {"name_token": "{}"}},
    "receiver.phone_token": {"receiver": {"phone": None, "phone_token": "{}"}},
}


def with_token(field: str, key_id: str) -> dict[str, Any]:
    part = FIELDS[field]
    token = f"{key_id}.{'A' * 22}"

    def filled(value: Any) -> Any:
        return {name: filled(inner) for name, inner in value.items()} if isinstance(value, dict) else value and token

    return real_name(**filled(part))


@pytest.mark.parametrize("field", FIELDS)
def test_a_token_of_an_unknown_key_is_refused_by_its_field(field: str) -> None:
    decoder = Decoder(Topics(), Limits(), b"", {"k2", "k1"})
    answer = decoder.decode(record(with_token(field, "k3")))
    assert isinstance(answer, Rejected)
    assert answer.reason is Reason.UNKNOWN_KEY
    assert answer.detail == f"data.{field}: made under a key id that is not known here; known: k1, k2"
    for known in ("k1", "k2"):
        assert isinstance(decoder.decode(record(with_token(field, known))), Event)


@pytest.mark.parametrize("data", [real_name(), inspection(), scan()])
def test_events_without_tokens_are_not_touched(data: dict[str, Any]) -> None:
    assert isinstance(Decoder(Topics(), Limits(), b"", {"k1"}).decode(record(data)), Event)


def test_who_has_no_keys_judges_no_token() -> None:
    assert isinstance(Decoder(Topics(), Limits()).decode(record(with_token("sender.phone_token", "k3"))), Event)


def test_while_a_key_is_replaced_tokens_of_both_are_taken_and_of_the_old_one_no_longer_afterwards() -> None:
    both: dict[str, Any] = {"token_keys": {"k1": OLD, "k2": NEW}, "token_key": "k2"}
    for settings, refused in ((both, 0), (both | {"token_keys": {"k2": NEW}}, 1)):
        line = pipeline(**settings)
        events = [real_name(), with_token("sender.document_token", "k2"), with_token("sender.phone_token", "k1")]
        result = feed_all(line, [record(event | {"waybill": f"SF{n:04d}"}) for n, event in enumerate(events)])
        assert len(result.rejected) == refused
        assert result.counts[counts.REJECTED, "swift", "unknown_key"] == refused
