"""Lets the user look at the demo's topics from another terminal: a settings file, and lines to paste."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parcelward.connection_settings import ENV_PREFIX
from parcelward.process.own_command import own_command
from parcelward.settings import Settings
from parcelward.settings_page import shown_value

SECRETS = {"sasl_password", "token_keys"}
"""Settings that are written nowhere."""


def settings_file(settings: Settings) -> str:
    """Write every setting that is not its default as a file for PARCELWARD_CONFIG; secrets are left out."""
    given = [name for name in Settings.model_fields if name in settings.model_fields_set - SECRETS]
    lines = [f"{name} = {_in_toml(getattr(settings, name))}\n" for name in given]
    return "# Settings of the demo that runs; it removes this file when it ends.\n" + "".join(lines)


def _in_toml(value: Any) -> str:
    """A value as TOML: JSON text is TOML text, and every setting but a table may be written as text."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_in_toml(one)}" for name, one in value.items()) + " }"
    return json.dumps(shown_value(value), ensure_ascii=False)


def look_lines(settings: Settings, file: Path) -> list[str]:
    """Give commands for the demo that runs: its alerts, where they stand, refused records, a replay."""
    ours = f"{ENV_PREFIX}CONFIG={shlex.quote(str(file))} {own_command()}"
    return [
        f"{ours} alerts --from-start",
        f"{ours} referrals",
        f"{ours} cases",
        f"{ours} rejected {settings.couriers[0]}",
        f"{ours} replay",
    ]


def missing_secrets(settings: Settings) -> list[str]:
    """Name the environment variables with secrets that these commands need beside the file."""
    return [f"{ENV_PREFIX}{name.upper()}" for name in sorted(settings.model_fields_set & SECRETS)]
