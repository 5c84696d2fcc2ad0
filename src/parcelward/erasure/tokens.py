"""The tokens that a value may have: under each key of the settings, and for a document under each type."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from parcelward.contract.fields import DocumentType
from parcelward.identity.tokens import Identity, Tokeniser, key_bytes
from parcelward.intake.decode import Decoder
from parcelward.intake.event import RealNameData
from parcelward.intake.refusal import Rejected
from parcelward.settings import Settings
from parcelward.stage import SourceRecord


class Values(NamedTuple):
    """Values of one person as they were read; None: not given."""

    document: str | None = None
    phone: str | None = None
    name: str | None = None
    country: str | None = None  # that issued a passport


def tokenisers(settings: Settings) -> list[Tokeniser]:
    """Make a tokeniser for each key that there is: old records hold tokens of old ones. Raises UserError."""
    keys = {key_id: key_bytes(secret.get_secret_value()) for key_id, secret in settings.token_keys.items()}
    return [Tokeniser(keys, key_id) for key_id in keys]


def tokens_of(values: Values, makers: Sequence[Tokeniser]) -> set[str]:
    """Give every token that these values may have been given."""
    return {token for maker in makers for token in _tokens(values, maker) if token is not None}


def _tokens(values: Values, maker: Tokeniser) -> Iterator[str | None]:
    if values.document is not None:
        for kind in (None, *DocumentType):
            for country in {None, values.country}:
                yield maker.document(values.document, kind, country)
    if values.phone is not None:
        yield maker.phone(values.phone)
    if values.name is not None:
        yield maker.name(values.name)


def tokens_in(record: SourceRecord, decoder: Decoder, makers: Sequence[Tokeniser]) -> set[str]:
    """Give every token of the persons in an intake record; none where it is refused, or no real-name event."""
    event = decoder.decode(record)
    if isinstance(event, Rejected) or not isinstance(event.data, RealNameData):
        return set()
    found: set[str] = set()
    for maker in makers:
        identity = maker.identity(event.data, event.time_ms)
        found |= {token for token in (getattr(identity, name) for name in _TOKENS) if token is not None}
    return found


_TOKENS = tuple(name for name in Identity.__struct_fields__ if name.endswith("_token"))
