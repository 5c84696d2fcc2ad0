"""A simulated Kafka: logs with transactions, fencing epochs, the last stable offset, and positions of one group."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from aiokafka.errors import InvalidTxnState
from aiokafka.structs import TopicPartition

from parcelward.stage import Record
from streams.engine.producer import FencedError, Member

Row = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]  # key, value, headers


class Transaction:
    """One transaction: what it holds that is not marked with how it ended (`committed`; None: it is open)."""

    def __init__(self) -> None:
        self.begun: dict[TopicPartition, int] = {}
        self.positions: dict[TopicPartition, int] = {}
        self.committed: bool | None = None

    @property
    def marked(self) -> bool:
        """True when group and logs know how it ended."""
        return self.committed is not None and not self.begun and not self.positions


class Log:
    """One partition of one topic: records with the transaction they belong to; markers take offsets."""

    def __init__(self) -> None:
        self.entries: list[tuple[Record, Transaction | None] | None] = []
        self.open: list[Transaction] = []

    def stable_end(self, tp: TopicPartition) -> int:
        """Offset before which everything is decided: as far as read_committed reads."""
        return min((transaction.begun[tp] for transaction in self.open), default=len(self.entries))

    def committed(self, tp: TopicPartition, start: int) -> list[Record]:
        """Committed records from `start` on."""
        found = []
        for entry in self.entries[start : self.stable_end(tp)]:
            if entry is not None and (entry[1] is None or entry[1].committed):
                found.append(entry[0])
        return found

    def next_record(self, tp: TopicPartition, start: int) -> int:
        """Offset of the first committed record from `start` on, or the end of what is decided."""
        return next((record.offset for record in self.committed(tp, start)), self.stable_end(tp))


class Coordinated:
    """One transactional id, as its coordinator knows it."""

    __slots__ = ("current", "epoch")

    def __init__(self) -> None:
        self.epoch = -1
        self.current: Transaction | None = None


class Broker:
    """All logs, all transactional ids, and the positions of the worker group. Every call is one effect."""

    def __init__(self) -> None:
        self.clock_ms = 0
        self.generation = 0
        self.logs: defaultdict[TopicPartition, Log] = defaultdict(Log)
        self.positions: dict[TopicPartition, int] = {}
        self.on_decided: Callable[[Transaction], None] = self.mark
        self._ids: defaultdict[str, Coordinated] = defaultdict(Coordinated)

    # what couriers do

    def publish(self, tp: TopicPartition, rows: Sequence[Row | None], timestamp: int) -> None:
        """Append records without a transaction; None stands for a marker or an aborted record."""
        log = self.logs[tp]
        for row in rows:
            offset = len(log.entries)
            log.entries.append(row and (Record(tp.topic, tp.partition, offset, timestamp, *row), None))

    # what producers do

    def init(self, name: str) -> int:
        """Fence former producers of a transactional id and abort what they left open; returns the new epoch."""
        known = self._ids[name]
        self._end(known, committed=False)
        if known.current is not None:
            self.mark(known.current)
        known.epoch += 1
        return known.epoch

    def is_open(self, name: str) -> bool:
        """Tell whether a producer has a transaction that is not decided."""
        current = self._ids[name].current
        return current is not None and current.committed is None

    def expire(self, name: str) -> None:
        """The transaction took too long: the broker aborts it and fences its producer."""
        known = self._ids[name]
        if self._end(known, committed=False):
            known.epoch += 1

    def append(self, name: str, epoch: int, tp: TopicPartition, rows: Sequence[Row]) -> int:
        """Append records within the transaction; returns the offset of the first."""
        transaction = self._current(name, epoch)
        log = self.logs[tp]
        first = len(log.entries)
        if tp not in transaction.begun:
            transaction.begun[tp] = first
            log.open.append(transaction)
        # Later than all that was said to be quiet, as a broker's own stamp is.
        for number, row in enumerate(rows, first):
            log.entries.append((Record(tp.topic, tp.partition, number, self.clock_ms + 1, *row), transaction))
        return first

    def add_positions(self, name: str, epoch: int, positions: Mapping[TopicPartition, int], member: Member) -> None:
        """Positions that count once the transaction is committed; none from an earlier generation."""
        if positions and member.generation != self.generation:
            raise FencedError
        self._current(name, epoch).positions.update(positions)

    def commit(self, name: str, epoch: int) -> None:
        """Commit."""
        known = self._ids[name]
        if epoch != known.epoch:
            raise FencedError
        if known.current is None:
            raise InvalidTxnState
        self._end(known, committed=True)

    def may_begin(self, name: str, epoch: int) -> bool:
        """Tell whether the transaction before is marked everywhere."""
        known = self._ids[name]
        if epoch != known.epoch:
            raise FencedError
        return known.current is None or known.current.committed is None or known.current.marked

    def _current(self, name: str, epoch: int) -> Transaction:
        known = self._ids[name]
        if epoch != known.epoch:
            raise FencedError
        if known.current is None or known.current.marked:
            known.current = Transaction()
        if known.current.committed is not None:
            raise InvalidTxnState
        return known.current

    def _end(self, known: Coordinated, *, committed: bool) -> bool:
        """Decide what is open; whether anything was."""
        if known.current is None or known.current.committed is not None:
            return False
        known.current.committed = committed
        self.on_decided(known.current)
        return True

    def mark(self, transaction: Transaction) -> None:
        """Tell the group and the logs how it ended."""
        self.mark_positions(transaction)
        self.mark_records(transaction)

    def mark_positions(self, transaction: Transaction) -> None:
        """The group's part."""
        if transaction.committed:
            self.positions.update(transaction.positions)
        transaction.positions = {}

    def mark_records(self, transaction: Transaction) -> None:
        """The logs' part."""
        for tp in transaction.begun:
            log = self.logs[tp]
            log.open.remove(transaction)
            log.entries.append(None)  # the marker
        transaction.begun = {}

    # what readers see

    def committed(self, topic: str) -> list[Record]:
        """Every committed record of a topic's only partition."""
        tp = TopicPartition(topic, 0)
        return self.logs[tp].committed(tp, 0)

    def open_transactions(self) -> bool:
        """Tell whether any transaction is not marked everywhere."""
        return any(known.current is not None and not known.current.marked for known in self._ids.values())

    def positions_of(self, sources: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """The group's positions, of those that have one."""
        return {tp: self.positions[tp] for tp in sources if tp in self.positions}

    def positions_decided(self, sources: Collection[TopicPartition]) -> bool:
        """Tell whether every transaction with a position of one of these is marked."""
        current = [known.current for known in self._ids.values() if known.current is not None]
        return not any(tp in transaction.positions for transaction in current for tp in sources)

    def waits(self, tp: TopicPartition) -> bool:
        """Tell whether the group has committed records still before it."""
        return bool(self.logs[tp].committed(tp, self.positions.get(tp, 0)))

    def is_before_a_gap(self, tp: TopicPartition) -> bool:
        """Tell whether no record stands where the group has its position, but holes: a new worker would pass them."""
        position = self.positions.get(tp, 0)
        return self.logs[tp].next_record(tp, position) > position
