"""Decides when to deliver batches and when to fetch: by the inboxes, by the commits of late, and by the settings.

A transaction costs about as much as some dozen records, whatever is in it. So a record waits for others: three times as
long as commits take of late, as that says both how much they cost and how busy worker and brokers are; but no longer
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
PAUSE_PER_COMMIT = 3.0
"""Pauses are so many times as long as commits: these take at most a quarter of the time."""
SHORTEST_SHARE = 1 / 6
"""The shortest pause, as a share of the longest."""
COMMITS_OF_LATE = 8
"""About so many commits say how long one takes of late."""
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

    def pause_s(self, commit_s: float, commits: int) -> float:
        """Seconds that a record waits for others after a commit, when commits take `commit_s` of late."""
        longest = self.commit_every_s / commits
        return min(longest, max(longest * SHORTEST_SHARE, commit_s * PAUSE_PER_COMMIT))

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

    def fetch_pause_s(self, records: int, pause_s: float) -> float:
        """Seconds from one fetch of a broker to the next when so many records waited there; `pause_s`: as above.

        A broker answers at once when anything has come, and asking costs as much as some dozen records.
        """
        return 0.0 if records >= WORTH_A_FETCH else pause_s / 2


def of_late(before_s: float, commit_s: float) -> float:
    """Seconds that a commit takes of late, after one that took `commit_s`; `before_s` is what was so before it."""
    return before_s + (commit_s - before_s) / COMMITS_OF_LATE
