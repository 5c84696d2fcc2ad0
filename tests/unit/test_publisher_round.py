"""A round of events against brokers that answer badly: repeated, divided, begun anew, or refused, never lost."""

from collections import Counter
from collections.abc import Mapping
from typing import cast

import pytest

from parcelward.publisher import round as publisher_round
from parcelward.publisher.link import Answer, Link, LinkDown, Place
from parcelward.publisher.record_bytes import Batch, Body, body_bytes, header_bytes
from parcelward.publisher.round import Round
from parcelward.topics import partition_of

PARTITIONS = 3
NOT_LEADER, TOO_LARGE, OUT_OF_ORDER, INVALID_RECORD, NOT_ALLOWED = 6, 10, 45, 87, 29


class Brokers:
    """Brokers that give some bad answers first; `logs` is what they have taken. `most` records fit into a batch."""

    def __init__(self, *bad: int | None, most: int = 1_000, poison: bytes = b"") -> None:
        self._bad = list(bad)
        self._most = most
        self._poison = poison
        self.logs: dict[Place, list[bytes]] = {}
        self.did: Counter[str] = Counter()

    def partitions(self, topic: str) -> int:
        return 0 if topic.endswith("missing") else PARTITIONS

    def send(self, batches: Mapping[Place, Batch]) -> dict[Place, Answer]:
        self.did["send"] += 1
        bad = self._bad.pop(0) if self._bad else 0
        if bad is None:
            raise LinkDown("away")
        return {place: Answer(bad or self._take(place, batch), "") for place, batch in batches.items()}

    def _take(self, place: Place, batch: Batch) -> int:
        if len(batch) > self._most:
            return TOO_LARGE
        if self._poison and any(self._poison in taken for taken in batch.bodies):
            return INVALID_RECORD
        self.logs.setdefault(place, []).extend(batch.bodies)
        return 0

    def forget(self) -> None:
        self.did["forget"] += 1

    def drop(self) -> None:
        self.did["drop"] += 1


BODIES = [
    Body("swift", key, body_bytes(key, b"event %03d" % number, header_bytes([])))
    for number in range(60)
    for key in [b"SF%d" % (number % 7)]
]


def deliver(brokers: Brokers, bodies: list[Body]) -> tuple[dict[int, str], list[str]]:
    """Deliver a round; gives what was refused, and the causes of its pauses."""
    causes: list[str] = []
    events = Round(cast(Link, brokers), "intake.{}".format, bodies, lambda cause, _: causes.append(cause))
    return events.deliver(), causes


def expected(without: bytes = b"") -> dict[Place, list[bytes]]:
    logs: dict[Place, list[bytes]] = {}
    for body in BODIES:
        if not without or without not in body.bytes:
            place = Place("intake.swift", partition_of(body.key or b"", PARTITIONS))
            logs.setdefault(place, []).append(body.bytes)
    return logs


def test_each_waybill_goes_to_the_partition_that_the_contract_names_in_order() -> None:
    brokers = Brokers()
    assert deliver(brokers, BODIES) == ({}, [])
    assert brokers.logs == expected()
    assert brokers.did == {"send": 1}


@pytest.mark.parametrize("bad", [NOT_LEADER, NOT_ALLOWED, None], ids=["moved", "not allowed", "away"])
def test_a_batch_that_is_not_taken_is_sent_again_for_as_long_as_it_takes(bad: int | None) -> None:
    brokers = Brokers(*[bad] * 20)
    refused, causes = deliver(brokers, BODIES)
    assert (refused, brokers.logs, len(causes)) == ({}, expected(), 20)
    assert brokers.did == {"send": 21, "drop": 20}


def test_a_producer_that_the_brokers_have_forgotten_goes_on_as_a_new_one() -> None:
    brokers = Brokers(OUT_OF_ORDER)
    refused, causes = deliver(brokers, BODIES)
    assert (refused, brokers.logs) == ({}, expected())
    assert brokers.did["forget"] >= 1
    assert "OutOfOrderSequence" in causes[0]


def test_a_batch_that_is_too_large_is_divided_and_stays_in_order() -> None:
    brokers = Brokers(most=4)
    assert deliver(brokers, BODIES) == ({}, [])
    assert brokers.logs == expected()


def test_one_event_that_is_never_taken_is_refused_alone() -> None:
    brokers = Brokers(poison=b"event 031")
    refused, _ = deliver(brokers, BODIES)
    assert list(refused) == [31]
    assert "InvalidRecord" in refused[31]
    assert brokers.logs == expected(without=b"event 031")


def test_a_topic_that_stays_away_although_brokers_answer_is_said_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher_round, "TOPIC_PATIENCE_S", 0)
    brokers = Brokers()
    stray = Body("missing", b"SF1", BODIES[0].bytes)
    refused, _ = deliver(brokers, [*BODIES, stray])
    assert list(refused) == [len(BODIES)]
    assert "intake.missing does not exist" in refused[len(BODIES)]
    assert brokers.logs == expected()
