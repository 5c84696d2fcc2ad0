"""Microseconds per event for decoding and tokenising, measured in batches; prints, asserts nothing.

Run: python -m tests.bench.decode
"""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from parcelward.contract.events import RealName
from parcelward.decode import Decoder, Event, Limits
from parcelward.privacy import Tokeniser
from parcelward.stage import Record
from parcelward.topics import Topics
from tests.builders import inspection, real_name, record, scan

BATCH, ROUNDS = 512, 40


def microseconds(work: Callable[[Any], object], batch: Sequence[Any]) -> float:
    """Best time per item over the rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for item in batch:
            work(item)
        best = min(best, time.perf_counter() - start)
    return best / len(batch) * 1e6


def structured(binary: Record) -> Record:
    """The same event in structured mode."""
    attributes = {name.removeprefix("ce_"): raw.decode() for name, raw in binary.headers if name.startswith("ce_")}
    body = json.dumps({**attributes, "data": json.loads(binary.value or b"")}, ensure_ascii=False).encode()
    return binary._replace(value=body, headers=[("content-type", b"application/cloudevents+json")])


def main() -> None:
    tokeniser = Tokeniser({"k1": b"0123456789abcdef0123456789abcdef"}, "k1")
    decoder = Decoder(Topics(), Limits(), tokeniser.content_key)
    full = {
        "device": "PDA-7741",
        "receiver": {"name": "李华"},
        "operator_document": "110101197608056897",
        "goods": {"nature": "general", "quantity": 1, "declared_value_cny": 299.0},
    }
    batches = {
        "real-name": [record(real_name(f"SF{n:013}", **full)) for n in range(BATCH)],
        "inspection": [record(inspection(f"SF{n:013}", found_goods="羽绒服", weight_g=900)) for n in range(BATCH)],
        "security scan": [record(scan(f"SF{n:013}", judged_ms=4200)) for n in range(BATCH)],
    }
    batches["real-name, structured"] = [structured(each) for each in batches["real-name"]]
    for name, batch in batches.items():
        size = len(batch[0].value or b"")
        print(f"decode {name:22} {size:4} bytes {microseconds(decoder.decode, batch):6.2f} us/event")
    events = [decoder.decode(each) for each in batches["real-name"]]
    data = [event.data for event in events if isinstance(event, Event) and isinstance(event.data, RealName)]
    print(f"tokenise: all of a real-name event  {microseconds(tokeniser.identity, data):6.2f} us/event")
    three = microseconds(
        lambda one: (
            tokeniser.document(one.sender.document_number),
            tokeniser.name(one.sender.name),
            tokeniser.phone(one.sender.phone),
        ),
        data,
    )
    print(f"tokenise: document, name, phone     {three:6.2f} us/event")


if __name__ == "__main__":
    main()
