"""The oracle, a program of its own: reads every topic from its start, replays it offline, and says what is off.

`python -m tests.chaos.oracle FOLDER` reads the settings from the environment, as a worker does, prints the
audit as JSON and exits with 1 when anything is lost, counted twice, different, or alerted under two ids; or when a
replay of what came in, in the order of the live run, leads to other alerts, refusals, instructions, referrals or cases.
In the folder lie what was acknowledged, the logs of the workers and copies of what retention has deleted. An event is
not lost if a worker said that it was gone.
"""

import json
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from parcelward.audit import Audit, audit_recording
from parcelward.replay.check import check
from parcelward.replay.compare import COMPARED, EVERYTHING
from parcelward.screening.build import Stages, build_stages
from parcelward.settings import Settings, load_settings
from parcelward.stage import SourceRecord
from tests.chaos.couriers import MARK_BYTES, mark
from tests.chaos.retention import WithCopies, gaps_said, said_again


def judge(topics: WithCopies, settings: Settings, stages: Stages, promised: set[str]) -> tuple[Audit, int]:
    """The audit of an installation that has come to rest, every deadline passed; and how many events are said gone."""
    missing = set(promised)
    names = settings.topics
    came_in = {*map(names.intake, settings.couriers), *map(names.answers, settings.couriers), names.decisions}

    def see(record: SourceRecord) -> None:
        if record.topic in came_in:
            missing.discard(mark(record.topic, record.key, record.value))

    audit, before = audit_recording(topics, settings, stages, see), len(missing)
    for record in topics.unread.values():
        see(record)
    if missing:
        audit.note("lost", len(missing), "acknowledged, not in the log, and no worker said so")
    return audit, before - len(missing)


def acknowledged(folder: Path) -> set[str]:
    """The marks of what was acknowledged, without the one that a killed process was about to write."""
    marks: set[str] = set()
    for path in (*(folder / "acknowledged").iterdir(), *folder.glob("letters")):
        text = path.read_bytes()
        marks.update(text[: len(text) // MARK_BYTES * MARK_BYTES].decode().split())
    return marks


def replay(topics: WithCopies, stages: Stages) -> dict[str, Any]:
    """Replay what came in alone: whatever a stage was given wrongly shows here."""
    checked = check(topics, stages, EVERYTHING)
    said = asdict(checked.comparison)
    return {"same": checked.comparison.same, "events": checked.events, "notes": checked.notes} | {
        name: said[name] for name in (*COMPARED, "differences")
    }


def main(folder: Path) -> bool:
    """Judge and print."""
    settings = load_settings()
    stages, gaps = build_stages(settings), gaps_said(folder.glob("worker-*.log"))
    with closing(WithCopies(settings, folder / "eaten", gaps)) as topics:
        audit, gone = judge(topics, settings, stages, acknowledged(folder))
    with closing(WithCopies(settings, folder / "eaten", gaps)) as topics:
        replayed = replay(topics, stages)
    exact = audit.exact and replayed["same"]
    said = asdict(audit) | {"gone_and_said": gone, "gaps": len(gaps), "gaps_said_again": said_again(gaps)}
    said |= {"replay": replayed, "exact": exact}
    print(json.dumps(said, indent=2, ensure_ascii=False))
    return exact


if __name__ == "__main__":
    sys.exit(0 if main(Path(sys.argv[1])) else 1)
