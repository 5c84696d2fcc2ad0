"""The tables of words beside the code, read as rows."""

import csv
from importlib import resources


def rows(table: str) -> list[dict[str, str]]:
    """Return the rows of a table of this folder: tab-separated, first line the column names, no quoting.

    >>> rows("weights.tsv")[0]["class"]
    'clothing'
    """
    text = (resources.files(__package__) / table).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
