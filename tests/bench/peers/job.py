"""The job of every engine. Only the standard library is used, because every environment imports this module."""

import json
import os
from dataclasses import asdict, dataclass
from typing import Self

VARIABLE = "PEERS_JOB"
TENTH = 10
BATCH = 10_000
"""Most records that the loop and our own engine take at once."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run of one engine. `app` names the group and is new for every run; `folder` is for state on disk."""

    kafka: str
    source: str
    alerts: str
    changelog: str
    app: str
    partitions: int
    session_ms: int
    folder: str
    exactly_once: bool

    def environment(self) -> dict[str, str]:
        """Return the job as environment variables."""
        return {VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def given(cls) -> Self:
        """The job that this process was started for."""
        return cls(**json.loads(os.environ[VARIABLE]))
