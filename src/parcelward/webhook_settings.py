"""Settings of `parcelward deliver`: where webhooks go, signed with what, and which records are sent."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode

from parcelward.contract.alerts import Lane, Severity
from parcelward.contract.patterns import COURIER_PATTERN
from parcelward.setting_types import Duration, PathOrUnset

_COURIER = COURIER_PATTERN.strip("^$")
TopicName = Annotated[str, Field(pattern=rf"^(alerts|cases|referrals|(instructions|accounts)\.({_COURIER}))$")]
"""A topic that may leave the installation: none that others write as they like, and none of the stages' own."""
ReceiverName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class WebhookSettings(BaseSettings):
    """The settings of the webhooks; a part of `Settings`."""

    webhook_url: str = Field(
        "",
        description="Address that `parcelward deliver` sends to; https, unless it is this machine or webhook_http is "
        "on. It is logged, so no secret may stand in it.",
        examples=["https://control.example.cn/parcelward"],
    )
    webhook_secrets: SecretStr | None = Field(
        None,
        description="Secrets that webhooks are signed with, each `whsec_` and base64 of 24 to 64 random bytes, apart "
        "by spaces, commas or lines; several while one replaces another.",
    )
    webhook_name: ReceiverName = Field(
        "platform",
        description="Name of the receiver: under it Kafka keeps how far it was served.",
        examples=["city-control"],
    )
    webhook_topics: Annotated[tuple[TopicName, ...], NoDecode] = Field(
        ("alerts",),
        min_length=1,
        description="Topics whose records are sent, without the prefix: alerts, cases, referrals, "
        "instructions.<courier>, accounts.<courier>.",
        examples=["alerts,cases"],
    )
    webhook_lanes: Annotated[tuple[Lane, ...], NoDecode] = Field(
        tuple(Lane), min_length=1, description="Alerts of these lanes only.", examples=["red,yellow"]
    )
    webhook_severity: Severity = Field(
        Severity.LOW, description="Alerts that have, or had, a finding at least so severe.", examples=["high"]
    )
    webhook_begin: Duration = Field(
        timedelta(days=90),
        ge=timedelta(0),
        description="Where to begin when no position is kept for this receiver: with records of this age.",
        examples=["1h"],
    )
    webhook_http: bool = Field(False, validate_default=True, description="Allow http, unencrypted, to other machines.")
    webhook_cafile: PathOrUnset = Field(
        None, description="CA certificate of the receiver, where it is no public one.", examples=["/etc/pw/ca.pem"]
    )
    webhook_timeout: Duration = Field(
        timedelta(seconds=15),
        ge=timedelta(milliseconds=100),
        le=timedelta(minutes=1),
        description="Longest time of one attempt, answer included.",
    )
    webhook_parallel: int = Field(8, ge=1, le=256, description="Most requests at a time, each of another waybill.")
    webhook_waiting: int = Field(
        10_000, ge=1, le=1_000_000, description="Most records that wait in memory; then nothing more is read."
    )

    @field_validator("webhook_topics", "webhook_lanes", mode="before")
    @classmethod
    def _separate(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("webhook_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        """Refuse what is no address, and one with credentials: it would be logged."""
        if value:
            try:
                parts = urlsplit(value)
                good = parts.scheme in ("https", "http") and parts.hostname and parts.port != 0
            except ValueError:
                good = False
            if not good:
                raise PydanticCustomError("address", "must be an address like https://host/path")
            if parts.username or parts.password:
                raise PydanticCustomError("credentials", "must hold no user and no password; webhooks are signed")
        return value

    @field_validator("webhook_http")
    @classmethod
    def _is_encrypted(cls, value: bool, info: ValidationInfo) -> bool:
        """Refuse http to another machine unless it is asked for."""
        parts = urlsplit(info.data.get("webhook_url") or "")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK and not value:
            raise PydanticCustomError(
                "unencrypted", "webhook_url must begin with https, or anybody on the way reads the alerts"
            )
        return value
