"""The broker's cost of a run: CPU while events were published and while they were worked off, and disk by topic."""

import os
from pathlib import Path

from parcelward.broker import LocalBroker
from parcelward.topics import Topics

TICKS = os.sysconf("SC_CLK_TCK")


def broker_cpu_s(broker: LocalBroker) -> float:
    """CPU seconds the broker has used since its start."""
    fields = Path(f"/proc/{broker.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def disk_bytes(home: Path, topics: Topics) -> dict[str, int]:
    """Bytes of log segments by kind of topic, all partitions, one replica; changelogs as they are before compaction."""
    kinds = {
        "intake": topics.intake(""),
        "between stages": f"{topics.app_id}.",
        "changelogs": f"{topics.app_id}-",
        "alerts": topics.alerts,
        "rejected": topics.rejected(""),
    }
    found = dict.fromkeys(kinds, 0)
    for segment in (home / "data").glob(f"{topics.prefix}*/*.log"):
        kind = next((kind for kind, beginning in kinds.items() if segment.parent.name.startswith(beginning)), None)
        if kind is not None:
            found[kind] += segment.stat().st_size
    return found
