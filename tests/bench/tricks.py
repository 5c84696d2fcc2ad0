"""Each trick of docs/hot-path.md against the plain way, in pairs: microseconds of CPU of both, and their ratio.

Run: python -m tests.bench.tricks [--only WORD]. Prints, asserts nothing. Both ways of a pair get the same items, chunk
by chunk in turn, and the best round of each chunk counts: what else the machine does weighs on neither.
"""

import argparse
import gc
import hashlib
import hmac
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntFlag
from itertools import islice
from typing import Any

import numpy as np

from parcelward.expiry import touched_ms
from parcelward.features.table import FEATURES, INDEX, MODEL_FEATURES
from parcelward.goods import match_goods
from parcelward.identity.tokens import Tokeniser
from parcelward.intake.decode import Decoder, Event, Limits
from parcelward.intake.event import RealNameData
from parcelward.intake.plans import PLANS
from parcelward.model.views import ModelViews, model_matrix
from parcelward.moments import epoch_ms, ms_of
from parcelward.rules import RulePack
from parcelward.rules.check import environment
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline
from parcelward.settings import Settings
from parcelward.shipments.shipment import decode_brief, decode_due, decode_shipment, encode
from parcelward.simulate import Plan, Simulation
from parcelward.stage import Record, Send
from parcelward.topics import Topics
from tests.bench.decode import binary

CHUNK, ROUNDS, EVENTS = 64, 30, 1536
KEY = b"0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Pair:
    """A trick and the plain way, each a function of one item."""

    trick: str
    items: Sequence[Any]
    quick: Callable[[Any], object]
    plain: Callable[[Any], object]


def measure(pair: Pair) -> tuple[float, float]:
    """Microseconds of CPU per item, quick and plain: the mean over chunks of each chunk's best round."""
    ways = (pair.quick, pair.plain)
    chunks = [pair.items[start : start + CHUNK] for start in range(0, len(pair.items), CHUNK)]
    best = [[float("inf")] * len(chunks) for _ in ways]
    for turn in range(ROUNDS):
        # Each way is first in every other round: the first one finds the chunk outside the processor's caches.
        order = list(enumerate(ways))[:: 1 if turn % 2 else -1]
        for number, chunk in enumerate(chunks):
            for way, work in order:
                start = time.thread_time_ns()
                for item in chunk:
                    work(item)
                best[way][number] = min(best[way][number], (time.thread_time_ns() - start) / len(chunk))
    quick, plain = (statistics.mean(times) / 1000 for times in best)
    return quick, plain


def records() -> list[Record]:
    """Simulated records, as the publisher writes them."""
    events = Simulation(Plan(waybills_per_day=8000, start=datetime(2026, 11, 1, tzinfo=UTC), seed=7)).events()
    return [binary(event, offset) for offset, event in enumerate(islice(events, 2 * EVENTS))][EVENTS:]


def intake_pairs(found: Sequence[Record]) -> Iterator[Pair]:
    """Tricks of reading records."""
    decoder = Decoder(Topics(), Limits(), KEY)
    usual = [one._replace(headers=_usual(one)) for one in found]
    turned = [one._replace(headers=[*reversed(one.headers)]) for one in usual]
    both = list(zip(usual, turned, strict=True))
    yield Pair(
        "headers are taken by position", both, lambda two: decoder.decode(two[0]), lambda two: decoder.decode(two[1])
    )
    values = [(PLANS[dict(one.headers)["ce_type"]], one.value) for one in usual]
    yield Pair("a reader compiled from the contract", values, _read, lambda item: item[0].validate_data(item[1]))
    times = [dict(one.headers)["ce_time"].decode() for one in found]
    yield Pair(
        "minutes and offsets of times are remembered", times, epoch_ms, lambda text: ms_of(datetime.fromisoformat(text))
    )


def _read(item: Any) -> object:
    plan, value = item
    data = plan.reader.parse(value)
    return plan.reader.complete(data), value.count(b":")


def _usual(record: Record) -> list[tuple[str, bytes]]:
    given = dict(record.headers)
    names = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time")
    return [
        *((name, given[name]) for name in names),
        ("ce_subject", record.key or b""),
        ("content-type", b"application/json"),
    ]


def identity_pairs(found: Sequence[Record]) -> Iterator[Pair]:
    """Tricks of tokens and identifiers."""
    tokeniser, decoder = Tokeniser({"k1": KEY}, "k1"), Decoder(Topics(), Limits(), KEY)
    data = [event.data for event in map(decoder.decode, found) if isinstance(event, Event)]
    named = [each for each in data if isinstance(each, RealNameData)]
    numbers = [each.sender.document_number for each in named if each.sender.document_number]
    yield Pair("both blocks of the HMAC key are hashed ahead", numbers, tokeniser._document.token, _plain_token)
    staff = [each.operator_document for each in named if each.operator_document]
    yield Pair("tokens of staff are remembered by a hash", staff, tokeniser._staff.of, tokeniser.document)
    citizens = [number for number in numbers if len(number) == 18 and number[:17].isdigit()]
    yield Pair(
        "check digit by one conversion to base 13",
        citizens,
        lambda number: (1 - 2 * int(number[:17], 13)) % 11,
        _summed,
    )


def _plain_token(number: str) -> str:
    return hmac.new(KEY, b"document\0" + number.encode(), hashlib.sha256).hexdigest()[:32]


def _summed(number: str) -> int:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return (12 - sum(weight * int(digit) for weight, digit in zip(weights, number, strict=False))) % 11


class Bits(IntFlag):
    """Bits of `First` as an enumeration."""

    SENDER = 1
    ACCEPTANCE = 2


def state_pairs(found: Sequence[Record]) -> Iterator[Pair]:
    """Tricks of the ledger and what goes between the stages."""
    settings = Settings(partitions=1)
    line = Pipeline(build_stages(settings), settings.topics)
    line.feed(list(found))
    values = list(line.cells["duties"][0].state.values())
    yield Pair("expiry reads one time from the bytes", values, touched_ms, lambda value: decode_due(value).touched_ms)
    yield Pair("later stages decode the beginning alone", values, decode_brief, decode_shipment)
    sends = [("screening.senders", b"k", value, ()) for value in values]
    new_tuple = tuple.__new__
    yield Pair(
        "named tuples are made by tuple.__new__", sends, lambda item: new_tuple(Send, item), lambda item: Send(*item)
    )
    counts = list(range(4)) * (len(values) // 4)
    yield Pair("bits are plain ints", counts, lambda bits: bits & 1, lambda bits: Bits(bits) & Bits.SENDER)
    shipments = [decode_shipment(value) for value in values]
    pairs = list(zip(values, shipments, strict=True))
    yield Pair(
        "the ledger's bytes are spliced into a hop",
        pairs,
        lambda two: b"h" + two[0] + b"t",
        lambda two: encode([two[1], False]),
    )


def judging_pairs(found: Sequence[Record]) -> Iterator[Pair]:
    """Tricks of features, rules and model."""
    settings = Settings(partitions=1)
    stages = build_stages(settings)
    line = Pipeline(stages, settings.topics, keep_rows=True)
    rows = [one.row for one in line.feed(list(found)).rows]
    model: Any = stages.judgement.model
    views: ModelViews = model._views
    blocks = [rows[start : start + 256] for start in range(0, len(rows), 256)]
    yield Pair("the model skips columns that cannot be known (256 rows)", blocks, views.score, views.whole.score)
    yield Pair("the model's matrix by fromiter (256 rows)", blocks, model_matrix, _plain_matrix)
    yield Pair(
        "256 rows are scored in one call", blocks, views.score, lambda block: [views.score([row]) for row in block]
    )
    names = [row[INDEX["goods_name"]] for row in rows if row[INDEX["goods_name"]] is not None]
    yield Pair("goods names are remembered", names, match_goods, match_goods.__wrapped__)
    yield Pair(
        "the rules are one compiled function", rows, stages.judgement.pack.evaluate, _one_by_one(stages.judgement.pack)
    )


def _plain_matrix(rows: Sequence[Any]) -> object:
    return np.array(
        [[np.nan if row[INDEX[name]] is None else row[INDEX[name]] for name in MODEL_FEATURES] for row in rows],
        dtype=np.float32,
    )


def _one_by_one(pack: RulePack) -> Callable[[Any], object]:
    """Ask the reference evaluator for one rule after the other."""
    compiled = [environment().compile(rule.source) for rule in pack.rules]

    def ask(row: Any) -> object:
        data = {feature.name: value for feature, value in zip(FEATURES, row, strict=True) if value is not None}
        return [one.eval(data=data).value() for one in compiled]

    return ask


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="tricks whose name holds this text")
    only = parser.parse_args().only
    gc.disable()
    found = records()
    print("us per item                                              trick    plain   plain / trick")
    for pairs in (intake_pairs, identity_pairs, state_pairs, judging_pairs):
        for pair in pairs(found):
            if only in pair.trick:
                quick, plain = measure(pair)
                print(f"{pair.trick:54} {quick:8.2f} {plain:8.2f}   {plain / quick:6.2f}")


if __name__ == "__main__":
    main()
