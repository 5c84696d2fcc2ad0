"""A replay under the same control periods gives what the live run gave; under others it says which are missing."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from parcelward.replay.check import ALERTS_ALONE, check
from parcelward.replay.compare import Span, read_head
from parcelward.replay.rerun import Rerun
from parcelward.screening.build import build_stages
from parcelward.shipments.shipment import decode_shipment, encode
from tests.builders import DAY, HOUR, T0, inspection, moment, pipeline, real_name, record, settings
from tests.courier_traffic import COURIERS, traffic
from tests.live_run import LiveRun
from tests.periods import period, under

PERIODS = (
    period(until=moment(T0 + 3 * HOUR), scope={"goods": ["book", "e_cigarette"]}, **{"raise": ["R4", "R14"]}),
    # For a while the scan is due sooner; then the period is withdrawn.
    period(
        version=2,
        until=moment(T0 + 3 * HOUR),
        takes_effect=moment(T0 + HOUR),
        scope={"goods": ["book", "e_cigarette"]},
        tighten={"scan_due": "2h"},
    ),
    period(version=3, until=moment(T0 + 2 * HOUR), takes_effect=moment(T0 + 2 * HOUR), scope="all"),
    period(
        id="epidemic-2026",
        kind="epidemic",
        scope={"couriers": ["swift"]},
        tighten={"inspection_due": "10m", "real_name_due": "5m", "sampled_share": 0.1},
        duties=["inspect_letters"],
        green_channel=[{"classes": ["clothing"], "couriers": ["swift"]}],
    ),
)


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("periods") / "control"
    return under(folder, *PERIODS, couriers=COURIERS, partitions=3)


def test_a_replay_under_the_same_periods_is_equal_whatever_the_live_run_went_through(chosen: dict[str, Any]) -> None:
    mine = settings(**chosen)
    stages, named = build_stages(mine), Counter[tuple[str, int]]()
    for seed in range(2):
        live = LiveRun(mine, stages, seed)
        live.run(traffic(seed, 60, partitions=3))
        live.end(T0 + 3 * DAY, apart_ms=0)
        checked = check(live, stages, Span())
        assert checked.comparison.same, checked.comparison.differences
        assert checked.notes == (ALERTS_ALONE,)
        assert live.restarts
        rerun = Rerun(live, stages)
        for _ in rerun.results():
            pass
        rerun.pipeline.feed([], {f"intake.{courier}": T0 + 3 * DAY for courier in COURIERS})
        for stage, cells in rerun.pipeline.cells.items():
            assert {key: value for cell in cells for key, value in cell.state.items()} == live.states(stage), stage
        for alert in live.alerts():
            named.update((one.id, one.version) for one in read_head(alert.value or b"").controls)
    assert named.keys() == {("ciie-2026", 1), ("ciie-2026", 2), ("epidemic-2026", 1)}


def test_a_replay_without_a_period_of_the_live_run_names_it(chosen: dict[str, Any]) -> None:
    mine = settings(**chosen)
    live = LiveRun(mine, build_stages(mine), 0)
    live.run(traffic(0, 30, partitions=3))
    live.end(T0 + DAY)

    checked = check(live, build_stages(settings(couriers=COURIERS, partitions=3)), Span())

    assert not checked.comparison.same
    said = "the live run judged under control periods that this replay did not: ciie-2026 version 1 ("
    assert [note for note in checked.notes if note.startswith(said)] != []


def test_a_ledger_of_before_is_under_no_period_until_its_next_record(tmp_path: Path) -> None:
    line = pipeline(**under(tmp_path / "control", period(scope="all")))
    line.feed([record(real_name(), at=T0)])
    cell = line.cells["duties"][0]
    (key,) = (key for key in cell.state if key.endswith(b"/SF0000000000001"))
    shipment = decode_shipment(cell.state[key])
    assert shipment.controls == (("ciie-2026", T0),)
    of_before = encode(shipment)[: -len(encode(shipment.controls))]
    cell.state[key] = _one_field_less(of_before)

    assert decode_shipment(cell.state[key]).controls == ()
    line.feed([record(inspection(), at=T0 + HOUR)])

    assert decode_shipment(cell.state[key]).controls == (("ciie-2026", T0 + HOUR),)


def _one_field_less(value: bytes) -> bytes:
    """A record of an array of 16 or more fields, without its last one, which is cut off already."""
    assert value[0] == 0xDC
    return value[:1] + (int.from_bytes(value[1:3]) - 1).to_bytes(2) + value[3:]


def test_a_period_that_was_removed_binds_nobody_any_more(tmp_path: Path) -> None:
    line, later = pipeline(**under(tmp_path / "control", period(scope="all"))), pipeline()
    line.feed([record(real_name(), at=T0), record(inspection(), at=T0 + 1)])
    for stage, (cell,) in line.cells.items():
        later.cells[stage][0].state.update(cell.state)
        later.cells[stage][0].stage.restore(cell.state)

    assert later.feed([], {"intake.swift": T0 + 9 * HOUR}).alerts == []
    assert len(line.feed([], {"intake.swift": T0 + 9 * HOUR}).alerts) == 1
