"""Answers of the receiver, and what each one means for the record and for the receiver."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from parcelward.contract.deliveries import Outcome

LONGEST_HOLD_S = 3600.0
"""A receiver may ask for so long a pause; more counts as this, because red alerts wait, too."""
ABOUT_THE_RECORD = frozenset({400, 409, 411, 413, 414, 415, 422, 431})
"""Answers about one record. All others may be about the receiver as a whole."""


class Answer(NamedTuple):
    """Outcome of one attempt, with the status and the pause that the receiver asked for, if it answered."""

    outcome: Outcome
    status: int = 0
    retry_after_s: float = 0.0


def answer_of(status: int, retry_after: str | None, now_s: float) -> Answer:
    """Judge an answer by its status.

    >>> answer_of(503, "120", 0.0)
    Answer(outcome=<Outcome.THROTTLED: 'throttled'>, status=503, retry_after_s=120.0)
    """
    if 200 <= status < 300:
        return Answer(Outcome.DELIVERED, status)
    if status == 410:
        outcome = Outcome.GONE
    elif status in (429, 502, 503, 504):
        outcome = Outcome.THROTTLED
    elif status in ABOUT_THE_RECORD:
        outcome = Outcome.REFUSED
    else:
        outcome = Outcome.REDIRECTED if 300 <= status < 400 else Outcome.FAILED
    return Answer(outcome, status, _pause_s(retry_after, now_s))


def _pause_s(retry_after: str | None, now_s: float) -> float:
    """Read Retry-After, seconds or a date; 0 for what is neither, and never more than `LONGEST_HOLD_S`."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        asked = float(text[:9])
    else:
        try:
            moment = parsedate_to_datetime(text)
            asked = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now_s
        except (ValueError, OverflowError):  # no date, or none that a machine can count
            return 0.0
    return min(max(asked, 0.0), LONGEST_HOLD_S)


def as_header(moment_s: float) -> bytes:
    """Write a time as the headers of an undelivered record have it."""
    return datetime.fromtimestamp(moment_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()
