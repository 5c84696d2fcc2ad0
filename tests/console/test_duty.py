"""The duty report: what the next shift takes over, of one person or of all."""

import re
from datetime import timedelta

import pytest

from parcelward.console.people.roles import Role
from parcelward.console.store.case_desk import CaseFilter, CaseLine, list_cases
from parcelward.console.store.desk import DeskFilter, View, list_alerts
from parcelward.console.store.duty import coming_back, count_decisions
from parcelward.console.store.lines import Line
from parcelward.contract.alerts import Lane
from parcelward.contract.steps import ReferralState
from parcelward.moments import CHINA, HOUR_MS, utc
from tests.console.conftest import NOW_MS, Console
from tests.console.forms import press, unclaimed

SINCE = f"{utc(NOW_MS).astimezone(CHINA) - timedelta(minutes=1):%Y-%m-%dT%H:%M}"


@pytest.fixture(scope="module")
def put_off(console: Console) -> tuple[Line, CaseLine]:
    """An alert and a case that the supervisor puts off for four hours."""
    store, browser = console.platform.database, console.visit(Role.SUPERVISOR)
    alert = list_alerts(store, DeskFilter(View.UNCLAIMED, lane=Lane.YELLOW)).lines[0]
    case = max(list_cases(store, CaseFilter(View.UNCLAIMED, lane=Lane.YELLOW)).lines, key=lambda one: one.count)
    for path in (path_of(alert), case_path(case)):
        press(browser, path, "acknowledge")
        press(browser, path, "snooze", wait="4h", words="等企业补充材料")
    return alert, case


def path_of(line: Line) -> str:
    return f"/alerts/{line.alert_id}"


def case_path(line: CaseLine) -> str:
    return f"/cases/{line.case_id}"


def section(page: str, head: str) -> str:
    """The part of the report under a head."""
    found = re.search(rf'<section class="card" aria-labelledby="{head}-head">(.*?)</section>', page, re.DOTALL)
    assert found is not None
    return found[1]


def test_what_comes_back_soon_is_listed_until_somebody_moves_it(
    console: Console, put_off: tuple[Line, CaseLine]
) -> None:
    alert, case = put_off
    store, now_ms = console.platform.database, console.clock()
    back = coming_back(store, now_ms, now_ms + 5 * HOUR_MS)
    assert [one.line.alert_id for one in back.alerts] == [alert.alert_id]
    assert case.case_id in [one.case_id for one in back.cases]
    assert not coming_back(store, now_ms, now_ms + 3 * HOUR_MS).alerts
    assert not coming_back(store, now_ms, now_ms + 5 * HOUR_MS, console.people[Role.ANALYST].token).alerts
    shown = section(console.visit(Role.SUPERVISOR).get("/duty").text, "back")
    assert path_of(alert) in shown
    assert case_path(case) in shown
    press(console.visit(Role.SUPERVISOR), path_of(alert), "outcome", outcome="false_alarm", parcel="release")
    assert not coming_back(store, now_ms, now_ms + 5 * HOUR_MS).alerts


def test_a_report_has_what_one_person_decided_and_has(console: Console) -> None:
    line, analyst = unclaimed(console), console.visit(Role.ANALYST)
    press(analyst, path_of(line), "acknowledge")
    press(analyst, path_of(line), "comment", words="已致电网点")
    own = analyst.get("/duty").text
    assert path_of(line) in section(own, "open")
    assert line.waybill in section(own, "decided")
    other = analyst.get("/duty?person=supervisor1").text
    assert line.waybill not in section(other, "open") + section(other, "decided")
    everybody = section(analyst.get(f"/duty?person=-&since={SINCE}").text, "decided")
    assert everybody.count(line.waybill) == 1  # that it was taken is counted, and not listed
    assert re.search(r">you</span>.*?</span>: took it \d+ · note \d+", everybody)


def test_decisions_of_before_the_shift_are_left_out(console: Console) -> None:
    page = console.visit(Role.AUDITOR).get("/duty?since=2026-11-27T18:00").text
    assert "<tbody>" not in section(page, "decided")
    assert count_decisions(console.platform.database, NOW_MS + HOUR_MS) == {}
    for since in ("yesterday", "0001-01-01T00:00", "9999-12-31T23:59"):
        assert console.visit(Role.AUDITOR).get(f"/duty?since={since}&person=nobody").status_code == 200


def test_everything_that_was_passed_up_is_there(console: Console) -> None:
    wanted = DeskFilter(state=ReferralState.ESCALATED)
    expected = {one.alert_id for one in list_alerts(console.platform.database, wanted, 20).lines}
    shown = section(console.visit(Role.AUDITOR).get("/duty").text, "escalated")
    assert set(re.findall(r"/alerts/([^\"]+)", shown)) == expected
