"""A courier whose two producers choose partitions by different hashes: each parcel is judged once all the same."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from kafka import KafkaProducer

from tests.system.events import inspection, real_name
from tests.system.service import Service, await_true

PARCELS = 20
DUE_S = 4


def publish_apart(service: Service, halves: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
    """Send the first of two events as Kafka's default partitioner says, the second into the other partition."""
    producer = KafkaProducer(bootstrap_servers=service.kafka, acks="all")
    topic = f"{service.prefix}intake.swift"
    for first, second in halves:
        key = first["data"]["waybill"].encode()
        right = producer.send(topic, key=key, value=json.dumps(first).encode()).get(30).partition
        producer.send(topic, key=key, value=json.dumps(second).encode(), partition=1 - right).get(30)
    producer.close()


def test_halves_of_parcels_in_two_partitions_are_joined(start_service) -> None:
    service = start_service(couriers="swift", inspection_due=str(DUE_S), idle_grace="1")
    waybills = [f"SF{number:06d}" for number in range(PARCELS)]
    goods = dict.fromkeys(waybills, "羽绒服") | {"SF000000": "汽油"}
    publish_apart(service, [(real_name(one, goods={"name": goods[one]}), inspection(one)) for one in waybills])
    await_true(lambda: service.taken() >= 2 * PARCELS, "every event is accepted")
    time.sleep(DUE_S + 3)  # a duty that was not joined would be overdue now
    assert service.taken() == 2 * PARCELS
    assert service.metric("parcelward_events_misplaced_total") == PARCELS
    assert {(alert["waybill"], *(part["rule"] for part in alert["findings"])) for alert in service.alerts()} == {
        ("SF000000", "R14")
    }
    assert len({alert["alert_id"] for alert in service.alerts()}) == 1
    assert service.stop() == 0
    answer = service.command("replay", "--json")
    assert json.loads(answer.stdout)["same"], answer.stdout
