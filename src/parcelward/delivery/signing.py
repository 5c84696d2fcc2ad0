"""Signatures by the Standard Webhooks specification: HMAC-SHA-256 over id, time and body, one for each secret."""

import base64
import binascii
import hmac
import re
from collections.abc import Sequence

from parcelward.errors import UserError

PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64
MOST_SECRETS = 8


class Signer:
    """Signs with every secret that is live, so that a receiver may still know the former one, or only the new one."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = tuple(secrets)

    def headers(self, webhook_id: str, at_s: int, body: bytes) -> dict[str, str]:
        """Give the three headers of one attempt.

        >>> Signer([b"0" * 24]).headers("alerts:a:1", 1700000000, b"{}")["webhook-signature"]
        'v1,WmLrOMrLy7vIaklpMfqLnIa+Rmwa/F91H2C2gERGkYs='
        """
        content = b"%s.%d.%s" % (webhook_id.encode(), at_s, body)
        signatures = (base64.b64encode(hmac.digest(secret, content, "sha256")) for secret in self._secrets)
        return {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": " ".join(f"v1,{signature.decode()}" for signature in signatures),
        }


def read_secrets(text: str) -> tuple[bytes, ...]:
    """Read the secrets, apart by spaces, commas or lines. Raises UserError, which never repeats one."""
    parts = re.split(r"[\s,]+", text.strip())
    if not 1 <= len(parts) <= MOST_SECRETS or not parts[0]:
        raise UserError(f"setting webhook_secrets: give 1 to {MOST_SECRETS} secrets, apart by spaces")
    return tuple(_secret(number, part) for number, part in enumerate(parts, 1))


def _secret(number: int, text: str) -> bytes:
    secret = b""
    if text.startswith(PREFIX):
        encoded = text.removeprefix(PREFIX).rstrip("=")
        try:
            secret = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except binascii.Error:
            secret = b""
    if not LEAST_BYTES <= len(secret) <= MOST_BYTES:
        raise UserError(
            f"setting webhook_secrets, number {number}: must be {PREFIX} and base64 of {LEAST_BYTES} to {MOST_BYTES} "
            f'random bytes; make one with: printf "{PREFIX}%s" "$(openssl rand -base64 32)"'
        )
    return secret
