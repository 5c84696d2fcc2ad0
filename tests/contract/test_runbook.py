"""The commands of the runbook's procedures are those that the drills can type (`python -m tests.runbook`)."""

import shlex
from pathlib import Path

import pytest

from tests.runbook.compose import TOOLS, plan
from tests.runbook.drills import PAGE, commands

ROOT = Path(__file__).parents[2]
PROCEDURES = {
    "Change a password": 2,
    "Renew the certificates": 3,
    "Change the token key": 4,
    "To start over on purpose": 3,
    "See what provisioning would do": 1,
}
"""Procedures, and how many lines of each are for the machine itself."""


@pytest.mark.parametrize("title", PROCEDURES)
def test_every_command_of_a_procedure_is_known(title: str) -> None:
    lines = [line for block in commands(title) for line in block.replace("\\\n", " ").splitlines()]
    here = [shlex.split(line, comments=True) for line in lines if line.startswith(("docker", "deploy"))]
    assert len(here) == PROCEDURES[title]
    for program, *words in here:
        if program == "docker":
            plan(words)
        else:
            assert (ROOT / program).is_file(), program
    for line in lines:
        if not line.startswith(("docker", "deploy")):
            assert any(tool in line for tool in TOOLS), line


def test_a_command_that_is_not_known_is_refused() -> None:
    with pytest.raises(SystemExit, match="not known here"):
        plan(["compose", "-f", "deploy/compose.yaml", "down", "-v"])


def test_only_the_blocks_under_a_heading_are_its_own() -> None:
    page = "**One.** text\n\n    a\n    b\n\ntext\n\n    c\n\n**Two.** text\n\n    d\n"
    assert (commands("One", page), commands("Two", page)) == (["a\nb", "c"], ["d"])
    assert PAGE.read_text().count("**To start over on purpose**") == 1
