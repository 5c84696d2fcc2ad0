"""Every setting, with type, bound, description and example; the only module that reads the environment."""

import os
import tomllib
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from parcelward.connection_settings import DEMO_KEY, ENV_PREFIX, ConnectionSettings
from parcelward.console_settings import ConsoleSettings
from parcelward.contract.alerts import Severity
from parcelward.contract.fields import CourierCode
from parcelward.errors import UserError
from parcelward.secret_files import SUFFIX, secret
from parcelward.setting_types import BySeverity, Duration, DurationOrUnset, PathOrUnset, by_severity
from parcelward.topics import Topics
from parcelward.webhook_settings import WebhookSettings

DEFAULT_FILE = "parcelward.toml"


class Settings(ConsoleSettings, WebhookSettings, ConnectionSettings):
    """Settings from environment (`PARCELWARD_*`), then `parcelward.toml` (or the file in PARCELWARD_CONFIG)."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    # Duties and time
    inspection_due: Duration = Field(
        timedelta(minutes=30), gt=timedelta(0), description="Time after acceptance until an inspection is overdue."
    )
    real_name_due: Duration = Field(
        timedelta(minutes=30),
        gt=timedelta(0),
        description="Time after the first record of a waybill until its real-name event is overdue.",
    )
    scan_due: DurationOrUnset = Field(
        None,
        gt=timedelta(0),
        description="Time after acceptance until a security scan is overdue; unset: not demanded.",
    )
    ledger_keep: Duration = Field(
        timedelta(days=30),
        gt=timedelta(0),
        description="How long a waybill is remembered, for reuse and late events; longer than every deadline, and than "
        "max_event_age and max_event_ahead together.",
    )
    photo_keep: Duration = Field(
        timedelta(days=7), gt=timedelta(0), description="How long an inspection photo's hash is remembered."
    )
    idle_grace: Duration = Field(
        timedelta(seconds=2),
        ge=timedelta(0),
        description="How long after a deadline an idle partition waits for a record that is on its way; with three "
        "brokers set 60 s.",
    )
    outage_grace: Duration = Field(
        timedelta(seconds=30),
        ge=timedelta(0),
        description="How long deadlines wait, at least, after Kafka was away and after a start, for what couriers kept "
        "meanwhile; 0: not at all.",
    )
    max_event_age: Duration = Field(
        timedelta(days=7), gt=timedelta(0), description="Older event times are refused (time_out_of_range)."
    )
    max_event_ahead: Duration = Field(
        timedelta(minutes=10), gt=timedelta(0), description="Event times further ahead of arrival are refused."
    )

    # Judging
    rule_pack: PathOrUnset = Field(None, description="Rule pack to load; unset: the one that is built in.")
    model: PathOrUnset = Field(
        Path("models/current"), description="Folder of the released model; empty string: rules only."
    )
    sampled_share: float = Field(
        0.001,
        ge=0,
        le=0.1,
        description="Share of clean parcels alerted as green_sampled, so that outcomes stay unbiased.",
    )

    control_periods: PathOrUnset = Field(
        None,
        description="Folder of signed control periods, read at the start (docs/control-periods.md); unset: none.",
        examples=["/etc/parcelward/control"],
    )
    control_keys: dict[str, str] = Field(
        {},
        description="Public keys that sign control periods, by key id, JSON: the key, and until when it signs, as "
        "`parcelward control keygen` prints it.",
        examples=['{"duty-2026": "BASE64 until 2027-01-01T00:00:00+08:00"}'],
    )

    # The life of an alert
    acknowledge_due: BySeverity = Field(
        by_severity("5m", "15m", "4h", "1d"),
        description="Time until somebody has acknowledged an alert, by its severity, JSON; then it is passed up. What "
        "is left out keeps its default.",
        examples=['{"high": "10m"}'],
    )
    decide_due: BySeverity = Field(
        by_severity("30m", "2h", "8h", "2d"),
        description="Time from then until somebody has decided, by severity, JSON; then it is passed up.",
        examples=['{"medium": "1d"}'],
    )
    answer_due: BySeverity = Field(
        by_severity("10m", "30m", "4h", "1d"),
        description="Time until the courier has answered an instruction, by severity, JSON; then it is reminded, and "
        "the alert is passed up.",
        examples=['{"critical": "5m"}'],
    )
    answer_due_of: dict[CourierCode, Annotated[dict[Severity, Duration], Field(min_length=1)]] = Field(
        {},
        description="Other times to answer for some couriers, by courier and severity, JSON.",
        examples=['{"swift": {"high": "20m"}}'],
    )
    settle_after: Duration = Field(
        timedelta(days=1),
        gt=timedelta(0),
        description="Time after a decision, or after evidence has withdrawn an alert, in which anybody who decides can "
        "re-open it; then it is closed.",
    )
    referral_keep: Duration = Field(
        timedelta(days=60),
        ge=timedelta(days=31),
        description="How long a closed alert, and a case, is remembered; longer than a snooze may last. What has "
        "expired, or is still held without an outcome, is never forgotten.",
    )
    case_window: Duration = Field(
        timedelta(days=1),
        ge=timedelta(seconds=1),
        le=timedelta(days=7),
        description="Alerts of one kind about one subject are one case if they are raised in the same window of this "
        "length; windows begin at midnight in China.",
    )
    case_budget: int = Field(
        50,
        ge=1,
        description="Cases of one courier and theme that may ask people in one `case_window`; what comes over it is "
        "counted in one case of the courier. Red and critical alerts always ask.",
    )
    case_budget_of: dict[CourierCode, Annotated[int, Field(ge=1)]] = Field(
        {}, description="Another budget for some couriers, JSON.", examples=['{"swift": 200}']
    )
    outlet_case_budget: int = Field(
        10, ge=1, description="Cases of one theme that may ask people in one `case_window` because of one outlet."
    )
    answer_every_parcel: Annotated[tuple[CourierCode, ...], NoDecode] = Field(
        (),
        description="Couriers that are told about every parcel whose records at the counter are complete, also that "
        "nothing is to be done about it.",
        examples=["swift,orient"],
    )
    instruct_yellow: bool = Field(
        False, description="Send instructions about yellow alerts at once; off: only when a person says so."
    )

    # Ground
    gaps: Literal["stop", "go_on"] = Field(
        "stop",
        description="What to do when records are gone before they were read: stop until somebody has looked, or count "
        "them and go on after them.",
    )
    workers_away: Duration = Field(
        timedelta(days=3),
        gt=timedelta(0),
        description="How long all workers may be away: no topic that they read may keep its records for less.",
    )
    clock_tolerance: Duration = Field(
        timedelta(seconds=30),
        gt=timedelta(0),
        description="How far this machine's clock may be from the brokers': beyond, a worker does not start, and one "
        "that runs fires no deadline.",
    )
    check_every: Duration = Field(
        timedelta(seconds=30),
        ge=timedelta(seconds=1),
        le=timedelta(minutes=1),
        description="Time between two checks of the ground that a worker stands on (`parcelward doctor`).",
    )
    linger: Duration = Field(
        timedelta(0),
        ge=timedelta(0),
        le=timedelta(minutes=10),
        description="How long a worker that something wrong keeps from working (exit code 2) still serves /metrics and "
        "/ready before it ends, so that Prometheus learns why: two of its scrapes or more.",
    )

    # Worker
    commit_every: Duration = Field(
        timedelta(milliseconds=150),
        ge=timedelta(0),
        le=timedelta(seconds=5),
        description=(
            "Longest time that records wait for others after a commit, unless 500 of them wait. A worker commits "
            "sooner the less its commits take: three times as long after one as it took, but no sooner than a sixth "
            "of the setting. Of all this a third while an event's stages are on several workers, and it passes "
            "several commits. Larger costs latency and saves CPU at low load."
        ),
    )
    state_dir: PathOrUnset = Field(
        None,
        description="Folder for state on disk, one per worker: for state that outgrows memory, and to read only the "
        "end of the changelog after a restart; unset: in memory.",
        examples=["/var/lib/parcelward/state"],
    )
    batch_records: int = Field(2000, ge=1, le=100_000, description="Most records fetched into one batch.")
    max_record_bytes: int = Field(65_536, ge=1024, le=1_000_000, description="Larger values are refused (too_large).")
    poison_share: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Share of intake records our own code may fail on; more of them stop the worker, unacknowledged.",
    )
    session_timeout: Duration = Field(
        timedelta(seconds=6),
        ge=timedelta(seconds=1),
        description="Silence after which the group declares a worker dead.",
    )
    http_host: str = Field("127.0.0.1", description="Address of /metrics, /health and /ready.")
    http_port: int = Field(9108, ge=0, le=65535, description="Port of /metrics, /health and /ready; 0: any free one.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Log level.")

    # Couriers' publisher
    spool: PathOrUnset = Field(
        None,
        description="Folder where `parcelward publish` keeps events until they are acknowledged; they outlive a kill.",
        examples=["/var/lib/parcelward/spool"],
    )
    spool_mb: int = Field(1000, ge=1, description="Size of a spool, MB; publishing says so when it is full.")
    spool_fsync: bool = Field(
        False, description="Force each portion of a spool to the disk, so that it outlives a power cut; slower."
    )

    # Local broker
    broker_home: Path = Field(Path("build/kafka"), description="Folder of the local broker's data.")

    @field_validator("couriers", "answer_every_parcel", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("couriers")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise PydanticCustomError("twice", "a courier is named twice")
        return value

    @field_validator("answer_every_parcel")
    @classmethod
    def _of_couriers(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for courier in value:
            if courier not in info.data.get("couriers", value):
                raise PydanticCustomError("no_courier", "{courier} is none of the couriers", {"courier": courier})
        return value

    @field_validator("ledger_keep")
    @classmethod
    def _longer_than_deadlines(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        """Refuse to forget a waybill before its deadline: it would never become overdue."""
        for name in ("inspection_due", "real_name_due", "scan_due"):
            due = info.data.get(name)
            if due is not None and value <= due:
                raise PydanticCustomError(
                    "too_short",
                    "must be longer than {name}, or what is overdue is forgotten before it is told",
                    {"name": name},
                )
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments win over the environment (and its files), the environment over the file."""
        path = Path(os.environ.get(f"{ENV_PREFIX}CONFIG") or DEFAULT_FILE)
        return init_settings, SecretFiles(settings_cls), env_settings, TomlConfigSettingsSource(settings_cls, path)

    @property
    def uses_demo_key(self) -> bool:
        """True when tokens are made with the key that is public."""
        secret = self.token_keys.get(self.token_key)
        return secret is not None and secret.get_secret_value() == DEMO_KEY

    @property
    def topics(self) -> Topics:
        """Topic names of this installation."""
        return Topics(self.topic_prefix)


class SecretFiles(EnvSettingsSource):
    """Source of secrets: the files that `PARCELWARD_<SECRET>_FILE` name."""

    def __call__(self) -> dict[str, Any]:
        """Read them. Raises UserError for a file that cannot be read, and a secret that is set as well."""
        found = {}
        for name in SECRETS:
            variable = f"{ENV_PREFIX}{name.upper()}"
            if os.environ.get(variable + SUFFIX) and (value := secret(variable, os.environ)) is not None:
                found[name] = value
        self.env_vars = {f"{ENV_PREFIX}{name}".lower(): value for name, value in found.items()}
        return super().__call__()


SECRETS = tuple(name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation))
"""Settings that hold secrets, which may lie in files."""


def load_settings(**overrides: Any) -> Settings:
    """Read settings from all sources, `overrides` first. Raises UserError naming the setting or file that is wrong."""
    path = os.environ.get(f"{ENV_PREFIX}CONFIG")
    if path and not Path(path).is_file():
        raise UserError(f"{ENV_PREFIX}CONFIG names {path}, which is not a file; correct it or unset it")
    _refuse_unknown_environment()
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name, *inside = map(str, first["loc"] or ("settings",))
        if first["type"] == "extra_forbidden":
            raise UserError(f"settings file {path or DEFAULT_FILE}: there is no setting {name}{_meant(name)}") from None
        if first["type"].startswith("time_delta"):
            forms = "seconds (90), 30m, 6h, 2d, ISO 8601 (PT30M) or HH:MM:SS"
            raise UserError(f"{_place(name)}: must be a duration: {forms}") from None
        entry = f", entry {int(inside[0]) + 1}" if inside and inside[0].isdecimal() else ""
        raise UserError(f"{_place(name)}{entry}: {first['msg']}") from None
    except SettingsError as error:
        # pydantic-settings names the field in its text only.
        name = next((name for name in Settings.model_fields if f'"{name}"' in str(error)), "settings")
        raise UserError(f"{_place(name)}: must be JSON, see docs/configuration.md") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UserError(f"settings file {path or DEFAULT_FILE} is not readable: {error}") from None


def _place(name: str) -> str:
    return f"setting {name} (environment {ENV_PREFIX}{name.upper()})"


def _refuse_unknown_environment() -> None:
    """Raise UserError for a variable that no setting reads: otherwise a misspelt one would be ignored in silence."""
    known = {*Settings.model_fields, "config", *(f"{name}{SUFFIX}".lower() for name in SECRETS)}
    for variable in os.environ:
        name = variable.removeprefix(ENV_PREFIX).lower()
        if variable.startswith(ENV_PREFIX) and name not in known:
            raise UserError(f"environment {variable}: there is no setting {name}{_meant(name)}")


def _meant(name: str) -> str:
    close = get_close_matches(name, Settings.model_fields, 1)
    return f"; did you mean {close[0]}?" if close else "; `parcelward config` lists them"
