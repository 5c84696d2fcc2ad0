"""Connection settings for kafka-python: one place that turns `Settings` into client arguments."""

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

from kafka.errors import CorruptRecordError, KafkaError
from kafka.record import memory_records
from kafka.record.default_records import DefaultRecordBatch

from parcelward.cluster.entrance import address, refusal
from parcelward.errors import UserError
from parcelward.record_batch import Lenient, is_plain, readable, stand_in
from parcelward.settings import Settings
from parcelward.topics import MAX_REJECTED_BYTES

FETCH_BYTES = MAX_REJECTED_BYTES + 1024 * 1024


def client_options(settings: Settings) -> dict[str, Any]:
    """Arguments that every kafka-python client takes: servers, protocol, credentials. Raises UserError."""
    options: dict[str, Any] = {
        "bootstrap_servers": [server.strip() for server in settings.kafka.split(",") if server.strip()],
        "security_protocol": settings.security_protocol,
        "bootstrap_timeout_ms": 10_000,
    }
    if settings.security_protocol.startswith("SASL"):
        if settings.sasl_username is None or settings.sasl_password is None:
            raise UserError(
                f"security_protocol is {settings.security_protocol}, so sasl_username and sasl_password must be set"
            )
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.sasl_username
        options["sasl_plain_password"] = settings.sasl_password.get_secret_value()
    if settings.security_protocol.endswith("SSL") and settings.ssl_cafile is not None:
        if not settings.ssl_cafile.is_file():
            raise UserError(f"setting ssl_cafile names {settings.ssl_cafile}, which is not a file")
        options["ssl_cafile"] = str(settings.ssl_cafile)
    return options


class ReadableBatch(DefaultRecordBatch):  # type: ignore[misc]
    """A batch of kafka-python, read as the worker reads it: within bounds, and without failing on any content."""

    _buffer: Any
    _decompressed: bool

    def _maybe_uncompress(self) -> None:
        if not self._decompressed:
            self._raw = bytes(self._buffer)
            if not is_plain(self._raw):
                self._read(readable(self._raw))
            self._decompressed = True

    def _read(self, raw: bytes) -> None:
        instead = DefaultRecordBatch(raw)
        self._buffer, self._pos, self._num_records = instead._buffer, instead._pos, instead._num_records
        self._next_record_index = 0

    def __iter__(self) -> Iterator[Any]:
        self._maybe_uncompress()
        try:
            return iter(list(self._rest()))
        except CorruptRecordError:
            self._read(stand_in(self._raw))
            return iter(list(self._rest()))

    def _rest(self) -> Iterator[Any]:
        with contextlib.suppress(StopIteration):
            while True:
                yield next(self)

    def _read_msg(self, *rest: Any) -> Any:
        try:
            return super()._read_msg(*rest)
        except UnicodeDecodeError:
            self._buffer = Lenient(self._buffer)
            return super()._read_msg(*rest)


def consumer_options(settings: Settings) -> dict[str, Any]:
    """Arguments of a reader: committed records only, no group, fetches large enough for the largest refused record."""
    memory_records.DefaultRecordBatch = ReadableBatch  # kafka-python has no option for the class
    return client_options(settings) | {
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "max_partition_fetch_bytes": FETCH_BYTES,
        "allow_auto_create_topics": False,
    }


def require_answer(settings: Settings) -> None:
    """Raise UserError at once when nothing listens at any of the servers (clients would retry for long)."""
    refusals: list[OSError] = []
    for server in client_options(settings)["bootstrap_servers"]:
        try:
            where = address(server)
        except ValueError as error:
            raise UserError(f"setting kafka (environment PARCELWARD_KAFKA): {error}") from None
        try:
            socket.create_connection(where, timeout=5).close()
        except OSError as error:
            refusals.append(error)
        else:
            return
    raise unreachable(settings, refusals[-1])


def unreachable(settings: Settings, error: Exception) -> UserError:
    """The sentence for a cluster that does not answer, or does not let us in."""
    if not isinstance(error, KafkaError):  # nothing listens there
        return UserError(
            f"no Kafka answers at {settings.kafka} ({type(error).__name__}); start one with `parcelward broker` "
            "or set PARCELWARD_KAFKA"
        )
    if why := refusal(settings, client_options(settings)):
        return UserError(f"the Kafka at {settings.kafka} does not let us in: {why}")
    return UserError(
        f"the Kafka at {settings.kafka} does not answer in time ({type(error).__name__}); "
        "if it was just started, give it a minute; check security_protocol and the rights of this user"
    )
