"""The tables of docs/metrics.md, from the declared metrics: `python -m parcelward.metrics_page docs/metrics.md`."""

import sys
from collections.abc import Iterable
from pathlib import Path

from parcelward.console_counts import CONSOLE_DECLARED
from parcelward.counts import DECLARED, DELIVERY_DECLARED, LABELS, Metric


def with_tables(page: str) -> str:
    """Return the page with its tables made anew; the text around them stays as it is.

    Raises ValueError when a table has no place: lines `<!-- metrics -->` and `<!-- /metrics -->`, the others likewise.
    """
    declared = {"metrics": DECLARED, "delivery": DELIVERY_DECLARED, "console": CONSOLE_DECLARED}
    tables = {name: _metric_rows(metrics) for name, metrics in declared.items()} | {"labels": _label_rows()}
    for name, rows in tables.items():
        begin, end = f"<!-- {name} -->\n\n", f"\n<!-- /{name} -->"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise ValueError(f"the page has no place for the table of {name}")
        before, rest = page.split(begin)
        page = before + begin + "".join(rows) + end + rest.split(end)[1]
    return page


def _metric_rows(declared: Iterable[Metric]) -> Iterable[str]:
    yield "| name | type | labels | meaning |\n|---|---|---|---|\n"
    for metric in declared:
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "-"
        yield f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |\n"


def _label_rows() -> Iterable[str]:
    yield "| label | values |\n|---|---|\n"
    for name, label in LABELS.items():
        yield f"| `{name}` | {label.meaning} |\n"


if __name__ == "__main__":
    _page = Path(sys.argv[1])
    _page.write_text(with_tables(_page.read_text()))
