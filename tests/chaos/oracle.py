"""The oracle, a program of its own: reads every topic from its start, replays it offline, and says what is off.

`python -m tests.chaos.oracle ACKNOWLEDGED` reads the settings from the environment, as a worker does, prints the
audit as JSON and exits with 1 when anything is lost, counted twice, different, or alerted under two ids; or when a
replay of the intake alone, in the order of the live run, leads to other alerts or refusals.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from parcelward.audit import Audit, audit_recording
from parcelward.replay.check import check
from parcelward.replay.compare import EVERYTHING
from parcelward.replay.live import RecordedTopics
from parcelward.screening.build import Stages, build_stages
from parcelward.settings import Settings, load_settings
from parcelward.stage import SourceRecord
from tests.chaos.couriers import mark


def judge(settings: Settings, stages: Stages, acknowledged: set[str], seed: int = 0) -> Audit:
    """The audit of an installation that has come to rest, every deadline passed."""
    missing = set(acknowledged)
    intake = {settings.topics.intake(courier) for courier in settings.couriers}

    def see(record: SourceRecord) -> None:
        if record.topic in intake:
            missing.discard(mark(record.topic, record.key, record.value))

    with RecordedTopics(settings, whole=True) as recording:
        audit = audit_recording(recording, settings, stages, see, seed)
    if missing:
        audit.note("lost", len(missing), "acknowledged, and not in the log")
    return audit


def replay(settings: Settings, stages: Stages) -> dict[str, Any]:
    """Replay the intake alone: whatever a stage was given wrongly shows here."""
    with RecordedTopics(settings, whole=True) as recording:
        checked = check(recording, stages, EVERYTHING)
    said = asdict(checked.comparison)
    return {"same": checked.comparison.same, "events": checked.events, "notes": checked.notes} | {
        name: said[name] for name in ("alerts", "rejected", "differences")
    }


def main(acknowledged: Path) -> bool:
    """Judge and print."""
    settings = load_settings()
    stages = build_stages(settings)
    audit, replayed = judge(settings, stages, set(acknowledged.read_text().split())), replay(settings, stages)
    exact = audit.exact and replayed["same"]
    print(json.dumps(asdict(audit) | {"replay": replayed, "exact": exact}, indent=2, ensure_ascii=False))
    return exact


if __name__ == "__main__":
    sys.exit(0 if main(Path(sys.argv[1])) else 1)
