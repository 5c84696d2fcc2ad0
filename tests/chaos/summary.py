"""A chaos run in a few lines, the verdict first; every figure is in the report."""

from typing import Any

OFF = {
    "lost": "lost",
    "twice": "counted twice",
    "wrong": "different from the replay in any other way",
    "two_ids": "parcels with two alert ids",
}


def summary(report: dict[str, Any], screened_within_s: float) -> str:
    """Sum up a run. `screened_within_s`: how soon after the last fault everything must be screened."""
    verdict = "PASSED" if report["passed"] else "NOT PASSED"
    rest = report["screened_after_last_fault_s"]
    same = report["replay"]["same"]
    replayed = "the same alerts, refusals, instructions and cases" if same else "OTHER results"
    lives = ", ".join(f"{count:,} {what}" for what, count in report["lives"].items())
    lines = [
        f"{verdict}: " + ", ".join(f"{report[kind]:,} {words}" for kind, words in OFF.items()),
        *report["examples"],
        f"{report['faults']} faults in {report['seconds'] / 60:.0f} minutes (seed {report['seed']}); "
        f"{report['worker_starts']} starts of workers, "
        f"{report['refusals_to_start']} of them refused for want of a file or of room",
        *(
            f"{end['worker']} ended unexpectedly by {end['ended']}, its log: {end['log']}"
            for end in report["unexpected_endings"]
        ),
        f"{report['acknowledged']:,} events acknowledged to the couriers, {report['events']:,} in the log, "
        f"{report['rejected']:,} refused with their reason",
        f"{report['gone_and_said']:,} acknowledged events were deleted before they were read, in {report['gaps']} gaps "
        f"that workers said, {report['gaps_said_again']} of them again after a stop; no other is missing",
        f"{report['alerts']:,} alerts on {report['alert_ids']:,} parcels, "
        f"{sum(report['states'].values()):,} state values compared",
        f"{report['letters']:,} answers and decisions, {report['refused_steps']:,} of them refused; {lives}",
        "not everything was screened after the last fault"
        if rest is None
        else f"everything screened {rest} s after the last fault ({screened_within_s:.0f} s allowed)",
        f"a replay of what came in gives {replayed}",
    ]
    return "\n    ".join(lines)
