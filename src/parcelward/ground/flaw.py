"""Flaws of the ground: each has a code, says what is wrong, and how to mend it."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple


class Code(StrEnum):
    """The kinds of flaws, the most harmful first. They are values of a metric label, and names in the runbook."""

    SETTINGS = "settings"
    KAFKA = "kafka"
    GAP = "gap"
    POSITION_BEYOND_END = "position_beyond_end"
    TOPIC_MADE_ANEW = "topic_made_anew"
    STATE_GONE = "state_gone"
    POSITIONS_GONE = "positions_gone"
    TOKEN_KEYS = "token_keys"  # noqa: S105 - a code, no key
    PARTITIONS = "partitions"
    TOPIC_MISSING = "topic_missing"
    COPIES = "copies"
    TOPIC_SETTINGS = "topic_settings"
    RETENTION_SHORT = "retention_short"
    CLOCK = "clock"
    RIGHTS = "rights"
    RULES_OR_MODEL = "rules_or_model"
    CONTROL_PERIODS = "control_periods"
    DISK = "disk"
    COURIER_LEFT_OUT = "courier_left_out"
    NEVER_READ = "never_read"
    STATE_UNPROVEN = "state_unproven"
    KEPT_TOO_LONG = "kept_too_long"
    CLOCK_UNKNOWN = "clock_unknown"
    CERTIFICATE = "certificate"
    FILES = "files"
    OTHER = "other"


class Severity(StrEnum):
    """Severity of a flaw: a verdict would be wrong or lost (the worker stops), or somebody should look soon."""

    STOP = "stop"
    WARN = "warn"


class Flaw(NamedTuple):
    """One thing that does not fit."""

    code: Code
    severity: Severity
    wrong: str
    mend: str

    @property
    def sentence(self) -> str:
        """Both parts in one sentence."""
        return f"{self.wrong}; {self.mend}"


_ORDER = {code: number for number, code in enumerate(Code)}


def in_order(flaws: Iterable[Flaw]) -> list[Flaw]:
    """Sort flaws: what stops a worker first, then by harm."""
    return sorted(flaws, key=lambda one: (one.severity is not Severity.STOP, _ORDER[one.code]))


def stops(flaws: Iterable[Flaw]) -> Sequence[Flaw]:
    """Choose the flaws that stop a worker, the most harmful first."""
    return [one for one in in_order(flaws) if one.severity is Severity.STOP]
