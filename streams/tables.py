"""A Faust table that is only the durable side of a stage's state: changelog, assignment and recovery, in batches."""

import logging
from typing import Any

from faust.tables import Table
from faust.tables.manager import TableManager

from streams.ownership import Ownership
from streams.stores import NOTHING_WRITTEN
from streams.transport import Restored

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


class PromptTableManager(TableManager):  # type: ignore[misc]
    """Starts at once: Faust waits a second for tables that modules still declare, ours are all there."""

    async def on_start(self) -> None:
        """Register the tables and start their recovery."""
        await self._update_channels()
        await self.recovery.start()
