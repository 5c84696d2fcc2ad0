"""Microseconds per event of what the first stage does with a record by itself: decode, tokens, what the ledger keeps.

Over simulated traffic, in chunks; the best of the rounds, since a busy machine only ever adds. Prints, asserts nothing.

Run: python -m tests.bench.decode
"""

import gc
import json
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from parcelward.contract.events import EventType
from parcelward.identity.tokens import Tokeniser
from parcelward.intake.decode import Decoder, Event, Limits
from parcelward.intake.event import RealNameData
from parcelward.shipments.ledger import EVENT_KINDS
from parcelward.simulate import Plan, Simulation
from parcelward.simulate.plan import SimulatedEvent
from parcelward.stage import Record
from parcelward.topics import Topics

CHUNK, ROUNDS, EVENTS = 64, 60, 1536


def microseconds(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    """Time per item: the mean over chunks of each chunk's best round."""
    chunks = [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
    best = [float("inf")] * len(chunks)
    for _ in range(ROUNDS):
        for number, chunk in enumerate(chunks):
            start = time.perf_counter_ns()
            for item in chunk:
                work(item)
            best[number] = min(best[number], (time.perf_counter_ns() - start) / len(chunk))
    return statistics.mean(best) / 1000


def binary(event: SimulatedEvent, offset: int) -> Record:
    """The Kafka record of a simulated event, as the publisher writes it."""
    body = event.envelope
    names = ("specversion", "id", "source", "type", "time")
    headers = [*((f"ce_{name}", body[name].encode()) for name in names), ("content-type", b"application/json")]
    key, value = body["data"]["waybill"].encode(), orjson.dumps(body["data"])
    return Record(f"intake.{event.courier}", 0, offset, event.arrival_ms, key, value, headers)


def structured(record: Record) -> Record:
    """The same event in structured mode."""
    attributes = {name.removeprefix("ce_"): raw.decode() for name, raw in record.headers if name.startswith("ce_")}
    body = json.dumps({**attributes, "data": json.loads(record.value or b"")}, ensure_ascii=False).encode()
    return record._replace(value=body, headers=[("content-type", b"application/cloudevents+json")])


def escaped(record: Record) -> Record:
    """The same event with white space and every character beyond ASCII escaped, as many libraries write."""
    return record._replace(value=json.dumps(json.loads(record.value or b"")).encode())


def main() -> None:
    """Measure and print."""
    tokeniser = Tokeniser({"k1": b"0123456789abcdef0123456789abcdef"}, "k1")
    decoder = Decoder(Topics(), Limits(), tokeniser.content_key)

    def keep(record: Record) -> object:
        event = decoder.decode(record)
        assert isinstance(event, Event)
        make_entry = EVENT_KINDS[event.data.number].make_entry
        return make_entry(event.data, event.time_ms, record.timestamp, tokeniser.identity)

    events = Simulation(Plan(waybills_per_day=8000, start=datetime(2026, 11, 1, tzinfo=UTC), seed=7)).events()
    records = [binary(event, offset) for event, offset in zip(events, range(2 * EVENTS), strict=False)][EVENTS:]
    gc.disable()
    print("us per event                         bytes   decode   with tokens and entry")
    batches = {"all": records}
    for kind in EventType:
        batches[kind] = [record for record in records if ("ce_type", kind.value.encode()) in record.headers]
    batches["all, escaped and spaced"] = [escaped(record) for record in records]
    batches["all, structured"] = [structured(record) for record in records]
    for name, batch in batches.items():
        size = statistics.mean(len(record.value or b"") for record in batch)
        print(f"{name:36} {size:5.0f}   {microseconds(decoder.decode, batch):6.2f}   {microseconds(keep, batch):6.2f}")
    data = [event.data for event in map(decoder.decode, records) if isinstance(event, Event)]
    named = [each for each in data if isinstance(each, RealNameData)]
    print(f"tokens and masks of a real-name event         {microseconds(tokeniser.identity, named):6.2f}")


if __name__ == "__main__":
    main()
