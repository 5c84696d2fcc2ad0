"""Settings of `parcelward console`: where it keeps what it shows, and where it is reached."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from parcelward.setting_types import PathOrUnset


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
    console_host: str = Field(
        "127.0.0.1",
        description="Address of the console; one that other machines reach needs console_certificate.",
        examples=["10.0.0.7"],
    )
    console_port: int = Field(9110, ge=0, le=65535, description="Port of the console; 0: any free one.")
    console_metrics_port: int = Field(
        9111, ge=0, le=65535, description="Port of the console's /metrics, at http_host; 0: any free one."
    )
    console_certificate: PathOrUnset = Field(
        None,
        description="Certificate of the console with its chain, PEM; unset: no TLS, on this machine alone.",
        examples=["/etc/parcelward/console.pem"],
    )
    console_certificate_key: PathOrUnset = Field(
        None, description="Private key of that certificate, PEM.", examples=["/etc/parcelward/console.key"]
    )
    console_draws: PathOrUnset = Field(
        None,
        description="Folder in which the console looks for draws by lot (announcement.json, draw.json, results.json), "
        "also below it; unset: none are shown.",
        examples=["/var/lib/parcelward/draws"],
    )
