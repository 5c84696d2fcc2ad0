"""Webhooks of a real Kafka at a real receiver: each alert arrives, in the order of its waybill, whatever happens."""

import asyncio
import json
import random
import signal
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook

from parcelward.cluster.reader import TopicReader
from parcelward.delivery.schedule import ATTEMPTS
from parcelward.errors import UserError
from parcelward.settings import Settings
from streams.delivery.clock import Clock
from streams.delivery.source import Source, Start
from tests.delivering import SECRET, Delivering, await_true, id_of, installation, start_command, write_alerts
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.receiver import DIES, OK, RESET, Receiver, Request, listening, status


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as running:
        yield running


@pytest.fixture
def settings(kafka: str, topic_prefix: str, receiver: Receiver) -> Settings:
    return installation(kafka, topic_prefix, receiver.url)


def undelivered(settings: Settings) -> list[dict[str, Any]]:
    """Headers of the records that were given up, and their key."""
    with TopicReader(settings, [settings.topics.undelivered]) as reader:
        return [
            {"key": record.key.decode()} | {name: value.decode() for name, value in record.headers}
            for record in reader.read_to_end()
        ]


def test_alerts_arrive_signed_and_in_order_and_once(settings: Settings, receiver: Receiver) -> None:
    write_alerts(settings, [("a", 1), ("b", 1), ("a", 2), ("a", 3)])
    count = Delivering(settings, Clock()).once()
    assert (count.delivered, count.left, count.undelivered) == (4, 0, 0)
    for request in receiver.came:
        assert Webhook(SECRET).verify(request.body, request.headers)["data"]["waybill"] in "ab"
    assert [one for one in receiver.ids() if ":a:" in one] == [id_of("a", 1), id_of("a", 2), id_of("a", 3)]
    assert Delivering(settings).once().delivered == 0
    assert len(receiver.came) == 4


def test_one_that_is_never_taken_is_given_up_after_twelve_attempts_and_can_be_sent_again(
    settings: Settings, receiver: Receiver
) -> None:
    """Days pass in a second: the clock jumps."""
    receiver.answer = lambda request: status(422) if request.id == id_of("bad", 1) else OK
    write_alerts(settings, [("bad", 1), ("good", 1), ("bad", 2), ("good", 2)])
    run = Delivering(settings)
    assert run.until(lambda: id_of("bad", 2) in receiver.ids()).undelivered == 1
    assert Counter(receiver.ids())[id_of("bad", 1)] == ATTEMPTS
    assert receiver.ids().index(id_of("good", 2)) < 4, "others are not held up"
    times = [int(one.headers["webhook-timestamp"]) for one in receiver.came if one.id == id_of("bad", 1)]
    assert 3 * 86_400 < times[-1] - times[0] < 5 * 86_400
    (given_up,) = undelivered(settings)
    said = ("key", "pw_endpoint", "pw_topic", "pw_reason", "pw_status", "pw_attempts", "pw_webhook_id")
    assert [given_up[name] for name in said] == [
        "bad", "platform", settings.topics.alerts, "refused", "422", "12", id_of("bad", 1),
    ]  # fmt: skip
    receiver.answer, before = (lambda _: OK), len(receiver.came)
    assert run.once().delivered == 0, "it was done"
    assert run.undelivered().delivered == 1
    assert receiver.ids()[before:] == [id_of("bad", 1)]
    assert run.undelivered().delivered == 0


def test_a_restart_sends_again_only_what_is_open_and_its_attempts_go_on(settings: Settings, receiver: Receiver) -> None:
    receiver.answer = lambda request: status(400) if ":bad:" in request.id else OK
    write_alerts(settings, [("bad", 1), *((f"w{number}", 1) for number in range(40)), ("bad", 2)])
    first = Delivering(settings).once()
    assert (first.delivered, first.left) == (40, 2)
    assert Counter(receiver.ids())[id_of("bad", 1)] == 3, "at once, after 5 s, after 30 s"
    receiver.came.clear()
    write_alerts(settings, [("new", 1)])
    again = Delivering(settings, Clock()).once()
    assert (again.delivered, again.left) == (1, 2)
    assert receiver.ids().count(id_of("new", 1)) == 1
    assert set(receiver.ids()) <= {id_of("new", 1), id_of("bad", 1)}, "what was delivered is not sent again"
    Delivering(settings).until(lambda: id_of("bad", 2) in receiver.ids())
    assert Counter(receiver.ids())[id_of("bad", 1)] <= ATTEMPTS - 3 + 2, (
        "one try at each restart, and the attempts go on"
    )


def test_few_wait_in_memory_and_reading_pauses(kafka: str, topic_prefix: str, receiver: Receiver) -> None:
    settings = installation(kafka, topic_prefix, receiver.url, webhook_waiting=10)
    is_back = False
    receiver.answer = lambda _: OK if is_back else status(503)
    write_alerts(settings, [(f"w{number}", 1) for number in range(200)])
    away = Delivering(settings).once()
    assert away.delivered == 0
    assert away.left == 10
    is_back = True
    assert Delivering(settings).once().delivered == 200


def test_only_one_process_serves_a_receiver(settings: Settings) -> None:
    async def both() -> None:
        name = settings.topics.delivery_id("platform")
        first, second = (Source(settings, Start((settings.topics.alerts,), name, 0)) for _ in range(2))
        await first.open()
        await second.open()
        for source in (second, first):
            for record in await source.read():
                source.progress[record.topic, record.partition].begin(record.offset)
                source.progress[record.topic, record.partition].end(record.offset)
        notes = dict.fromkeys(second.progress, "")
        await second.commit(notes, [])
        try:
            with pytest.raises(UserError, match="another process delivers"):
                await first.commit(notes, [])
        finally:
            await first.close()
            await second.close()

    write_alerts(settings, [("a", 1)])
    asyncio.run(both())


def test_the_command_sends_again_from_a_time_or_an_offset_and_keeps_nothing(
    settings: Settings, receiver: Receiver
) -> None:
    write_alerts(settings, [("a", 1), ("a", 2)])
    assert Delivering(settings).once().delivered == 2
    receiver.came.clear()
    again = start_command(settings, "--from", "1d")
    assert "2 delivered" in again.communicate(timeout=PATIENCE_S)[1]
    assert receiver.ids() == [id_of("a", 1), id_of("a", 2)]
    partition = next(number for number in range(2) if Delivering(settings).once(replay(settings, number, 0)).delivered)
    receiver.came.clear()
    assert Delivering(settings).once(replay(settings, partition, 1)).delivered == 1
    assert receiver.ids() == [id_of("a", 2)]
    assert Delivering(settings).once().delivered == 0


def replay(settings: Settings, partition: int, offset: int) -> Start:
    return Start((settings.topics.alerts,), None, 0, partition, offset)


def test_after_410_the_service_stands_still_says_so_and_ends_when_told(settings: Settings, receiver: Receiver) -> None:
    receiver.answer = lambda _: status(410)
    write_alerts(settings, [("SF1234567890123", 1), ("b", 1)])
    port = free_port()
    service = start_command(settings, port=port)

    def page(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    try:
        await_true(lambda: '"broken": ["receiver"]' in page("/ready")[1], "readiness")
        assert page("/ready")[0] == 503
        assert page("/health")[0] == 200
        assert 'parcelward_delivery_stopped{endpoint="platform"} 1.0' in page("/metrics")[1]
    finally:
        service.send_signal(signal.SIGTERM)
        said = service.communicate(timeout=PATIENCE_S)[1]
    assert service.returncode == 0
    assert "SF1234567890123" not in said
    assert SECRET not in said
    lines = [json.loads(line) for line in said.splitlines()]
    assert ("gone", 410) in [(line.get("reason"), line.get("status")) for line in lines]
    assert 1 <= len(receiver.came) <= 2, "what was under way at the same time"


def test_kills_at_any_moment_lose_nothing_and_keep_the_order(settings: Settings, receiver: Receiver) -> None:
    chance = random.Random(16)
    alerts = [(f"w{number % 12}", number // 12 + 1) for number in range(12 * 20)]
    faults = [status(500), RESET, DIES, status(503, "Retry-After: 1")]
    left = Counter(dict.fromkeys(faults, 2))

    def answer(_: Request) -> bytes:
        if chance.random() < 0.03 and (fault := chance.choice(faults)) in +left:
            left[fault] -= 1
            return fault
        return OK

    receiver.answer, receiver.delay_s = answer, 0.1
    write_alerts(settings, alerts)
    for _ in range(2):
        before = len(receiver.came)
        running = start_command(settings)
        enough = before + chance.randrange(60, 130)  # over a second, so that something was committed
        await_true(lambda least=enough: len(receiver.came) >= least, "some deliveries")  # type: ignore[misc]
        running.kill()
        running.communicate(timeout=PATIENCE_S)
    receiver.delay_s = 0.0
    assert Delivering(settings).once().left == 0
    effects: dict[str, list[int]] = defaultdict(list)
    for request in {one.id: one for one in reversed(receiver.came)}.values():
        effects[request.data["waybill"]].append(request.data["revision"])
    assert {waybill: sorted(revisions) for waybill, revisions in effects.items()} == {
        f"w{number}": list(range(1, 21)) for number in range(12)
    }
    for number in range(12):
        seen = [request.data["revision"] for request in receiver.came if request.data["waybill"] == f"w{number}"]
        firsts = list(dict.fromkeys(seen))
        assert firsts == sorted(firsts), "the first of each comes in order"
