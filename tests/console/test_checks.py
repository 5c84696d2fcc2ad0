"""Random checks: what was drawn is counted once, few cases give no share, few people see who was drawn."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from parcelward.console.draw_folder import draws_in
from parcelward.console.judging import judging_of
from parcelward.console.people.roles import Role
from parcelward.console.store.checks_page import Fate, group, grouped, missed, random_checks
from parcelward.console.store.desk import DeskFilter, View, count_views
from parcelward.console.web.app import build_app
from parcelward.contract.alerts import Lane
from parcelward.draws.announcement import rendered, sha256
from parcelward.draws.draw import Draw
from parcelward.outcomes.intervals import counted_share
from parcelward.settings import Settings
from tests.console.conftest import NOW_MS, Console, made_console
from tests.console.draw_files import ANNOUNCED, GOING_ON, OVER, write_draws, written
from tests.console.history import decide, documents
from tests.console.platform import Platform

SAMPLED = 0.1


def lived(platform: Platform) -> None:
    """Many parcels are drawn; of those that are open two are found wrong, one clean, one could not be looked at."""
    platform.settings = Settings(sampled_share=SAMPLED)
    platform.live_until(NOW_MS, 30)
    drawn = [one for one in documents(platform) if one["lane"] == "green_sampled"]
    ends = ("procedure_not_kept", "dangerous_goods", "false_alarm", "not_inspected")
    for document, outcome in zip(drawn, ends, strict=False):
        decide(platform, document, outcome)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    yield from made_console(tmp_path_factory.mktemp("checks") / "console.sqlite", 0, lived)


@pytest.fixture(scope="module")
def draws(console: Console) -> dict[str, Draw]:
    return write_draws(folder_of(console))


def folder_of(console: Console) -> Path:
    folder = console.app.state.office.judging.draws
    assert isinstance(folder, Path)
    return folder


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<svg.*?</svg>|<[^>]+>", " ", html, flags=re.DOTALL))


def row_of(page: str, period: str) -> str:
    (row,) = (one for one in page.split("<tr>") if f'"row">{period}<' in one)
    return row.partition("</tr>")[0]


def test_every_parcel_that_was_drawn_is_counted_once(console: Console) -> None:
    total = group(one.fate for one in random_checks(console.platform.database, NOW_MS).all)
    listed = count_views(console.platform.database, DeskFilter(lane=Lane.GREEN_SAMPLED))
    assert total.drawn == total.found + total.clean + total.open + total.not_looked_at
    assert (total.found, total.not_looked_at) >= (2, 1)
    assert total.open == listed[View.DUE].number
    page = text_of(console.visit(Role.ANALYST).get("/checks").text)
    assert f"Drawn {total.drawn:,} Looked at {total.done} Something found {total.found} Open {total.open:,}" in page


def test_couriers_add_up_to_all(console: Console) -> None:
    found = random_checks(console.platform.database, NOW_MS).all
    by_courier = grouped(found, lambda one: one.courier)
    assert sorted(by_courier) == sorted(console.platform.settings.couriers)
    assert sum(one.drawn for one in by_courier.values()) == len(found)


def test_few_checks_give_no_share_and_say_that_nothing_found_is_not_nothing_missed(console: Console) -> None:
    total = group(one.fate for one in random_checks(console.platform.database, NOW_MS).all)
    assert total.done < 20
    page = text_of(console.visit(Role.AUDITOR).get("/checks").text)
    assert f"too few to say: {total.found} of {total.done}" in page
    assert "does not mean that nothing is missed" in page


def test_enough_checks_give_a_share_with_its_interval_and_what_it_means_for_all_parcels() -> None:
    total = group([Fate.FOUND] * 3 + [Fate.CLEAN] * 97 + [Fate.OPEN] * 20 + [Fate.LATE] * 5)
    assert total.wrong == counted_share(3, 100)
    assert (total.drawn, total.open, total.late) == (125, 25, 5)
    low, high = missed(total, 0.001) or (0, 0)
    assert low < 0.03 * 125_000 < high
    assert missed(total, 0) is None


def test_a_check_that_is_past_its_time_is_late(console: Console) -> None:
    day_later = NOW_MS + 25 * 3_600_000
    now, then = (
        group(one.fate for one in random_checks(console.platform.database, at).all) for at in (NOW_MS, day_later)
    )
    assert (now.open, now.late) == (then.open, 0)
    assert 0 < then.late <= then.open


def test_draws_say_where_they_stand_and_what_is_to_be_published(console: Console, draws: dict[str, Draw]) -> None:
    page = console.visit(Role.ANALYST).get("/checks").text
    over, going_on, alone = (text_of(row_of(page, period)) for period in (OVER, GOING_ON, ANNOUNCED))
    assert "visits are over" in over
    assert "3 done, 1 without a result 1 with a problem" in over
    assert "results and draw.json: publish them" in over
    assert "drawn again: the same" in over
    assert "no results yet; visits until 2026-11-30" in going_on
    assert "not before the visits are over" in going_on
    assert "not drawn yet" in alone


def test_who_was_drawn_is_seen_by_supervisors_and_auditors_alone(console: Console, draws: dict[str, Draw]) -> None:
    number = sha256(rendered(draws[GOING_ON]))[:16]
    codes = [visit.outlet.code for visit in draws[GOING_ON].visits]
    for role in (Role.ANALYST, Role.RULE_AUTHOR):
        browser = console.visit(role)
        page = browser.get("/checks").text
        assert "/checks/draws/" not in page
        assert not any(code in page for code in codes)
        assert browser.get(f"/checks/draws/{number}").status_code == 403
    for role in (Role.SUPERVISOR, Role.AUDITOR):
        page = console.visit(role).get(f"/checks/draws/{number}").text
        assert "Not public before the visits are over" in page
        assert all(code in page for code in codes)


def test_results_stand_beside_the_outlets_when_the_visits_are_over(console: Console, draws: dict[str, Draw]) -> None:
    page = console.visit(Role.AUDITOR).get(f"/checks/draws/{sha256(rendered(draws[OVER]))[:16]}").text
    assert "Not public" not in page
    assert text_of(page).count("20 parcels opened, 0 wrong") == 2
    assert "problem, correction ordered" in page
    assert console.visit(Role.AUDITOR).get("/checks/draws/0").status_code == 404


def test_a_draw_that_was_changed_is_told(tmp_path: Path) -> None:
    draw = write_draws(tmp_path)[GOING_ON]
    first, second, *rest = draw.visits
    changed = draw.model_copy(update={"visits": (second, first, *rest)})
    written(tmp_path / GOING_ON / "drawn" / "draw.json", rendered(changed))
    found = {one.announcement.period: one for one in draws_in(tmp_path).draws}
    assert [one.drawn.differences for one in found.values() if one.drawn] == [
        ("visits does not follow from the announcement and the shares",),
        (),
    ]


def test_a_file_that_is_no_draw_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    write_draws(tmp_path)
    written(tmp_path / "other" / "draw.json", b"{}")
    written(tmp_path / "other" / "results.json", b"[]")
    found = draws_in(tmp_path)
    assert len(found.draws) == 3
    assert [one.partition(":")[0].partition(" is no")[0] for one in found.problems] == [
        "draw.json",
        "results.json holds no results of visits",
    ]


def test_without_the_setting_the_page_says_how_to_set_it(console: Console) -> None:
    judging = replace(judging_of(console.platform.settings), draws=None)
    app = build_app(console.platform.database, console.platform.topics, console.platform, judging=judging)
    app.state.office = replace(app.state.office, now_ms=console.clock)
    assert "PARCELWARD_CONSOLE_DRAWS" in replace(console, app=app).visit(Role.ANALYST).get("/checks").text
