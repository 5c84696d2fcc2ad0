"""Assigns a source file to a part of the work."""

from collections.abc import Sequence

KAFKA_IN = "Kafka in"
KAFKA_OUT = "Kafka out"
ELSEWHERE = "Faust, asyncio, other"

# Folders and, in the engine, modules that read or write; a folder is a step, so that nothing has to be added here.
_PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("metrics", ("metrics.py",)),
    ("decode", ("intake/", "contract/")),
    ("tokens", ("identity/",)),
    ("join", ("shipments/",)),
    ("profiles", ("profiles/",)),
    ("features", ("features/", "goods/")),
    ("rules", ("rules/",)),
    ("model", ("model/",)),
    ("alerts", ("alerts/",)),
    ("stages", ("screening/", "expiry.py", "poison.py")),
)
_STREAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("metrics", ("reporting.py", "http.py")),
    (KAFKA_IN, ("engine/transport.py", "engine/consumer_thread.py", "engine/inbox.py", "engine/fetched_batches.py")),
    (KAFKA_OUT, ("engine/transactions.py", "engine/producer.py", "engine/protocol.py", "engine/clients.py")),
    ("state", ("engine/",)),
)
_LIBRARIES = {"onnxruntime": "model", "prometheus_client": "metrics", "rocksdict": "state"}
SHARES = (*(name for name, _ in _PARTS if name != "metrics"), "state", KAFKA_IN, KAFKA_OUT, "metrics", ELSEWHERE)


def share_of(files: Sequence[str], main_thread: bool = True) -> str:
    """The part that the innermost file with one belongs to; `files` are the frames' source files, innermost first.

    Code shared by all (the modules at the root, libraries) counts for whoever called it. The consumer has a thread
    of its own, so aiokafka outside the main thread reads, and within it writes.
    """
    for file in files:
        share = _own(file) or _library(file, main_thread)
        if share is not None:
            return share
    return ELSEWHERE


def _own(file: str) -> str | None:
    if file.startswith("<rule"):
        return "rules"
    for marker, parts in (("/parcelward/", _PARTS), ("/streams/", _STREAMS)):
        _, found, rest = file.rpartition(marker)
        if found:
            for share, names in parts:
                if rest.startswith(names):
                    return share
    return None


def _library(file: str, main_thread: bool) -> str | None:
    if "/aiokafka/" in file or "/kafka/" in file or "/confluent_kafka/" in file:
        return KAFKA_OUT if main_thread else KAFKA_IN
    return next((share for name, share in _LIBRARIES.items() if f"/{name}/" in file), None)
