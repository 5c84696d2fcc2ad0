"""Settings of `parcelward console`: where it keeps what it shows, and where it is reached."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

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
    console_trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses or networks of proxies in front of the console: what they say in X-Forwarded-For is "
        "taken for the address of whoever asks. Nobody else is believed.",
        examples=["10.42.0.0/16,10.0.0.7"],
    )
    console_address: str | None = Field(
        None,
        description="Address of the console in people's browsers; a provider of identities sends them back there.",
        examples=["https://console.parcelward.example"],
    )
    console_local_log_in: bool = Field(
        True, description="People may log in with a name and a password of the console's own."
    )
    console_oidc_issuer: str | None = Field(
        None,
        description="Provider of identities (OpenID Connect) by which people may log in, as it names itself.",
        examples=["https://login.example.gov.cn/realms/security"],
    )
    console_oidc_client_id: str | None = Field(
        None, description="Name under which the provider knows the console.", examples=["parcelward"]
    )
    console_oidc_client_secret: SecretStr | None = Field(
        None, description="Secret of the console at the provider; unset: it has none, PKCE alone proves it."
    )
    console_oidc_role_claim: str = Field(
        "roles",
        description="Claim of the ID token that says roles; a path with dots for one inside another.",
        examples=["realm_access.roles"],
    )
    console_oidc_roles: dict[str, Literal["analyst", "supervisor", "auditor", "rule_author"]] = Field(
        {},
        description="Role here by the value of that claim; of several the first. Who has none stays out.",
        examples=['{"duty-lead": "supervisor", "duty": "analyst"}'],
    )
    console_draws: PathOrUnset = Field(
        None,
        description="Folder in which the console looks for draws by lot (announcement.json, draw.json, results.json), "
        "also below it; unset: none are shown.",
        examples=["/var/lib/parcelward/draws"],
    )

    @field_validator("console_trusted_proxies", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """Take a list with commas, as the environment has it."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("console_trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is no address: it would be believed by nobody, and a star by everybody."""
        for one in value:
            try:
                ip_network(one)
            except ValueError:
                raise ValueError(f"{one} is no address and no network, as 10.0.0.7 or 10.42.0.0/16") from None
        return value
