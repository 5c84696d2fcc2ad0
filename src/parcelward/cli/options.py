"""Options that several subcommands share."""

import re
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from pydantic import TypeAdapter, ValidationError

from parcelward.contract.fields import CourierCode
from parcelward.errors import UserError
from parcelward.escaping import escaped
from parcelward.moments import CHINA, duration_of
from parcelward.settings import Settings, load_settings

Kafka = Annotated[
    str | None,
    typer.Option(help="Bootstrap servers, host:port; default: the setting kafka.", show_default=False),
]


def settings_with(kafka: str | None, **overrides: Any) -> Settings:
    """The settings, with the servers from the command line when they were given."""
    return load_settings(**overrides, **({"kafka": kafka} if kafka else {}))


def moment_ms(option: str, text: str | None, zone: tzinfo | None = CHINA) -> int | None:
    """The time that was given with an option, in epoch ms; None when none was. Raises UserError naming the option."""
    return None if text is None else round(since_when(option, text, datetime.now().astimezone(zone)).timestamp() * 1000)


def since_when(option: str, text: str, now: datetime) -> datetime:
    """The moment that an option names: a time of the zone of `now` unless it says its own, or an age as 30m, 6h, 2d.

    Raises UserError, naming the option, for anything else.

    >>> since_when("--since", "6h", datetime(2026, 11, 23, 18, tzinfo=UTC))
    datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        if (age := duration_of(text)) is not None:
            return now - age
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise UserError(f"{option} {escaped(text)}: write a time like 2026-11-23T08:00, or 30m, 6h, 2d") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=now.tzinfo)


def courier_code(option: str, text: str) -> str:
    """The courier that was given. Raises UserError, naming the option, where the text can be no courier's code.

    >>> courier_code("--courier", "swift")
    'swift'
    """
    try:
        return _courier_code(text)
    except ValidationError:
        hint = f"; codes are lower case, did you mean {text.lower()}?" if text.lower() != text else ""
        raise UserError(f"{option} {escaped(text)}: this is no courier code{escaped(hint)}") from None


_courier_code = TypeAdapter(CourierCode).validate_python

Zone = Annotated[
    str,
    typer.Option("--tz", help="Time zone of the times: +08:00, Asia/Shanghai, UTC, or local for this machine's."),
]
TIME = "a time (2026-11-23T08:00, of China unless it names a zone) or 30m, 6h, 2d ago"
TIME_TZ = "a time (2026-11-23T08:00, of the zone of --tz unless it names one) or 30m, 6h, 2d ago"
"""Forms of a time, for the help of an option."""
CHINA_ZONE = "+08:00"
"""Parcels of China, whichever zone the machine is in."""
_OFFSET = re.compile(r"[+-][0-9]{2}:[0-9]{2}")


def zone_of(text: str) -> tzinfo | None:
    """The time zone that `--tz` names; None for the machine's own. Raises UserError for one that is not known.

    >>> zone_of("+08:00")
    datetime.timezone(datetime.timedelta(seconds=28800))
    """
    if text == "local":
        return None
    if text == "UTC":
        return UTC
    try:
        if _OFFSET.fullmatch(text):
            return datetime.strptime(text, "%z").tzinfo
        return ZoneInfo(text)
    except (ValueError, ZoneInfoNotFoundError, OSError):
        raise UserError(
            f"--tz {escaped(text)}: no such time zone here; write +08:00, a name like Asia/Shanghai, UTC or local"
        ) from None
