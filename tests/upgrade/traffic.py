"""Events whose result every version agrees on, sent all the time, and the count of what became of them."""

import json
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaProducer

from parcelward.cluster.reader import TopicReader
from parcelward.profiles.outlets import decode_operator, decode_outlet
from parcelward.settings import Settings
from parcelward.shipments.shipment import decode_shipment
from tests.system.events import inspection, real_name

EVERY_S = 0.05
DANGEROUS, REPEATED, REFUSED = 5, 7, 11
"""One parcel in so many holds petrol, is told twice, has a record beside it that is refused."""
PERSON = {"kind": "person", "document_type": "resident_id", "document_number": "360426199101010071", "name": "王小明"}
PHONES = ("13800001234", "13900009999", "13700007777", "13600006666")


class Couriers:
    """A thread that publishes parcels until it is told to stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.accepted: list[str] = []
        self.refused = self.of_persons = 0
        self.events: Counter[str] = Counter()
        self.dangerous: set[str] = set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def finished(self) -> bool:
        """Tell whether they publish no more, or never began."""
        return self._thread.ident is None or not self._thread.is_alive()

    def finish(self) -> None:
        """Tell of all parcels that were begun; every event is acknowledged then."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        producer = KafkaProducer(bootstrap_servers=self._settings.kafka, acks="all", linger_ms=5)
        number = 0
        while not self._stop.is_set():
            self._publish(producer, number)
            number += 1
            time.sleep(EVERY_S)
        producer.flush()
        producer.close()

    def _publish(self, producer: Any, number: int) -> None:
        waybill = f"SF{number:08d}"
        # Many operators: older profiles keep 48 inspections of each.
        where: dict[str, Any] = {"outlet": f"HZ-{number % 3}", "operator": f"E{number // 3 % 12}"}
        changes: dict[str, Any] = {**where}
        if number % 2:
            self.of_persons += 1
            changes["sender"] = PERSON | {"phone": PHONES[number // 2 % len(PHONES)]}
        if number % DANGEROUS == 0:
            changes["goods"] = {"name": "汽油"}
            self.dangerous.add(waybill)
        accepted = real_name(waybill, **changes)
        told = [accepted, inspection(waybill, **where)]
        if number % REPEATED == 0:
            told.append(accepted)
        for event in told:
            self._send(producer, waybill, event)
        self.events[waybill] = len(told)
        self.accepted.append(waybill)
        if number % REFUSED == 0:
            self._send(producer, waybill, real_name(waybill, colour="red"))
            self.refused += 1

    def _send(self, producer: Any, waybill: str, event: dict[str, Any]) -> None:
        producer.send(
            self._settings.topics.intake("swift"),
            key=waybill.encode(),
            value=json.dumps(event, ensure_ascii=False).encode(),
            headers=[("content-type", b"application/cloudevents+json")],
        )


@dataclass
class Counted:
    """The count of all events that went wrong; nothing of it may be above nought."""

    lost: int = 0
    twice: int = 0
    second_ids: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def bad(self) -> int:
        """Everything that is wrong."""
        return self.lost + self.twice + self.second_ids

    def compare(self, what: str, found: int, right: int) -> None:
        """Count what is missing, and what is too much."""
        self.lost += max(0, right - found)
        self.twice += max(0, found - right)
        if found != right and len(self.examples) < 5:
            self.examples.append(f"{what}: {found}, and {right} are right")


def counted(settings: Settings, couriers: Couriers, ids_before: dict[str, set[str]] | None = None) -> Counted:
    """Count ledgers, refused records, profiles and alerts; `ids_before` are alert ids by waybill that must stay."""
    result = Counted()
    ledgers = _newest(settings, "duties")
    for waybill in couriers.accepted:
        value = ledgers.get(f"swift/{waybill}".encode())
        result.compare(waybill, 0 if value is None else decode_shipment(value).events, couriers.events[waybill])
    items, inspections = _profiled(settings)
    result.compare("parcels in the outlets' profiles", items, len(couriers.accepted))
    if ids_before is None:  # older versions keep fewer of an operator
        # An agreement customer's are not counted.
        result.compare("inspections in the operators' profiles", inspections, couriers.of_persons)
    ids, revisions = alert_ids(settings)
    # A start from the beginning publishes what was published before, under the same ids and revisions.
    result.twice += 0 if ids_before is not None else sum(count - 1 for count in revisions.values())
    result.lost += len(couriers.dangerous - ids.keys())
    result.second_ids += sum(len(one) - 1 for one in ids.values())
    if ids_before is None:
        refused = len(list(_records(settings, settings.topics.rejected("swift"))))
        result.compare("refused records", refused, couriers.refused)
    return result


def alert_ids(settings: Settings) -> tuple[dict[str, set[str]], Counter[tuple[str, int]]]:
    """Read the alert ids of each waybill, and how often each revision was published."""
    ids: dict[str, set[str]] = defaultdict(set)
    revisions: Counter[tuple[str, int]] = Counter()
    for record in _records(settings, settings.topics.alerts):
        said = json.loads(record.value)
        ids[said["waybill"]].add(said["alert_id"])
        revisions[said["alert_id"], said["revision"]] += 1
    return ids, revisions


def _newest(settings: Settings, stage: str) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for record in _records(settings, settings.topics.changelog(stage)):
        if record.value is None:
            found.pop(record.key, None)
        else:
            found[record.key] = record.value
    return found


def _records(settings: Settings, topic: str) -> list[Any]:
    with TopicReader(settings, [topic]) as reader:
        return sorted(reader.read_to_end(), key=lambda record: (record.partition, record.offset))


def _profiled(settings: Settings) -> tuple[int, int]:
    """Count the parcels in the profiles of outlets, and the inspections in those of operators."""
    found = _newest(settings, "outlets")
    items = sum(decode_outlet(value).items_7d.total for key, value in found.items() if key.startswith(b"o"))
    return items, sum(len(decode_operator(value).inspections) for key, value in found.items() if key.startswith(b"p"))
