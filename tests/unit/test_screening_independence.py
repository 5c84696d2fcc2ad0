"""Results do not depend on cuts of batches, ticks, restarts, partitions, expiry, or on how couriers interleave."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from parcelward.features.table import FEATURES, INDEX
from parcelward.flow import SCREENING
from parcelward.model import load_model
from parcelward.replay.compare import read_head
from parcelward.screening.build import Stages, build_stages
from parcelward.screening.in_memory import Cell, Pipeline, batches
from parcelward.screening.outlets import ShipmentRow
from parcelward.simulate import Plan, Simulation
from parcelward.stage import Batch, Record, Send
from parcelward.topics import Topics
from parcelward.training.traffic import simulated_records
from tests import builders
from tests.builders import DAY, HOUR, T0
from tests.courier_traffic import COURIERS, traffic
from tests.live_run import LiveRun

START = datetime(2026, 11, 23, tzinfo=UTC)
MODEL = Path(__file__).parents[2] / "models" / "current"
ALONE = {"R1", "R3", "R14", "R20"}  # rules about the waybill itself, whatever others do
Said = list[tuple[bytes | None, bytes | None]]


@cache
def stages_for(*changes: tuple[str, Any]) -> Stages:
    """Loading rules and model takes longer than screening. All records lie in partition 0, and stay there."""
    return build_stages(builders.settings(move_misplaced=False, **dict(changes)))


def said(sends: Iterable[Send]) -> Said:
    return sorted((send.key, send.value) for send in sends)


def restart(rng: Random, cells: Sequence[Cell], make: Any) -> None:
    """Now and then a stage is computed in vain, or made anew from its state."""
    for cell in cells:
        if rng.random() < 0.3:
            cell.stage.step(Batch([], {f"intake.{courier}": T0 + DAY for courier in COURIERS}), cell.state)
        if rng.random() < 0.3:
            cell.stage = make(len(cells))
            cell.stage.restore(cell.state)


def outcome_of(
    records: Sequence[Record],
    sizes: Iterable[int],
    partitions: int = 1,
    ticks: bool = False,
    until: int = 10 * HOUR,
    restarts: int | None = None,
    **changes: Any,
) -> tuple[Said, Said, dict[str, dict[bytes, bytes]]]:
    """Alerts, refusals and states, with batches of `sizes`.

    `ticks`: quiet topics say so between batches. `restarts`: seed of restarts and of batches that are aborted.
    """
    stages = stages_for(*changes.items())
    # The lives of alerts count from arrivals, which go by batches here; tests/unit/test_referrals_stage.py cuts those.
    line = Pipeline(stages, Topics(), partitions, flow=SCREENING)
    alerts, rejected, start, sizes = [], [], 0, list(sizes)
    while start < len(records):
        size = sizes.pop(0) if sizes else 7
        results = [line.feed(records[start : start + size])]
        start += size
        if ticks and start < len(records):
            quiet: dict[str, int] = defaultdict(int)
            for later in reversed(records[start:]):
                quiet[later.topic] = later.timestamp - 1
            results.append(line.feed([], dict(quiet)))
        if restarts is not None:
            restart_all(Random(restarts + start), line, stages)
        for result in results:
            alerts += result.alerts
            rejected += result.rejected
    alerts += line.feed([], {f"intake.{courier}": T0 + until for courier in COURIERS}).alerts
    states = {
        name: {key: value for cell in cells for key, value in cell.state.items()} for name, cells in line.cells.items()
    }
    return said(alerts), said(rejected), states


def restart_all(rng: Random, line: Pipeline, stages: Stages) -> None:
    for name, cells in line.cells.items():
        restart(rng, cells, stages.make[name])


def interleaved(records: Iterable[Record], seed: int) -> list[Record]:
    """The same records with every courier's own order kept and the order between couriers drawn anew."""
    rng, queues = Random(seed), defaultdict(list)
    for one in records:
        queues[one.topic].append(one)
    order = [topic for topic, queue in queues.items() for _ in queue]
    rng.shuffle(order)
    return [queues[topic].pop(0) for topic in order]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 30), max_size=12), st.booleans())
def test_cuts_of_batches_and_ticks_do_not_matter(seed: int, sizes: list[int], ticks: bool) -> None:
    # A tick may fire one courier's deadline before what another sent: then they must not share senders.
    records = traffic(seed, apart=ticks)
    one_by_one = outcome_of(records, [1] * len(records))
    assert one_by_one[0], "the traffic must raise alerts, or nothing is tested"
    assert outcome_of(records, sizes, ticks=ticks) == one_by_one


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_restarts_and_aborted_batches_do_not_matter(seed: int, restarts: int) -> None:
    records = traffic(seed, apart=True)
    undisturbed = outcome_of(records, [5] * len(records))
    assert outcome_of(records, [5] * len(records), ticks=True, restarts=restarts) == undisturbed


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 60), max_size=12), st.booleans())
def test_cuts_and_ticks_do_not_matter_when_state_expires(seed: int, sizes: list[int], ticks: bool) -> None:
    """Traffic of longer than any window and photo_keep; what is found expired when must not show in an alert."""
    changes: dict[str, Any] = {"until": 40 * DAY, "scan_due": timedelta(hours=20), "photo_keep": timedelta(days=2)}
    # A tick may fire one courier's deadline before what another sent: then they must not share senders.
    records = traffic(seed, waybills=60, days=25, apart=ticks)
    alerts, rejected, _ = outcome_of(records, [1] * len(records), **changes)
    assert alerts
    assert outcome_of(records, sizes, ticks=ticks, **changes)[:2] == (alerts, rejected)


@pytest.mark.parametrize("seed", range(3))
def test_partitions_of_the_later_stages_do_not_matter(seed: int) -> None:
    """One record at a time: parcels under way at once may pass one another between partitions, as in any topic."""
    records = traffic(seed)
    one_by_one = [1] * len(records)
    assert outcome_of(records, one_by_one)[:2] == outcome_of(records, one_by_one, partitions=3)[:2]


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 10_000), st.integers(0, 10_000), st.sampled_from([1, 7, 40]))
def test_the_order_between_couriers_does_not_matter(seed: int, other: int, size: int) -> None:
    """Each courier keeps its own order. Senders are apart: a document used at both is counted as its parcels pass."""
    changes: dict[str, Any] = {"until": 40 * DAY, "scan_due": timedelta(hours=20)}
    records = traffic(seed, waybills=40, days=9, apart=True)
    expected = outcome_of(records, [size] * len(records), **changes)
    found = outcome_of(interleaved(records, other), [size] * len(records), **changes)
    assert found[:2] == expected[:2]


def simulated(seed: int, events: int) -> list[Record]:
    """Traffic of persons, whose senders are looked up, and of agreement customers, whose are not."""
    plan = Plan(start=START, waybills_per_day=10_000, outlets_per_courier=4, violation_share=0.1, seed=seed)
    return list(islice(simulated_records(Simulation(plan), Topics()), events))


class Screened(NamedTuple):
    """Results of a stream of records: the rows of each waybill in order, its alerts, and the ledger."""

    rows: dict[tuple[str, str], list[ShipmentRow]]
    alerts: dict[tuple[str, str], Said]
    ledger: dict[bytes, bytes]


def screened(records: Sequence[Record], size: int) -> Screened:
    line = Pipeline(stages_for(("model", MODEL)), Topics(), keep_rows=True)
    rows, alerts = defaultdict(list), defaultdict(list)
    for batch in batches(records, size):
        result = line.feed(batch)
        for one in result.rows:
            rows[one.shipment.courier, one.shipment.waybill].append(one)
        for send in result.alerts:
            alert = read_head(send.value or b"")
            alerts[alert.courier, alert.waybill].append((send.key, send.value))
    return Screened(rows, alerts, line.cells["duties"][0].state)


OF_PROFILES = {one.name for one in FEATURES if one.profile}
OF_SENDERS = ["sender_sends_1h", "sender_sends_1d", "sender_sends_7d"]
OF_OUTLETS = [
    *("outlet_items_1h", "outlet_items_1d", "outlet_items_7d", "outlet_walk_in_items_1d", "outlet_overdue_1d"),
    "operator_items_1d",
]


def counted(one: ShipmentRow, name: str) -> int:
    value = one.row[INDEX[name]]
    return value if isinstance(value, int) else 0


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 10_000), st.integers(2, 150))
@example(7, 150)
@example(795, 3)  # one document, with and without a phone
def test_cuts_of_batches_change_only_what_profiles_say_and_by_no_more_than_the_batch(seed: int, size: int) -> None:
    """A shorter way overtakes: its parcels are counted before others of the same batch."""
    records = simulated(seed, 300)
    one_by_one, cut = screened(records, 1), screened(records, size)
    ends = [batch[-1].timestamp for batch in batches(records, size)]
    assert one_by_one.ledger == cut.ledger
    assert one_by_one.rows.keys() == cut.rows.keys()
    within = Counter(
        (one.shipment.courier, one.shipment.home_outlet, bisect_left(ends, one.shipment.touched_ms))
        for passes in one_by_one.rows.values()
        for one in passes
    )
    for waybill, expected in one_by_one.rows.items():
        found = sorted(cut.rows[waybill], key=lambda one: one.shipment.passes)
        assert [one.shipment for one in expected] == [one.shipment for one in found]
        differing = set()
        for one, other in zip(expected, found, strict=True):
            differing |= {name for name, at in INDEX.items() if one.row[at] != other.row[at]}
            batch = bisect_left(ends, one.shipment.touched_ms)
            parcels = within[one.shipment.courier, one.shipment.home_outlet, batch]
            for name in differing.intersection(OF_OUTLETS + OF_SENDERS):
                apart = abs(counted(one, name) - counted(other, name))
                assert apart <= (parcels if name in OF_OUTLETS else size), name
        assert differing <= OF_PROFILES
        if not differing:
            assert one_by_one.alerts[waybill] == cut.alerts[waybill]


def test_a_score_does_not_depend_on_the_batch() -> None:
    """Scores and their explanations, to the last digit."""
    found = screened(simulated(7, 1200), 100)
    assert any(b'"rule":"model"' in (value or b"") for said in found.alerts.values() for _, value in said)
    rows = [one.row for passes in found.rows.values() for one in passes]
    model = load_model(MODEL)
    assert list(model.score(rows)) == [score for row in rows for score in model.score([row])]
    assert list(model.explain(rows[:300])) == [why for row in rows[:300] for why in model.explain([row])]


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_schedule_does_not_matter_to_what_a_waybill_alone_shows(seed: int, one: int, other: int) -> None:
    """Several partitions at once, in any order: ledger, refusals, and the ids of alerts about the waybill itself."""
    chosen = builders.settings(couriers=COURIERS, partitions=3, scan_due=20 * 3600)
    stages, records = build_stages(chosen), traffic(seed, partitions=3)
    found = []
    for schedule in (one, other):
        live = LiveRun(chosen, stages, schedule)
        live.run(records)
        live.end(T0 + 4 * DAY, apart_ms=0)
        alerts = [read_head(alert.value or b"") for alert in live.alerts()]
        ids = {alert.alert_id for alert in alerts if ALONE & {finding.rule for finding in alert.findings}}
        found.append((live.states("duties"), said(live.rejected()), ids))  # type: ignore[arg-type]  # key, value
    assert found[0][2]
    assert found[0] == found[1]
