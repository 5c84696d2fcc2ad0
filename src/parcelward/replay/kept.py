"""A recording kept in a folder: one gzip file of JSON lines per topic and partition, and `recording.json`.

Intake, answers, decisions, refusals, alerts and what became of them are whole records: topic, partition, offset,
timestamp, key, value, headers; bytes that are UTF-8 are text, others `{"base64": "..."}`. Of the topics between the
stages only the order is kept, a `Pass` or an `Entry` a line. Intake and refusals hold raw personal data, so only the
owner may open the folder.
"""

import gzip
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from parcelward.errors import UserError
from parcelward.intake.refusal import of_intake
from parcelward.replay.recording import Entry, FollowedRecording, Pass, letter_topics
from parcelward.replay.rerun import RUN_OUT_MS
from parcelward.settings import Settings
from parcelward.stage import Record, SourceRecord
from parcelward.topics import Topics

FORMAT = 3  # 1 did not say when the live run sent what a correction takes back; 1 and 2 had alerts, and nothing after
FOLLOWS = 3
"""First format that holds what became of the alerts."""
ABOUT = "recording.json"
_encode = msgspec.json.Encoder().encode
_decode_pass = msgspec.json.Decoder(Pass).decode
_decode_entry = msgspec.json.Decoder(Entry).decode
_FAST = 3  # gzip level: half the time of the usual one, a tenth more bytes


class About(msgspec.Struct):
    """Content of `recording.json`."""

    format: int
    topic_prefix: str
    couriers: tuple[str, ...]
    partitions: int
    horizon_ms: int | None  # as in `FollowedRecording`
    to_ms: int | None  # what was raised before then is to be compared; None: everything
    erased: int = 0  # records of persons that were taken out of it since
    begins: tuple[tuple[str, int, int], ...] = ()  # as in `FollowedRecording`


def keep(recording: FollowedRecording, folder: Path, to_ms: int | None = None) -> int:
    """Write a recording to a new folder; returns the number of events. `to_ms`: only what arrived up to a moment after.

    Raises UserError when the folder exists or cannot be written.
    """
    end_ms = None if to_ms is None else to_ms + RUN_OUT_MS
    topics = recording.topics
    try:
        folder.mkdir(mode=0o700, parents=True)
        events = 0
        for courier in recording.couriers:
            for number in range(recording.partitions):
                records = _until(recording.intake(courier, number), end_ms)
                events += _write(_file(folder, topics.intake(courier), number), map(_line, records))
        for topic in topics.passes:
            for number in range(recording.partitions):
                _write(_file(folder, topic, number), map(_encode, recording.order(topic, number)))
        _write(folder / "alerts.jsonl.gz", map(_line, recording.alerts()))
        _write(folder / "rejected.jsonl.gz", map(_line, recording.rejected()))
        if recording.follows:
            _keep_lives(recording, folder, end_ms)
        about = About(
            FORMAT if recording.follows else FOLLOWS - 1,
            topics.prefix,
            tuple(recording.couriers),
            recording.partitions,
            recording.horizon_ms,
            to_ms,
            begins=tuple((*place, start) for place, start in recording.begins.items()),
        )
        (folder / ABOUT).write_bytes(_encode(about) + b"\n")
    except FileExistsError:
        raise UserError(f"{folder} exists; a recording is kept in a new folder") from None
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}; choose another folder") from None
    return events


def _keep_lives(recording: FollowedRecording, folder: Path, end_ms: int | None) -> None:
    """Write what came to the alerts, the order of the cases, and what was published of both."""
    for number in range(recording.partitions):
        for topic in letter_topics(recording):
            records = _until(recording.letters(topic, number), end_ms)
            _write(_file(folder, topic, number), map(_line, records))
        _write(_file(folder, recording.topics.into("cases"), number), map(_encode, recording.entries(number)))
    _write(folder / "followed.jsonl.gz", map(_line, recording.followed()))


def note_erased(folder: Path, records: int) -> None:
    """Note that records of persons were taken out of a recording, so that a replay says so."""
    path = folder / ABOUT
    about = msgspec.json.decode(path.read_bytes(), type=About)
    about.erased += records
    anew = path.with_suffix(".erasing")
    anew.write_bytes(_encode(about) + b"\n")
    anew.replace(path)


class KeptRecording:
    """A recording in a folder. Raises UserError when it is none, or of another installation than the settings."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        try:
            about = msgspec.json.decode((folder / ABOUT).read_bytes(), type=About)
        except (OSError, msgspec.DecodeError):
            raise UserError(f"{folder} holds no readable recording ({ABOUT}); make one with --keep") from None
        if not 1 <= about.format <= FORMAT:
            raise UserError(f"the recording in {folder} has format {about.format}, this version reads 1 to {FORMAT}")
        if (about.topic_prefix, about.couriers) != (settings.topic_prefix, tuple(settings.couriers)):
            raise UserError(
                f"the recording in {folder} is of couriers {', '.join(about.couriers)} and topic_prefix "
                f"{about.topic_prefix!r}; set couriers and topic_prefix to these"
            )
        self._folder = folder
        self.topics = Topics(about.topic_prefix)
        self.couriers, self.partitions, self.horizon_ms = about.couriers, about.partitions, about.horizon_ms
        self.to_ms, self.erased = about.to_ms, about.erased
        self.follows = about.format >= FOLLOWS
        self.begins = {(topic, number): start for topic, number, start in about.begins}

    def intake(self, courier: str, partition: int) -> Iterator[SourceRecord]:
        """Read the records of a courier, in offset order."""
        topic = self.topics.intake(courier)
        return self._records(_file(self._folder, topic, partition))

    def order(self, topic: str, partition: int) -> Iterator[Pass]:
        """Read the order in which the live run's later stage processed its topic."""
        return map(_decode_pass, lines_in(_file(self._folder, topic, partition)))

    def alerts(self) -> Iterator[SourceRecord]:
        """Read the alerts that the live run published."""
        return self._records(self._folder / "alerts.jsonl.gz")

    def rejected(self) -> Iterator[SourceRecord]:
        """Read the records that the live run refused."""
        refused = self._records(self._folder / "rejected.jsonl.gz")
        return refused if self.follows else of_intake(refused, self.topics)

    def letters(self, topic: str, partition: int) -> Iterator[SourceRecord]:
        """Read the answers of a courier, or the decisions, in offset order."""
        return self._records(_file(self._folder, topic, partition))

    def entries(self, partition: int) -> Iterator[Entry]:
        """Read the order in which the live run entered notes and decisions into its cases."""
        return map(_decode_entry, lines_in(_file(self._folder, self.topics.into("cases"), partition)))

    def followed(self) -> Iterator[SourceRecord]:
        """Read the instructions, referrals and cases that the live run published."""
        return self._records(self._folder / "followed.jsonl.gz")

    def _records(self, path: Path) -> Iterator[SourceRecord]:
        return (record_in(line) for line in lines_in(path))


def _file(folder: Path, topic: str, partition: int) -> Path:
    return folder / f"{topic}.{partition}.jsonl.gz"


def _until(records: Iterable[SourceRecord], end_ms: int | None) -> Iterator[SourceRecord]:
    return (record for record in records if end_ms is None or record.timestamp < end_ms)


def _write(path: Path, lines: Iterable[bytes]) -> int:
    written = 0
    with gzip.open(path, "wb", compresslevel=_FAST) as file:
        for line in lines:
            file.write(line + b"\n")
            written += 1
    return written


def lines_in(path: Path) -> Iterator[bytes]:
    """Read the lines of a file of a recording. Raises UserError when it is missing or damaged."""
    try:
        with gzip.open(path) as file:
            yield from file
    except (OSError, EOFError) as error:
        raise UserError(f"the recording's file {path} is missing or damaged ({type(error).__name__})") from None


def _line(record: SourceRecord) -> bytes:
    headers = [(name, _text(value)) for name, value in record.headers]
    return _encode(
        {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "timestamp": record.timestamp,
            "key": _text(record.key),
            "value": _text(record.value),
            "headers": headers,
        }
    )


def record_in(line: bytes) -> Record:
    """Read the record that a line of a recording holds."""
    read: dict[str, Any] = msgspec.json.decode(line)
    headers = [(name, _bytes(value)) for name, value in read["headers"]]
    key, value = _bytes(read["key"]), _bytes(read["value"])
    place = read["topic"], read["partition"], read["offset"], read["timestamp"]
    return Record(*place, key, value, headers)  # type: ignore[arg-type]  # header values may be null


def _text(value: bytes | None) -> str | dict[str, str] | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(value).decode()}


def _bytes(value: str | dict[str, str] | None) -> bytes | None:
    if value is None:
        return None
    return value.encode() if isinstance(value, str) else b64decode(value["base64"])
