"""The file of `parcelward rejected --repair`: refused records as events, one a line, for nobody but its owner."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from parcelward.cli.refusals import position_in
from parcelward.contract.reasons import Reason
from parcelward.errors import UserError
from parcelward.escaping import escaped
from parcelward.intake.repair import NoEvent, repairable

TO_LOOK_AT = {
    Reason.KEY_MISMATCH: "their key (or subject) is not their waybill number: find out which is right, then send them",
    Reason.WRONG_COURIER: "they name another courier than the one that sent them, and `publish` would send them to "
    "that one: find out which courier is right, correct data.courier, and name yours with --courier",
    Reason.UNEXPECTED: "our own code failed on them, so perhaps nothing in them is wrong: ask when to send them again",
}
"""What `parcelward validate` does not see in an event, by the reason of its refusal."""


class RepairFile:
    """A new file of events to be mended; a context manager. It is readable by its owner only, and gone if it is empty.

    Events are in the file, for certain, when the block ends without an error; UserError when the disk takes no more.
    """

    def __init__(self, path: Path, courier: str | None = None) -> None:
        """`courier` is the one whose records they are, where one is named.

        Raises UserError when the file cannot be made, or is there already: somebody may be mending it."""
        self._path = path
        self._as_courier = f" --courier {courier}" if courier else ""
        try:
            number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise UserError(f"--repair {path}: this file exists already; name a new one") from None
        except OSError as error:
            raise self._unwritable(error) from None
        self._stream = os.fdopen(number, "wb")
        self._courier = courier
        self._reasons: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()

    @property
    def left_out(self) -> int:
        """Records that are not in the file."""
        return self._left_out.total()

    def add(self, record: Any, refusal: dict[str, Any]) -> str | None:
        """Write the event of a record; a line that says why, where and how it was refused if there is none."""
        event = repairable(record.value, record.headers, position_in(refusal))
        if isinstance(event, NoEvent):
            self._left_out[refusal["reason"]] += 1
            where = position_in(refusal) or refusal["topic"]
            return escaped(f"not in the file: {where} {refusal['reason']}: {event.why} ({refusal['detail']})")
        try:
            self._stream.write(event.encode() + b"\n")
        except OSError as error:
            raise self._unwritable(error) from None
        self._reasons[refusal["reason"]] += 1
        return None

    def outcome(self) -> Iterator[str]:
        """Say in lines what is in the file and what is not, and what comes next."""
        if events := self._reasons.total():
            yield (
                f"{_events(events)} in {self._path}, as sent and so with personal values: only you may read the file; "
                "delete it once they are sent"
            )
        for reason, note in TO_LOOK_AT.items():
            if found := self._reasons[reason]:
                yield f"{_events(found)} refused as {reason}: {note}"
        if self.left_out:
            yield (
                f"{self.left_out:,} of the refused records can be made no event, and so are not in the file: "
                "look at them, and send the events again from their source"
            )
        for told in sorted(self._left_out.keys() & set(Reason) if self._courier else ()):
            yield f"to look at them: parcelward rejected {self._courier} --reason {told} --json --show-value"
        if events:
            file = f"{self._path}{self._as_courier}"
            yield (
                f"next: parcelward validate {file} names what is wrong in each line; mend them, then "
                f"parcelward publish {file}"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            with self._stream:
                self._stream.flush()
                os.fsync(self._stream.fileno())
        except OSError as error:
            raise self._unwritable(error) from None
        if not self._reasons:
            self._path.unlink()

    def _unwritable(self, error: OSError) -> UserError:
        return UserError(f"--repair {self._path}: cannot be written ({error.strerror})")


def _events(count: int) -> str:
    return f"{count:,} event{'s' if count != 1 else ''}"
