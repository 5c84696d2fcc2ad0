"""A live run in memory: topics, partitions, batches cut and stages scheduled at random, restarts, ticks.

What it leaves behind is a `Recording`, so that a replay of it can be compared with it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from random import Random
from zlib import crc32

from parcelward.flow import FLOW, SCREENING
from parcelward.replay.recording import Entry, Pass, entry_of, pass_of
from parcelward.screening.build import Stages
from parcelward.screening.in_memory import Cell
from parcelward.settings import Settings
from parcelward.stage import Batch, Record, Send, SourceRecord, apply
from streams.engine.inbox import Inbox
from tests.people import People

Topic = tuple[str, int]


class LiveRun:
    """A worker with every freedom that a real one has. `run`, then `end`.

    With `people`, a desk and couriers react to what is published, and the stages after the alerts run, too.
    """

    def __init__(self, settings: Settings, stages: Stages, seed: int, people: People | None = None) -> None:
        self.topics, self.couriers, self.partitions = settings.topics, settings.couriers, settings.partitions
        self._rng = Random(seed)
        self._intake = [self.topics.intake(courier) for courier in self.couriers]
        self.follows = people is not None
        flow = FLOW if self.follows else SCREENING
        self._sources = {stage.name: self.topics.sources(stage, self.couriers) for stage in flow}
        self._make = {stage.name: stages.make[stage.name] for stage in flow}
        numbers = range(self.partitions)
        self.cells = {
            (name, number): Cell(make(self.partitions)) for name, make in self._make.items() for number in numbers
        }
        self._inboxes = {(name, number): Inbox(topics) for name, topics in self._sources.items() for number in numbers}
        self.logs: dict[Topic, list[Record]] = defaultdict(list)
        self._worked_off: Counter[Topic] = Counter()
        self._now_ms = 0
        self._letters = self._sources.get("referrals", ())
        self._letters_ms = 0  # arrival of the last one on them; no two arrive together
        self._people, self._seen = people, Counter[Topic]()
        self._unfetched: dict[Topic, list[Record]] = defaultdict(list)  # of the letters: topics are fetched by turns
        self._moved: Counter[Topic] = Counter()
        self.begins: dict[Topic, int] = {}
        self.restarts = 0

    # what happens

    def run(self, records: Sequence[Record], burst: int = 40) -> None:
        """Publish the records, which are in order of arrival, and work them off, a bit here and a bit there.

        At most `burst` records are published at once.
        """
        rng, at = self._rng, 0
        while at < len(records):
            self.publish(records[at : (at := at + rng.randrange(1, burst))])
            for _ in range(rng.randrange(4)):
                self._work(rng.choice(list(self._inboxes)))
            self._react()
            if rng.random() < 0.3 and at < len(records):
                self.tick(rng.randrange(self.partitions), records[at].timestamp - 1)
            if rng.random() < 0.3:
                self.finish()
        self.finish()

    def tick(self, number: int, now_ms: int) -> None:
        """Every record that arrived up to `now_ms` is published: the deadlines of a partition may fire."""
        self._now_ms = max(self._now_ms, now_ms + 1)  # what is moved from now on arrives after it
        for topic in self._intake:
            self._inboxes["duties", number].mark_quiet(topic, now_ms)
        self._work(("duties", number))
        self._letters_ms = max(self._letters_ms, now_ms)
        self._fetch(number)
        for topic in self._letters:
            self._inboxes["referrals", number].mark_quiet(topic, self._letters_ms)
        if self.follows:
            self._work(("referrals", number))

    def end(self, now_ms: int, apart_ms: int = 20_000) -> None:
        """Stop at a time; one partition fires its last deadlines `apart_ms` before the next."""
        for number in range(self.partitions):
            self.tick(number, now_ms - number * apart_ms)
        self.finish()

    def publish(self, records: Sequence[Record]) -> None:
        """Let records arrive."""
        for record in records:
            self._now_ms = max(self._now_ms, record.timestamp)
            moved = self._moved[record.topic, record.partition]  # in between, so that its offset is a higher one
            self._append(record.topic, record._replace(offset=record.offset + moved))

    def _react(self) -> None:
        """Let people answer and decide on what was published since they last looked."""
        if self._people is None:
            return
        for (topic, number), log in list(self.logs.items()):
            seen = self._seen[topic, number]
            self._seen[topic, number] = len(log)
            newest = {(record.topic, record.key): record for record in log[seen:]}.values()
            for letter in (letter for record in newest for letter in self._people.react(record, self._now_ms)):
                where = letter.place(self.partitions)
                self._send(Send(letter.topic, letter.key, letter.value), where)

    def finish(self, idle: int | None = None) -> None:
        """Work off everything that waits; the intake of the partition `idle` is not looked at."""
        self._fetch_all()
        while busy := [where for where, inbox in self._inboxes.items() if inbox.count and where != ("duties", idle)]:
            self._work(self._rng.choice(busy))
            self._fetch_all()

    def work_a_little(self, batches: int, idle: int) -> None:
        """Work off some of what waits; the intake of the partition `idle` is not looked at."""
        for _ in range(batches):
            self._work(self._rng.choice([where for where in self._inboxes if where != ("duties", idle)]))

    def _fetch(self, number: int, share: float = 1.0) -> None:
        """Fetch what waits of some topics of letters; of the others it comes later, whatever arrived first."""
        for topic in self._letters:
            if self._unfetched[topic, number] and self._rng.random() < share:
                self._inboxes["referrals", number].add(topic, self._unfetched.pop((topic, number)))

    def _fetch_all(self) -> None:
        for number in range(self.partitions):
            self._fetch(number)

    def _work(self, where: tuple[str, int]) -> None:
        name, number = where
        if name == "referrals":
            self._fetch(number, 0.3)
        cell = self.cells[where]
        if self._rng.random() < 0.05:
            self.restarts += 1
            cell.stage = self._make[name](self.partitions)
            cell.stage.restore(cell.state)
        batch = self._inboxes[where].next_batch(self._rng.choice([1, 3, 20, 400])).batch
        for record in batch.records:
            self._worked_off[record.topic, number] += 1
        if self._rng.random() < 0.1:
            cell.stage.step(batch, cell.state)  # aborted: computed, and never committed
        outcome = cell.stage.step(batch, cell.state)
        apply(outcome.updates, cell.state)
        cell.stage.commit(Batch(batch.records, batch.quiet_until), outcome)
        for key, value in outcome.updates.items():
            self._send(Send(self.topics.changelog(name), key, value), number)
        for send in outcome.sends:
            self._send(send, number if send.key is None else crc32(send.key) % self.partitions)
        for right, send in outcome.moves:
            self._send(send, right)
            self._moved[send.topic, right] += 1

    def _send(self, send: Send, number: int) -> None:
        offset, at_ms = len(self.logs[send.topic, number]), self._now_ms
        if send.topic in self._letters:
            at_ms = self._letters_ms = max(at_ms, self._letters_ms + 1)
        self._append(send.topic, Record(send.topic, number, offset, at_ms, send.key, send.value, send.headers))

    def _append(self, topic: str, record: Record) -> None:
        self.logs[topic, record.partition].append(record)
        stage = next((name for name, topics in self._sources.items() if topic in topics), None)
        if stage == "referrals":
            self._unfetched[topic, record.partition].append(record)
        elif stage is not None:
            self._inboxes[stage, record.partition].add(topic, [record])

    # what it leaves behind

    @property
    def horizon_ms(self) -> int | None:
        waiting = []
        for topics in self._sources.values():
            for topic in topics:
                for number in range(self.partitions):
                    for record in self.logs[topic, number][self._worked_off[topic, number] :]:
                        if topic in self.topics.passes:
                            waiting.append(pass_of(record).touched_ms)
                        elif topic not in self.topics.between:
                            waiting.append(record.timestamp)
        return min(waiting, default=None)

    def intake(self, courier: str, partition: int) -> Iterator[SourceRecord]:
        where = self.topics.intake(courier), partition
        begin = self.begins.get(where, 0)
        return (one for one in self.logs[where][: self._worked_off[where]] if one.offset >= begin)

    def order(self, topic: str, partition: int) -> Iterator[Pass]:
        return (pass_of(record) for record in self.between(topic, partition))

    def between(self, topic: str, partition: int) -> Iterator[SourceRecord]:
        return iter(self.logs[topic, partition][: self._worked_off[topic, partition]])

    def alerts(self) -> Iterator[SourceRecord]:
        return self._all([self.topics.alerts])

    def rejected(self) -> Iterator[SourceRecord]:
        return self._all([*map(self.topics.rejected, self.couriers), self.topics.refused_decisions])

    def letters(self, topic: str, partition: int) -> Iterator[SourceRecord]:
        return self.between(topic, partition)

    def entries(self, partition: int) -> Iterator[Entry]:
        log = self.logs[self.topics.into("cases"), partition]
        return (entry_of(one)._replace(waits=one.offset >= self.entered(partition)) for one in log)

    def entered(self, partition: int) -> int:
        return self._worked_off[self.topics.into("cases"), partition]

    def followed(self) -> Iterator[SourceRecord]:
        return self._all([*map(self.topics.instructions, self.couriers), self.topics.referrals, self.topics.cases])

    def _all(self, topics: Sequence[str]) -> Iterator[SourceRecord]:
        for topic in topics:
            for number in range(self.partitions):
                yield from self.logs[topic, number]

    def delete(self, where: Topic, kept: int) -> None:
        """Delete the intake of a partition afterwards, as retention does, all but the last few records."""
        offsets = [one.offset for one in self.logs[where]]
        self.begins[where] = offsets[-kept] if kept else offsets[-1] + 1

    def states(self, stage: str) -> dict[bytes, bytes]:
        return {
            key: value for (name, _), cell in self.cells.items() if name == stage for key, value in cell.state.items()
        }
