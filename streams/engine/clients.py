"""Connection arguments of the aiokafka clients: one place that turns `Settings` into what they take."""

import ssl
from typing import Any

from parcelward.cluster.client import client_options
from parcelward.moments import duration_ms
from parcelward.settings import Settings

TRANSACTION_S = 20.0
"""Longest time of a transaction. After it the broker aborts, and the worker stops without acknowledging."""
FETCH_BYTES = 2 * 1024 * 1024
"""Most bytes of one partition in one fetch; the broker sends a larger single record all the same."""
FETCH_WAIT_MS = 50


def connection_options(settings: Settings) -> dict[str, Any]:
    """Servers, protocol and credentials for every aiokafka client. Raises UserError when one is missing."""
    options = client_options(settings)
    options["bootstrap_servers"] = ",".join(options["bootstrap_servers"])
    del options["bootstrap_timeout_ms"]
    cafile = options.pop("ssl_cafile", None)
    if settings.security_protocol.endswith("SSL"):
        options["ssl_context"] = ssl.create_default_context(cafile=cafile)
    return options


def consumer_options(settings: Settings) -> dict[str, Any]:
    """Arguments of the one consumer of a worker."""
    session_ms = duration_ms(settings.session_timeout)
    return connection_options(settings) | {
        "client_id": f"{settings.topics.app_id}-worker",
        "group_id": settings.topics.app_id,
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "max_poll_records": settings.batch_records,
        "max_partition_fetch_bytes": FETCH_BYTES,
        # TRAP: aiokafka has one fetch per broker in flight. While it waits for quiet partitions, the partitions that
        # are not part of it wait too. Faust fixes 1500 ms, which shows as seconds of latency.
        "fetch_max_wait_ms": FETCH_WAIT_MS,
        "request_timeout_ms": max(20_000, 2 * session_ms),
        "session_timeout_ms": session_ms,
        "heartbeat_interval_ms": session_ms // 4,
        "rebalance_timeout_ms": max(30_000, session_ms),
        "max_poll_interval_ms": 60_000,
        "check_crcs": False,
    }


def producer_options(settings: Settings, name: str) -> dict[str, Any]:
    """Arguments of the client of a worker's producer."""
    # Not shorter than a transaction. A request that is repeated after its time-out could be carried out twice, the
    # second time in the next transaction.
    return connection_options(settings) | {"client_id": name, "request_timeout_ms": int(TRANSACTION_S * 1000)}
