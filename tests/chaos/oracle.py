"""The oracle, a program of its own: reads every topic from its start, replays it offline, and says what is off.

`python -m tests.chaos.oracle ACKNOWLEDGED` reads the settings from the environment, as a worker does, prints the
account as JSON and exits with 1 when anything is lost, counted twice, different, or alerted under two ids.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from parcelward.account import Account, account_for
from parcelward.screening import build_stages
from parcelward.settings import Settings, load_settings
from parcelward.stage import SourceRecord
from parcelward.topic_reader import TopicReader
from streams.screening import screening_plans
from tests.chaos.couriers import mark


def judge(settings: Settings, acknowledged: set[str], seed: int = 0) -> Account:
    """The account of an installation that has come to rest, every deadline passed."""
    missing = set(acknowledged)
    intake = {settings.topics.intake(courier) for courier in settings.couriers}

    def read(topics: Sequence[str]) -> Iterable[SourceRecord]:
        with TopicReader(settings, topics) as reader:
            for record in reader.read_to_end():
                if record.topic in intake:
                    missing.discard(mark(record.topic, record.key, record.value))
                yield record

    plans = screening_plans(settings, build_stages(settings))
    dues = [settings.inspection_due, settings.real_name_due, settings.scan_due or timedelta(0)]
    quiet_ms = max(dues) // timedelta(milliseconds=1) + 2
    account = account_for(plans, settings.topics, settings.partitions, read, quiet_ms, seed)
    if missing:
        account.note("lost", len(missing), "acknowledged, and not in the log")
    return account


def main(acknowledged: Path) -> bool:
    """Judge and print."""
    account = judge(load_settings(), set(acknowledged.read_text().split()))
    print(json.dumps(asdict(account) | {"exact": account.exact}, indent=2, ensure_ascii=False))
    return account.exact


if __name__ == "__main__":
    sys.exit(0 if main(Path(sys.argv[1])) else 1)
