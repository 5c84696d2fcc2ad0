"""Decisions from the pages: each is taken by the worker's own stages once, on the revision that was seen, or refused in
words."""

import re
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from parcelward.console.choices import DECISIONS, open_to
from parcelward.console.figures import new_metrics
from parcelward.console.people.roles import Role
from parcelward.console.store.alert_page import alert
from parcelward.console.store.case_desk import CaseFilter, list_cases
from parcelward.console.store.case_page import case
from parcelward.console.store.desk import DeskFilter, View, list_alerts
from parcelward.console.store.lines import Line
from parcelward.console.web.app import build_app
from parcelward.contract.steps import StepKind
from parcelward.errors import UserError
from parcelward.metrics import Metrics
from tests.console.conftest import Console
from tests.console.forms import forms_of, press, unclaimed, unclaimed_ones


def standing(console: Console, alert_id: str) -> Line:
    view = alert(console.platform.database, alert_id)
    assert view is not None
    assert view.line is not None
    return view.line


def test_one_press_takes_an_alert(console: Console) -> None:
    line, browser = unclaimed(console), console.visit(Role.ANALYST)
    text = press(browser, f"/alerts/{line.alert_id}", "acknowledge")
    now = standing(console, line.alert_id)
    assert (now.state, now.assigned_to) == ("acknowledged", console.people[Role.ANALYST].token)
    assert "Your decision counts" in text
    assert '<span class="strong no-print">you</span>' in text


def test_outcome_parcel_and_comment_are_one_step_and_lead_to_the_next(console: Console) -> None:
    line, browser = unclaimed(console), console.visit(Role.ANALYST)
    address, fields = forms_of(browser, f"/alerts/{line.alert_id}?list=view%3Dunclaimed")["outcome"]
    chosen = {"outcome": "false_alarm", "parcel": "release", "words": "复验无异常", "then": "next"}
    answer = browser.post(address, data={**fields, **chosen})
    assert standing(console, line.alert_id).state == "decided"
    assert standing(console, line.alert_id).outcome == "false_alarm"
    after = answer.headers["location"]
    assert after.startswith("/alerts/")
    assert line.alert_id not in after
    assert "list=view%3Dunclaimed" in after
    assert "Your decision counts" in browser.get(after).text
    assert "复验无异常" in browser.get(f"/alerts/{line.alert_id}").text


def test_a_form_that_is_pressed_twice_counts_once(console: Console) -> None:
    line, browser = unclaimed(console), console.visit(Role.ANALYST)
    address, fields = forms_of(browser, f"/alerts/{line.alert_id}")["comment"]
    texts = [
        browser.get(browser.post(address, data={**fields, "words": "已致电网点"}).headers["location"]).text
        for _ in "12"
    ]
    assert all("Your decision is sent, and was not refused" in text for text in texts)
    view = alert(console.platform.database, line.alert_id)
    assert view is not None
    assert len([one for one in view.decisions if one.kind == StepKind.COMMENT and one.refused is None]) == 1


def test_the_second_of_two_people_is_told_who_has_it(console: Console) -> None:
    line = unclaimed(console)
    first, second = console.visit(Role.ANALYST), console.visit(Role.SUPERVISOR)
    path = f"/alerts/{line.alert_id}"
    address, fields = forms_of(second, path)["outcome"]
    assert browser_news(second, line) == 204
    press(first, path, "acknowledge")
    assert browser_news(second, line) == 200
    answer = second.post(address, data={**fields, "outcome": "false_alarm", "parcel": "release"})
    text = second.get(answer.headers["location"]).text
    assert "Your decision was refused" in text
    assert "something has happened since" in text
    assert "林晓" in text
    assert standing(console, line.alert_id).state == "acknowledged"


def browser_news(browser: TestClient, line: Line) -> int:
    return browser.get(f"/alerts/{line.alert_id}/news?revision={line.revision}").status_code


WRONG = {
    "without an outcome": ({"parcel": "keep"}, "Choose what it was"),
    "without the parcel": ({"outcome": "false_alarm"}, "Choose what becomes"),
    "a false alarm that keeps": ({"outcome": "false_alarm", "parcel": "keep"}, "keeps no parcel"),
    "an outcome that does not exist": ({"outcome": "guilty", "parcel": "keep"}, "Choose what it was"),
    "a comment without an end": ({"outcome": "false_alarm", "parcel": "release", "words": "长" * 501}, "500"),
}


@pytest.mark.parametrize(("chosen", "said"), WRONG.values(), ids=WRONG)
def test_what_is_missing_is_said_before_anything_is_sent(console: Console, chosen: dict[str, str], said: str) -> None:
    line, browser = unclaimed(console), console.visit(Role.ANALYST)
    assert said in press(browser, f"/alerts/{line.alert_id}", "outcome", **chosen)
    assert standing(console, line.alert_id).revision == line.revision


def test_many_are_answered_at_once_and_each_is_told(console: Console) -> None:
    browser = console.visit(Role.SUPERVISOR)
    lines = unclaimed_ones(console, 5)
    stale = lines[0]
    form_id = str(uuid4())
    csrf = forms_of(browser, f"/alerts/{stale.alert_id}")["comment"][1]["csrf"]
    ticks = [f"alert:{one.alert_id}:{one.revision + (one is stale)}" for one in lines]
    sent = {"csrf": csrf, "form": form_id, "list": "", "step": "acknowledge", "one": ticks}
    for _ in "12":
        answer = browser.post("/desk/decide", data=sent)
        assert "counted=4" in answer.headers["location"]
        assert "refused=ahead" in answer.headers["location"]
    text = browser.get(answer.headers["location"]).text
    assert "4 counted" in text
    taken = [standing(console, one.alert_id) for one in lines[1:]]
    assert {one.assigned_to for one in taken} == {console.people[Role.SUPERVISOR].token}
    assert standing(console, stale.alert_id).revision == stale.revision


def test_an_outcome_of_many_is_sent_only_after_its_stakes_were_seen(console: Console) -> None:
    browser, colleague = console.visit(Role.SUPERVISOR), console.visit(Role.ANALYST)
    lines = unclaimed_ones(console, 3)
    press(colleague, f"/alerts/{lines[0].alert_id}", "acknowledge")
    lines = [standing(console, one.alert_id) for one in lines]
    fields = forms_of(browser, f"/alerts/{lines[1].alert_id}")["comment"][1]
    sent = {
        "csrf": fields["csrf"], "form": str(uuid4()), "list": "lane=red", "step": "outcome", "outcome": "false_alarm",
        "parcel": "release", "words": "同一批样品", "one": [f"alert:{one.alert_id}:{one.revision}" for one in lines],
    }  # fmt: skip
    asked = browser.post("/desk/decide", data=sent).text
    assert "Decide 3 alerts alike?" in asked
    assert re.search(r"of these others have</dt><dd[^>]*>1</dd>", asked)
    back = browser.post("/desk/decide", data={**sent, "sure": "no"})
    assert back.status_code == 422
    assert 'value="同一批样品"' in back.text
    assert [standing(console, one.alert_id).revision for one in lines] == [one.revision for one in lines]
    answer = browser.post("/desk/decide", data={**sent, "sure": "yes"})
    assert answer.headers["location"] == "/desk?lane=red&counted=3"


def test_what_was_typed_stays_in_the_form_that_was_not_taken(console: Console) -> None:
    line, browser = unclaimed(console), console.visit(Role.ANALYST)
    address, fields = forms_of(browser, f"/alerts/{line.alert_id}")["outcome"]
    text = browser.post(address, data={**fields, "outcome": "false_alarm", "words": "第一行\n<b>第二行"}).text
    assert "Choose what becomes of the parcel" in text
    assert ">第一行\n&lt;b&gt;第二行</textarea>" in text
    assert re.findall(r'value="([^"]+)" checked', text) == ["false_alarm"]
    again = browser.post(address, data={**fields, "step": "assign", "words": "长" * 501}).text
    assert "长" * 501 in again.split("assign-words")[-1]


def test_ticks_and_words_stay_where_many_were_not_answered(console: Console) -> None:
    line, browser = unclaimed(console), console.visit(Role.ANALYST)
    fields = forms_of(browser, f"/alerts/{line.alert_id}")["comment"][1]
    tick = f"alert:{line.alert_id}:{line.revision}"
    sent = {"csrf": fields["csrf"], "form": str(uuid4()), "step": "outcome", "outcome": "false_alarm", "one": tick}
    answer = browser.post("/desk/decide", data={**sent, "list": "view=unclaimed", "words": "已电话核实"})
    assert answer.status_code == 422
    assert re.findall(r'name="one" value="([^"]+)" checked', answer.text) == [tick]
    assert 'value="已电话核实"' in answer.text
    assert 'value="false_alarm" selected' in answer.text


def test_the_last_of_a_list_is_not_said_to_be_taken_before_it_is(console: Console) -> None:
    line, browser = unclaimed(console), console.visit(Role.ANALYST)
    app = build_app(console.platform.database, console.platform.topics, Slow(), now_ms=console.clock)
    app.state.office.desk.await_fates = lambda sent, quiet: [app.state.office.desk.fate(one) for one in sent]
    slow = TestClient(app, "http://console", follow_redirects=False, cookies=dict(browser.cookies))
    listed = f"list=q%3D{line.waybill}%26courier%3D{line.courier}"
    address, fields = forms_of(slow, f"/alerts/{line.alert_id}?{listed}")["outcome"]
    answer = slow.post(address, data={**fields, "outcome": "false_alarm", "parcel": "release", "then": "next"})
    assert answer.headers["location"].endswith("&waiting=1")


def test_nothing_ticked_is_said(console: Console) -> None:
    browser = console.visit(Role.ANALYST)
    csrf = browser.get("/design").text.split('name="csrf" value="')[1].split('"')[0]
    answer = browser.post("/desk/decide", data={"csrf": csrf, "form": str(uuid4()), "step": "acknowledge"})
    assert (answer.status_code, "Tick something first" in answer.text) == (422, True)


def test_one_decision_on_a_case_reaches_its_alerts(console: Console) -> None:
    store, browser = console.platform.database, console.visit(Role.SUPERVISOR)
    chosen = next(one for one in list_cases(store, CaseFilter()).lines if one.open)
    text = press(browser, f"/cases/{chosen.case_id}", "comment", words="与网点负责人核实")
    assert "Your decision is sent, and was not refused" in text
    view = case(store, chosen.case_id)
    assert view is not None
    assert [one for one in view.decisions if one.kind == StepKind.COMMENT and one.refused is None]


@pytest.mark.parametrize("role", [Role.ANALYST, Role.SUPERVISOR, Role.AUDITOR, Role.RULE_AUTHOR])
def test_a_page_offers_exactly_the_decisions_that_the_table_allows(console: Console, role: Role) -> None:
    browser = console.visit(role)
    lines = list_alerts(console.platform.database, DeskFilter(view=View.ALL)).lines
    states = {line.state: line for line in lines}
    for line in states.values():
        offered = forms_of(browser, f"/alerts/{line.alert_id}").keys()
        assert offered == set(open_to(role.decides_as, line.state, line.held, line.lane, line.severity)), line
    assert len(states) >= 3
    assert set(DECISIONS) == {
        one
        for one in StepKind
        if one.value in ("acknowledge", "assign", "comment", "instruct", "outcome", "release", "snooze", "reopen")
    }


def decided(metrics: Metrics) -> dict[str, float]:
    """Fates of decisions, as the metrics count them."""
    (counted,) = [one for one in metrics.registry.collect() if one.name == "parcelward_console_decisions"]
    return {sample.labels["fate"]: sample.value for sample in counted.samples}


def test_decisions_that_were_sent_and_that_were_refused_are_counted(console: Console) -> None:
    platform, metrics = console.platform, new_metrics()
    app = build_app(platform.database, platform.topics, platform, now_ms=console.clock, metrics=metrics)
    line, slower = unclaimed(console), console.visit(Role.ANALYST)
    counted = TestClient(app, "http://console", follow_redirects=False, cookies=dict(slower.cookies))
    address, fields = forms_of(counted, f"/alerts/{line.alert_id}")["acknowledge"]
    press(console.visit(Role.SUPERVISOR), f"/alerts/{line.alert_id}", "acknowledge")
    counted.post(address, data=fields)
    assert decided(metrics) == {"not_taken": 0, "sent": 1, "refused": 1}


class Slow:
    """Takes letters that no worker has read yet."""

    def send(self, topic: str, key: str, event: dict[str, object]) -> None:
        pass


class Closed:
    """Takes no letter, as Kafka's does while no broker answers."""

    def send(self, topic: str, key: str, event: dict[str, object]) -> None:
        raise UserError("no broker answers")


def test_a_decision_that_cannot_be_sent_is_said_and_can_be_sent_again(console: Console) -> None:
    metrics = new_metrics()
    app = build_app(console.platform.database, console.platform.topics, Closed(), now_ms=console.clock, metrics=metrics)
    line, browser = unclaimed(console), console.visit(Role.ANALYST)
    cut_off = TestClient(app, "http://console", follow_redirects=False, cookies=dict(browser.cookies))
    address, fields = forms_of(cut_off, f"/alerts/{line.alert_id}")["acknowledge"]
    refused = cut_off.post(address, data=fields)
    assert refused.status_code == 400
    assert "no broker answers" in refused.text
    assert f'name="form" value="{fields["form"]}"' in refused.text  # sent again it is the same decision
    assert decided(metrics) == {"not_taken": 1, "sent": 0, "refused": 0}
    assert standing(console, line.alert_id).state == "raised"
    assert browser.post(address, data=fields).status_code == 303
    assert standing(console, line.alert_id).state == "acknowledged"


@pytest.mark.parametrize(("ago_ms", "said"), [(300_000, "out of date: it was complete at 15:3"), (0, "Still reading")])
def test_a_page_says_if_what_it_shows_may_be_old(console: Console, ago_ms: int, said: str) -> None:
    platform, browser = console.platform, console.visit(Role.AUDITOR)
    assert said not in browser.get("/desk").text
    certain_ms = console.clock() - ago_ms if ago_ms else 0
    app = build_app(platform.database, platform.topics, platform, False, console.clock, lambda: certain_ms)
    old = TestClient(app, "http://console", cookies=dict(browser.cookies), headers={"accept-language": "en"})
    assert said in old.get("/desk").text
