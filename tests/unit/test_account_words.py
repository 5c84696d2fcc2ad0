"""An account as people read it: each record in one line, and one sentence that says if it adds up."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from parcelward.cli import app
from parcelward.cli.account_table import in_words, show_accounts
from parcelward.cluster.reader import TopicAwayError
from parcelward.contract.accounts import Account
from parcelward.errors import UserError
from parcelward.settings import Settings

EXAMPLE = Path(__file__).parents[2] / "schemas" / "examples" / "account" / "valid" / "adds-up.json"


def account(**changes: Any) -> Account:
    return Account.model_validate_json(json.dumps(json.loads(EXAMPLE.read_text(encoding="utf-8")) | changes))


def test_lines_that_add_up_stand_below_what_was_sent(capsys: pytest.CaptureFixture[str]) -> None:
    show_accounts([account(), account(courier="orient", refused=1, refused_for={"tombstone": 1})], "a day", "courier")
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines[:3] == [["", "swift", "orient"], ["sent", "6,607", "6,607"], ["screened", "6,480", "6,480"]]
    assert ["refused", "67", "1"] in lines
    assert ["tombstone", "0", "1"] in lines
    assert not [line for line in lines if line[0].startswith("heartbeats")], "nobody sent any"


@pytest.mark.parametrize(
    ("changes", "ending"),
    [
        ({}, "; adds up to the last event"),
        ({"final": False}, "; so far, adds up to the last event"),
        ({"unaccounted": 2, "adds_up": False}, "2 without a trace: lost; does NOT add up: 2 lost"),
        ({"twice": 3, "undecided": 1, "adds_up": False}, "NOT add up: 1 duplicate or lost, 3 judged or refused twice"),
        (
            {"complete": False, "adds_up": False},
            "NOT add up: records of this day were deleted before they were counted",
        ),
    ],
)
def test_a_sentence_says_by_how_much_an_account_does_not_add_up(changes: dict[str, Any], ending: str) -> None:
    said = in_words(account(**changes))
    assert said.startswith("swift 2026-11-23: 6,607 sent = 6,480 screened + 3 scans that wait for their parcel + ")
    assert said.endswith(ending)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--date", "23.11.2026"], "--date 23.11.2026 is no date; write it like 2026-11-23"),
        (["--date", "2999-01-01"], "--date 2999-01-01 has not begun in China"),
        (["--courier", "nobody"], "--courier nobody is not among the couriers of the settings: swift, orient, harbor"),
    ],
)
def test_what_cannot_be_counted_is_said_in_one_sentence(words: list[str], said: str) -> None:
    answer = CliRunner().invoke(app, ["report", *words])
    assert isinstance(answer.exception, UserError)
    assert str(answer.exception) == said


def test_a_new_installation_has_no_account_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_topic(_settings: Settings, topic: str) -> dict[bytes, Any]:
        raise TopicAwayError(f"topic {topic} does not exist")

    monkeypatch.setattr("parcelward.cli.accounts.read_compacted", no_topic)
    said = CliRunner().invoke(app, ["accounts", "swift"]).exception
    assert str(said).startswith("no account of swift yet; accounts come after midnight")
    assert str(said).endswith("If there should be one: topic accounts.swift does not exist")
