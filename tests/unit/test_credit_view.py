"""The credit view of couriers and outlets: duties, answers, and visits by lot."""

import json
from pathlib import Path

import pytest

from parcelward.cli.outcomes import read_all_visits
from parcelward.draws.announcement import rendered, sha256
from parcelward.draws.draw import Draw, made
from parcelward.draws.visits import results_of
from parcelward.errors import UserError
from parcelward.outcomes.credit import Visited, credit, credit_views, duties_kept, problem_share, visited
from parcelward.outcomes.intervals import Figure
from parcelward.outcomes.quality import qualities
from parcelward.outcomes.verdicts import Verdict
from tests.builders import MINUTE, T0
from tests.draws import PUBLIC, SHARES, announcement, outlet
from tests.outcomes import many, seen


def test_duties_are_counted_on_all_parcels_as_the_random_lane_tells_how_many_there_are() -> None:
    alerts = [
        *many(50, Verdict.OPEN, "R3"),
        *many(20, Verdict.WITHDRAWN, "R3"),
        *many(10, Verdict.FALSE_ALARM, "R3"),
        *many(40, Verdict.CONFIRMED, "R14"),
        *many(100, Verdict.OPEN),
    ]
    kept = duties_kept(alerts, 0.01)
    assert (kept.n, kept.m) == (10_070, 10_120)
    assert kept.share == pytest.approx(1 - 50 / 10_120)
    assert duties_kept([*many(19, Verdict.OPEN), *many(5, Verdict.OPEN, "R3")], 0.01) == Figure(0, 0)
    assert duties_kept(alerts, 0.0) == Figure(0, 0)


@pytest.mark.parametrize("rule", ["R3B", "R3D", "R9", "R11"])
def test_a_suspicion_that_nobody_confirmed_breaks_no_duty(rule: str) -> None:
    unknown = (Verdict.OPEN, Verdict.EXPIRED, Verdict.NOT_INSPECTED, Verdict.NOT_FOUND)
    alerts = [one for verdict in unknown for one in many(10, verdict, rule)]
    kept = duties_kept([*alerts, *many(3, Verdict.CONFIRMED, rule), *many(100, Verdict.OPEN)], 0.01)
    assert kept.m - kept.n == 3
    both = [*many(10, Verdict.OPEN, rule, "R3"), *many(100, Verdict.OPEN)]
    assert duties_kept(both, 0.01).m - duties_kept(both, 0.01).n == 10


def test_alerts_of_a_courier_are_confirmed_by_lane_as_elsewhere() -> None:
    alerts = [
        *many(90, Verdict.CONFIRMED, "R14"),
        *many(10, Verdict.FALSE_ALARM, "R14"),
        *many(3, Verdict.CONFIRMED, "R4", lane="yellow"),
        *many(27, Verdict.FALSE_ALARM, "R4", lane="yellow"),
        *many(870, Verdict.OPEN, "R4", lane="yellow"),
    ]
    confirmed = credit("courier", "swift", alerts, [], 0.01).confirmed
    assert confirmed.share == pytest.approx(0.18)
    assert confirmed == qualities(alerts, 0.01)[0].precision


def test_who_answered_nothing_did_not_answer_unreminded() -> None:
    silent = many(30, Verdict.OPEN, "R14", asked=True, whole=True, asked_ms=T0)
    assert credit("courier", "swift", silent, [], 0.01).answered == Figure(0, 0)


def test_answers_count_with_median_and_ninth_of_ten() -> None:
    asked = [
        seen(
            Verdict.OPEN,
            "R14",
            number=number,
            asked=True,
            whole=True,
            asked_ms=T0,
            answered_ms=T0 + (number + 1) * MINUTE,
        )
        for number in range(30)
    ]
    silent = [seen(Verdict.OPEN, "R14", number=99, asked=True, whole=True, asked_ms=T0, reminded=True)]
    compacted = [seen(Verdict.OPEN, "R14", number=98, asked=True)]
    view = credit("courier", "swift", [*asked, *silent, *compacted], [], 0.01)
    times = view.answer_times
    assert (times.n, times.m, times.median_s, times.p90_s) == (30, 32, 15 * 60, 27 * 60)
    assert (view.answered.n, view.answered.m) == (30, 31)
    assert credit("courier", "swift", silent, [], 0.01).answer_times.median_s is None


def test_random_checks_count_only_where_somebody_looked() -> None:
    alerts = [*many(2, Verdict.CONFIRMED), *many(38, Verdict.FALSE_ALARM), *many(60, Verdict.OPEN)]
    checks = credit("courier", "swift", alerts, [], 0.01).random_checks
    assert (checks.n, checks.m, checks.share) == (2, 40, 0.05)


HEADINGS = "courier,outlet,visited_on,result,found,parcels_checked,parcels_wrong\n"


def a_draw() -> Draw:
    """40 outlets, half of them with eight times the tickets; 30 are drawn."""
    outlets = tuple(outlet(f"swift/HZ-{number:02}", "D" if number % 2 else "A") for number in range(40))
    given = announcement(outlets=outlets, visits=30, most_visits=20, exclusions=(), files={})
    return made(given, SHARES, PUBLIC)


def test_an_outlet_that_comes_more_often_counts_less() -> None:
    """All outlets of tier D have a problem and none of tier A: half of all, but more than half of those visited."""
    draw = a_draw()
    lines = [
        f"swift,{one.outlet.outlet},2026-12-05,"
        + ("corrected,procedure_not_kept,10,2" if one.outlet.tier == "D" else "no_problem,,10,0")
        for one in draw.visits
    ]
    went = visited([(draw, results_of(draw, "0" * 64, (HEADINGS + "\n".join(lines)).encode(), "visits.csv"))])
    figure = problem_share(went)
    assert figure.n / figure.m > 0.6
    assert figure.share == pytest.approx(0.5, abs=0.06)
    (of_courier, *of_outlets) = credit_views([], went, 0.01)
    assert (of_courier.name, of_courier.visited_parcels.n, of_courier.visited_parcels.m) == ("swift", 2 * figure.n, 300)
    assert len(of_outlets) == 30


def test_parcels_of_visits_are_counted_and_no_share_is_made_of_them() -> None:
    visits = [Visited("swift", f"HZ-{number}", 0.5, True, 30, 10) for number in range(30)]
    assert credit("courier", "swift", [], visits, 0.01).visited_parcels == Figure(300, 900)


def publication(folder: Path, *lines: str) -> Path:
    """A folder of results, as `draw results` writes it."""
    folder.mkdir()
    draw = rendered(a_draw())
    results = results_of(a_draw(), sha256(draw), (HEADINGS + "\n".join(lines)).encode(), "visits.csv")
    (folder / "draw.json").write_bytes(draw)
    (folder / "results.json").write_bytes(rendered(results))
    return folder


def test_the_visits_of_one_draw_count_once(tmp_path: Path) -> None:
    lines = [f"swift,{one.outlet.outlet},2026-12-05,no_problem,,10,0" for one in a_draw().visits]
    first, whole = publication(tmp_path / "first", *lines[:20]), publication(tmp_path / "whole", *lines)
    assert len(visited(read_all_visits([whole]))) == 30
    for folders in ([first, whole], [whole, whole]):
        with pytest.raises(UserError, match="are of one draw"):
            read_all_visits(folders)


@pytest.mark.parametrize("other", ["HZ-99", "the same"])
def test_results_of_an_outlet_that_was_not_drawn_are_refused(tmp_path: Path, other: str) -> None:
    folder = publication(tmp_path / "after", f"swift,{a_draw().visits[0].outlet.outlet},2026-12-05,no_problem,,10,0")
    results = json.loads((folder / "results.json").read_text())
    (one,) = results["outcomes"]
    results["outcomes"].append(one if other == "the same" else one | {"outlet": other})
    (folder / "results.json").write_text(json.dumps(results))
    with pytest.raises(UserError, match="was not drawn, or has two results"):
        read_all_visits([folder])


def test_a_visit_at_which_nothing_could_be_looked_at_says_nothing() -> None:
    draw = a_draw()
    line = f"swift,{draw.visits[0].outlet.outlet},2026-12-05,not_reachable,,,"
    assert visited([(draw, results_of(draw, "0" * 64, (HEADINGS + line).encode(), "visits.csv"))]) == []
