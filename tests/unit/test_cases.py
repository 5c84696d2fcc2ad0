"""Each file of tests/cases is screened as a user would do it, and says what its `.expected.json` says.

Rules only, nothing sampled. `alerts` are all revisions in order, `rejected` the refused lines.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from parcelward.cli import app

CASES = Path(__file__).parents[1] / "cases"
RULES_ONLY = {"PARCELWARD_MODEL": "", "PARCELWARD_SAMPLED_SHARE": "0"}


def told(file: Path, *options: str) -> list[dict[str, Any]]:
    answer = CliRunner().invoke(app, ["screen", str(file), "--json", *options], env=RULES_ONLY)
    assert answer.exit_code == 0, answer.output
    return [json.loads(line) for line in answer.stdout.splitlines()]


def brief(alert: dict[str, Any]) -> dict[str, Any]:
    rules = sorted(finding["rule"] for finding in alert["findings"])
    return {name: alert[name] for name in ("waybill", "revision", "lane", "state")} | {"rules": rules}


@pytest.mark.parametrize("file", sorted(CASES.glob("*.jsonl")), ids=lambda path: path.stem)
def test_a_case_says_what_is_expected(file: Path) -> None:
    expected = json.loads(file.with_suffix(".expected.json").read_text(encoding="utf-8"))
    lines = told(file, *(["--until", expected["until"]] if "until" in expected else []))
    assert [brief(line) for line in lines if "alert_id" in line] == expected["alerts"], expected["about"]
    refused = [{"line": line["line"], "rejected": line["rejected"]} for line in lines if "rejected" in line]
    assert refused == expected["rejected"], expected["about"]


def test_every_case_has_its_expectation() -> None:
    assert {file.stem for file in CASES.glob("*.jsonl")} == {
        file.name.removesuffix(".expected.json") for file in CASES.glob("*.json")
    }
