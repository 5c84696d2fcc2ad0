"""Screens mixed traffic over a table of features whose lines were moved: `python -m tests.shuffled_table SEED`.

Writes what came out as JSON, values under the names of their features. Features of the model keep their order among
themselves: its columns are in that order, and a release refuses to serve another one.
"""

import json
import sys
from pathlib import Path
from random import Random
from typing import Any

import parcelward.features.table as table

RELEASE = Path(__file__).parents[1] / "models" / "current"


def shuffle(seed: int) -> None:
    """Move the lines of the table, before any module has read it."""
    assert "parcelward.features.row" not in sys.modules
    moved = list(table.FEATURES)
    Random(seed).shuffle(moved)
    of_model = iter([feature for feature in table.FEATURES if feature.model])
    table.FEATURES = tuple(next(of_model) if feature.model else feature for feature in moved)
    table.INDEX = {feature.name: position for position, feature in enumerate(table.FEATURES)}


def screened() -> dict[str, Any]:
    """Alerts, rows, scores and states of a few days' traffic."""
    from parcelward.model import load_model
    from tests.builders import feed_all, pipeline
    from tests.courier_traffic import traffic

    line = pipeline(model=RELEASE, sampled_share=0.1)
    result = feed_all(line, traffic(7, waybills=60, days=2), batch=16)
    rows = [one.row for one in result.rows]
    return {
        "order": list(table.INDEX),
        "alerts": [(send.value or b"").decode() for send in result.alerts],
        "rows": [dict(sorted(zip(table.INDEX, row, strict=True))) for row in rows],
        "scores": load_model(RELEASE).score(rows),
        "state": sorted((key.hex(), value.hex()) for key, value in line.cells["outlets"][0].state.items()),
    }


if __name__ == "__main__":
    shuffle(int(sys.argv[1]))
    json.dump(screened(), sys.stdout)
