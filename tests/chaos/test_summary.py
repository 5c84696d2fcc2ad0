"""The end of a chaos run reads as a sentence: the verdict, then why."""

from typing import Any

import pytest

from tests.chaos.summary import summary

REPORT: dict[str, Any] = {
    "seed": 7, "faults": 200, "seconds": 1400, "screened_after_last_fault_s": 13.5, "worker_starts": 139,
    "refusals_to_start": 23, "acknowledged": 231532, "events": 231532, "rejected": 2261, "alerts": 9017,
    "alert_ids": 6906, "states": {"duties": 99308, "senders": 19118}, "lost": 0, "twice": 0, "wrong": 0, "two_ids": 0,
    "examples": [], "unexpected_endings": [], "replay": {"same": True}, "gone_and_said": 41, "gaps": 2,
    "gaps_said_again": 0, "exact": True, "passed": True, "letters": 4100, "refused_steps": 1200,
    "lives": {"steps": 20311, "cases": 900},
}  # fmt: skip


def test_what_passed_says_so_first_and_then_the_figures() -> None:
    first, *rest = summary(REPORT, 30).splitlines()
    assert first.startswith("PASSED: 0 lost, 0 counted twice")
    said = "\n".join(rest)
    for part in (
        "200 faults in 23 minutes (seed 7)",
        "231,532 in the log",
        "118,426 state values",
        "the same alerts",
        "4,100 answers and decisions, 1,200 of them refused; 20,311 steps, 900 cases",
    ):
        assert part in said
    assert "13.5 s after the last fault (30 s allowed)" in said


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"lost": 14, "examples": ["lost 1: screening.senders/0"]}, "14 lost"),
        ({"lost": 14, "examples": ["lost 1: screening.senders/0"]}, "lost 1: screening.senders/0"),
        ({"screened_after_last_fault_s": None}, "not everything was screened after the last fault"),
        ({"screened_after_last_fault_s": 41.0}, "41.0 s after the last fault (30 s allowed)"),
        ({"replay": {"same": False}}, "OTHER results"),
        (
            {"unexpected_endings": [{"worker": "worker-7", "ended": "exit 3", "log": "/tmp/7.log"}]},
            "worker-7 ended unexpectedly by exit 3, its log: /tmp/7.log",
        ),
    ],
)
def test_what_did_not_pass_says_so_first_and_why(changes: dict[str, Any], why: str) -> None:
    said = summary(REPORT | changes | {"passed": False}, 30)
    assert said.startswith("NOT PASSED: ")
    assert why in said
