"""Decides when to deliver batches and when to fetch: by the inboxes, the time of the last commit, and the settings.

A transaction costs about as much as some dozen records, whatever is in it. So a record waits for others, but no longer
than `commit_every` from its arrival to an alert. Pure: the time is an argument, in seconds of any one clock.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from streams.engine.inbox import Inbox

TICK_S = 1.0
"""Seconds between batches of an idle partition whose stage has deadlines."""
WORTH_A_COMMIT = 500
"""When so many records wait in all partitions together, they are delivered at once: a transaction adds little."""
WORTH_A_FETCH = 300
"""Records of one broker in one fetch after which the next fetch is not put off."""
NEVER, AT_ONCE = float("inf"), float("-inf")


class Plan(Protocol):
    """A stage as pacing sees it."""

    @property
    def ticks(self) -> bool: ...


class Candidate(Protocol):
    """A partition as pacing sees it: whether a batch may be delivered, from which inbox, and when the last one was."""

    @property
    def idle(self) -> bool: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def plan(self) -> Plan: ...
    @property
    def last_batch_at(self) -> float: ...


C = TypeVar("C", bound=Candidate)


@dataclass(frozen=True, slots=True)
class Pacing:
    """Decides from two settings: `limit` is the number of records of a full batch, `commit_every_s` the longest wait.

    An event may pass several commits on its way to an alert (`commits`). Each of them has that share of the time.
    """

    limit: int
    commit_every_s: float

    def next_commit(self, last_commit: float, commits: int) -> float:
        """The time at which a record that waits is to be committed."""
        return last_commit + self.commit_every_s / commits

    def due_in(self, partitions: Collection[Candidate], next_commit: float, now: float) -> float:
        """Seconds until a batch is to be delivered, 0 or less when one is; NEVER when only a new record can tell."""
        if sum(one.inbox.count for one in partitions if one.idle) >= WORTH_A_COMMIT:
            return 0.0
        return min((self._due_at(one, next_commit) for one in partitions), default=NEVER) - now

    def due(self, partitions: Collection[C], next_commit: float, now: float) -> Sequence[C]:
        """Partitions to deliver now: none until one is due, then every one that has something to commit.

        Their batches share a transaction, which costs less than another one later.
        """
        if self.due_in(partitions, next_commit, now) > 0:
            return []
        return [
            one for one in partitions if one.idle and (not one.inbox.is_empty or self._due_at(one, next_commit) <= now)
        ]

    def _due_at(self, one: Candidate, next_commit: float) -> float:
        if not one.idle:
            return NEVER
        if one.inbox.fills(self.limit):
            return AT_ONCE
        if not one.inbox.is_empty:
            return next_commit
        return one.last_batch_at + TICK_S if one.plan.ticks else NEVER

    def fetch_pause_s(self, records: int, commits: int) -> float:
        """Seconds from one fetch of a broker to the next when so many records waited there.

        A broker answers at once when anything has come, and asking costs as much as some dozen records.
        """
        return 0.0 if records >= WORTH_A_FETCH else self.commit_every_s / commits / 2
