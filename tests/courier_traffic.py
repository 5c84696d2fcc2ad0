"""Mixed traffic of two couriers: dangerous parcels, and late, resent, corrected, contradicted and refused events."""

from collections import Counter
from random import Random
from typing import Any, NamedTuple

from parcelward.stage import Record
from parcelward.topics import partition_of
from tests.builders import DAY, HOUR, MINUTE, SECOND, T0, inspection, moment, real_name, record, scan

COURIERS = ("swift", "orient")
DOCUMENTS = ["360426199101010071", "110101197608056897", "110101197608056896"]
PHONES = ["13800001234", "13800009999"]
GOODS = ["羽绒服", "汽油", "日用品", "书籍", "电子烟"]


class Told(NamedTuple):
    """One event: its data, event time, arrival (epoch ms) and id."""

    data: dict[str, Any]
    at: int
    arrival: int
    name: str


def parcel(rng: Random, number: int, courier: str, at: int, documents: list[str], phones: list[str]) -> list[Told]:
    """One parcel's events, faults included, none of them in a hurry to arrive."""
    waybill = f"SF{number:013d}"
    data = real_name(
        waybill,
        courier=courier,
        outlet=rng.choice(["A", "B"]),
        operator=rng.choice(["E1", "E2"]),
        operator_document=rng.choice(documents),
        sender={"document_number": rng.choice(documents), "phone": rng.choice(phones)},
        goods={"name": rng.choice(GOODS)},
        weight_g=rng.choice([300, 900, 40_000]),
    )
    name = f"{courier}-{number}"
    seen = at + rng.randrange(10 * SECOND)
    ahead = rng.choice([0, 0, 0, 4 * MINUTE, 9 * MINUTE])  # a handheld whose clock is fast
    events = [Told(data, at + ahead, seen, f"{name}-r")]
    if rng.random() < 0.8:
        done = at + rng.randrange(MINUTE, 50 * MINUTE)
        photo = {"sha256": f"{rng.randrange(4):064x}"}
        checked = inspection(waybill, courier=courier, outlet=data["outlet"], operator="E1", photos=[photo])
        events.append(Told(checked, done, done + rng.randrange(2 * HOUR), f"{name}-i"))
        events += more_inspections(rng, checked, done, name)
    if rng.random() < 0.2:
        events.append(Told(data | {"weight_g": 77}, at + MINUTE, at + 2 * MINUTE, f"{name}-c"))
    if rng.random() < 0.2:
        better = data | {"goods": {"name": "书籍"}, "corrects": f"{name}-r"}
        if rng.random() < 0.3:
            better["sender"] = data["sender"] | {"kind": "agreement", "agreement_id": "AG-1"}
        told = at + rng.choice([0, rng.randrange(HOUR)])
        events.append(Told(better, told, at + rng.randrange(HOUR, DAY), f"{name}-k"))
    if rng.random() < 0.5:
        scanned = at + rng.randrange(2 * HOUR, 2 * DAY)
        events.append(Told(scan(waybill, courier=courier), scanned, scanned + rng.randrange(MINUTE), f"{name}-s"))
    if rng.random() < 0.2:
        events.append(rng.choice(events)._replace(arrival=at + rng.randrange(HOUR, DAY)))  # resent as it was
    if rng.random() < 0.1:
        events.append(Told(data | {"colour": "red"}, at, seen, f"{name}-x"))  # refused
    return events


def more_inspections(rng: Random, first: dict[str, Any], done: int, name: str) -> list[Told]:
    """Corrections of an inspection, some of them with times of their own, and other inspections of the same parcel."""
    events = []
    times = {"started_at": moment(done - MINUTE), "sealed_at": moment(done - rng.choice([0, 2]) * MINUTE)}
    if rng.random() < 0.2:
        told = rng.choice([done, done - 20 * MINUTE, done + rng.randrange(2 * HOUR)])
        better = first | times | {"corrects": f"{name}-i", "weight_g": 905}
        if rng.random() < 0.3:
            better |= {"found_goods": "打火机"}
        events.append(Told(better, told, done + rng.randrange(3 * HOUR, DAY), f"{name}-j"))
    if rng.random() < 0.2:
        again = done + rng.choice([0, MINUTE, -MINUTE])
        other = {key: value for key, value in first.items() if key != "photos"} | rng.choice([{}, {"opened": False}])
        events.append(Told(other, again, again + rng.randrange(HOUR), f"{name}-l"))
    return events


def traffic(
    seed: int, waybills: int = 25, days: float = 0.125, apart: bool = False, partitions: int = 1
) -> list[Record]:
    """Records of both couriers in order of arrival; `apart`: no sender uses both."""
    rng = Random(seed)
    told: list[Told] = []
    for number in range(waybills):
        side = rng.randrange(2)
        mine = slice(side, None, 2) if apart else slice(None)
        at = T0 + rng.randrange(int(days * DAY))
        told += parcel(rng, number, COURIERS[side], at, DOCUMENTS[mine], PHONES[mine])
    told.sort(key=lambda one: one.arrival)
    offsets: Counter[tuple[str, int]] = Counter()
    records = []
    for data, at, arrival, name in told:
        where = data["courier"], partition_of(data["waybill"].encode(), partitions)
        records.append(record(data, at, arrival, name, partition=where[1], offset=offsets[where]))
        offsets[where] += 1
    return records
