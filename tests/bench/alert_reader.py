"""Notes when which alert could be read: `python -m tests.bench.alert_reader FILE`, settings from the environment.

A line an alert: seconds since the epoch, then the ids of the events it rests on. The file appears when it reads.
"""

import sys
import time
from pathlib import Path

import orjson

from parcelward.cluster.reader import TopicReader
from parcelward.settings import load_settings


def main() -> None:
    """Read until killed."""
    settings = load_settings()
    with TopicReader(settings, [settings.topics.alerts], from_start=False) as reader:
        reader.poll(0)
        with Path(sys.argv[1]).open("w") as notes:
            while True:
                records = reader.poll(1.0)
                now = time.time()
                for record in records:
                    evidence = orjson.loads(record.value).get("evidence", ())
                    notes.write("\t".join([f"{now:.6f}", *(one["event_id"] for one in evidence)]) + "\n")
                notes.flush()


if __name__ == "__main__":
    main()
