"""A Faust table that is only the durable side of a stage's state: changelog, assignment and recovery, in batches."""

import logging
from typing import Any

from faust.tables import Table
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery, ServiceStopped

from streams.engine.assignment import Assignment
from streams.engine.state import NOTHING_WRITTEN
from streams.engine.transactions import FailedError

log = logging.getLogger(__name__)

# TRAP: with a buffer of one Faust goes on applying the changelog while the agent writes it, and old values come back
# over new ones.
RECOVERY_BUFFER = 4


class BatchTable(Table):  # type: ignore[misc]
    """Keeps its data in the partitions of the assignment, so that they go when the partition goes."""

    @property
    def assignment(self) -> Assignment:
        """The partitions of this worker."""
        found: Assignment = self.app.assignment
        return found

    def persisted_offset(self, tp: Any) -> int:
        """The changelog offset up to which the state is current; recovery reads on from there."""
        partition = self.assignment.of_stage(self.name, tp.partition)
        return partition.state.written if partition else NOTHING_WRITTEN

    def apply_changelog_batch(self, batch: Any, *args: Any, **kwargs: Any) -> None:
        """Bring the states up to date with changelog messages, each of which holds many records."""
        for event in batch:
            partition, records = event.message.value
            if partition is None or partition not in self.assignment or self.assignment.stopping:
                continue
            # TRAP: Faust logs what is raised here and goes on with the next batch, over a gap.
            try:
                partition.apply_changelog(records, event.message.offset)
            except Exception as error:
                self.assignment.fail(error)

    async def on_recovery_completed(self, active_tps: Any, standby_tps: Any) -> None:
        """Rebuild the stages from the recovered state."""
        # TRAP: Faust does not look at what this raises.
        try:
            self.assignment.restore(self.name)
        except Exception as error:
            self.assignment.fail(error)


class LoudRecovery(Recovery):  # type: ignore[misc]
    """A recovery that takes too long stops the worker."""

    async def _wait(self, coro: Any, timeout: Any = None) -> None:  # noqa: ASYNC109 - Faust's signature
        try:
            await super()._wait(coro, timeout)
        except ServiceStopped:
            # TRAP: Faust takes a step that is too slow for its own end: it recovers nothing any more, silently, and the
            # worker stands still.
            if not self.should_stop and not self.app.assignment.stopping:
                self.app.assignment.fail(FailedError(f"a step of recovery took longer than {timeout:.0f} s"))
            raise


class PromptTableManager(TableManager):  # type: ignore[misc]
    """Starts at once: Faust would wait a second for tables that are declared late, and ours are all there."""

    _recovery: Recovery | None = None

    @property
    def recovery(self) -> Recovery:
        """The recovery of this worker's tables."""
        if self._recovery is None:
            self._recovery = LoudRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    async def on_start(self) -> None:
        """Register the tables and start their recovery."""
        await self._update_channels()
        await self.recovery.start()
