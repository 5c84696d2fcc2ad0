"""Writes the table of a chaos run into docs/reliability.md: `python -m tests.chaos.table build/chaos.json`."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- chaos -->\n", "<!-- /chaos -->\n"


def table(report: dict[str, Any]) -> str:
    """The run in Markdown."""
    done = "\n".join(f"| {kind} | {times} |" for kind, times in report["by_kind"].items() if times)
    endings = ", ".join(f"{times} by {how}" for how, times in report["worker_endings"].items())
    rest, replayed = report["screened_after_last_fault_s"], "equal" if report["replay"]["same"] else "DIFFERENT"
    return f"""\
`make chaos FAULTS={report["faults"]} SEED={report["seed"]} SCHEDULES=0`, {report["date"][:10]}, {report["seconds"]} s:

| what was done | times |
|---|---|
{done}
| **all faults** | **{report["faults"]}** |

| what came of it | |
|---|---|
| events acknowledged to the couriers | {report["acknowledged"]:,} |
| events in the log | {report["events"]:,} |
| acknowledged events that retention ate unread, each in a gap that a worker said | {report["gone_and_said"]:,} |
| records between the stages | {report["passes"]:,} |
| events refused, with their reason | {report["rejected"]:,} |
| alerts (with revisions) | {report["alert_ids"]:,} ({report["alerts"]:,}) |
| answers and decisions (refused, with the reason) | {report["letters"]:,} ({report["refused_steps"]:,}) |
{_lives(report)}
| state values compared | {sum(report["states"].values()):,} |
| starts of workers; ends (before the last, in good order) | {report["worker_starts"]}; {endings} |
| starts refused for want of a file or of room | {report["refusals_to_start"]} |
| workers that ended as nothing that was done explains | {_unexpected(report)} |
| everything screened after the last fault | {rest} s |
| a replay of what came in alone | {replayed} |
| **lost** | **{report["lost"]}** |
| **counted twice** | **{report["twice"]}** |
| **different from the replay in any other way** | **{report["wrong"]}** |
| **parcels with two alert ids** | **{report["two_ids"]}** |
"""


def _lives(report: dict[str, Any]) -> str:
    return "\n".join(f"| {what} | {count:,} |" for what, count in report["lives"].items())


def _unexpected(report: dict[str, Any]) -> str:
    ended = Counter(end["ended"] for end in report["unexpected_endings"])
    return ", ".join(f"{times} by {how}" for how, times in ended.items()) or "0"


def main(report: Path) -> None:
    """Replace the table on the page."""
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + "\n" + table(json.loads(report.read_text())) + "\n" + END + after)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
