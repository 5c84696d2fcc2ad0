"""The life of one alert from the counter to its end, through kills: told, answered, passed up, decided, released."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaProducer

from tests.system.events import real_name
from tests.system.service import Service, await_true

ANALYST = f"k1.{'analyst':_<22}"
COURIER, WAYBILL = "swift", "SF0000000000001"
QUICK = {"critical": "2s"}


class Platform:
    """The other side of an installation: it reads what it is told, and sends answers and decisions."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._sent = 0

    def read(self, topic: str, key: str = WAYBILL) -> list[dict[str, Any]]:
        """Read all that a topic says under a key, in order."""
        records = self.service.read(self.service.prefix + topic)
        return [json.loads(one.value) for one in records if one.key == key.encode()]

    def send(self, topic: str, kind: str, data: dict[str, Any]) -> None:
        """Send a record as a client with Kafka's own partitioner does; the worker moves it if need be."""
        self._sent += 1
        event = {
            "specversion": "1.0",
            "id": f"letter-{self._sent}",
            "source": "/tests",
            "type": kind,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "data": data,
        }
        producer = KafkaProducer(bootstrap_servers=self.service.kafka, acks="all")
        producer.send(self.service.prefix + topic, key=WAYBILL.encode(), value=json.dumps(event).encode()).get(30)
        producer.close()

    def answer(self, alert_id: str, revision: int) -> None:
        """The courier has done it."""
        about = {"alert_id": alert_id, "revision": revision, "courier": COURIER, "waybill": WAYBILL}
        self.send(f"answers.{COURIER}", "cn.delivery.referral.answer.v1", about | {"result": "done"})

    def decide(self, alert_id: str, revision: int, role: str = "supervisor", **decision: str) -> None:
        """Somebody decides."""
        about = {"kind": "alert", "alert_id": alert_id, "courier": COURIER, "waybill": WAYBILL}
        by = {"role": role, "token": ANALYST}
        data = {"about": about, "revision": revision, "decided_by": by, "decision": decision}
        self.send("decisions", "cn.delivery.referral.decision.v1", data)


def test_one_alert_is_led_from_the_counter_to_its_end_through_kills(start_service):
    due = json.dumps(QUICK)
    service: Service = start_service(session_timeout="2", acknowledge_due=due, decide_due=due, settle_after="2s")
    platform = Platform(service)
    service.publish([real_name(WAYBILL, goods={"name": "雷管"})])
    await_true(lambda: bool(platform.read(f"instructions.{COURIER}")), "the counter is told")
    (told,) = platform.read(f"instructions.{COURIER}")
    assert (told["action"], told["hold"], told["revision"], told["answer_within_s"]) == ("refuse", True, 1, 600)
    alert_id = told["alert_id"]
    assert [alert["alert_id"] for alert in service.alerts()] == [alert_id]
    service.kill()
    platform.answer(alert_id, 1)
    service.start()

    def steps() -> list[dict[str, Any]]:
        return sorted(platform.read("referrals", alert_id), key=lambda one: one["revision"])

    # It is answered, but nobody looks: the clock passes it up on idle partitions.
    await_true(lambda: any(one["step"] == "answer" for one in steps()), "the answer is taken")
    await_true(lambda: steps()[-1]["state"] == "expired", "nobody has looked, as often as it was passed up")
    expired = steps()[-1]["revision"]
    platform.decide(alert_id, expired, role="analyst", kind="release", reason="查明")
    platform.decide(alert_id, 1, kind="reopen", reason="查明")
    platform.decide(alert_id, expired, kind="outcome", outcome="false_alarm", parcel="release")
    service.kill()
    service.start()
    await_true(lambda: steps()[-1]["state"] == "closed", "it is closed")

    whole, closed = steps(), steps()[-1]
    assert (closed["held"], closed["outcome"], closed["asked"]) == (False, "false_alarm", None)
    assert [one["revision"] for one in whole] == list(range(1, len(whole) + 1)), "each step once"
    assert Counter(one["step"] for one in whole) >= Counter(
        {None: 1, "miss": 1, "give_up": 1, "answer": 1, "outcome": 1, "settle": 1}
    )
    fired = Counter((one["step"], one["at"]) for one in whole if one["by"] == "clock")
    assert set(fired.values()) == {1}, "each deadline once"
    last = platform.read(f"instructions.{COURIER}")
    assert [(one["action"], one["hold"]) for one in last] == [("refuse", True), ("release", False)]
    refused = service.read(f"{service.prefix}refused.decisions")
    assert sorted(dict(one.headers)["pw_reason"] for one in refused) == [b"stale", b"unauthorised"]
    cases = [json.loads(one.value) for one in service.read(f"{service.prefix}cases")]
    assert {one["case_id"] for one in cases} == set(closed["cases"])
    assert service.stop() == 0
