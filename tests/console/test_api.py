"""The JSON API: it says what the pages say, takes decisions by the same desk, and answers errors as problems."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from parcelward.console.api.document import text
from parcelward.console.people.roles import Role
from parcelward.console.store.alert_page import alert
from parcelward.console.store.desk import DeskFilter, View, list_alerts
from parcelward.console.web.app import build_app
from tests.console.accounts import account
from tests.console.conftest import NOW_MS, Console
from tests.console.forms import unclaimed
from tests.console.test_decisions import Closed

YESTERDAY = date(2026, 11, 26)
TAKE = {"kind": "acknowledge"}
NOTE = {"kind": "comment", "text": "已致电网点"}


def decision(chosen: dict[str, Any], revision: int = 1) -> dict[str, Any]:
    return {"id": str(uuid4()), "revision": revision, "decision": chosen}


def all_of(program: TestClient, path: str, name: str, **asked: str) -> list[Any]:
    """Every line of a list, two at a time."""
    found, after = [], None
    while True:
        answer = program.get(path, params=asked | {"limit": "2"} | ({"after": after} if after else {})).json()
        found += answer[name]
        after = answer["next"]
        if after is None:
            return found


@pytest.mark.parametrize("view", list(View))
def test_a_list_has_the_lines_of_the_desk_whatever_its_pages_are(console: Console, view: View) -> None:
    wanted = DeskFilter(view=view, me=console.people[Role.ANALYST].token)
    there = [one.alert_id for one in list_alerts(console.platform.database, wanted, 1000).lines]
    lines = all_of(console.program(Role.ANALYST), "/alerts", "alerts", view=view)
    assert [one["alert_id"] for one in lines] == there


def test_a_filter_takes_what_the_desk_takes(console: Console) -> None:
    program, line = console.program(Role.AUDITOR), unclaimed(console)
    query = f"/alerts?courier={line.courier}&outlet={line.outlet}&lane={line.lane}&rule={line.rules[0]}"
    assert line.alert_id in [one["alert_id"] for one in program.get(query).json()["alerts"]]
    assert [one["waybill"] for one in program.get(f"/alerts?q={line.waybill}").json()["alerts"]] == [line.waybill]
    assert program.get("/alerts?courier=nobody").json() == {"alerts": [], "next": None}
    everything = program.get("/alerts?severity=low&limit=200").json()["alerts"]
    graver = program.get("/alerts?severity=critical&limit=200").json()["alerts"]
    assert [one for one in everything if one["severity"] == "critical"] == graver


def test_one_alert_comes_with_its_document_and_everything_about_it(console: Console) -> None:
    for line in list_alerts(console.platform.database, DeskFilter(view=View.ALL), 1000).lines:
        view = alert(console.platform.database, line.alert_id)
        assert view is not None
        found = console.program(Role.RULE_AUTHOR).get(f"/alerts/{line.alert_id}").json()
        assert found["alert"]["alert_id"] == found["line"]["alert_id"] == line.alert_id
        assert found["alert"]["summary"] == (view.alert or {})["summary"]
        assert found["referral"] == view.referral
        for name in ("revisions", "steps", "instructions", "answers", "decisions", "cases"):
            assert len(found[name]) == len(getattr(view, name)), name
    assert console.program(Role.AUDITOR).get("/alerts/none").json()["reason"] == "not_found"


def test_cases_are_listed_with_their_alerts(console: Console) -> None:
    program = console.program(Role.SUPERVISOR)
    for line in all_of(program, "/cases", "cases"):
        case = program.get(f"/cases/{line['case_id']}").json()
        assert case["line"] == line
        assert case["document"]["case_id"] == line["case_id"]
        assert len(all_of(program, f"/cases/{line['case_id']}/alerts", "alerts")) == line["count"]


def test_a_decision_counts_once_and_is_answered_alike_twice(console: Console) -> None:
    program, line = console.program(Role.ANALYST), unclaimed(console)
    body = decision(TAKE, line.revision)
    answers = [program.post(f"/alerts/{line.alert_id}/decisions", json=body).json() for _ in "12"]
    assert answers[0] == answers[1]
    assert (answers[0]["fate"], answers[0]["refusal"]) == ("counted", None)
    assert program.get(f"/decisions/{answers[0]['decision_id']}").json() == answers[0]
    found = program.get(f"/alerts/{line.alert_id}").json()
    assert found["line"]["assigned_to"] == console.people[Role.ANALYST].token
    assert [one["decision_id"] for one in found["decisions"]] == [answers[0]["decision_id"]]


def test_an_id_cannot_be_used_for_another_decision(console: Console) -> None:
    line = unclaimed(console)
    body, path = decision(NOTE, line.revision), f"/alerts/{line.alert_id}/decisions"
    assert console.program(Role.ANALYST).post(path, json=body).json()["fate"] == "sent"
    others = (body | {"decision": TAKE}, body | {"revision": line.revision + 1})
    for other in others:
        answer = console.program(Role.ANALYST).post(path, json=other)
        assert (answer.status_code, answer.json()["reason"]) == (409, "id_reused")
    assert console.program(Role.SUPERVISOR).post(path, json=body).json()["reason"] == "id_reused"


def test_who_comes_second_is_told_why_and_where_it_stands(console: Console) -> None:
    line = unclaimed(console)
    path = f"/alerts/{line.alert_id}/decisions"
    console.program(Role.ANALYST).post(path, json=decision(TAKE, line.revision))
    late = {"kind": "outcome", "outcome": "false_alarm", "parcel": "release"}
    found = console.program(Role.SUPERVISOR).post(path, json=decision(late, line.revision)).json()
    assert (found["fate"], found["refusal"]["reason"]) == ("refused", "stale")
    assert found["refusal"]["state"] == "acknowledged"
    assert found["refusal"]["revision"] == line.revision + 1
    assert found["refusal"]["assigned_to"] == console.people[Role.ANALYST].token


def test_of_two_alike_on_one_revision_the_first_counts_and_the_second_is_stale(console: Console) -> None:
    line, program = unclaimed(console), console.program(Role.ANALYST)
    path = f"/alerts/{line.alert_id}/decisions"
    first, second = (program.post(path, json=decision(TAKE, line.revision)).json() for _ in "12")
    assert first["fate"] == "counted"
    assert (second["fate"], second["refusal"]["reason"]) == ("refused", "stale")
    program.post(path, json=decision(NOTE, line.revision + 1))
    late = program.post(path, json=decision(TAKE, line.revision - 1 or 1)).json()
    assert late["fate"] != "counted"


def test_one_decision_reaches_all_open_alerts_of_a_case(console: Console) -> None:
    program = console.program(Role.SUPERVISOR)
    case = program.get("/cases?view=unclaimed&limit=1").json()["cases"][0]
    answer = program.post(f"/cases/{case['case_id']}/decisions", json=decision(TAKE, case["revision"])).json()
    assert answer["fate"] == "sent"
    now = program.get(f"/cases/{case['case_id']}").json()
    assert now["line"]["assigned_to"] == console.people[Role.SUPERVISOR].token
    assert now["decisions"][-1]["decision_id"] == answer["decision_id"]


def test_a_decision_that_no_broker_takes_can_be_sent_again(console: Console) -> None:
    platform, line, key = console.platform, unclaimed(console), console.key(Role.ANALYST)
    cut_off = TestClient(build_app(platform.database, platform.topics, Closed(), now_ms=console.clock))
    body, path = decision(TAKE, line.revision), f"/alerts/{line.alert_id}/decisions"
    refused = cut_off.post(f"/api/v1{path}", json=body, headers={"authorization": f"Bearer {key}"})
    assert (refused.status_code, refused.json()["reason"]) == (503, "not_sent")
    assert console.program(Role.ANALYST).post(path, json=body).json()["fate"] == "counted"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no id": ({"revision": 1, "decision": TAKE}, "body.id"),
    "an id that is none": (decision(TAKE) | {"id": "1"}, "body.id"),
    "a field that nobody knows": (decision(TAKE) | {"revison": 1}, "body.revison"),
    "a kind that is none": (decision({"kind": "guilty"}), "body.decision"),
    "no outcome": (decision({"kind": "outcome", "parcel": "keep"}), "body.decision"),
    "words without an end": (decision({"kind": "comment", "text": "长" * 501}), "body.decision"),
    "a number that is too large": (decision({"kind": "comment", "text": 2**70}), "body.decision"),
}


@pytest.mark.parametrize(("body", "where"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_before_anything_is_sent(console: Console, body: dict[str, Any], where: str) -> None:
    line = unclaimed(console)
    answer = console.program(Role.SUPERVISOR).post(f"/alerts/{line.alert_id}/decisions", json=body)
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid")
    assert [one["where"] for one in answer.json()["errors"]] == [where]
    assert "Value error" not in answer.text


def test_only_a_case_has_later_cases(console: Console) -> None:
    snooze = {"kind": "snooze", "until": "2026-11-28T08:00:00+08:00", "reason": "等待复检", "later_cases": True}
    answer = console.program(Role.SUPERVISOR).post(
        f"/alerts/{unclaimed(console).alert_id}/decisions", json=decision(snooze)
    )
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"where": "body", "problem": "only a case has later cases"}]


@pytest.mark.parametrize("after", ["x", "1~soon~a", "9999999999999999999~1~1~a", "1~2~a", "1~a"])
def test_a_cursor_of_another_list_is_refused_and_begins_nothing_anew(console: Console, after: str) -> None:
    assert console.program(Role.AUDITOR).get("/alerts", params={"after": after}).status_code == 422


def test_an_error_never_repeats_what_was_sent(console: Console) -> None:
    program = console.program(Role.AUDITOR)
    for path in (
        "/alerts?13812345678=1",
        "/counts?courier=13812345678",
        "/alerts?limit=13812345678",
        "/decisions?day=13812345678",
    ):
        answer = program.get(path)
        assert answer.status_code == 422
        assert "13812345678" not in answer.text


def test_every_error_is_a_problem(console: Console) -> None:
    program = console.program(Role.ANALYST)
    line = unclaimed(console).alert_id
    answers = {
        "not_found": program.get("/nothing"),
        "not_found ": program.get("/cases/%0A/alerts"),
        "wrong_method": program.delete("/alerts"),
        "not_allowed": program.get("/instructions"),
        "no_key": console.program(None).get("/alerts"),
        "from_a_page": program.post(f"/alerts/{line}/decisions", json={}, headers={"sec-fetch-site": "cross-site"}),
        "too_large": program.post(f"/alerts/{line}/decisions", content=b" " * 300_000),
        "invalid": program.post(f"/alerts/{line}/decisions", content=b"{"),
    }
    for reason, answer in answers.items():
        assert answer.headers["content-type"] == "application/problem+json", reason
        problem = answer.json()
        assert (problem["reason"], problem["status"]) == (reason.strip(), answer.status_code)
        assert problem["type"] == f"urn:parcelward:problem:{problem['reason']}"
    assert answers["no_key"].headers["www-authenticate"] == "Bearer"
    assert "GET" in answers["wrong_method"].headers["allow"]


def test_the_audit_names_accounts_and_nobody_of_elsewhere(console: Console) -> None:
    line = unclaimed(console)
    console.program(Role.ANALYST).post(f"/alerts/{line.alert_id}/decisions", json=decision(NOTE, line.revision))
    program = console.program(Role.AUDITOR)
    own = all_of(program, "/decisions", "decisions", person="analyst1")
    assert {one["account"] for one in own} == {"analyst1"}
    assert own[0]["decision"] == NOTE
    assert None in {one["account"] for one in all_of(program, "/decisions", "decisions")}
    assert program.get("/decisions?person=nobody").json()["decisions"] == []
    assert program.get("/decisions?day=2026-11-26").json()["decisions"] == []
    assert program.get("/decisions?day=9999-12-31").json()["decisions"] == []


def test_counts_and_couriers_are_those_of_the_pages(console: Console) -> None:
    program = console.program(Role.AUDITOR)
    counts = program.get("/counts").json()
    assert counts["alerts"]["due"] == len(all_of(program, "/alerts", "alerts"))
    assert sum(counts["open_by_lane"].values()) == counts["alerts"]["due"]
    document = account("swift", YESTERDAY, 6607)
    console.platform.publish(console.platform.topics.accounts("swift"), f"swift/{YESTERDAY}", document)
    (swift,) = program.get("/courier-days?courier=swift&days=1").json()["couriers"]
    assert (swift["days"][0]["sent"], swift["days"][0]["date"]) == (6607, str(YESTERDAY))
    assert swift["answers"]["answered"] > 0


def test_a_courier_reads_its_own_instructions_alone(console: Console) -> None:
    found = all_of(console.program(Role.COURIER), "/instructions", "instructions")
    assert found
    assert {one["document"]["courier"] for one in found} == {"swift"}
    assert "k1." not in str(found)


@pytest.mark.parametrize(("ago_ms", "late"), [(0, False), (300_000, True), (None, True)])
def test_health_says_how_old_the_store_may_be(console: Console, ago_ms: int | None, late: bool) -> None:
    platform = console.platform
    certain_ms = 0 if ago_ms is None else NOW_MS - ago_ms
    app = build_app(platform.database, platform.topics, platform, False, lambda: NOW_MS, lambda: certain_ms)
    found = TestClient(app).get("/api/v1/health").json()
    assert (found["status"], found["late"]) == ("ok", late)
    assert (found["complete_at"] is None) == (ago_ms is None)


def test_the_document_is_served_and_the_file_says_the_same(console: Console) -> None:
    served = console.program(None).get("/openapi.json").json()
    file = Path(__file__).parents[2] / "docs" / "console-api.json"
    assert file.read_text(encoding="utf-8") == text(), "run make schemas"
    assert served["openapi"].startswith("3.1")
    assert served["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    keyless = [path for path, methods in served["paths"].items() for one in methods.values() if not one.get("security")]
    assert keyless == ["/health"]
