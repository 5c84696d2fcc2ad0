"""Settings of what an installation is connected to: brokers, topics, couriers, and the keys of its tokens."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from parcelward.contract.fields import CourierCode

ENV_PREFIX = "PARCELWARD_"
DEMO_KEY = "demo-key-not-for-production"


class ConnectionSettings(BaseSettings):
    """The settings that say where records come from and go to; the first part of `Settings`."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    # Kafka
    kafka: str = Field("127.0.0.1:19092", description="Bootstrap servers, host:port[,host:port].", examples=["k1:9092"])
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="Protocol towards the brokers; everything but the local broker uses SASL_SSL."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="SASL mechanism, when SASL is used."
    )
    sasl_username: str | None = Field(None, description="SASL user.", examples=["worker"])
    sasl_password: SecretStr | None = Field(None, description="SASL password.")
    ssl_cafile: Path | None = Field(None, description="CA certificate of the brokers.", examples=["/etc/pw/ca.pem"])
    topic_prefix: str = Field(
        "", pattern=r"^([a-z0-9-]+\.)?$", description="Prefix of every topic and group name.", examples=["test."]
    )
    couriers: Annotated[tuple[CourierCode, ...], NoDecode] = Field(
        ("swift", "orient", "harbor"),
        min_length=1,
        description="Courier codes whose intake topics are read.",
        examples=["swift,orient"],
    )
    partitions: int = Field(4, ge=1, le=512, description="Partitions of intake and screening topics.", examples=[64])
    replication: int = Field(
        1, ge=1, le=9, description="Replication factor of topics that are created, and least of others.", examples=[3]
    )
    move_misplaced: bool = Field(
        True,
        description="Move intake records that lie in another partition than the contract names into the right one; "
        "off: screen them where they lie, for a worker that may not write to intake topics.",
    )
    manage_topics: bool = Field(True, description="Create missing topics at start; off where ops create them.")

    # Identity
    token_keys: dict[str, SecretStr] = Field(
        {"demo": SecretStr(DEMO_KEY)},
        min_length=1,
        description="HMAC keys by key id (1 to 8 of a-z0-9), JSON; another key needs another id; the default is "
        "public, for PLAINTEXT only.",
        examples=['{"k1": "64 hex digits"}'],
    )
    token_key: str = Field("demo", description="Id of the key that makes new tokens.", examples=["k1"])
