"""The protocol with one step of chaining wrong; the simulation must find every one of them."""

from collections.abc import Mapping
from typing import Any

import pytest

import streams.engine.partition
from parcelward.stage import Outcome
from streams.engine.chaining import Chain, _Link
from streams.engine.inbox import Inbox
from streams.engine.partition import StagePartition
from streams.engine.producer import Member
from streams.engine.transactions import Found, Transactions
from tests.crash.clients import SimulatedProducer
from tests.crash.mutants import Mutant

_open, _write = Transactions.open, Transactions._write
_update, _make_chain, _process_chained = Chain.update, Chain.__init__, StagePartition.process_chained
_send_positions = SimulatedProducer.send_positions


def chained_past_what_waits(patch: pytest.MonkeyPatch) -> None:
    """Records that stood between the stages before are not processed first."""

    def make(self: Chain, *args: Any) -> None:
        _make_chain(self, *args)
        self._behind = False
        if self.partitions:
            self._transactions.extend = self._extend

    patch.setattr(Chain, "__init__", make)


def chained_past_what_another_wrote_last(patch: pytest.MonkeyPatch) -> None:
    """The end of what waits between the stages is taken from before it was decided."""

    async def open(self: Transactions, *them: Any) -> Found:
        found = await _open(self, *them)
        self.ends = dict.fromkeys(self.ends, 0)
        return found

    patch.setattr(Transactions, "open", open)


def chained_before_a_gap_is_committed(patch: pytest.MonkeyPatch) -> None:
    """A gap that was passed between the stages is committed only after something was chained behind it."""

    def update(self: Chain, read: Mapping[Any, int]) -> None:
        with pytest.MonkeyPatch.context() as inside:
            inside.setattr(Inbox, "is_empty", property(lambda inbox: not inbox.count))
            _update(self, read)

    patch.setattr(Chain, "update", update)


def own_records_do_not_count_as_waiting(patch: pytest.MonkeyPatch) -> None:
    """Records that were sent before anything is chained are not waited for."""

    async def write(self: Transactions, *them: Any) -> None:
        ends = dict(self.ends)
        await _write(self, *them)
        self.ends = ends

    patch.setattr(Transactions, "_write", write)


def chained_positions_are_left_out(patch: pytest.MonkeyPatch) -> None:
    """The positions behind chained records are not committed."""
    patch.setattr(SimulatedProducer, "send_positions", _positions_of_intake)


def chained_state_is_not_written(patch: pytest.MonkeyPatch) -> None:
    """Chained records change the changelog and not the state in memory."""
    patch.setattr(_Link, "follow", lambda self: None)


def chained_and_read_as_well(patch: pytest.MonkeyPatch) -> None:
    """Chained records are read again."""
    patch.setattr(Chain, "unread", frozenset())


def chained_from_the_state_before(patch: pytest.MonkeyPatch) -> None:
    """The second batch of a partition in a transaction does not see what the first one led to."""
    patch.setattr(streams.engine.partition, "Ahead", lambda state, updates: state)


def chained_state_is_written_at_once(patch: pytest.MonkeyPatch) -> None:
    """The state follows before the transaction is committed."""

    def process_chained(self: StagePartition, batch: Any, before: Outcome) -> Outcome:
        outcome = _process_chained(self, batch, before)
        self.state.write(outcome.updates, self.state.written)
        return outcome

    patch.setattr(StagePartition, "process_chained", process_chained)


def chained_in_another_order(patch: pytest.MonkeyPatch) -> None:
    """Chained records are written in another order than they are processed in."""

    async def write(self: Transactions, ready: Any, links: Any, records: Any) -> None:
        for one in links:
            records[one.source].reverse()
        await _write(self, ready, links, records)

    patch.setattr(Transactions, "_write", write)


async def _positions_of_intake(self: SimulatedProducer, positions: Mapping[Any, int], member: Member) -> None:
    await _send_positions(self, {tp: at for tp, at in positions.items() if "intake" in tp.topic}, member)


CHAINING_MUTANTS: tuple[Mutant, ...] = (
    chained_past_what_waits,
    chained_past_what_another_wrote_last,
    chained_before_a_gap_is_committed,
    own_records_do_not_count_as_waiting,
    chained_positions_are_left_out,
    chained_state_is_not_written,
    chained_and_read_as_well,
    chained_from_the_state_before,
    chained_state_is_written_at_once,
    chained_in_another_order,
)
