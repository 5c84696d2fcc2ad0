"""Lists of cases and alerts say what asks, what was put off, and what was passed up; one case is read as lines."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from parcelward.cli import app
from parcelward.cli.cases import attention_words
from parcelward.cli.referrals import state_words, unknown_courier
from parcelward.contract.referrals import Case, Referral
from parcelward.contract.steps import StepKind
from parcelward.moments import CHINA, utc
from parcelward.settings import Settings
from tests.builders import DAY, T0

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
CASE = Case.model_validate_json((EXAMPLES / "case" / "valid" / "outlet.json").read_bytes())
ALERT = Referral.model_validate_json((EXAMPLES / "referral" / "valid" / "raised.json").read_bytes())
NOW = utc(T0)


def case(**changes: Any) -> Case:
    return CASE.model_copy(update=changes)


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    def known(_settings: Settings) -> dict[str, Case]:
        return {CASE.case_id: CASE}

    monkeypatch.setattr("parcelward.cli.cases.read_cases", known)
    return CliRunner().invoke(app, ["cases", *arguments], catch_exceptions=False)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"attention": True}, "asks"),
        ({"attention": True, "escalated": 2}, "asks; 2 passed up"),
        ({"snoozed_until": NOW + timedelta(days=7)}, "put off until 11-30 10:00:00, but red still asks"),
        ({"snoozed_until": NOW + timedelta(days=7), "red": 0}, "put off until 11-30 10:00:00"),
        ({"snoozed_until": NOW}, ""),
    ],
)
def test_a_list_of_cases_says_what_asks_what_is_put_off_and_what_was_passed_up(
    changes: dict[str, Any], words: str
) -> None:
    assert attention_words(case(**changes), CHINA, NOW) == words


def test_one_case_is_read_as_lines_and_on_demand_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = call(monkeypatch, CASE.case_id[:8]).stdout.splitlines()
    assert lines[:2] == [f"case {CASE.case_id}, revision 30", "    outlet HZ-0571-014: inspections missing, 30 parcels"]
    assert "about        inspection_missing, outlet outlet/swift/HZ-0571-014" in lines
    assert "alerts       30, open: 30 (30 red)" in lines
    assert lines[-2:] == [
        "some of its alerts, the gravest first:",
        "    6f9619ff-8b86  11-23 09:30:00  red  R3  swift/HZ-0571-014 SF1234567890123",
    ]
    assert not [line for line in lines if line.startswith(("outcome", "put off", "attention"))]
    (line,) = call(monkeypatch, CASE.case_id[:8], "--json").stdout.splitlines()
    assert json.loads(line)["revision"] == 30
    assert "attention" in call(monkeypatch).stdout.splitlines()[0].split("\t")


def test_an_alert_that_was_put_off_says_so() -> None:
    assert state_words(ALERT.model_copy(update={"step": StepKind.REVISE})) == "raised"
    put_off = ALERT.model_copy(update={"step": StepKind.SNOOZE, "due_by": utc(T0 + DAY)})
    assert state_words(put_off) == "raised, was put off"
    assert state_words(put_off.model_copy(update={"level": 2})) == "raised, was put off, passed up 2x"


def test_a_courier_without_alerts_is_named_with_those_that_have_some() -> None:
    assert unknown_courier("swft", [ALERT]) == "there is no alert of courier swft, but of swift"
    assert unknown_courier("swift", [ALERT]) is None
    assert unknown_courier("swift", []) == "there is no alert of courier swift, nor of any other courier"
