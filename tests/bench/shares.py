"""Which part of the work a source file belongs to."""

from collections.abc import Sequence

KAFKA_IN = "Kafka in"
KAFKA_OUT = "Kafka out"
ELSEWHERE = "Faust, asyncio, other"

_PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("decode", ("decode", "attributes", "refusal", "structured", "contract/", "reasons")),
    ("tokens", ("privacy", "identifiers")),
    ("join", ("duties", "ledger", "timers")),
    ("profiles", ("senders", "outlet_profiles", "windows", "geo", "expiry", "held", "outlets")),
    ("features", ("features", "measure", "goods/")),
    ("rules", ("rules/", "verdict")),
    ("model", ("model/",)),
    ("alerts", ("alerting", "alert_text")),
    ("state", ("stage", "poison")),
)
_STREAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (KAFKA_IN, ("transport", "waiting", "records")),
    (KAFKA_OUT, ("transactions", "producer", "requests", "clients")),
    ("state", ("owned", "tables", "stores", "disk_states")),
)
_LIBRARIES = {"onnxruntime": "model", "prometheus_client": "metrics", "rocksdict": "state"}
SHARES = (*(name for name, _ in _PARTS), KAFKA_IN, KAFKA_OUT, "metrics", ELSEWHERE)


def share_of(files: Sequence[str], main_thread: bool = True) -> str:
    """The part that the innermost file with one belongs to; `files` are the frames' source files, innermost first.

    Code shared by all (the records in shipment.py, libraries) counts for whoever called it. The consumer has a thread
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
            if rest in ("metrics.py", "reporting.py", "http.py"):
                return "metrics"
            for share, names in parts:
                if any(rest.startswith(name) if name.endswith("/") else rest == f"{name}.py" for name in names):
                    return share
    return None


def _library(file: str, main_thread: bool) -> str | None:
    if "/aiokafka/" in file or "/kafka/" in file or "/confluent_kafka/" in file:
        return KAFKA_OUT if main_thread else KAFKA_IN
    return next((share for name, share in _LIBRARIES.items() if f"/{name}/" in file), None)
