"""A control period in a few plain lines, for whoever signs it or looks which are in force."""

from collections.abc import Iterator, Sequence

from parcelward.controls.period import ExtraDuty, GreenChannel, Period, Scope
from parcelward.moments import CHINA, duration_in_words, utc

_DUTIES = {
    ExtraDuty.SCAN: "a security scan of every parcel",
    ExtraDuty.INSPECT_LETTERS: "an inspection of letters, too",
}


def outline(period: Period) -> list[str]:
    """Say when, where and what, a line each."""
    return list(_lines(period))


def _lines(period: Period) -> Iterator[str]:
    begins, ends = (f"{utc(one).astimezone(CHINA):%Y-%m-%d %H:%M}" for one in (period.from_ms, period.until_ms))
    yield f"{period.name}: {period.title.zh} / {period.title.en} ({period.kind})"
    yield f"parcels whose first record arrives from {begins} on and before {ends} (UTC+8)"
    if period.takes_effect_ms is not None:
        takes_effect = utc(period.takes_effect_ms).astimezone(CHINA)
        yield f"counts instead of the version before from {takes_effect:%Y-%m-%d %H:%M} on"
    yield f"for: {_scope(period.scope)}"
    tighten = period.tighten
    for what, due_ms in (
        ("inspection", tighten.inspection_due),
        ("registration", tighten.real_name_due),
        ("scan", tighten.scan_due),
    ):
        if due_ms is not None:
            yield f"{what} due within {duration_in_words(due_ms)}"
    if tighten.sampled_share is not None:
        yield f"{tighten.sampled_share:.2%} of clean parcels drawn for a check"
    for duty in sorted(period.duties):
        yield f"demands {_DUTIES[duty]}"
    if period.raises:
        yield f"one step graver: {', '.join(sorted(period.raises))}"
    for channel in period.green_channels:
        yield f"green channel: {_channel(channel)}"
    yield f"issued by {period.issued_by.zh} / {period.issued_by.en}; {period.legal_basis}"


def _scope(scope: Scope) -> str:
    parts = (
        _named("couriers", scope.couriers),
        _named("outlets", scope.outlets),
        _named("to", scope.to_regions),
        _named("goods", sorted(scope.goods)),
    )
    return "; ".join(filter(None, parts)) or "every parcel"


def _channel(channel: GreenChannel) -> str:
    parts = (
        _named("names", sorted(channel.names)),
        _named("classes", sorted(channel.classes)),
        _named("of couriers", channel.couriers),
        _named("of outlets", channel.outlets),
    )
    return "; ".join(filter(None, parts))


def _named(what: str, names: Sequence[str]) -> str:
    return f"{what} {', '.join(names)}" if names else ""
