"""Drawings on the page of an alert: the course of events, and the places at which a document was read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from parcelward.alerts.terminal import Language
from parcelward.console.people.roles import Role
from parcelward.console.store.alert_page import Revision, alert
from parcelward.console.store.desk import DeskFilter, View, list_alerts
from parcelward.console.web.course import MOVERS, Happening, course_of
from parcelward.console.web.documents import alert_in
from parcelward.console.web.region_places import Spot, all_places, place_of
from parcelward.console.web.time_line import WIDE_PX, TimeLine, time_line
from parcelward.console.web.two_places import two_places
from parcelward.contract.alerts import Alert
from parcelward.contract.cards import ParcelState, Whereabouts
from parcelward.moments import DAY_MS, HOUR_MS, MINUTE_MS, utc
from tests.console.conftest import NOW_MS, Console, made_console


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """An hour and a half: so long it takes until a document was read at two places."""
    yield from made_console(tmp_path_factory.mktemp("pictures") / "console.sqlite", 150)


def alerts_of(console: Console) -> list[tuple[Alert, list[Happening]]]:
    found = []
    for line in list_alerts(console.platform.database, DeskFilter(view=View.ALL), 40).lines:
        view = alert(console.platform.database, line.alert_id)
        assert view is not None
        assert view.alert is not None
        document = alert_in(view.alert)
        found.append((document, course_of(view, document, "en")))
    return found


def travelled(console: Console) -> Alert:
    line = next(
        it for it in list_alerts(console.platform.database, DeskFilter(view=View.ALL), 500).lines if "R7" in it.rules
    )
    view = alert(console.platform.database, line.alert_id)
    assert view is not None
    assert view.alert is not None
    return alert_in(view.alert)


def course(*moments: tuple[int, str, str]) -> list[Happening]:
    return [Happening(NOW_MS + at_ms, kind, sign, sign) for at_ms, kind, sign in moments]


def drawn_of(happenings: Sequence[Happening], language: Language = "en") -> TimeLine:
    drawn = time_line(happenings, NOW_MS, language)
    assert drawn is not None
    return drawn


@pytest.mark.parametrize("language", ["en", "zh"])
def test_words_of_a_time_line_never_lie_upon_each_other(console: Console, language: Language) -> None:
    for _, happenings in alerts_of(console):
        drawn = drawn_of(happenings, language)
        lines: dict[int, list[tuple[float, float]]] = {}
        for point in drawn.points:
            wide = 100 * sum(13 if ord(letter) > 0x2E7F else 7 for letter in point.word) / WIDE_PX
            begin = point.word_x - wide if point.anchor == "end" else point.word_x
            assert 0 <= begin <= begin + wide <= 102
            if point.word:
                lines.setdefault(point.word_y, []).append((begin, begin + wide))
        widths = {mark: 100 * 7 * len(mark.text) / WIDE_PX for mark in drawn.times}
        ends = [one.x if one.anchor == "end" else one.x + widths[one] for one in drawn.times]
        begins = [end - widths[one] for one, end in zip(drawn.times, ends, strict=True)]
        assert all(end <= begin for end, begin in zip(ends, begins[1:], strict=False)), drawn.times
        for spans in lines.values():
            for one, later in zip(sorted(spans), sorted(spans)[1:], strict=False):
                assert one[1] <= later[0]


def test_points_stand_in_the_order_of_time_and_long_gaps_are_shortened() -> None:
    drawn = drawn_of(course((0, "parcel", "accepted"), (60_000, "alert", "raised"), (2 * DAY_MS, "people", "outcome")))
    begin, middle, end = (point.x for point in drawn.points)
    assert begin < middle < end
    assert end - middle < 6 * (middle - begin)
    assert [gap.text for gap in drawn.gaps] == ["48 h"]
    assert [row.kind for row in drawn.rows] == ["parcel", "alert", "people"]


def test_what_is_due_stands_behind_a_line_that_says_now() -> None:
    happened = course((-HOUR_MS, "parcel", "accepted"))
    due = Happening(NOW_MS + HOUR_MS, "clock", "due", "decide by", future=True)
    drawn = drawn_of([*happened, due])
    assert drawn.now_x is not None
    assert drawn.points[0].x < drawn.now_x < drawn.points[1].x
    assert drawn_of(course((-HOUR_MS, "parcel", "accepted"), (0, "alert", "raised"))).now_x is None


def test_a_single_moment_is_not_drawn() -> None:
    assert time_line(course((0, "parcel", "accepted"), (300, "alert", "raised")), NOW_MS, "en") is None


def test_a_record_that_is_late_and_a_scan_on_the_way_stand_in_the_course(console: Console) -> None:
    late = next(document for document, happenings in alerts_of(console) if any(it.sign == "late" for it in happenings))
    view = alert(console.platform.database, late.alert_id)
    assert view is not None
    assert late.card is not None
    site, at = "HUB-1", utc(NOW_MS + 5 * MINUTE_MS)
    seen = Whereabouts(state=ParcelState.UNDER_WAY, site=site, seen_at=at, text=late.card.whereabouts.text)
    card = late.card.model_copy(update={"whereabouts": seen})
    changed = late.model_copy(update={"revision": 99, "card": card, "raised_at": at + timedelta(seconds=1)})
    scanned = Revision(99, NOW_MS, changed.model_dump(mode="json"))
    happenings = course_of(replace(view, revisions=(*view.revisions, scanned)), changed, "en")
    assert [one.text for one in happenings if one.sign == "scanned"] == ["security scan (HUB-1)"]
    assert len([one for one in happenings if one.sign == "late"]) == 1  # said once, not with each revision


def test_of_one_second_the_parcel_moves_before_the_alert(console: Console) -> None:
    for _, happenings in alerts_of(console):
        for one, later in pairwise(happenings):
            if one.at_ms // 1000 == later.at_ms // 1000 and not later.future:
                assert MOVERS.index(one.kind) <= MOVERS.index(later.kind)


def test_two_places_are_drawn_with_the_distance_and_the_time_that_were_measured(console: Console) -> None:
    document = travelled(console)
    values = next(one for one in document.findings if one.rule == "R7").values
    drawn = two_places(console.platform.database, document, "en")
    assert drawn is not None
    assert (drawn.km, drawn.kmh, drawn.limit_kmh) == (values["travel_km"], values["travel_kmh"], 300)
    assert drawn.fastest_ms is not None
    assert drawn.between_ms < drawn.fastest_ms
    here = place_of(document.card.from_region if document.card and document.card.from_region else "")
    assert here is not None
    north = drawn.second.y < drawn.first.y
    there = place_of(re.findall(r"\((\d{6})\)", drawn.first.region or "")[0])
    assert there is not None
    assert north == (here.north > there.north)
    page = console.visit(Role.ANALYST).get(f"/alerts/{document.alert_id}").text
    assert f"{values['travel_km']:,.0f} km" in page
    assert "no borders are drawn" in page


@pytest.mark.parametrize("region", [None, "650100", "990000"], ids=["none", "elsewhere", "unknown"])
def test_where_a_place_is_unknown_or_does_not_fit_no_map_is_drawn(console: Console, region: str | None) -> None:
    document = travelled(console)
    assert document.card is not None
    card = document.card.model_copy(update={"from_region": region})
    drawn = two_places(console.platform.database, document.model_copy(update={"card": card}), "zh")
    assert drawn is not None
    assert (drawn.dots, drawn.grid) == ("", ())
    assert drawn.km > 0


def test_an_alert_that_rests_on_no_way_has_no_places(console: Console) -> None:
    document = travelled(console).model_copy(update={"findings": ()})
    assert two_places(console.platform.database, document, "en") is None


def test_every_province_has_a_place() -> None:
    assert len({code[:2] for code in all_places()}) == 34
    assert place_of("440306") == Spot(22.54, 114.06)
