"""The audit: what was decided and refused is listed and can be taken away as a file that runs nothing."""

import csv
import io
import re

import pytest

from parcelward.console.people.roles import Role
from parcelward.console.store.case_desk import CaseFilter, list_cases
from parcelward.console.store.case_page import members
from parcelward.console.store.desk import View
from parcelward.console.web.spreadsheet import FORMULA, csv_lines, harmless
from tests.console.conftest import Console
from tests.console.forms import forms_of, press, unclaimed

FORMULAS = ('=HYPERLINK("http://evil.example")', "+1+1", "-2+3", "@SUM(A1)", "＝1+1", " =1+1")
SAID = "=cmd|' /C calc'!A0"


@pytest.fixture(scope="module", autouse=True)
def waybills(console: Console) -> tuple[str, str]:
    """A note that looks like a formula, sent twice; and a decision that came too late."""
    noted = unclaimed(console)
    analyst, supervisor = console.visit(Role.ANALYST), console.visit(Role.SUPERVISOR)
    address, fields = forms_of(analyst, f"/alerts/{noted.alert_id}")["comment"]
    for _ in "12":
        analyst.post(address, data={**fields, "words": SAID})
    late = unclaimed(console)
    address, fields = forms_of(supervisor, f"/alerts/{late.alert_id}")["outcome"]
    press(analyst, f"/alerts/{late.alert_id}", "acknowledge")
    supervisor.post(address, data={**fields, "outcome": "false_alarm", "parcel": "release"})
    return noted.waybill, late.waybill


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def rows_of(html: str) -> list[str]:
    return [words_of(one) for one in html.split("<tr>")[1:]]


def test_who_decided_and_what_was_refused_and_why(console: Console, waybills: tuple[str, str]) -> None:
    rows = rows_of(console.visit(Role.AUDITOR).get("/audit").text)
    (refused,) = (one for one in rows if "周敏" in one and waybills[1] in one)
    assert "outcome false alarm, let it go" in refused
    assert "Refused: It was made on an earlier revision" in refused
    assert "林晓" in refused  # who has it
    assert len([one for one in rows if "evil" in one or "calc" in one]) == 1  # sent twice, decided once


@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [
        ("person=analyst1", "林晓 analyst", "周敏 supervisor"),
        ("person=-", "elsewhere:", "林晓 analyst"),
        ("person=nobody.of.this.name", "No decision matches", "林晓 analyst"),
        ("role=supervisor", "周敏 supervisor", "林晓 analyst"),
        ("kind=comment", "note “=cmd", "took it"),
        ("day=2026-11-27", "林晓 analyst", "No decision matches"),
        ("day=2026-11-26", "No decision matches", "林晓 analyst"),
        ("day=9999-12-31", "No decision matches", "林晓 analyst"),
        ("refused=yes", "Refused:", "note “"),
        ("kind=guilty&day=yesterday&role=king", "林晓 analyst", "No decision matches"),
        ("courier=%3Cscript%3E", "No decision matches", "林晓 analyst"),
    ],
)
def test_the_address_says_what_is_listed(console: Console, query: str, there: str, gone: str) -> None:
    page = console.visit(Role.AUDITOR).get(f"/audit?{query}").text
    assert there in words_of(page.split("</form>")[2])
    assert gone not in words_of(page.split("</form>")[2])
    assert "console." not in page  # no token of a person


def test_a_decision_on_a_case_is_one_line_and_with_a_courier_one_of_each_alert(console: Console) -> None:
    store = console.platform.database
    cases = list_cases(store, CaseFilter(View.UNCLAIMED)).lines
    case = next(one for one in cases if [it.state for it in members(store, one.case_id).lines] == ["raised"])
    press(console.visit(Role.SUPERVISOR), f"/cases/{case.case_id}", "acknowledge")
    browser = console.visit(Role.AUDITOR)
    member = members(store, case.case_id).lines[0]
    assert browser.get("/audit").text.count(f'href="/cases/{case.case_id}"') == 1
    (row,) = (one for one in rows_of(browser.get(f"/audit?courier={member.courier}").text) if "through a case" in one)
    assert member.waybill in row


def test_a_long_list_has_pages_that_keep_the_filter(console: Console) -> None:
    browser, seen = console.visit(Role.SUPERVISOR), 0
    path: str | None = "/audit?kind=acknowledge"
    while path is not None:
        page = browser.get(path).text
        seen += len(rows_of(page.split("<tbody>")[1]))
        found = re.search(r'href="(/audit\?kind=acknowledge&amp;after=[^"]+)"', page)
        path = found[1].replace("&amp;", "&") if found else None
    assert seen == len(exported(console, "?kind=acknowledge"))


def exported(console: Console, query: str) -> list[dict[str, str]]:
    answer = console.visit(Role.AUDITOR).get(f"/audit.csv{query}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_the_file_says_the_same_and_no_cell_of_it_is_a_formula(console: Console, waybills: tuple[str, str]) -> None:
    rows = exported(console, "")
    (noted,) = (one for one in rows if "calc" in one["comment"])
    assert noted["comment"] == f"'{SAID}"
    assert (noted["person"], noted["waybill"], noted["role"]) == ("林晓", waybills[0], "analyst")
    assert all(not cell.startswith(FORMULA) for row in rows for cell in row.values())
    refused = exported(console, "?refused=yes&person=supervisor1")
    assert refused
    assert all(one["not taken because"] for one in refused)


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_cell_that_would_be_a_formula_is_made_a_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert list(csv_lines(["a"], [[cell]]))[1].startswith("\"'")


def test_an_analyst_reads_the_audit_and_takes_no_file(console: Console) -> None:
    assert "/audit.csv" not in console.visit(Role.ANALYST).get("/audit").text
    assert "/audit.csv?kind=comment" in console.visit(Role.AUDITOR).get("/audit?kind=comment").text
