"""Types of settings' values: durations, times by severity, paths that may be unset."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from parcelward.contract.alerts import Severity
from parcelward.moments import duration_of


def _as_duration(value: object) -> object:
    """Take a plain number for seconds, also when it comes as text from the environment, and 90s, 30m, 6h, 2d."""
    if isinstance(value, str) and (duration := duration_of(value)) is not None:
        return duration
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


Duration = Annotated[timedelta, BeforeValidator(_as_duration)]
DurationOrUnset = Annotated[timedelta | None, BeforeValidator(_as_duration)]


def by_severity(*times: str) -> dict[Severity, timedelta]:
    """Defaults from the most severe on."""
    return {
        severity: duration_of(time) or timedelta() for severity, time in zip(reversed(Severity), times, strict=True)
    }


BySeverity = dict[Severity, Annotated[Duration, Field(gt=timedelta(0))]]
PathOrUnset = Annotated[Path | None, BeforeValidator(lambda value: None if value == "" else value)]
"""A path that the empty string unsets."""
