"""A whole platform in memory for the console's tests: the stages of the worker, simulated couriers and people, and a
store on SQLite that is filled by the console's own projection. What the console decides goes through the stages, too.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from parcelward.console.store.database import Database, open_url
from parcelward.console.store.kinds import topics_read
from parcelward.console.store.projection import Projection
from parcelward.contract.instructions import Instruction
from parcelward.contract.referrals import Case, Referral
from parcelward.moments import MINUTE_MS, utc
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline, Result
from parcelward.settings import Settings
from parcelward.simulate import People, Plan, Simulation
from parcelward.simulate.people import Habits
from parcelward.stage import Record, Send

LATE_IN_LIFE = Habits(answer_ms=9 * MINUTE_MS, look_ms=25 * MINUTE_MS, decide_ms=60 * MINUTE_MS, never=0.3)


class Platform:
    """Topics, stages and store. It is a letterbox of the console: what is sent is applied at once."""

    def __init__(self, file: Path, now_ms: Callable[[], int]) -> None:
        self.settings = Settings(sampled_share=0.002)
        self.topics, self._now_ms = self.settings.topics, now_ms
        self.database: Database = open_url(f"sqlite:///{file}")
        self._kinds = topics_read(self.settings)
        self._projection = Projection(self._kinds)
        self._offsets: Counter[str] = Counter()
        self._lock = threading.Lock()
        with self.database.engine.connect() as connection:
            self._projection.read_positions(connection)
            self._projection.begin_with(connection, {(topic, 0): (topic, 0) for topic in self._kinds})

    @cached_property
    def _pipeline(self) -> Pipeline:
        return Pipeline(build_stages(self.settings), self.topics)

    def feed(self, records: Sequence[Record], at_ms: int) -> Result:
        """Let records arrive at the worker, and the console read all that comes of them."""
        quiet = {self.topics.intake(courier): at_ms for courier in self.settings.couriers}
        result = self._pipeline.feed(records, quiet)
        told = [record for record in records if record.topic in self._kinds]
        sent = [self._record(send, at_ms) for send in (*result.alerts, *result.followed, *result.rejected)]
        self._project([*told, *(record for record in sent if record.topic in self._kinds)])
        return result

    def send(self, topic: str, key: str, event: dict[str, Any]) -> None:
        """Take a letter of the console."""
        with self._lock:
            at_ms = self._now_ms()
            value = json.dumps(event, ensure_ascii=False).encode()
            self.feed([self._record(Send(topic, key.encode(), value, []), at_ms)], at_ms)

    def publish(self, topic: str, key: str, document: dict[str, Any], **headers: str) -> None:
        """Let the console read a record that no stage of the worker makes."""
        value = json.dumps(document, ensure_ascii=False).encode()
        said = [(name, text.encode()) for name, text in headers.items()]
        self._project([self._record(Send(topic, key.encode(), value, said), self._now_ms())])

    def publish_all(self, records: Iterable[Record]) -> None:
        """Let the console read records that no stage here makes; each gets the next place of its topic."""
        self._project([self.placed(record) for record in records])

    def live_until(self, end_ms: int, minutes: int, seed: int = 1, violations: float = 0.06) -> None:
        """Let couriers send and people react for some minutes that end at a time."""
        start = utc(end_ms) - timedelta(minutes=minutes)
        plan = Plan(
            outlets_per_courier=5, waybills_per_day=24_000, senders=20, start=start, days=minutes / 1440, seed=seed,
            violation_share=violations,
        )  # fmt: skip
        simulation = Simulation(plan)
        arrivals = [one for one in simulation.records() if one.arrival_ms < end_ms]
        planted = {(label.courier, label.waybill) for label in simulation.labels()}
        people = People(seed, lambda courier, waybill: (courier, waybill) in planted, LATE_IN_LIFE)
        begin_ms = end_ms - minutes * MINUTE_MS
        for until_ms in range(begin_ms + MINUTE_MS, end_ms + 1, MINUTE_MS):
            waiting = [one for one in arrivals if until_ms - MINUTE_MS <= one.arrival_ms < until_ms]
            records = [
                self._record(
                    Send(self.topics.intake(one.courier), one.key, one.value, list(one.headers)), one.arrival_ms
                )
                for one in waiting
            ]
            letters = [self._letter(letter, until_ms) for letter in people.due(until_ms)]
            self._tell(people, self.feed([*records, *letters], until_ms), until_ms)

    def _letter(self, letter: Any, at_ms: int) -> Record:
        topic = self.topics.decisions if letter.courier is None else self.topics.answers(letter.courier)
        value = json.dumps(letter.event, ensure_ascii=False).encode()
        return self._record(Send(topic, letter.key.encode(), value, []), at_ms)

    def _tell(self, people: People, result: Result, at_ms: int) -> None:
        for send in result.followed:
            value = send.value or b""
            if send.topic.startswith(self.topics.instructions("")):
                people.read_instruction(Instruction.model_validate_json(value), at_ms)
            elif send.topic == self.topics.referrals:
                people.read_referral(Referral.model_validate_json(value), at_ms)
            elif send.topic == self.topics.cases:
                people.read_case(Case.model_validate_json(value), at_ms)

    def _record(self, send: Send, at_ms: int) -> Record:
        offset = self._offsets[send.topic]
        self._offsets[send.topic] += 1
        return Record(send.topic, 0, offset, at_ms, send.key, send.value, send.headers)

    def _project(self, records: Iterable[Record]) -> None:
        batch = sorted(records, key=lambda record: record.offset)
        read = {(topic, 0): offset for topic, offset in self._offsets.items() if topic in self._kinds}
        with self.database.engine.connect() as connection:
            self._projection.write(connection, batch, read)

    def placed(self, record: Record) -> Record:
        """Give a record the next place of its topic."""
        return self._record(Send(record.topic, record.key, record.value or b"", list(record.headers)), record.timestamp)

    def close(self) -> None:
        """Close the store."""
        self.database.close()
