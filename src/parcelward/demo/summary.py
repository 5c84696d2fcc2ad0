"""The demo's last words: what was counted, as tables."""

from rich.console import Console
from rich.table import Table

from parcelward.demo.audit import Audit


def print_summary(console: Console, result: Audit, restarts: int) -> None:
    """Both tables, and in one line whether everything is accounted for."""
    console.print(_counts(result, restarts))
    console.print(_rules(result))
    if result.complete:
        console.print(
            f"[bold green]{result.lost} lost[/]: each of {result.acknowledged:,} acknowledged events is accounted for"
        )
    else:
        console.print(
            f"[bold red]{result.lost} lost, {result.doubled} counted twice, "
            f"{result.two_ids} waybills with two alert ids[/]"
        )


def _counts(result: Audit, restarts: int) -> Table:
    table = Table(title="Counted by reading the topics again", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    reasons = ", ".join(f"{reason} {count}" for reason, count in result.rejected_by_reason.items())
    rows = [
        ("events published and acknowledged", f"{result.acknowledged:,}"),
        ("screened (in the duty ledger)", f"{result.screened:,}"),
        ("rejected", f"{result.rejected:,}"),
        ("lost", f"{result.lost:,}"),
        ("counted twice", f"{result.doubled:,}"),
        ("alerts, revisions included", f"{result.alerts:,}"),
        ("waybills with an alert", f"{result.alerted_waybills:,}"),
        ("waybills with two alert ids", f"{result.two_ids:,}"),
        ("rules that raised alerts", str(len(result.alerts_by_rule))),
        ("event to alert, p50 / p99", f"{_ms(result.percentile_ms(0.5))} / {_ms(result.percentile_ms(0.99))}"),
        ("alerts raised by a deadline", f"{result.from_deadlines:,}"),
        ("worker restarts", str(restarts)),
    ]
    for name, value in rows:
        table.add_row(name, value)
    if reasons:
        table.caption = f"rejected: {reasons}"
    return table


def _rules(result: Audit) -> Table:
    table = Table(title="Alerts by rule, and planted cases found", title_justify="left")
    table.add_column("rule")
    for heading in ("waybills alerted", "planted cases", "found", "planted waybills", "found", "alerted by any rule"):
        table.add_column(heading, justify="right")
    for rule in sorted({*result.alerts_by_rule, *result.found}, key=_rule_order):
        row = [rule, str(result.alerts_by_rule.get(rule, 0))]
        if (found := result.found.get(rule)) is not None:
            row += [
                str(found.cases),
                str(found.cases_found),
                str(found.waybills),
                str(found.waybills_found),
                str(found.waybills_alerted),
            ]
        table.add_row(*row)
    table.caption = "R22: hidden patterns that no rule describes; found means by the model"
    return table


def _rule_order(rule: str) -> tuple[int, str]:
    digits = "".join(character for character in rule if character.isdigit())
    return (int(digits) if digits else 1000, rule)


def _ms(value: int | None) -> str:
    return "-" if value is None else f"{value} ms"
