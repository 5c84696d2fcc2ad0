"""`parcelward config`: every setting, redacted and documented."""

from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding

from parcelward.cli.tables import at_terminal, tab_separated
from parcelward.settings import load_settings
from parcelward.settings_page import describe_settings, markdown_page, settings_sources, shown_settings


def config(
    markdown: Annotated[bool, typer.Option("--markdown", help="Write the page docs/configuration.md instead.")] = False,
) -> None:
    """Print every setting with its value, where it comes from and what it means; secrets are never shown."""
    if markdown:
        typer.echo(markdown_page(), nl=False)
        return
    values, sources = shown_settings(load_settings()), settings_sources()
    rows = []
    for setting in describe_settings():
        meaning = setting.description + (f" ({setting.bounds})" if setting.bounds else "")
        value = values[setting.name]
        rows.append((setting.environment, value, sources.get(setting.name, "default"), setting.default, meaning))
    if not at_terminal():
        tab_separated(("environment", "value", "source", "default", "meaning"), rows)
        return
    console = Console(highlight=False, markup=False)
    for environment, value, source, default, meaning in rows:
        set_here = source != "default"
        console.print(f"{environment}={value}", style="bold" if set_here else "", soft_wrap=True)
        where = f"from {source}; the default is {default or 'unset'}" if set_here else "default"
        console.print(Padding(f"{where}. {meaning}", (0, 0, 0, 4)), style="" if set_here else "dim")
