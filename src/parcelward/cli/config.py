"""`parcelward config`: every setting, redacted and documented."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from parcelward.settings import load_settings
from parcelward.settings_page import describe_settings, markdown_page, shown_value


def config(
    markdown: Annotated[bool, typer.Option("--markdown", help="Write the page docs/configuration.md instead.")] = False,
) -> None:
    """Print every setting with its value, source and meaning; secrets are never shown."""
    if markdown:
        typer.echo(markdown_page(), nl=False)
        return
    settings = load_settings()
    table = Table(title="Settings (environment wins over parcelward.toml)", title_justify="left", show_lines=False)
    for heading in ("environment", "value", "default", "meaning"):
        table.add_column(heading, overflow="fold")
    for setting in describe_settings():
        value = shown_value(getattr(settings, setting.name))
        changed = value != setting.default
        meaning = setting.description + (f" ({setting.bounds})" if setting.bounds else "")
        table.add_row(
            setting.environment, value, setting.default if changed else "", meaning, style="bold" if changed else ""
        )
    Console(highlight=False, markup=False).print(table)
