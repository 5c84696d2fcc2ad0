"""The people of the demo: they read what the worker writes, and send answers and decisions as their systems would."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

from kafka import KafkaProducer

from parcelward.cluster.client import client_options
from parcelward.cluster.reader import TopicReader
from parcelward.contract.instructions import Instruction
from parcelward.contract.referrals import Case, Referral
from parcelward.contract.steps import ReferralState
from parcelward.settings import Settings
from parcelward.simulate import Label, Letter, People

ENDS = frozenset((ReferralState.DECIDED, ReferralState.WITHDRAWN, ReferralState.EXPIRED))
"""States in which people have done with an alert, for now."""


class SimulatedPeople:
    """Counter staff, and the platform if `desk`, on the real topics; `labels` gives what was planted so far."""

    def __init__(
        self, settings: Settings, seed: int, labels: Callable[[], Iterable[Label]], stack: ExitStack, desk: bool = True
    ) -> None:
        topics = settings.topics
        self._topics, self._labels, self._desk = topics, labels, desk
        self._instructions = {topics.instructions(courier) for courier in settings.couriers}
        names = [topics.referrals, topics.cases, *self._instructions]
        self._reader = stack.enter_context(TopicReader(settings, names, from_start=False))
        self._producer = KafkaProducer(**client_options(settings), acks="all", linger_ms=5)
        stack.callback(self._producer.close, timeout=5)
        self._people = People(seed, self._is_planted)
        self._planted: set[tuple[str, str]] = set()
        self._ended: dict[str, ReferralState] = {}

    @property
    def open(self) -> int:
        """Alerts that still want a step of somebody."""
        return self._people.open

    def turn(self) -> Sequence[Referral]:
        """Read, answer and decide what is due; give the alerts that have come to an end since the last turn."""
        now_ms = time.time_ns() // 1_000_000
        ended = []
        for record in self._reader.poll(0):
            if record.value is None:
                continue
            if record.topic in self._instructions:
                self._people.read_instruction(Instruction.model_validate_json(record.value), now_ms)
            elif record.topic == self._topics.cases:
                if self._desk:
                    self._people.read_case(Case.model_validate_json(record.value), now_ms)
            else:
                referral = Referral.model_validate_json(record.value)
                if self._desk:
                    self._people.read_referral(referral, now_ms)
                if self._has_ended(referral):
                    ended.append(referral)
        for letter in self._people.due(now_ms):
            self._send(letter)
        return ended

    def _has_ended(self, referral: Referral) -> bool:
        before = self._ended.get(referral.alert_id)
        self._ended[referral.alert_id] = referral.state
        return referral.state in ENDS and referral.state is not before

    def _send(self, letter: Letter) -> None:
        topic = self._topics.decisions if letter.courier is None else self._topics.answers(letter.courier)
        value = json.dumps(letter.event, ensure_ascii=False).encode()
        self._producer.send(topic, key=letter.key.encode(), value=value)

    def _is_planted(self, courier: str, waybill: str) -> bool:
        if (courier, waybill) not in self._planted:
            self._planted = {(label.courier, label.waybill) for label in self._labels()}
        return (courier, waybill) in self._planted
