"""The counts that a finding rests on, drawn over time: what was counted strong, what was usual before it pale."""

from collections.abc import Mapping
from typing import NamedTuple

from parcelward.alerts.terminal import Language
from parcelward.console.store.alerts_of import alerts_of
from parcelward.console.store.database import Database
from parcelward.console.web.columns import HEAD, HEIGHT, Tick, placed, said_of
from parcelward.console.web.rendering import as_ms, bilingual
from parcelward.contract.alerts import Alert
from parcelward.contract.cards import CountedEvent, Profile
from parcelward.features.plain_words import label
from parcelward.features.table import FEATURES
from parcelward.moments import CHINA, DAY_MS, HOUR_MS, utc

_FEATURES = {feature.name: feature for feature in FEATURES}
TICKS = 5


class Bucket(NamedTuple):
    """A column: `x` and `width` in percent, `y` and `height` in pixels; `counted`: it lies in the window."""

    x: float
    width: float
    y: float
    height: float
    at_ms: int
    amount: int
    counted: bool
    said: str


class Counted(NamedTuple):
    """An event that was counted; `alert_id` where the parcel has an alert of its own, `own`: it is this parcel."""

    at_ms: int
    place: str
    waybill: str | None
    alert_id: str | None
    own: bool


class ProfileChart(NamedTuple):
    """The drawing of one count, and the events behind it."""

    title: str
    of: str
    whose: str
    new_values: bool
    value: int
    limit: int | float | None
    estimated: bool
    buckets: tuple[Bucket, ...]
    ticks: tuple[Tick, ...]
    window_x: float
    begins_ms: int
    ends_ms: int
    bucket_ms: int
    events: tuple[Counted, ...]

    @property
    def filled(self) -> list[Bucket]:
        """The buckets that were counted and have something, for those who read numbers."""
        return [one for one in self.buckets if one.amount and one.counted]


def profile_charts(database: Database, alert: Alert, language: Language) -> list[ProfileChart]:
    """Draw the profiles of an alert, in the order in which its card names them."""
    profiles = () if alert.card is None else alert.card.profiles
    waybills = {event.waybill for one in profiles for event in one.events if event.waybill is not None}
    known = alerts_of(database, waybills)
    return [_chart(one, alert, known, language) for one in profiles]


def _chart(profile: Profile, alert: Alert, known: Mapping[tuple[str, str], str], language: Language) -> ProfileChart:
    begins_ms, bucket_ms, total = as_ms(profile.begins_at), profile.bucket_s * 1000, len(profile.counts)
    first = max(total - profile.within, 0)
    feature = _FEATURES.get(profile.feature)
    limits = (one.thresholds[profile.feature] for one in alert.findings if profile.feature in one.thresholds)
    whose = "/".join(filter(None, (alert.courier if profile.outlet else None, profile.outlet, profile.operator)))
    return ProfileChart(
        profile.feature if feature is None else bilingual(label(feature), language),
        profile.of.value,
        whose,
        profile.counting == "new_values",
        profile.value,
        next(limits, None),
        profile.estimated,
        tuple(_buckets(profile, begins_ms, bucket_ms, first)),
        tuple(_ticks(begins_ms, bucket_ms, total)),
        round(100 * first / total, 2),
        begins_ms + first * bucket_ms,
        begins_ms + total * bucket_ms,
        bucket_ms,
        tuple(_counted(one, alert, known) for one in reversed(profile.events)),
    )


def _buckets(profile: Profile, begins_ms: int, bucket_ms: int, first: int) -> list[Bucket]:
    total, most = len(profile.counts), max(*profile.counts, 1)
    found = []
    for number, count in enumerate(profile.counts):
        place = placed(number, total, round(HEIGHT * count / most, 1), HEAD + HEIGHT)
        at_ms = begins_ms + number * bucket_ms
        found.append(Bucket(*place, at_ms, count, number >= first, said_of(count, most, total)))
    return found


def _ticks(begins_ms: int, bucket_ms: int, total: int) -> list[Tick]:
    apart = max(round(total / TICKS), 1)
    return [
        Tick(round(100 * number / total, 2), _time(begins_ms + number * bucket_ms, bucket_ms * total))
        for number in range(0, total, apart)
        if number <= total - apart / 2
    ]


def _time(at_ms: int, span_ms: int) -> str:
    local = utc(at_ms).astimezone(CHINA)
    return (
        f"{local:%H:%M}"
        if span_ms <= DAY_MS
        else f"{local:%m-%d}" + (f" {local:%H}" if span_ms <= 60 * HOUR_MS else "")
    )


def _counted(event: CountedEvent, alert: Alert, known: Mapping[tuple[str, str], str]) -> Counted:
    own = (event.courier, event.waybill) == (alert.courier, alert.waybill)
    alert_id = (
        None if own or event.courier is None or event.waybill is None else known.get((event.courier, event.waybill))
    )
    place = "/".join(filter(None, (event.courier, event.outlet)))
    return Counted(as_ms(event.at), place, event.waybill, alert_id, own)
