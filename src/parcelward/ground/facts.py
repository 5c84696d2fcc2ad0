"""Facts about the cluster and the machine, as far as they could be gathered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from parcelward.footing import Bounds, Footing

Place = tuple[str, int]
"""A topic, or a stage, and a partition number."""


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """A topic as it is. `config` holds the entries that were asked for, None for one that may not be read.

    `operations` are what this user may do with it; None where brokers do not say.
    """

    name: str
    id: str
    partitions: int
    copies: int
    config: Mapping[str, str | None] = field(default_factory=dict)
    operations: frozenset[str] | None = None


class Position(NamedTuple):
    """A committed position, and the note that was committed with it."""

    offset: int
    footing: Footing | None = None


class ClockFacts(NamedTuple):
    """Seconds that this machine's clock is ahead of a broker's: at least, and at most.

    `anchor_ms` is what the broker's clock shows at least when the monotonic clock of this process shows zero.
    """

    least_s: float
    most_s: float
    anchor_ms: float

    @property
    def off_s(self) -> float:
        """Seconds that it is certainly off; below zero when it is behind."""
        return self.least_s if self.least_s > 0 else min(self.most_s, 0.0)


class Certificate(NamedTuple):
    """A certificate, and the days until it expires."""

    name: str
    days: float


@dataclass(frozen=True, slots=True)
class Machine:
    """Room on the disk of the state's folder (bytes free and in all; None without a folder), and the limit of files."""

    disk_free: int | None = None
    disk_total: int | None = None
    files: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the check looks at. Topics that do not exist are missing in `topics`.

    `known_ids` are the topics' ids when the worker started; `live_states` the stages and partitions without a position
    whose changelog holds a value all the same; `other_couriers` those that the settings do not name although the group
    has read their intake; `clocks` by broker.
    """

    topics: Mapping[str, TopicFacts]
    logs: Mapping[Place, Bounds] = field(default_factory=dict)
    positions: Mapping[Place, Position] = field(default_factory=dict)
    live_states: frozenset[Place] = frozenset()
    other_couriers: frozenset[str] = frozenset()
    known_ids: Mapping[str, str] = field(default_factory=dict)
    internal: Mapping[str, int] = field(default_factory=dict)  # Kafka's own topics: least copies
    clocks: Mapping[int, ClockFacts] = field(default_factory=dict)
    positions_kept_ms: int | None = None  # once no worker runs; None where brokers do not say
    group_operations: frozenset[str] | None = None
    workers: int | None = None  # in the group now; None where this user may not know
    certificates: tuple[Certificate, ...] = ()
    machine: Machine = Machine()
