"""Times on the wire (RFC 3339 text) as milliseconds since the epoch, and durations as milliseconds.

Events that arrive together share their minute and their offset from UTC. Both are parsed once and remembered, which
takes a fifth of the time. The memory is bounded and holds no personal value.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

from parcelward.contract.patterns import RFC3339_PATTERN

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
FIVE_MINUTES_MS = 5 * MINUTE_MS
HOURS_PER_DAY = 24
CHINA_MS = 8 * HOUR_MS
"""China has one time zone, UTC+8."""
CHINA = timezone(timedelta(milliseconds=CHINA_MS))

REMEMBERED = 8192
MOST_DIGITS = 7
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_FITS = re.compile(RFC3339_PATTERN).fullmatch
_MINUTE = len("2026-11-23T09:30")
_SECOND = len("2026-11-23T09:30:00")

_minutes: dict[str, int] = {}  # "2026-11-23T09:30", as if it were UTC
_seconds: dict[str, int] = {f":{second:02}": second * 1000 for second in range(60)}
_rests: dict[str, int] = {}  # ".123+08:00": fraction less offset


def epoch_ms(text: str) -> int | None:
    """Milliseconds since the epoch, rounded down; None when the text breaks the contract or no such day exists.

    >>> epoch_ms("1970-01-01T08:00:01+08:00")
    1000
    >>> epoch_ms("1970-01-01T08:00:01") is None  # no offset
    True
    """
    try:
        return _minutes[text[:_MINUTE]] + _seconds[text[_MINUTE:_SECOND]] + _rests[text[_SECOND:]]
    except KeyError:
        return _read(text)


def ms_of(moment: datetime) -> int:
    """Milliseconds since the epoch of a time that has been parsed, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def duration_ms(duration: timedelta) -> int:
    """A duration in milliseconds, rounded down.

    >>> duration_ms(timedelta(minutes=30))
    1800000
    """
    return duration // _MILLISECOND


def duration_of(text: str) -> timedelta | None:
    """The duration that a number with a unit names; None for any other text.

    >>> duration_of("30m"), duration_of("soon")
    (datetime.timedelta(seconds=1800), None)
    """
    unit = _UNITS.get(text[-1:])
    if unit is None or not (text[:-1].isascii() and text[:-1].isdigit()) or len(text) > MOST_DIGITS:
        return None
    return timedelta(**{unit: int(text[:-1])})


def utc(epoch_ms: int) -> datetime:
    """The moment in UTC.

    >>> utc(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)


def zone_name(moment: datetime) -> str:
    """The offset of an aware moment as `UTC`, `UTC+8` or `UTC+5:30`."""
    minutes = int((moment.utcoffset() or timedelta()).total_seconds()) // 60
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02}" if rest else "")


def china_day(epoch_ms: int) -> int:
    """Number of the calendar day in China, which begins at 16:00 UTC.

    >>> china_day(0), china_day(16 * HOUR_MS - 1), china_day(16 * HOUR_MS)
    (0, 0, 1)
    """
    return (epoch_ms + CHINA_MS) // DAY_MS


def china_day_begin(day: int) -> int:
    """Milliseconds since the epoch at which a calendar day in China begins.

    >>> china_day_begin(1) == 16 * HOUR_MS
    True
    """
    return day * DAY_MS - CHINA_MS


def _read(text: str) -> int | None:
    """Read a time in full, and remember its minute and its rest."""
    if not _FITS(text):
        return None
    minute, rest = text[:_MINUTE], text[_SECOND:]
    try:
        whole = ms_of(datetime.fromisoformat(text))
        minute_ms = ms_of(datetime.fromisoformat(minute + "Z"))
    except ValueError:
        return None
    for known, part, ms in (
        (_minutes, minute, minute_ms),
        (_rests, rest, whole - minute_ms - _seconds[text[_MINUTE:_SECOND]]),
    ):
        if len(known) >= REMEMBERED:
            known.clear()
        known[part] = ms
    return whole


def duration_in_words(duration_ms: int) -> str:
    """Name a duration in the largest unit that fits twice, rounded.

    >>> duration_in_words(7 * DAY_MS), duration_in_words(1500)
    ('7 days', '2 s')
    """
    for name, unit_ms in (("days", DAY_MS), ("hours", HOUR_MS), ("minutes", MINUTE_MS)):
        if duration_ms >= 2 * unit_ms:
            return f"{round(duration_ms / unit_ms)} {name}"
    return f"{round(duration_ms / 1000)} s"
