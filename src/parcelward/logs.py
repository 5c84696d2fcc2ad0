"""Structured logs: one JSON object a line, built so that no personal value can get in.

A log line holds time, level, logger, message, and fields from `FIELDS`. Anything else is dropped and counted in
`dropped`. Exceptions are shown as class and code location; their messages, which may quote the record that caused
them, are not. Texts of libraries are cleaned the same way: an exception, bytes or an unknown object in the arguments
becomes its class name, and number strings as long as a phone or document number are blanked.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from parcelward.stage import SourceRecord

MESSAGE_LIMIT = 300
FRAMES_LIMIT = 12

SHOWN_ELSEWHERE = "(not shown)"

FIELDS: Mapping[str, type] = {
    # where in the stream
    "stage": str,
    "topic": str,
    "partition": int,
    "offset": int,
    "partitions": int,
    # what runs, and with which settings
    "version": str,
    "rule_pack": str,
    "rule_pack_hash": str,
    "model": str,
    "settings": Mapping,
    "port": int,
    # what happened
    "reason": str,
    "status": int,
    "attempts": int,
    "endpoint": str,
    "error": str,
    "signal": str,
    "folder": str,
    "doing": str,
    "records": int,
}
"""Fields a caller may add with `extra=`, and their type. A string must be a code (`CODE`).

`settings` is the one object: every value is text that an operator typed. A value that is not `PLAIN` is shown as
`(not shown)`; `parcelward config` prints it. An object with anything but texts in it, such as a secret, is dropped.
"""

CODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/+-]{0,99}")
"""The content of a string field: a code or name of our own, not free text."""

PLAIN = re.compile(r"(?=[ -~]{0,1000}$)[!-~]*(?:(?<=[,:]) [!-~]+)*")
"""The content of a setting's value: addresses, paths, numbers, codes, and lists of them. No sentence, no name."""

_COORDINATOR = "aiokafka.consumer.group_coordinator"
_NOT_THERE_YET = "GroupCoordinatorNotAvailableError"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message", "data"}
_LONG_NUMBER = re.compile(r"\d(?:[ -]?\d){10,}[Xx]?|\d{10}")
_EXCEPTION_TEXT = re.compile(r"\b([A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt)|[A-Z]\w+)\(.*", re.DOTALL)
_NOT_ASCII = re.compile(r"[^\x20-\x7e]+")


class JsonFormatter(logging.Formatter):
    """Turns a log record into one line of JSON. Never raises and never repeats an exception's message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without line break."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        fields, dropped = _fields(record)
        line |= fields
        if dropped:
            line["dropped"] = dropped
        if record.exc_info and isinstance(record.exc_info, tuple):
            line |= describe(record.exc_info[1])
        return json.dumps(line)


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """Send all logging of the process to `stream` (stderr) as JSON lines; uncaught exceptions and warnings too."""
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(_as_it_is)
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(True)
    # Otherwise a library whose message cannot be formatted prints its arguments to stderr, past the formatter.
    logging.raiseExceptions = False
    sys.excepthook = _log_uncaught


def _as_it_is(record: logging.LogRecord) -> bool:
    """Say plainly what a library calls an error and is none: a new cluster has no coordinator for its first seconds."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    if record.name == _COORDINATOR and any(type(one).__name__ == _NOT_THERE_YET for one in arguments):
        record.levelno, record.levelname = logging.INFO, "INFO"
        record.msg, record.args = "the group has no coordinator yet; asking again", ()
    return True


def describe(error: BaseException | None) -> dict[str, object]:
    """Turn an exception into log fields: its class, the class of its cause, where it was raised. Never its message."""
    if error is None:
        return {}
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_LIMIT:]
    described: dict[str, object] = {
        "error": type(error).__name__,
        "trace": [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames],
    }
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        described["cause"] = type(cause).__name__
    return described


def position(record: SourceRecord) -> dict[str, object]:
    """Return the log fields that name a record: topic, partition, offset; never its key or value."""
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("parcelward").critical("stopped by an error", exc_info=(kind, error, trace))


def _message(record: logging.LogRecord) -> str:
    text = record.msg if isinstance(record.msg, str) else _safe(record.msg)
    arguments = record.args
    if arguments:
        safe = {k: _safe(v) for k, v in arguments.items()} if isinstance(arguments, Mapping) else _safe_all(arguments)
        try:
            text = str(text) % safe
        except (TypeError, ValueError, KeyError):
            text = f"{text} (arguments do not fit)"
    return clean(str(text))


def clean(text: str) -> str:
    """Return a text's first line, in ASCII, without exception messages and long numbers, cut to `MESSAGE_LIMIT`."""
    first = text.strip().partition("\n")[0]
    first = _EXCEPTION_TEXT.sub(r"\1(...)", first)
    first = _LONG_NUMBER.sub("[number]", first)
    return _NOT_ASCII.sub("?", first)[:MESSAGE_LIMIT]


def _safe_all(values: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(_safe(value) for value in values)


def _safe(value: object) -> Any:
    """Make a log argument harmless: numbers and texts stay (`clean` reads them later), objects become class names."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {_safe(k): _safe(v) for k, v in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [_safe(item) for item in value]
    if isinstance(value, type):
        return value.__name__
    return type(value).__name__


def _fields(record: logging.LogRecord) -> tuple[dict[str, object], int]:
    fields: dict[str, object] = {}
    dropped = 0
    for name, value in vars(record).items():
        if name in _STANDARD:
            continue
        if not _fits(name, value):
            dropped += 1
        elif isinstance(value, Mapping):
            fields[name] = {key: text if _is(PLAIN, text) else SHOWN_ELSEWHERE for key, text in value.items()}
        else:
            fields[name] = value
    return fields, dropped


def _fits(name: str, value: object) -> bool:
    """Say whether a field is declared and its value is of the declared type."""
    kind = FIELDS.get(name)
    if kind is None or not isinstance(value, kind) or isinstance(value, bool):
        return False
    if isinstance(value, Mapping):
        return all(_is(CODE, key) and isinstance(text, str) for key, text in value.items())
    return kind is not str or _is(CODE, value)


def _is(pattern: re.Pattern[str], value: object) -> bool:
    """Say whether a value is text of this form, without a number as long as a phone's or a document's."""
    return isinstance(value, str) and pattern.fullmatch(value) is not None and not _LONG_NUMBER.search(value)


def _short(filename: str) -> str:
    return "/".join(Path(filename).parts[-2:])
