"""Every topic name in one place, under one prefix, and how large their records may be."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from struct import Struct

from parcelward.flow import FLOW, SCREENING, FlowStage, Source

MAX_INTAKE_BYTES = 12 * 1024 * 1024
"""Largest record an intake topic takes: far above the contract's limit, so that what is too large arrives and is
refused with a reason, where its courier can read it back."""
MAX_REJECTED_BYTES = MAX_INTAKE_BYTES + 1024 * 1024
"""Room for the largest refused record and the headers that say why."""

_MULTIPLIER = 0x5BD1E995
_MASK = 0xFFFFFFFF


@cache
def _words(count: int) -> Callable[[bytes], tuple[int, ...]]:
    return Struct(f"<{count}I").unpack_from


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of an intake topic that the contract names for a key: that of Kafka's own default partitioner.

    It is 31 bits of murmur2 of the key, modulo the number of partitions. Java clients and kafka-python do so if nothing
    else is said; librdkafka needs `partitioner=murmur2_random`, because its own default goes by CRC-32. Written again
    here because every new waybill is looked at, and kafka-python's own takes three times as long.

    >>> partition_of(b"SF1234567890123", 4)
    2
    """
    length = len(key)
    hashed = 0x9747B28C ^ length
    for word in _words(length >> 2)(key):
        word = word * _MULTIPLIER & _MASK
        hashed = (hashed * _MULTIPLIER ^ (word ^ word >> 24) * _MULTIPLIER) & _MASK
    if length & 3:
        hashed = (hashed ^ int.from_bytes(key[length & ~3 :], "little")) * _MULTIPLIER & _MASK
    hashed = (hashed ^ hashed >> 13) * _MULTIPLIER & _MASK
    return ((hashed ^ hashed >> 15) & 0x7FFFFFFF) % partitions


@dataclass(frozen=True, slots=True)
class Topics:
    """Topic names of one installation; `prefix` (for example `test.`) separates installations on one cluster."""

    prefix: str = ""

    def intake(self, courier: str) -> str:
        """Events of one courier, raw personal values included; written by that courier, and by the worker only to move
        what lies in a wrong partition."""
        return f"{self.prefix}intake.{courier}"

    def rejected(self, courier: str) -> str:
        """Refused records of one courier, whole as far as they fit; readable by that courier only."""
        return f"{self.prefix}rejected.{courier}"

    def accounts(self, courier: str) -> str:
        """Accounts of one courier's days, compacted, by date; readable by that courier only."""
        return f"{self.prefix}accounts.{courier}"

    @property
    def alerts(self) -> str:
        """Alerts for the joint security control platform."""
        return f"{self.prefix}alerts"

    def instructions(self, courier: str) -> str:
        """Instructions to one courier about its parcels; readable by that courier only."""
        return f"{self.prefix}instructions.{courier}"

    def answers(self, courier: str) -> str:
        """Answers of one courier to its instructions; written by that courier, and by the worker only to move what
        lies in a wrong partition."""
        return f"{self.prefix}answers.{courier}"

    @property
    def decisions(self) -> str:
        """Decisions of the platform's people on alerts and cases."""
        return f"{self.prefix}decisions"

    @property
    def refused_decisions(self) -> str:
        """Decisions that were not applied, whole, with the reason; for the platform."""
        return f"{self.prefix}refused.decisions"

    @property
    def referrals(self) -> str:
        """State of every alert, compacted; for the platform."""
        return f"{self.prefix}referrals"

    @property
    def cases(self) -> str:
        """Cases that gather alerts, compacted; for the platform."""
        return f"{self.prefix}cases"

    @property
    def undelivered(self) -> str:
        """Records that no webhook could deliver, whole, with headers that say why and to whom."""
        return f"{self.prefix}undelivered"

    def delivery_id(self, endpoint: str) -> str:
        """Name under which the positions of one receiver's webhooks are kept, and by which their writer is known."""
        return f"{self.prefix}deliver-{endpoint}"

    def undelivered_id(self, endpoint: str) -> str:
        """The same for what is sent again from `undelivered`."""
        return f"{self.delivery_id(endpoint)}-undelivered"

    def into(self, stage: str) -> str:
        """Records that other stages send to a stage, keyed as its state is: shipments, or notes to cases."""
        return f"{self.prefix}screening.{stage}"

    @property
    def between(self) -> tuple[str, ...]:
        """Every topic between two stages, in the order of the flow."""
        return tuple(self.into(stage.name) for stage in FLOW if stage.fed)

    @property
    def passes(self) -> tuple[str, ...]:
        """Topics between stages on which shipments travel."""
        return tuple(self.into(stage.name) for stage in SCREENING if stage.fed)

    def sources(self, stage: FlowStage, couriers: Iterable[str]) -> tuple[str, ...]:
        """Topics that a stage reads."""
        if stage.fed:
            return (self.into(stage.name),)
        codes = tuple(couriers)
        return tuple(chain.from_iterable(self.of_source(source, codes) for source in stage.reads))

    def of_source(self, source: Source, couriers: Iterable[str]) -> Iterable[str]:
        """Topics of one kind."""
        match source:
            case Source.INTAKE:
                return map(self.intake, couriers)
            case Source.ANSWERS:
                return map(self.answers, couriers)
            case Source.ALERTS:
                return (self.alerts,)
            case Source.DECISIONS:
                return (self.decisions,)

    def changelog(self, stage: str) -> str:
        """Durable state of one stage, compacted."""
        return f"{self.app_id}-{stage}-changelog"

    @property
    def clock(self) -> str:
        """Empty records, by whose timestamps a worker compares its clock with the brokers'."""
        return f"{self.app_id}-clock"

    @property
    def app_id(self) -> str:
        """Faust application id and consumer group."""
        return f"{self.prefix}screening"

    def courier_of(self, intake_topic: str) -> str:
        """Courier code of an intake topic name."""
        return intake_topic.removeprefix(f"{self.prefix}intake.")

    def answering(self, topic: str) -> str:
        """Courier code of a topic of answers."""
        return topic.removeprefix(f"{self.prefix}answers.")
