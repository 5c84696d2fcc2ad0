"""Lines of a kept recording: which of them are of a person, by a token or by a value as it was sent."""

from collections.abc import Callable, Sequence

from parcelward.erasure.given import spellings_of
from parcelward.erasure.person import Person
from parcelward.erasure.tokens import Values, tokens_in
from parcelward.identity.tokens import Tokeniser
from parcelward.intake.decode import Decoder, Limits
from parcelward.replay.kept import record_in
from parcelward.settings import Settings


def line_reader(
    settings: Settings, person: Person, makers: Sequence[Tokeniser], values: Values
) -> Callable[[bytes], bool]:
    """Make the question if a line of a recording is of the person: by a token in it, or by raw values."""
    decoder = Decoder(settings.topics, Limits.from_settings(settings), b"", frozenset(settings.token_keys))
    raw = spellings_of(values)
    as_sent = settings.topics.intake("").encode(), settings.topics.rejected("").encode()

    def is_of(line: bytes) -> bool:
        if person.is_told(line):
            return True
        if not any(topic in line for topic in as_sent):
            return False
        record = record_in(line)
        parts = [part for part in (record.key, record.value, *(said for _, said in record.headers)) if part]
        if any(one in part for part in parts for one in raw):
            return True
        return bool(tokens_in(record, decoder, makers) & person.tokens)

    return is_of
