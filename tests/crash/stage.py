"""Stages that show every fault of delivery: what is lost, doubled, reordered, or remembered without a commit."""

import struct
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from zlib import crc32

from parcelward.stage import Batch, Outcome, Send, SourceRecord

FORM = struct.Struct("<IIII?")
AGAIN = b"again "
TALLY, CHAIN = struct.Struct("<III"), struct.Struct("<I")
DUE_MS = 4


class Cell(NamedTuple):
    """State of one topic and key: records, checksum over their values in order, and a deadline (ms)."""

    records: int = 0
    chain: int = 0
    deadline: int = 0
    in_time: int = 0  # records that arrived up to the deadline
    fired: bool = False

    def pack(self) -> bytes:
        """As it is stored."""
        return FORM.pack(*self)

    @classmethod
    def of(cls, stored: bytes) -> "Cell":
        """As it was stored."""
        return cls(*FORM.unpack(stored))


class ChainStage:
    """Chains the records of each topic and key; each `every`th is an alert, and so is a deadline, once for every key.

    Deadlines live in memory of its own, as those of the product do.
    """

    def __init__(self, alerts: str, every: int) -> None:
        self._alerts = alerts
        self._every = every
        self._due: dict[bytes, int] = {}

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Deadlines that have not fired."""
        cells = {key: Cell.of(stored) for key, stored in state.items()}
        self._due = {key: cell.deadline for key, cell in cells.items() if not cell.fired}

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Chain what came, then fire what is due; poisoned values raise."""
        outcome = Outcome()
        cells: dict[bytes, Cell] = {}
        for record in batch.records:
            value = record.value or b""
            if value.startswith(b"poison"):
                raise LookupError(value)
            key = b"%s/%s" % (record.topic.encode(), record.key)
            cell = cells.get(key) or _stored(state, key) or Cell(deadline=record.timestamp + DUE_MS)
            cells[key] = cell = cell._replace(
                records=cell.records + 1,
                chain=crc32(value, cell.chain),
                in_time=cell.in_time + (record.timestamp <= cell.deadline),
            )
            if cell.records % self._every == 0:
                outcome.sends.append(Send(self._alerts, key, b"%d %d" % (cell.records, cell.chain)))
        for key, deadline in (self._due | {key: cell.deadline for key, cell in cells.items()}).items():
            cell = cells.get(key) or Cell.of(state[key])
            if not cell.fired and deadline <= batch.quiet_until.get(key.partition(b"/")[0].decode(), -1):
                cells[key] = cell._replace(fired=True)
                outcome.sends.append(Send(self._alerts, key, b"due %d: %d" % (deadline, cell.in_time)))
        outcome.updates.update((key, cell.pack()) for key, cell in cells.items())
        return outcome

    def commit(self, batch: Batch, outcome: Outcome) -> None:
        """Follow the state."""
        for key, stored in outcome.updates.items():
            cell = Cell.of(stored or b"")
            if cell.fired:
                self._due.pop(key, None)
            else:
                self._due[key] = cell.deadline


class TallyStage:
    """Tallies what comes per key, sends it to itself once more, and then on.

    Beside the number and the sum of what came, which depend on no order, the state has a chain over it in its order.
    """

    def __init__(self, own: str, alerts: str) -> None:
        self._own = own
        self._alerts = alerts

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Nothing of its own."""

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Tally and send on."""
        outcome = Outcome()
        for record in batch.records:
            key, value = record.key or b"", record.value or b""
            stored = outcome.updates.get(key) or state.get(key) or TALLY.pack(0, 0, 0)
            records, checksum, chain = TALLY.unpack(stored)
            outcome.updates[key] = TALLY.pack(records + 1, (checksum + crc32(value)) % 2**32, crc32(value, chain))
            again = value.startswith(AGAIN)
            outcome.sends.append(Send(self._alerts, key, value) if again else Send(self._own, key, AGAIN + value))
        return outcome

    def commit(self, batch: Batch, outcome: Outcome) -> None:
        """Nothing of its own."""


def chains_of(records: Iterable[SourceRecord]) -> dict[bytes, int]:
    """The chain that a tally of these ends with, per key."""
    chains: dict[bytes, int] = {}
    for record in records:
        key = record.key or b""
        chains[key] = crc32(record.value or b"", chains.get(key, 0))
    return chains


def split_chains(state: Mapping[bytes, bytes]) -> tuple[dict[bytes, bytes], dict[bytes, int]]:
    """Split a tally's state into the part that depends on no order, and the chains."""
    return (
        {key: stored[: -CHAIN.size] for key, stored in state.items()},
        {key: CHAIN.unpack(stored[-CHAIN.size :])[0] for key, stored in state.items()},
    )


def _stored(state: Mapping[bytes, bytes], key: bytes) -> Cell | None:
    found = state.get(key)
    return None if found is None else Cell.of(found)
