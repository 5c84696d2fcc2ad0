"""Isolating the records that make a stage raise, so that the rest of the batch goes on."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from parcelward.errors import UserError
from parcelward.stage import Batch, Outcome, SourceRecord

Step = Callable[[Batch], Outcome]

MOST_SHARE = 0.1
"""Up to this share of poisoned records the fault is taken to be theirs, unless the settings say otherwise."""
SMALL_BATCH = 20
NOT_THE_RECORDS = (MemoryError, UserError)
"""Errors that no record is to blame for: no memory, or a state on disk that cannot be read."""
RECENT = 200
"""Records over which batches of any size are judged together."""


class Poisoned(NamedTuple):
    """A record that our own code failed on, and the exception it raised."""

    record: SourceRecord
    error: Exception


class Isolated(NamedTuple):
    """A batch without its poisoned records, its outcome, and the poisoned records in their order."""

    batch: Batch
    outcome: Outcome
    poisoned: Sequence[Poisoned]


class TooManyPoisonedError(Exception):
    """So many records fail that the fault is ours, not theirs. None of the records in work may be acknowledged."""


def isolate(step: Step, batch: Batch, most_share: float = MOST_SHARE) -> Isolated:
    """Run `step` on a batch; when it raises, find the records it raises on and run it on the others.

    Halves are tried until the failing records are alone; each try costs one pure step and changes nothing. Raises
    TooManyPoisonedError when more than `most_share` of a batch of at least 20 records fail, and the exception itself
    when the batch fails without any record (a deadline, say) or for what is no record's fault.
    """
    try:
        return Isolated(batch, step(batch), ())
    except NOT_THE_RECORDS:
        raise
    except Exception:
        if not batch.records:
            raise
    step(Batch([], batch.quiet_until))
    search = _Search(step, len(batch.records), most_share)
    search.halve(batch.records)
    while True:
        rest = batch._replace(records=[record for record in batch.records if id(record) not in search.found])
        try:
            outcome = step(rest)
        except Exception:
            # None of them fails alone: one fails after the others.
            search.shortest_prefix(rest)
            continue
        poisoned = [search.found[id(record)] for record in batch.records if id(record) in search.found]
        return Isolated(rest, outcome, poisoned)


class Recently:
    """Counts the poisoned ones among the last 200 records of one partition, over all batches.

    Live batches hold a few records each, too few to judge: a fault of ours could refuse all traffic, batch by batch.
    """

    def __init__(self, most_share: float = MOST_SHARE) -> None:
        self._most = most_share * RECENT
        self._seen = 0
        self._poisoned: deque[int] = deque()

    def count(self, batch: Batch, poisoned: Sequence[Poisoned]) -> None:
        """Count a batch; raises TooManyPoisonedError when more than the share of the last 200 records were poisoned."""
        bad = {id(one.record): one.error for one in poisoned}
        if bad:
            for number, record in enumerate(batch.records, self._seen):
                if id(record) not in bad:
                    continue
                self._poisoned.append(number)
                while self._poisoned[0] <= number - RECENT:
                    self._poisoned.popleft()
                if len(self._poisoned) > self._most:
                    error = bad[id(record)]
                    raise TooManyPoisonedError(f"{type(error).__name__} in too many of the last records") from error
        self._seen += len(batch.records)


class _Search:
    def __init__(self, step: Step, size: int, most_share: float) -> None:
        self._step = step
        self._most = most_share * size if size >= SMALL_BATCH else size
        self.found: dict[int, Poisoned] = {}

    def _error(self, batch: Batch) -> Exception | None:
        try:
            self._step(batch)
        except NOT_THE_RECORDS:
            raise
        except Exception as error:
            return error
        return None

    def _add(self, record: SourceRecord, error: Exception) -> None:
        self.found[id(record)] = Poisoned(record, error)
        if len(self.found) > self._most:
            raise TooManyPoisonedError(f"{type(error).__name__} in too many records of a batch") from error

    def halve(self, records: Sequence[SourceRecord]) -> None:
        """Find the records that fail by themselves."""
        error = self._error(Batch(records))
        if error is None:
            return
        if len(records) == 1:
            self._add(records[0], error)
            return
        middle = len(records) // 2
        self.halve(records[:middle])
        self.halve(records[middle:])

    def shortest_prefix(self, batch: Batch) -> None:
        """Find the first record that fails after those before it."""
        good, bad = 0, len(batch.records)
        error = self._error(batch)
        while bad - good > 1:
            middle = (good + bad) // 2
            problem = self._error(batch._replace(records=batch.records[:middle]))
            good, bad, error = (good, middle, problem) if problem else (middle, bad, error)
        assert error is not None, "a step must give the same outcome for the same input"
        self._add(batch.records[bad - 1], error)
