"""Records that wait are sent in order for each key and at the right times: three days in no time."""

import itertools
import random
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelward.contract.deliveries import Outcome
from parcelward.delivery.answers import LONGEST_HOLD_S, Answer, answer_of
from parcelward.delivery.book import Book, Item
from parcelward.delivery.message import Message
from parcelward.delivery.progress import Tried
from parcelward.delivery.schedule import ATTEMPTS, DELAYS_S
from parcelward.stage import Record

NOW = 1_800_000_000.0
MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86400.0
REFUSED, FAILED = Answer(Outcome.REFUSED, 422), Answer(Outcome.UNREACHABLE)


def item(key: str, offset: int = 0, tried: Tried | None = None) -> Item:
    record = Record("alerts", 0, offset, int(NOW * 1000), key.encode(), b"{}")
    return Item(record, Message(f"{key}:{offset}", b"{}"), tried or Tried())


def book(*items: Item, most: int = 100, chance: float = 0.0) -> Book:
    made = Book(most, lambda: chance)
    for one in items:
        made.add(one)
    return made


def taken(made: Book, now_s: float) -> str:
    found = made.take(now_s).item
    return "" if found is None else found.message.id


def fail(made: Book, now_s: float, answer: Answer = REFUSED) -> bool:
    found = made.take(now_s).item
    assert found is not None
    return made.failed(found, answer, now_s)


def deliver(made: Book, now_s: float) -> str:
    found = made.take(now_s).item
    assert found is not None
    made.delivered(found, now_s)
    return found.message.id


def test_a_record_is_tried_twelve_times_over_three_days_and_then_given_up() -> None:
    made, now_s, pauses = book(item("a")), NOW, []
    while not fail(made, now_s):
        in_s = made.take(now_s).in_s
        assert in_s is not None
        pauses.append(in_s)
        now_s += in_s
    assert (0.0, *pauses) == DELAYS_S
    assert len(DELAYS_S) == ATTEMPTS == 12
    assert 3 * DAY_S < now_s - NOW < 4 * DAY_S
    assert made.waiting == 1, "it is the caller's until it says that it is done"


def test_pauses_are_longer_by_chance_so_that_receivers_are_not_asked_together() -> None:
    made = book(item("a"), chance=0.5)
    fail(made, NOW)
    assert made.take(NOW).in_s == pytest.approx(5.5)


def test_a_record_that_fails_holds_back_its_own_key_alone() -> None:
    made = book(item("a", 0), item("b", 1), item("a", 2), item("c", 3))
    fail(made, NOW)
    assert [deliver(made, NOW), deliver(made, NOW)] == ["b:1", "c:3"]
    assert taken(made, NOW) == ""
    assert [deliver(made, NOW + 5), deliver(made, NOW + 5)] == ["a:0", "a:2"]


def test_what_was_given_up_lets_the_next_of_its_key_go_on() -> None:
    given_up = item("a", 0, Tried(11, int(NOW) - 1, int(NOW)))
    made = book(given_up, item("a", 1))
    assert fail(made, NOW)
    assert taken(made, NOW + DAY_S) == "", "not before it has been written down"
    made.done(given_up)
    assert deliver(made, NOW) == "a:1"


def test_one_that_cannot_be_read_is_given_up_at_once() -> None:
    assert fail(book(item("a")), NOW, Answer(Outcome.UNREADABLE))


def test_reading_pauses_when_too_many_wait() -> None:
    made = book(item("a", 0), item("b", 1), most=2)
    assert made.is_full
    deliver(made, NOW)
    assert not made.is_full
    large = Record("alerts", 0, 9, 0, b"c", b"")
    made.add(Item(large, Message("c:9", bytes(40 * 1024 * 1024)), Tried()))
    assert made.is_full, "bytes are bounded as well"


@pytest.mark.parametrize("retry_after", ["120", "Fri, 15 Jan 2027 08:02:00 GMT"], ids=["seconds", "date"])
def test_a_receiver_that_asks_for_a_pause_is_left_alone(retry_after: str) -> None:
    made = book(item("a", 0), item("b", 1))
    fail(made, NOW, answer_of(429, retry_after, NOW))
    assert made.take(NOW + 1).in_s == pytest.approx(119)
    assert {deliver(made, NOW + 120), deliver(made, NOW + 120)} == {"a:0", "b:1"}


@pytest.mark.parametrize(
    ("said", "pause_s"),
    [
        ("99999999999", LONGEST_HOLD_S),
        ("-5", 0),
        ("soon", 0),
        ("١٢", 0),
        ("01 Jan 9999999999999999999999999 00:00:00 GMT", 0),
    ],
)
def test_a_pause_that_makes_no_sense_does_not_hold_up_red_alerts(said: str, pause_s: float) -> None:
    assert answer_of(503, said, NOW).retry_after_s == pause_s


def test_after_410_nothing_is_sent_any_more() -> None:
    made = book(item("a", 0), item("b", 1))
    fail(made, NOW, answer_of(410, None, NOW))
    assert made.is_gone
    assert made.take(NOW + 30 * DAY_S) == (None, None)
    assert made.waiting == 2


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "delivered"), (204, "delivered"), (302, "redirected"), (400, "refused"), (401, "failed"), (410, "gone"),
     (422, "refused"), (429, "throttled"), (500, "failed"), (503, "throttled")],
)  # fmt: skip
def test_a_status_means(status: int, outcome: str) -> None:
    assert answer_of(status, None, NOW).outcome == outcome


def test_when_the_receiver_is_back_what_waited_for_it_goes_at_once() -> None:
    made, now_s = book(item("a", 0), item("b", 1)), NOW
    for pause_s in (0, 5, 30, 300, 1800):
        now_s += pause_s
        fail(made, now_s, FAILED)
        fail(made, now_s, FAILED)
    made.add(item("c", 2))
    now_s += HOUR_S / 2
    assert deliver(made, now_s) == "c:2"
    assert {deliver(made, now_s), deliver(made, now_s)} == {"a:0", "b:1"}, "not only in half an hour"


def test_a_receiver_that_is_away_is_knocked_at_and_that_counts_for_nothing() -> None:
    made, now_s = book(item("a", 0, Tried(9, int(NOW), int(NOW + 50 * HOUR_S)))), NOW + 1
    knocks = 0
    while now_s < NOW + 12 * HOUR_S:
        found = made.take(now_s)
        if found.item is None:
            assert found.in_s is not None
            assert found.in_s <= 5 * MINUTE_S
            now_s += found.in_s
            continue
        knocks += 1
        assert not made.failed(found.item, FAILED, now_s)
    assert 140 < knocks < 300
    (waiting,) = made.open_items()
    assert waiting.tried == Tried(9, int(NOW), int(NOW + 50 * HOUR_S))


def test_after_a_restart_each_is_tried_at_once_and_that_counts_for_nothing() -> None:
    before = Tried(3, int(NOW - HOUR_S), int(NOW + HOUR_S))
    made = book(item("a", 0, before), item("b", 1, before))
    assert deliver(made, NOW) == "a:0"
    assert not fail(made, NOW, REFUSED)
    (waiting,) = made.open_items()
    assert waiting.tried == before
    assert made.take(NOW).in_s == HOUR_S


def test_a_record_that_breaks_its_receiver_is_not_sent_all_the_time() -> None:
    """Others are delivered meanwhile, one each second, so each failure of it looks like an outage that ends."""
    made, now_s, tries = book(item("a", 0)), NOW, 0
    for second in range(int(6 * HOUR_S)):
        now_s = NOW + second
        made.add(item("b", second + 1))
        while (found := made.take(now_s).item) is not None:
            if found.message.id == "a:0":
                tries += 1
                assert not made.failed(found, Answer(Outcome.BROKEN), now_s)
            else:
                made.delivered(found, now_s)
    assert tries < 60
    (waiting,) = made.open_items()
    assert waiting.attempts == 7, "early tries do not count"


@given(st.integers(), st.integers(1, 8), st.integers(1, 60))
def test_whatever_happens_each_key_stays_in_order_and_nothing_is_left_out(seed: int, keys: int, records: int) -> None:
    chance = random.Random(seed)
    made = Book(1000, chance.random)
    for offset in range(records):
        made.add(item(f"k{chance.randrange(keys)}", offset))
    ended: dict[bytes | None, list[int]] = defaultdict(list)
    in_flight: list[Item] = []
    now_s = NOW
    answers = [REFUSED, FAILED, Answer(Outcome.TIMEOUT), answer_of(503, "7", NOW), answer_of(500, None, NOW)]
    for _ in itertools.count():
        found = made.take(now_s)
        if found.item is not None:
            assert found.item.key not in [one.key for one in in_flight], "two of one key at a time"
            in_flight.append(found.item)
        if in_flight and (found.item is None or chance.random() < 0.5):
            one = in_flight.pop(chance.randrange(len(in_flight)))
            if chance.random() < 0.3:
                made.delivered(one, now_s)
            elif made.failed(one, chance.choice(answers), now_s):
                made.done(one)
            else:
                continue
            ended[one.record.key].append(one.record.offset)
        elif found.item is None and found.in_s is not None:
            now_s += found.in_s
        elif not made.waiting:
            break
    assert sorted(itertools.chain(*ended.values())) == list(range(records))
    assert all(offsets == sorted(offsets) for offsets in ended.values())
