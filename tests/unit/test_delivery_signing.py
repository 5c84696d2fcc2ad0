"""Webhooks are signed as the Standard Webhooks specification says: its own library and its own example agree."""

import base64
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from parcelward.delivery.signing import Signer, read_secrets
from parcelward.errors import UserError

OLD, NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDlGS4qZaKRHM="
BODY = '{"type":"a","data":"氰化钾"}'.encode()


def signed_with(secrets: str, at_s: float | None = None) -> dict[str, str]:
    return Signer(read_secrets(secrets)).headers("alerts:a:1", int(time.time() if at_s is None else at_s), BODY)


def test_the_example_of_the_specification_has_its_signature() -> None:
    headers = Signer(read_secrets(OLD)).headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", [OLD, NEW], ids=["old", "new"])
def test_while_secrets_are_exchanged_a_receiver_may_know_either(secret: str) -> None:
    said = Webhook(secret).verify(BODY, signed_with(f"{NEW}\n{OLD}"))
    assert said["data"] == "氰化钾"


def test_what_is_signed_with_another_secret_or_long_ago_is_refused() -> None:
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(OLD).verify(BODY, signed_with(NEW))
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(NEW).verify(BODY, signed_with(NEW, time.time() - 600))


@pytest.mark.parametrize(
    "text", [f"{OLD} {NEW}", f"{OLD},{NEW}", f" {OLD}\r\n{NEW}\n"], ids=["space", "comma", "lines"]
)
def test_secrets_lie_side_by_side_in_one_file(text: str) -> None:
    assert [len(secret) for secret in read_secrets(text)] == [24, 32]


@pytest.mark.parametrize(
    "text",
    [
        "",
        OLD.removeprefix("whsec_"),
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa$w",
        " ".join([OLD] * 9),
    ],
    ids=["none", "without prefix", "short", "long", "no base64", "nine"],
)
def test_a_bad_secret_is_refused_and_never_repeated(text: str) -> None:
    with pytest.raises(UserError, match="webhook_secrets") as refused:
        read_secrets(text)
    assert "MfKQ" not in str(refused.value)
