"""The whole way of one parcel: which partitions are looked at, and the steps found there, in order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import msgspec

from parcelward.intake.decode import Decoder
from parcelward.shipments.shipment import RealNameEntry, Shipment, decode_shipment, ledger_key, outlet_key
from parcelward.stage import SourceRecord
from parcelward.topics import Topics, partition_of
from parcelward.trace.arrivals import Known, intake_steps, is_about, refusals, refused_step
from parcelward.trace.records import (
    Passed,
    alert_state_step,
    alert_step,
    newest,
    passed_step,
    read_passed,
    state_step,
)
from parcelward.trace.step import Finder, Positions, Step, Words

_decode_entry = msgspec.msgpack.Decoder(RealNameEntry).decode


@dataclass(frozen=True, slots=True)
class Parcel:
    """The question: a waybill number of some couriers, in the partitions that it must be in, or `everywhere`."""

    waybill: str
    couriers: Sequence[str]
    topics: Topics
    everywhere: bool = False

    def trace(self, finder: Finder, positions: Positions, decoder: Decoder, words: Words) -> list[Step]:
        """Give every step that the topics still show, in the order in which the records were appended."""
        ledger_records = [one for one in self._ledger_records(finder) if one.key in self._ledger_keys]
        ledgers = {
            shipment.courier: shipment
            for record, _ in newest(ledger_records)
            if record.value is not None
            for shipment in (decode_shipment(record.value),)
        }
        between = [*self._passed(finder, ledgers)]
        steps = [passed_step(one, self.topics, positions) for one in between]
        steps += [state_step(record, older, words) for record, older in newest(ledger_records)]
        steps += self._of_alerts(finder, ledgers)
        for courier in self.couriers:
            steps += self._of_intake(finder, courier, between, ledgers, positions, decoder, words)
        return sorted(steps, key=lambda one: (one.at_ms, _ORDER[one.kind], one.topic, one.partition, one.offset))

    @property
    def _ledger_keys(self) -> set[bytes]:
        return {ledger_key(courier, self.waybill) for courier in self.couriers}

    def _numbers(self, finder: Finder, topic: str, where: Iterable[int] | None) -> Sequence[int]:
        """Partitions to look at: `where`, or all when it is not known or all are asked for."""
        count = finder.partitions(topic)
        return range(count) if where is None or self.everywhere else sorted({one % count for one in where})

    def _right(self, finder: Finder, topic: str) -> int:
        return partition_of(self.waybill.encode(), finder.partitions(topic))

    def _ledger_records(self, finder: Finder) -> Sequence[SourceRecord]:
        topic = self.topics.changelog("duties")
        return finder.find(topic, self._numbers(finder, topic, [self._right(finder, topic)]))

    def _passed(self, finder: Finder, ledgers: dict[str, Shipment]) -> Iterator[Passed]:
        for stage, where in (("senders", _at_senders(ledgers)), ("outlets", _at_outlets(ledgers))):
            topic = self.topics.into(stage)
            found = read_passed(finder.find(topic, self._numbers(finder, topic, where)), self.waybill)
            yield from (one for one in found if one.shipment.courier in self.couriers)

    def _of_alerts(self, finder: Finder, ledgers: dict[str, Shipment]) -> Iterator[Step]:
        topic = self.topics.changelog("outlets")
        heads = tuple(b"w" + ledger_key(courier, self.waybill) + b"/" for courier in self.couriers)
        kept = finder.find(topic, self._numbers(finder, topic, _at_outlets(ledgers)))
        for record, _ in newest([one for one in kept if (one.key or b"").startswith(heads)]):
            yield alert_state_step(record)
        topic, key = self.topics.alerts, self.waybill.encode()
        for record in finder.find(topic, self._numbers(finder, topic, [crc32(key)])):
            if record.key == key and (step := alert_step(record)).details["courier"] in self.couriers:
                yield step

    def _of_intake(
        self,
        finder: Finder,
        courier: str,
        between: Sequence[Passed],
        ledgers: dict[str, Shipment],
        positions: Positions,
        decoder: Decoder,
        words: Words,
    ) -> Iterator[Step]:
        topic, key = self.topics.intake(courier), self.waybill.encode()
        right = self._right(finder, topic)
        records = finder.find(topic, self._numbers(finder, topic, [right]))
        rejected = self.topics.rejected(courier)
        found = finder.find(rejected, self._numbers(finder, rejected, [crc32(key)]))
        refused = [one for one in found if is_about(one, self.waybill)]
        known = Known(refusals(refused), between, ledgers, positions, right)
        # Another parcel's record may hold the number, too: as the id of its event, or as goods.
        own = [one for one in records if one.key == key or (one.topic, one.partition, one.offset) in known.refused]
        yield from intake_steps(own, courier, known, decoder, words)
        yield from filter(None, map(refused_step, refused))


_ORDER = {"intake": 0, "refused": 1, "state": 2, "between": 3, "alert": 4}


def _at_senders(ledgers: dict[str, Shipment]) -> list[int] | None:
    """Hashes of the keys by which a waybill goes to `senders`; None when the ledger does not know them."""
    if not ledgers:
        return None
    tokens = [token for one in _entries(ledgers) for token in (one.phone_token, one.document_token) if token]
    return [crc32(key.encode()) for key in (*tokens, *(one.waybill for one in ledgers.values()))]


def _at_outlets(ledgers: dict[str, Shipment]) -> list[int] | None:
    """Hashes of the keys by which a waybill goes to `outlets`; None when the ledger does not know them."""
    if not ledgers:
        return None
    at = {(one.courier, one.home_outlet) for one in ledgers.values()}
    at |= {(courier, entry.outlet) for courier, one in ledgers.items() for entry in _entries({courier: one})}
    return [crc32(outlet_key(*one)) for one in at]


def _entries(ledgers: dict[str, Shipment]) -> Iterator[RealNameEntry]:
    """Real names of waybills, those that do not stand among them."""
    for shipment in ledgers.values():
        if shipment.real_name is not None:
            yield shipment.real_name
        yield from (_decode_entry(one.entry) for one in shipment.versions if one.number == 0 and one.entry)
