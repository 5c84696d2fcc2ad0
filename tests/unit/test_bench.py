"""The benchmark's own arithmetic, and that its events are the same bytes every time; it is run by tests/system."""

from datetime import datetime, timedelta
from itertools import islice

import orjson
import pytest

from parcelward.intake.decode import Decoder, Event, Limits, Rejected
from parcelward.stage import Record
from parcelward.topics import Topics
from tests.bench.backlog import MINUTE_MS, Backlog, day_plan
from tests.bench.latency import at_share, waited
from tests.bench.report import DifferentDataError, ratios
from tests.bench.shares import KAFKA_IN, KAFKA_OUT, share_of

EVENTS = 1500
LIMITS = Limits(65_536, 7 * 86_400_000, 600_000)


@pytest.fixture(scope="module")
def backlog(tmp_path_factory):
    return Backlog("day", day_plan(EVENTS), tmp_path_factory.mktemp("sets"))


def test_the_same_plan_gives_the_same_bytes(backlog, tmp_path):
    again = Backlog("day", day_plan(EVENTS), tmp_path)
    assert again.facts == backlog.facts
    assert list(again.records()) == list(backlog.records())


def test_a_set_is_made_once(backlog, monkeypatch):
    backlog.facts  # noqa: B018 - makes it
    monkeypatch.setattr("tests.bench.backlog.Simulation", None)
    assert sum(1 for _ in backlog.records()) == backlog.facts.events


def test_another_plan_is_another_set(backlog, tmp_path):
    assert Backlog("day", day_plan(EVENTS + 200), tmp_path).facts.data != backlog.facts.data


def test_the_set_is_what_the_benchmark_promises(backlog):
    facts = backlog.facts
    assert len(facts.by_type) == 4, "three types of events, and refused ones"
    assert 0.8 * EVENTS < facts.events < 1.3 * EVENTS
    assert 1.8 < facts.events / facts.waybills < 2.3
    assert 0.001 < facts.refused / facts.events < 0.01


def test_exactly_the_spoilt_records_are_refused_wherever_the_set_is_moved(backlog):
    decoder = Decoder(Topics(), LIMITS)
    for shift in (0, 3 * 1440 + 7):
        answers = [
            decoder.decode(Record(f"intake.{one.courier}", 0, 0, one.arrival_ms, one.key, one.value, one.headers))
            for one in backlog.records(shift)
        ]
        refused = sum(isinstance(answer, Rejected) for answer in answers)
        assert refused == backlog.facts.refused
        assert sum(isinstance(answer, Event) for answer in answers) == backlog.facts.events - refused


def times(stored):
    """Every time in a record: of the event, and of what the inspector did."""
    headers = dict(stored.headers)
    if "ce_time" not in headers:
        return []  # to be refused; structured
    data = orjson.loads(stored.value)
    photos = [photo["taken_at"] for photo in data.get("photos", ())]
    found = [headers["ce_time"].decode(), data.get("started_at"), data.get("sealed_at"), *photos]
    return [datetime.fromisoformat(text) for text in found if text]


def test_moving_a_set_moves_every_time_in_it_alike(backlog):
    minutes = 2 * 1440 + 13
    seen = 0
    for before, after in islice(zip(backlog.records(), backlog.records(minutes), strict=True), 400):
        assert after.arrival_ms - before.arrival_ms == minutes * MINUTE_MS
        moved = [later - earlier for earlier, later in zip(times(before), times(after), strict=True)]
        assert set(moved) <= {timedelta(minutes=minutes)}
        seen += len(moved)
    assert seen > 800, "events of all kinds were looked at"


def test_an_alert_waited_since_its_newest_event():
    alerts = [(10.5, ["a", "b"]), (12.0, ["other"]), (11.0, ["a"])]
    assert waited(alerts, {"a": 9.0, "b": 10.0}) == [0.5, 2.0]


def test_a_share_of_the_ordered_values():
    values = [float(number) for number in range(1000)]
    assert [at_share(values, share) for share in (0.5, 0.99, 0.999)] == [500.0, 990.0, 999.0]
    assert at_share([7.0], 0.999) == 7.0


def test_results_of_other_data_are_not_compared():
    now = {"data": {"hash": "a"}, "events_per_cpu_second": 30_000}
    before = {"data": {"hash": "a"}, "events_per_cpu_second": 20_000}
    assert ratios(now, before) == {"events_per_cpu_second": 1.5}
    with pytest.raises(DifferentDataError, match="same events"):
        ratios(now, {**before, "data": {"hash": "b"}})


@pytest.mark.parametrize(
    ("files", "main_thread", "share"),
    [
        (
            [
                "/x/src/parcelward/intake/decode.py",
                "/x/src/parcelward/screening/duties.py",
                "/x/streams/engine/partition.py",
            ],
            True,
            "decode",
        ),
        (["/x/src/parcelward/profiles/windows.py", "/x/src/parcelward/screening/senders.py"], True, "profiles"),
        (["/x/src/parcelward/goods/matching.py", "/x/src/parcelward/features/row.py"], True, "features"),
        (["<rule pack>", "/x/src/parcelward/rules/pack.py"], True, "rules"),
        (["/v/numpy/core.py", "/x/src/parcelward/model/score.py"], True, "model"),
        (["/v/aiokafka/conn.py", "/usr/asyncio/events.py"], False, KAFKA_IN),
        (["/v/aiokafka/conn.py", "/usr/asyncio/events.py"], True, KAFKA_OUT),
        (["/x/src/parcelward/screening/duties.py", "/x/streams/engine/partition.py"], True, "stages"),
    ],
)
def test_time_counts_for_the_innermost_code_that_has_a_part(files, main_thread, share):
    assert share_of(files, main_thread) == share
