"""Settings of `parcelward console`: where it keeps what it shows."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class ConsoleSettings(BaseSettings):
    """The settings of the console; a part of `Settings`."""

    console_database: SecretStr | None = Field(
        None,
        description="Database of the console, as a URL: postgresql://user:password@host/name, or sqlite:////path; "
        "unset: SQLite, in console_home.",
    )
    console_home: Path = Field(
        Path("build/console"),
        description="Folder of the console's own files.",
        examples=["/var/lib/parcelward/console"],
    )
