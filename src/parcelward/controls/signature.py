"""Signatures of control periods: Ed25519 over the bytes of the file, in a file of their own beside it.

`period.yaml.sig` holds one line, the id of the key and the signature in Base64. Keys are PEM, as OpenSSL writes and
reads them. A public key in the settings says until when it signs: no period that it signed lasts longer. So parcels
that come after that time are under nothing that it signs, and what it signed before stays provable for a replay.
Nothing proves when a file was signed: whoever has the key can still sign a period that lies in the past, and parcels
that came then and are not done come under it with their next record.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from parcelward.errors import UserError
from parcelward.moments import CHINA, epoch_ms, utc

SUFFIX = ".sig"
KEY_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
KEY_BYTES, SIGNATURE_BYTES = 32, 64
_FORM = "write KEY until TIME, as `parcelward control keygen` prints it"


class SigningKey(NamedTuple):
    """A public key, and the end of the last period that it may sign (epoch ms)."""

    public: Ed25519PublicKey
    until_ms: int


def keys_of(setting: Mapping[str, str]) -> dict[str, SigningKey]:
    """Read the setting `control_keys`. Raises UserError naming the key that is wrong."""
    return {name: _key(name, text) for name, text in setting.items()}


def _key(name: str, text: str) -> SigningKey:
    wrong = f"setting control_keys (environment PARCELWARD_CONTROL_KEYS), key {name!r}"
    if not KEY_ID.fullmatch(name):
        raise UserError(f"{wrong}: an id is small letters, digits and '-'; name it as in duty-2026")
    encoded, _, until = text.partition(" until ")
    until_ms = epoch_ms(until.strip())
    public = _decoded(encoded.strip(), KEY_BYTES)
    if public is None or until_ms is None:
        raise UserError(f"{wrong}: must be a public key and the time until which it signs; {_FORM}")
    return SigningKey(Ed25519PublicKey.from_public_bytes(public), until_ms)


def setting_line(name: str, private: Ed25519PrivateKey, until_ms: int) -> str:
    """Write the public half of a key as a line of the settings file."""
    public = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    until = utc(until_ms).astimezone(CHINA).isoformat(timespec="seconds")
    return f'{name} = "{b64encode(public).decode()} until {until}"'


def new_key() -> Ed25519PrivateKey:
    """Make a new key."""
    return Ed25519PrivateKey.generate()


def key_bytes(private: Ed25519PrivateKey, passphrase: bytes | None) -> bytes:
    """Write a private key as PEM, encrypted where there is a passphrase."""
    encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def private_key(content: bytes, shown_as: str, passphrase: bytes | None) -> Ed25519PrivateKey:
    """Read a private key. Raises UserError when it is none, or the passphrase is wrong."""
    try:
        key = serialization.load_pem_private_key(content, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UserError(
            f"{shown_as} is no private key in PEM form, or its passphrase is missing or wrong; "
            "name a file that `parcelward control keygen` made"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(f"{shown_as} holds a key of another kind; control periods are signed with Ed25519 keys")
    return key


def signature_line(content: bytes, key_id: str, private: Ed25519PrivateKey) -> bytes:
    """Sign the bytes of a file: the content of its signature file."""
    return f"{key_id} {b64encode(private.sign(content)).decode()}\n".encode()


def proven_by(content: bytes, line: bytes | None, keys: Mapping[str, SigningKey], shown_as: str) -> SigningKey:
    """Prove a file by its signature; gives the key that signed it. Raises UserError saying in a sentence why not."""
    if line is None:
        raise UserError(
            f"{shown_as}: it is not signed ({shown_as}{SUFFIX} is missing); sign it with `parcelward control sign`"
        )
    name, _, encoded = line[:1000].decode(errors="replace").strip().partition(" ")
    signature = _decoded(encoded, SIGNATURE_BYTES)
    if not KEY_ID.fullmatch(name) or signature is None:
        raise UserError(f"{shown_as}{SUFFIX}: this is no signature; sign the file with `parcelward control sign`")
    if name not in keys:
        known = ", ".join(sorted(keys)) or "none"
        raise UserError(
            f"{shown_as}: it is signed with key {name}, which the setting control_keys does not have (known: {known}); "
            "add that key, or sign the file with a known one"
        )
    try:
        keys[name].public.verify(signature, content)
    except InvalidSignature:
        raise UserError(
            f"{shown_as}: the signature is wrong: the file was changed after it was signed, or another key than {name} "
            "signed it; put the signed file back, or have it signed again"
        ) from None
    return keys[name]


def _decoded(text: str, length: int) -> bytes | None:
    """Decode Base64 of so many bytes; None for anything else."""
    try:
        found = b64decode(text, validate=True)
    except ValueError:
        return None
    return found if len(found) == length else None
