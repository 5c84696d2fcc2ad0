"""Times on the wire: exactly RFC 3339, rounded down to the millisecond, the same remembered or not."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelward import moments
from parcelward.moments import epoch_ms, ms_of

ZONES = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=ZONES), st.sampled_from(["", ".0", ".9", ".123", ".123456", ".999999999"]))
def test_a_time_is_read_as_datetime_reads_it_twice_alike(moment: datetime, fraction: str) -> None:
    text = moment.replace(microsecond=0).isoformat()
    text = text[:19] + fraction + text[19:]
    expected = ms_of(moment.replace(microsecond=0)) + int(fraction[1:4].ljust(3, "0"))
    assert epoch_ms(text) == epoch_ms(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T09:30:00",
        "2026-11-23T09:30:00.+08:00",
        "2026-11-23T09:30:60Z",
        "2026-11-23T24:00:00Z",
        "2026-02-30T09:30:00Z",
        "0000-02-03T09:30:00Z",
        "2026-11-23 09:30:00Z",
        "2026-11-23T09:30:00z",
        "2026-11-23T09:30:00Z\n",
        "２026-11-23T09:30:00Z",
        "2026-11-23T09:30:00.1234567890Z",
    ],
)
def test_what_is_no_time_is_none_also_when_its_parts_are_known(text: str) -> None:
    assert epoch_ms("2026-11-23T09:30:00Z") == 1_795_426_200_000
    assert epoch_ms("2026-11-23T09:30:00.123+08:00") == 1_795_397_400_123
    assert epoch_ms(text) is None


def test_what_is_remembered_is_bounded() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for minute in range(moments.REMEMBERED + 10):
        epoch_ms((start + timedelta(minutes=minute)).isoformat())
    assert len(moments._minutes) <= moments.REMEMBERED
