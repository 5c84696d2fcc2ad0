"""Compare decoder and JSON Schema on events near the contract: `python -m tests.agreement --events 10000 --seed 1`."""

import argparse
import json

from parcelward.contract.events import EventType
from tests.agreement.compare import Comparison

SHOWN = 20


def main() -> None:
    """Exits 1 when they disagree on one event."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000, help="how many, over all event types")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    wrong = 0
    for event_type in EventType:
        comparison = Comparison(event_type, asked.seed)
        for _ in range(-(-asked.events // len(EventType))):
            for one in comparison.next():
                wrong += 1
                if wrong <= SHOWN:
                    print(f"{one.message}: decoder: {one.decoder}\n    schema: {one.schema}")
                    print(f"    {json.dumps(one.body, ensure_ascii=True)}")
        print(comparison.name, dict(comparison.counts))
    print(f"{wrong} disagreements")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
