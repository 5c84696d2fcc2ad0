"""Lists hold what the topics say: each alert once, in order, and nothing else; search finds Chinese words."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest

from parcelward.console.store import alert_page, case_page, feed
from parcelward.console.store.case_desk import CaseFilter, count_case_views, list_cases
from parcelward.console.store.database import Database
from parcelward.console.store.desk import (
    DeskFilter,
    View,
    changed,
    count_by,
    count_news,
    count_views,
    list_alerts,
    neighbours,
    newest_mark,
)
from parcelward.console.store.ranks import LANE_RANKS, SEVERITY_RANKS
from parcelward.console.store.search import search
from parcelward.contract.alerts import Lane, Severity
from parcelward.contract.steps import OVER
from parcelward.moments import ms_of
from tests.chaos.recorded import SETTINGS
from tests.console_store.memory_logs import MemoryLogs

Document = dict[str, Any]


def newest(topic: str, key: str) -> dict[str, Document]:
    """The newest revision of each alert or case, read from its topic without the store."""
    found: dict[str, Document] = {}
    for log, some in MemoryLogs().logs.items():
        for record in some if log[0] == topic else ():
            one = msgspec.json.decode(record.value or b"{}")
            if one["revision"] > found.get(one[key], {"revision": -1})["revision"]:
                found[one[key]] = one
    return found


REFERRALS = newest(SETTINGS.topics.referrals, "alert_id")
ALERTS = newest(SETTINGS.topics.alerts, "alert_id")
CASES = newest(SETTINGS.topics.cases, "case_id")


def is_open(one: Document) -> bool:
    """True for an alert or a case that waits for somebody."""
    return one["state"] not in OVER


def pages(database: Database, wanted: DeskFilter) -> Iterator[str]:
    """The ids of a list, page by page."""
    after = None
    while True:
        page = list_alerts(database, wanted, 3, after)
        yield from (line.alert_id for line in page.lines)
        if (after := page.after) is None:
            return


def urgency(alert_id: str) -> tuple[object, ...]:
    """The place in a list of what is open."""
    one = REFERRALS[alert_id]
    lane, severity = LANE_RANKS[Lane(one["lane"])], SEVERITY_RANKS[Severity(one["severity"])]
    return lane, severity, one["due_by"] or "9999", alert_id


def test_a_list_shows_each_alert_once_in_its_order(desk: Database) -> None:
    opened = {alert_id for alert_id, one in REFERRALS.items() if is_open(one)}
    assert list(pages(desk, DeskFilter())) == sorted(opened, key=urgency)
    assert sorted(pages(desk, DeskFilter(View.ALL))) == sorted(REFERRALS)
    assert set(pages(desk, DeskFilter(View.OVER))) == REFERRALS.keys() - opened
    order = list(pages(desk, DeskFilter()))
    for before, here, after in zip(order, order[1:], order[2:], strict=False):
        found = neighbours(desk, DeskFilter(), here)
        assert (found.previous, found.next) == (before, after)


def test_each_filter_takes_what_it_says_and_counts_agree(desk: Database) -> None:
    some = next(one for one in REFERRALS.values() if is_open(one) and one["cases"] and one["rules"])
    person = next((one["assigned_to"] for one in REFERRALS.values() if one["assigned_to"] and is_open(one)), "nobody")
    for wanted, takes in (
        (DeskFilter(lane=Lane.RED), lambda one: one["lane"] == "red"),
        (DeskFilter(severity=Severity.HIGH), lambda one: one["severity"] in ("high", "critical")),
        (DeskFilter(courier="swift"), lambda one: one["courier"] == "swift"),
        (DeskFilter(outlet=some["outlet"]), lambda one: one["outlet"] == some["outlet"]),
        (DeskFilter(rule=some["rules"][0]), lambda one: some["rules"][0] in one["rules"]),
        (DeskFilter(case=some["cases"][0]), lambda one: some["cases"][0] in one["cases"]),
        (DeskFilter(state=some["state"]), lambda one: one["state"] == some["state"]),
        (DeskFilter(held=True), lambda one: one["held"]),
        (DeskFilter(View.MINE, me=person), lambda one: one["assigned_to"] == person),
        (DeskFilter(View.UNCLAIMED), lambda one: one["assigned_to"] is None),
    ):
        expected = {alert_id for alert_id, one in REFERRALS.items() if is_open(one) and takes(one)}
        assert set(pages(desk, wanted)) == expected, wanted
        assert count_views(desk, wanted)[wanted.view] == (len(expected), False)
    assert sum(count_by(desk, DeskFilter(), "courier").values()) == count_views(desk, DeskFilter())[View.DUE].number


def test_a_list_that_stops_looking_says_so_and_goes_on_from_there(
    desk: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    outlet = Counter(one["outlet"] for one in REFERRALS.values()).most_common(1)[0][0]
    wanted = [DeskFilter(view, lane=Lane.RED, outlet=of) for view in (View.ALL, View.OVER) for of in (None, outlet)]
    whole = [list(pages(desk, one)) for one in wanted]
    counts = [count_views(desk, one)[one.view].number for one in wanted]
    assert list(map(len, whole)) == counts
    monkeypatch.setattr("parcelward.console.store.desk.WALKED", 4)
    for one, ids, count in zip(wanted, whole, counts, strict=True):
        assert list(pages(desk, one)) == ids
        page, counted = list_alerts(desk, one), count_views(desk, one)
        assert len(page.lines) <= counted[one.view].number <= 5 < sum(map(len, whole))
        assert counted[one.view].more
        assert count >= counted[one.view].number
        assert page.looked_back_to_ms is not None
        assert page.after is not None
        assert not counted[View.DUE].more
    first, last = whole[0][0], whole[0][-1]
    found = neighbours(desk, DeskFilter(View.ALL), first)
    assert found.next is not None
    assert neighbours(desk, DeskFilter(View.ALL), last).previous is not None


def test_what_changed_is_told_by_its_mark(desk: Database) -> None:
    mark, ids = newest_mark(desk), list(REFERRALS)
    assert count_news(desk, DeskFilter(View.ALL), mark) == 0
    assert count_news(desk, DeskFilter(View.ALL), 0) == len(ids)
    assert changed(desk, ids, mark) == ()
    assert [line.alert_id for line in changed(desk, ids, mark - 1)] == sorted(ids)


def test_an_alert_shows_all_that_was_said_about_it(desk: Database) -> None:
    for alert_id, one in ALERTS.items():
        view = alert_page.alert(desk, alert_id)
        assert view is not None
        assert view.alert == one
        assert view.referral == REFERRALS[alert_id]
        assert {case.case_id for case in view.cases} == set(REFERRALS[alert_id]["cases"])
        assert view.steps[-1].revision == REFERRALS[alert_id]["revision"]
        assert [step.revision for step in view.steps] == sorted({step.revision for step in view.steps})
    assert alert_page.alert(desk, "none") is None
    assert any(alert_page.earlier(desk, alert_id)["outlet"].count for alert_id in ALERTS)


def test_a_decision_has_counted_or_was_refused(desk: Database) -> None:
    fates = set()
    for log, some in MemoryLogs().logs.items():
        for record in some if log[0] == SETTINGS.topics.decisions else ():
            one = msgspec.json.decode(record.value or b"{}")
            fates.add(alert_page.decision(desk, one.get("id", "")).state)
    assert fates >= {"counted", "refused"}
    assert alert_page.decision(desk, "never sent").state == "unknown"


def test_cases_are_listed_with_their_alerts(desk: Database) -> None:
    page = list_cases(desk, CaseFilter(View.ALL), 1_000)
    assert {line.case_id for line in page.lines} == CASES.keys()
    assert count_case_views(desk, CaseFilter())[View.DUE].number == sum(is_open(one) for one in CASES.values())
    for line in page.lines:
        members = {alert_id for alert_id, one in REFERRALS.items() if line.case_id in one["cases"]}
        assert {one.alert_id for one in case_page.members(desk, line.case_id).lines} == members
        assert sum(count for *_, count in case_page.spread(desk, line.case_id).by_outlet) == len(members)
        waits = [REFERRALS[one]["due_by"] for one in members if is_open(REFERRALS[one]) and REFERRALS[one]["due_by"]]
        expected = ms_of(datetime.fromisoformat(min(waits))) if waits and is_open(CASES[line.case_id]) else None
        assert line.due_ms == expected
        view = case_page.case(desk, line.case_id)
        assert view is not None
        assert view.document == CASES[line.case_id]


def test_search_finds_codes_and_chinese_words(desk: Database) -> None:
    for alert_id, one in ALERTS.items():
        goods = one["card"]["goods"]["declared"]
        for words in (one["waybill"], one["waybill"][:8], alert_id[:8], f"{one['courier']} {one['outlet']}", goods):
            found = search(desk, words, 1_000) if words else None
            assert found is None or alert_id in {hit.alert_id for hit in found.alerts}, words
    petrol = {alert_id for alert_id, one in ALERTS.items() if "汽油" in (one["card"]["goods"]["declared"] or "")}
    assert petrol
    assert {hit.alert_id for hit in search(desk, "汽油", 1_000).alerts} >= petrol
    of_swift = search(desk, "汽油", 1_000, courier="swift")
    assert {hit.courier for hit in of_swift.alerts} == {"swift"}
    assert search(desk, "没有这样的东西").alerts == ()


TYPED = ("", " ", "'", '"', "\\", "a' | 'b", 'x" OR "y', "*", "汽%", "\x00", "& !", "(", "/", "长" * 999)


def test_search_takes_whatever_is_typed(desk: Database) -> None:
    for words in TYPED:
        assert search(desk, words).cases == ()
        assert list_alerts(desk, DeskFilter(words=words), after=words).after is None


def test_figures_of_outlets_and_rules_count_each_alert_once(desk: Database) -> None:
    last_ms = 1_795_577_330_561
    weeks = feed.outlet_weeks(desk, last_ms)
    assert sum(one.this_week + one.week_before for one in weeks) == len(ALERTS)
    found = {rule: 0 for one in ALERTS.values() for rule in (finding["rule"] for finding in one["findings"])}
    for one in ALERTS.values():
        for rule in {finding["rule"] for finding in one["findings"]}:
            found[rule] += 1
    assert {one.rule: one.alerts for one in feed.rule_counts(desk, 0)} == found
    times = feed.answer_times(desk, "swift", last_ms, 0)
    assert times.answered == 0 or times.median_ms is not None
    tasks = feed.tasks(desk, "swift", 1_000)
    assert len({task.alert_id for task in tasks.lines}) == len(tasks.lines) > 0
