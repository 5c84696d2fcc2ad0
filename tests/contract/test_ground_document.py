"""The runbook names every flaw of the ground in the order of their harm, and has each section that a mend names."""

import re
from pathlib import Path

from parcelward.ground.flaw import Code

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
SOURCES = [
    *(ROOT / "src" / "parcelward" / "ground").glob("*.py"),
    *(ROOT / "streams" / "engine").glob("*.py"),
]


def test_every_flaw_is_in_the_runbook_in_the_order_of_harm() -> None:
    table = RUNBOOK.partition("| flaw | stops? |")[2].partition("\n### ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE) == [code.value for code in Code]


def test_a_mend_points_to_a_section_that_is_there() -> None:
    named = {
        name for path in SOURCES for name in re.findall(r'(?:RUNBOOK}|docs/runbook\.md), "([^"]+)"', path.read_text())
    }
    assert len(named) > 4
    headings = set(re.findall(r"^#+ (.+)$", RUNBOOK, flags=re.MULTILINE))
    assert named <= headings, named - headings
