"""The page of the API: its examples run as they stand, and its table of reasons is that of the code."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from parcelward.console.api.problems import ProblemReason
from parcelward.console.people.roles import Role
from tests.console.browsing import served
from tests.console.conftest import Console

PAGE = (Path(__file__).parents[2] / "docs" / "console-api.md").read_text()


@pytest.fixture(scope="module")
def environment(console: Console):
    """What the examples take from their surroundings."""
    with served(console.app) as address:
        yield os.environ | {"CONSOLE": address, "KEY": console.key(Role.ANALYST)}


def said_by(command: list[str], environment: dict[str, str]) -> str:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout


def test_the_examples_with_curl_run(environment: dict[str, str]) -> None:
    commands = re.findall(r"^    (curl .+)$", PAGE, flags=re.MULTILINE)
    alerts, health = (json.loads(said_by(["sh", "-c", command], environment)) for command in commands)
    assert [(one["lane"], one["assigned_to"]) for one in alerts["alerts"]] == [("red", None)]
    assert health["status"] == "ok"


def test_the_example_with_python_takes_an_alert(environment: dict[str, str]) -> None:
    (program,) = re.findall(r"```python\n(.+?)```", PAGE, flags=re.DOTALL)
    assert said_by([sys.executable, "-c", program], environment) == "counted\n"


def test_the_table_of_reasons_is_that_of_the_code() -> None:
    table = PAGE.split("<!-- reasons -->")[1].split("<!-- /reasons -->")[0]
    rows = [f"| `{one}` | {one.status} | {one.meaning} |" for one in ProblemReason]
    assert table.strip().splitlines()[2:] == rows
