"""Lists as CSV for a spreadsheet: in UTF-8 with its mark, each cell quoted, and no cell a formula."""

import csv
import io
from collections.abc import Iterable, Iterator

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet takes a cell that begins so for a formula, and may run it."""
MARK = "\ufeff"


def harmless(cell: str) -> str:
    """Make a cell that would be a formula a text.

    >>> harmless('=HYPERLINK("http://evil.example")'), harmless("swift")
    ('\\'=HYPERLINK("http://evil.example")', 'swift')
    """
    return f"'{cell}" if cell.lstrip(" \u3000").startswith(FORMULA) else cell


def csv_lines(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Write a head and rows, one by one.

    >>> list(csv_lines(["who"], [["-1+1"]]))
    ['\\ufeff"who"\\r\\n', '"\\'-1+1"\\r\\n']
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    writer.writerow(head)
    yield MARK + buffer.getvalue()
    for row in rows:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([harmless(cell) for cell in row])
        yield buffer.getvalue()
