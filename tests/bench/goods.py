"""Times one goods name: `python tests/bench/goods.py`. Prints, asserts nothing.

Names are the simulator's and, where ../shared/data is there, those of the trade-mark classification.
"""

import csv
import time
from pathlib import Path

from parcelward.goods import match_goods, normalise
from parcelward.goods.lexicon import lexicon
from parcelward.simulate.goods_names import ALL_GOODS

ORDINARY_NAMES = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "goods-names-zh" / "nice_goods_zh.csv"
ROUNDS = 5


def names() -> list[str]:
    """Return distinct goods names."""
    found = [name for goods in ALL_GOODS.values() for name in goods.names]
    if ORDINARY_NAMES.exists():
        with ORDINARY_NAMES.open(encoding="utf-8-sig", newline="") as file:
            found += [row["item_name"] for row in csv.DictReader(file) if int(row["nice_class"]) <= 34]
    return list(dict.fromkeys(found))


def microseconds_each(action: object, over: list[str]) -> float:
    """Return the best of several rounds, in microseconds of CPU for one name."""
    assert callable(action)
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for name in over:
            action(name)
        best = min(best, time.process_time() - start)
    return best / len(over) * 1e6


def main() -> None:
    """Measure loading, normalising, matching without and with the cache."""
    start = time.process_time()
    size = len(lexicon().terms)
    print(f"lexicon      {size} entries in {time.process_time() - start:.3f} s")
    over = names()
    print(f"names        {len(over)} distinct")
    print(f"normalise    {microseconds_each(normalise, over):6.2f} us a name")
    print(f"uncached     {microseconds_each(match_goods.__wrapped__, over):6.2f} us a name")
    match_goods.cache_clear()
    print(f"cached       {microseconds_each(match_goods, over):6.2f} us a name")


if __name__ == "__main__":
    main()
