"""Options that several subcommands share."""

from datetime import datetime
from typing import Annotated, Any

import typer

from parcelward.errors import UserError
from parcelward.settings import Settings, load_settings

Kafka = Annotated[
    str | None,
    typer.Option(help="Bootstrap servers, host:port; default: the setting kafka.", show_default=False),
]


def settings_with(kafka: str | None, **overrides: Any) -> Settings:
    """The settings, with the servers from the command line when they were given."""
    return load_settings(**overrides, **({"kafka": kafka} if kafka else {}))


def moment_ms(option: str, text: str | None) -> int | None:
    """The time that was given with an option, in epoch ms; None when none was. Raises UserError naming the option."""
    return None if text is None else round(moment_of(option, text).timestamp() * 1000)


def moment_of(option: str, text: str) -> datetime:
    """The time that was given with an option. Raises UserError naming the option."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{option} {text!r} is not a time; write it like 2026-11-23T08:00:00+08:00") from None
    if moment.tzinfo is None:
        raise UserError(f"{option} {text!r} has no time zone; write it like 2026-11-23T08:00:00+08:00")
    return moment
