"""A Faust table that is only the durable side of a stage's state: changelog, assignment and recovery, in batches."""

import logging
from typing import Any

from faust.tables import Table
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery, ServiceStopped

from streams.engine.assignment import Ownership
from streams.engine.state import NOTHING_WRITTEN
from streams.engine.transactions import FailedError
from streams.engine.transport import Restored

log = logging.getLogger(__name__)

# TRAP: with a buffer of one Faust goes on applying the changelog while the agent writes it, and old values come back
# over new ones.
RECOVERY_BUFFER = 4


class BatchTable(Table):  # type: ignore[misc]
    """Its data live in the owned partitions, so that they go when the partition goes."""

    @property
    def ownership(self) -> Ownership:
        """The owned partitions of this worker."""
        found: Ownership = self.app.ownership
        return found

    def persisted_offset(self, tp: Any) -> int:
        """Changelog offset up to which the state is current; recovery reads on from there."""
        owner = self.ownership.of_stage(self.name, tp.partition)
        return owner.state.written if owner else NOTHING_WRITTEN

    def apply_changelog_batch(self, batch: Any, *args: Any, **kwargs: Any) -> None:
        """Bring the states up to date with changelog messages, each of which holds many records."""
        for event in batch:
            restored: Restored = event.message.value
            owner, offset = restored.owner, event.message.offset
            if owner is None or owner not in self.ownership or self.ownership.stopping:
                continue
            if offset <= owner.state.written:  # fetched for a recovery before this one
                continue
            # TRAP: Faust logs what is raised here and goes on with the next batch, over a gap.
            try:
                owner.state.write({record.key: record.value for record in restored.records}, offset)
            except Exception as error:
                self.ownership.fail(error)
            owner.restored_records += len(restored.records)

    async def on_recovery_completed(self, active_tps: Any, standby_tps: Any) -> None:
        """Rebuild the stages from the recovered state."""
        # TRAP: Faust does not look at what this raises.
        try:
            self.ownership.restore(self.name)
        except Exception as error:
            self.ownership.fail(error)


class LoudRecovery(Recovery):  # type: ignore[misc]
    """A recovery that takes too long stops the worker."""

    async def _wait(self, coro: Any, timeout: Any = None) -> None:  # noqa: ASYNC109 - Faust's signature
        try:
            await super()._wait(coro, timeout)
        except ServiceStopped:
            # TRAP: to Faust a step that takes too long looks as if it had been stopped itself: it recovers nothing any
            # more, without a word, and the worker stands still.
            if not self.should_stop and not self.app.ownership.stopping:
                self.app.ownership.fail(FailedError(f"a step of recovery took longer than {timeout:.0f} s"))
            raise


class PromptTableManager(TableManager):  # type: ignore[misc]
    """Starts at once: Faust waits a second for tables that modules still declare, ours are all there."""

    _recovery: Recovery | None = None

    @property
    def recovery(self) -> Recovery:
        """Recovers the tables of this worker."""
        if self._recovery is None:
            self._recovery = LoudRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    async def on_start(self) -> None:
        """Register the tables and start their recovery."""
        await self._update_channels()
        await self.recovery.start()
