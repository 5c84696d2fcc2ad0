"""The arithmetic of the peers' comparison: rates out of looks, ratios within rounds."""

import pytest

from tests.bench.peers.engines import OURS, Engine
from tests.bench.peers.faults import Fault
from tests.bench.peers.figures import Figures, Look, TooFewLooksError, figures
from tests.bench.peers.report import summary, table

EVENTS = 1_000_000
RATE = 200_000.0  # records per CPU second; twice as many by the wall


def looks_at(*, ahead=0, start_s=0.0, step=10_000, warm_costs=1.0):
    """An engine that commits every `step` records and has computed `ahead` more, as long as there are more."""
    found = []
    for done in range(step, EVENTS + 1, step):
        computed = min(EVENTS, done + ahead)
        cpu = start_s + computed / RATE + (warm_costs - 1) * min(computed, 100_000) / RATE
        found.append(Look(100.0 + 2 * cpu, cpu, done, 50.0 + done / EVENTS))
    return found


@pytest.mark.parametrize("step", [1_000, 10_000, 170_000], ids=["fine", "batches", "checkpoints"])
@pytest.mark.parametrize("ahead", [0, 40_000, 90_000])
def test_what_is_computed_ahead_changes_no_rate(ahead, step):
    found = figures(looks_at(ahead=ahead, step=step), EVENTS, 90.0)
    assert found.events_per_cpu_second == pytest.approx(RATE)
    assert found.events_per_second == pytest.approx(RATE / 2)


def test_two_looks_would_have_counted_it_for_the_engine():
    looks = looks_at(ahead=40_000)
    first = next(look for look in looks if look.events >= 100_000)
    assert (looks[-1].events - first.events) / (looks[-1].cpu - first.cpu) > 1.04 * RATE


def test_start_and_warm_up_are_in_the_figure_of_the_whole_alone():
    found = figures(looks_at(start_s=3.0, warm_costs=5.0), EVENTS, 90.0)
    assert found.events_per_cpu_second == pytest.approx(RATE)
    assert found.whole_per_cpu_second == pytest.approx(EVENTS / (3.0 + 5.0 + 2.0))


def test_memory_is_that_of_the_end_and_the_first_alert_counts_from_the_start_of_the_process():
    looks = looks_at()
    found = figures(looks, EVENTS, looks[0].at - 2.5)
    assert found.peak_mb == 51.0
    assert found.first_alert_s == pytest.approx(2.5)


def test_every_look_counts_in_a_run_that_was_cut_off():
    looks = looks_at()[:3]
    assert figures(looks, None, 90.0).events_per_cpu_second == pytest.approx(RATE)
    with pytest.raises(TooFewLooksError):
        figures(looks, EVENTS, 90.0)


def engine(name):
    return Engine(name, "1", lambda: ())


def run(by_cpu, by_wall=1.0):
    return Figures(by_cpu, by_wall, by_cpu, 100.0, 2.0)


def test_ratios_are_those_of_the_same_round():
    rounds = [
        {OURS: run(100.0, 30.0), "other": run(200.0, 10.0)},
        {OURS: run(10.0, 3.0), "other": run(10.0, 1.0)},
        {OURS: run(90.0, 27.0), "other": run(100.0, 9.0)},
    ]
    line = summary([engine("other"), engine(OURS)], rounds, {})["engines"]["other"]
    assert line["ours_over_it"] == 0.9
    assert line["ours_over_it_by_wall"] == 3.0
    assert line["ours_over_it_in_each"] == [[0.5, 3.0], [1.0, 3.0], [0.9, 3.0]]
    assert line["events_per_cpu_second"] == 100


def test_a_run_that_failed_is_left_out_of_its_round():
    rounds = [{OURS: run(100.0)}, {OURS: run(10.0), "other": run(10.0)}]
    line = summary([engine("other")], rounds, {"other": Fault(0, 0, 7, 0)})["engines"]["other"]
    assert line["ours_over_it_in_each"] == [[1.0, 1.0]]
    assert len(line["runs"]) == 1


def test_the_table_says_what_is_missing():
    result = summary([engine("other"), engine("broken")], [{"other": run(10.0)}], {"other": Fault(0, 0, 7, 0)})
    _, _, other, broken = table(result).splitlines()
    assert other == "| other | 1 | 10 | - | 1 | - | 100 | 2.0 | 7 alerts too many |"
    assert broken == "| broken | 1 | 0 | - | 0 | - | 0 | 0.0 | not tried |"
