"""Costs of 100 rules over 10: CPU of the three stages in memory, decoding to alerts, with each pack in turn.

Kafka and durable state are left out, so the ratio for the whole worker is smaller than what is printed here. Both
pipelines see the same batches, one right after the other, and the quickest of some rounds counts, so that what else the
machine does meanwhile weighs on neither.
"""

import gc
import time
from collections.abc import Sequence
from itertools import islice
from typing import Any
from unittest.mock import patch

from parcelward.rules import RulePack, load_pack
from parcelward.rules.pack import assemble
from parcelward.screening.build import Stages, build_stages
from parcelward.screening.in_memory import Pipeline, batches
from parcelward.settings import Settings
from parcelward.stage import Record
from tests.bench.backlog import Backlog
from tests.bench.rules import variants

EVENTS = 20_000
BATCH = 500
ROUNDS = 5


def rules_cost(settings: Settings, backlog: Backlog, events: int = EVENTS) -> dict[str, Any]:
    """Microseconds of CPU per event with 10 and with 100 rules, and their ratio."""
    topics = settings.topics
    records = [
        Record(topics.intake(one.courier), 0, number, one.arrival_ms, one.key, one.value, one.headers)
        for number, one in enumerate(islice(backlog.records(), events))
    ]
    built_in = load_pack(None)
    packs = [assemble(f"bench-{count}", variants(built_in, count)) for count in (10, 100)]
    of_ten, of_hundred = (_with(pack, settings) for pack in packs)
    quickest = [float("inf"), float("inf")]
    for _ in range(ROUNDS):
        gc.collect()
        gc.disable()  # or a collection would be charged to whoever it meets
        for number, seconds in enumerate(_round([of_ten, of_hundred], settings, records)):
            quickest[number] = min(quickest[number], seconds)
        gc.enable()
    ten, hundred = (seconds / len(records) * 1e6 for seconds in quickest)
    return {
        "events": len(records),
        "us_per_event_10_rules": round(ten, 2),
        "us_per_event_100_rules": round(hundred, 2),
        "ratio": round(hundred / ten, 3),
    }


def _with(pack: RulePack, settings: Settings) -> Stages:
    """The stages judging with a pack that no file holds."""
    with patch("parcelward.screening.build.load_pack", return_value=pack):
        return build_stages(settings)


def _round(of_packs: Sequence[Stages], settings: Settings, records: list[Record]) -> list[float]:
    pipelines = [Pipeline(stages, settings.topics) for stages in of_packs]
    used = [0.0] * len(pipelines)
    order = list(range(len(pipelines)))
    for batch in batches(records, BATCH):
        for number in order:
            begun = time.process_time()
            pipelines[number].feed(batch)
            used[number] += time.process_time() - begun
        order.reverse()  # who comes second finds the goods names of the batch in the cache
    return used
