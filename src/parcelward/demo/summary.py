"""The end of the demo: its counts as tables."""

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from parcelward.demo.findings import Findings, family
from parcelward.demo.lives import BY_CLOCK, BY_EVIDENCE, BY_PEOPLE, OPEN, Lives
from parcelward.demo.recount import Recount
from parcelward.escaping import escaped

LEGEND = """\
Waybills: alerted by a rule of this pattern, clean: of these, with nothing planted
(random samples left out), planted with this pattern, found: planted and alerted by
it, by any: planted and alerted by whatever rule. Cases: planted, found; a case spans
several waybills, and its first ones may look innocent. R22: hidden patterns, for the
model; what the model found beside the rules is counted there too.
"""


def print_summary(console: Console, result: Recount, restarts: int) -> None:
    """Both tables, and in one line whether everything is accounted for."""
    console.print(_counts(result, restarts))
    audit = result.audit
    reasons = ", ".join(f"{reason} {count}" for reason, count in audit.rejected_for.items())
    console.print(f"rejected for: {reasons or 'nothing'}\n")
    console.print(_rules(result.findings))
    console.print(LEGEND, soft_wrap=True)
    if result.complete:
        console.print(
            f"[bold green]{audit.lost} lost[/]: each of {result.acknowledged:,} acknowledged events is accounted for"
        )
    else:
        console.print(
            f"[bold red]{audit.lost} lost, {audit.twice} counted twice, {audit.wrong} different from a replay, "
            f"{audit.two_ids} waybills with two alert ids[/]"
        )
        for example in audit.examples:
            console.print(f"    {escaped(example)}", markup=False, soft_wrap=True)


def print_lives(console: Console, lives: Lives) -> None:
    """The ends of the alerts as a table, and the steps that were refused."""
    table = Table(title="What became of the alerts", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    rows = [
        ("alerts", f"{lives.alerts:,}"),
        *((f"  {end}", f"{lives.ends[end]:,}") for end in (BY_PEOPLE, BY_EVIDENCE, BY_CLOCK, OPEN)),
        ("confirmed / false alarms", f"{lives.confirmed:,} / {lives.false_alarms:,}"),
        ("passed up to a supervisor", f"{lives.passed_up:,}"),
        ("couriers were asked / answered", f"{lives.asked:,} / {lives.answered:,}"),
        ("cases, and lines that a person must read", f"{lives.cases:,}, {lives.lines:,}"),
    ]
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(lives.refused.items()))
    console.print(f"answers and decisions refused for: {reasons or 'nothing'}")


def _counts(result: Recount, restarts: int) -> Table:
    audit, found = result.audit, result.findings
    table = Table(title="Counted by reading the topics again", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    rows = [
        ("events published and acknowledged", f"{result.acknowledged:,}"),
        ("screened (in the duty ledger)", f"{audit.screened:,}"),
        ("rejected", f"{audit.rejected:,}"),
        ("lost", f"{audit.lost:,}"),
        ("counted twice", f"{audit.twice:,}"),
        ("alerts, revisions included", f"{audit.alerts:,}"),
        ("waybills with an alert", f"{found.alerted_waybills:,}"),
        ("waybills with two alert ids", f"{audit.two_ids:,}"),
        ("alerts on clean waybills", _share(found.clean.alerted, found.clean.waybills)),
        ("  by rules / by the model only", f"{found.clean.by_rules:,} / {found.clean.by_model_only:,}"),
        ("rules that raised alerts", str(len(found.alerts_by_rule))),
        ("event to alert, p50 / p99", f"{_ms(found.percentile_ms(0.5))} / {_ms(found.percentile_ms(0.99))}"),
        ("alerts raised by a deadline", f"{found.from_deadlines:,}"),
        ("worker restarts", str(restarts)),
    ]
    for name, value in rows:
        table.add_row(name, value)
    return table


def _rules(result: Findings) -> Table:
    table = Table(title="Alerts by pattern, and planted patterns found", title_justify="left", box=SIMPLE)
    table.add_column("", no_wrap=True)
    table.add_column("raised\nby rule")
    # Short, so that nothing is cut off in a terminal of 80 columns; the legend below says what they count.
    for heading in ("alerted", "clean", "planted", "found", "by any", "cases", "found"):
        table.add_column(heading, justify="right", no_wrap=True)
    for pattern in sorted({*result.alerts_by_pattern, *result.found}, key=_pattern_order):
        rules = [f"{rule} {count}" for rule, count in sorted(result.alerts_by_rule.items()) if family(rule) == pattern]
        alerted, clean = result.alerts_by_pattern.get(pattern, 0), result.clean.by_pattern.get(pattern, 0)
        row = [pattern, ", ".join(rules), str(alerted), str(clean)]
        if (found := result.found.get(pattern)) is not None:
            counts = (found.waybills, found.waybills_found, found.waybills_alerted, found.cases, found.cases_found)
            row += map(str, counts)
        table.add_row(*row)
    return table


def _pattern_order(pattern: str) -> tuple[bool, str, int]:
    """R1, R2, ..., R22, then the others."""
    letters = pattern.rstrip("0123456789")
    return letters != "R", letters, int(pattern[len(letters) :] or 0)


def _ms(value: int | None) -> str:
    return "-" if value is None else f"{value} ms"


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / max(whole, 1):.1%})"
