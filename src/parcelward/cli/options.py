"""Options that several subcommands share."""

from typing import Annotated, Any

import typer

from parcelward.settings import Settings, load_settings

Kafka = Annotated[
    str | None,
    typer.Option(help="Bootstrap servers, host:port; default: the setting kafka.", show_default=False),
]


def settings_with(kafka: str | None, **overrides: Any) -> Settings:
    """The settings, with the servers from the command line when they were given."""
    return load_settings(**overrides, **({"kafka": kafka} if kafka else {}))
