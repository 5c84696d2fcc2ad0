"""`python -m tests.bench.proceed_cost`: CPU and bytes of a word about every parcel (`answer_every_parcel`).

The same traffic goes through the pipeline in memory with it and without it, by turns in one run, so that other work on
the machine slows down both sides.
"""

import argparse
import json
import time
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from parcelward.contract.steps import InstructionAction
from parcelward.screening.build import Stages, build_stages
from parcelward.screening.in_memory import Pipeline, batches
from parcelward.settings import load_settings
from parcelward.simulate import Plan, Simulation
from parcelward.stage import Send, SourceRecord
from parcelward.topics import Topics
from parcelward.training.traffic import simulated_records

START = datetime(2026, 11, 23, tzinfo=UTC)
BATCH = 512


class Run(NamedTuple):
    """CPU seconds of a run, and the words that say that nothing is to be done."""

    seconds: float
    words: list[bytes]


def main() -> None:
    """Compare the least disturbed run of each side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=7)
    given = parser.parse_args()
    plain = load_settings(answer_every_parcel=())
    told = load_settings(answer_every_parcel=plain.couriers)
    traffic = simulated_records(Simulation(Plan(start=START, waybills_per_day=200_000, seed=7)), plain.topics)
    records = [list(batch) for batch in batches(islice(traffic, given.events), BATCH)]
    without, with_words = build_stages(plain), build_stages(told)
    pairs = [(run(without, plain.topics, records), run(with_words, plain.topics, records)) for _ in range(given.runs)]
    words = pairs[0][1].words
    before, after = (min(one.seconds for one in side) for side in zip(*pairs, strict=True))
    share, each_us = after / before - 1, (after - before) / len(words) * 1e6
    size = sum(map(len, words)) / len(words)
    print(f"{given.events:,} events, {len(words):,} words: {share:.1%} more CPU")
    print(f"each word: {each_us:.0f} us, {size:.0f} bytes")


def run(stages: Stages, topics: Topics, records: list[list[SourceRecord]]) -> Run:
    """Feed all records to a new pipeline."""
    line, sent = Pipeline(stages, topics), list[Send]()
    begun = time.process_time()
    for batch in records:
        sent += line.feed(batch).followed
    seconds = time.process_time() - begun
    told = (one.value or b"" for one in sent if one.topic.startswith(topics.instructions("")))
    return Run(seconds, [value for value in told if json.loads(value)["action"] == InstructionAction.PROCEED])


if __name__ == "__main__":
    main()
