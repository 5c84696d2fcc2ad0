"""Says how good the goods words are: `python -m tests.bench.goods_words`. Prints misses, asserts nothing.

Lists of this repository, and those of ../shared where it is there: the statutory catalogues and `goods_visible.tsv`,
of which every row has been looked at by now. The lists `more_*` and `last_look_alikes` were written before the code was
tried on them; one row in four (by a hash of the text) was never looked at, and its misses are not printed.
"""

import csv
import functools
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

from parcelward.alerts.verdict import LANE_OF
from parcelward.contract.alerts import Lane
from parcelward.features.goods_names import DECLARED, goods_features
from parcelward.goods import match_goods
from parcelward.goods.tables import rows
from parcelward.rules import RulePack, load_pack
from parcelward.rules.pack import BUILT_IN, row_of

OWN = Path(__file__).resolve().parents[1] / "fixtures" / "goods"
SHARED = Path(__file__).resolve().parents[2] / ".." / "shared"
VISIBLE = SHARED / "cases" / "goods_visible.tsv"
CATALOGUES = SHARED / "data" / "goods-catalogues-cn"
_SHOWN = 40
_PARTS, _UNSEEN_PART = 4, 3


def lines(name: str) -> list[str]:
    """Return the lines of a list of this repository."""
    return (OWN / f"{name}.txt").read_text(encoding="utf-8").split("\n")[:-1]


def disguised_by_suffix() -> list[str]:
    """Return dangerous names with an everyday word after them."""
    return [name + suffix for name, suffix in product(lines("dangerous_names"), lines("everyday_suffixes"))]


def own_catalogue() -> list[str]:
    """Return every name, alias, English name and CAS number of the table of catalogues."""
    names = []
    for row in rows("catalogues.tsv"):
        named = (row["name"], *row["aliases"].split("|"), *row["english"].split("|"), *row["cas"].split())
        names += [name.removeprefix("=") for name in named if name]
    return names


def table(path: Path) -> Iterator[list[str]]:
    """Yield the rows of a tab-separated list after its first line; none where the list is absent."""
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            yield from list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]


def visible() -> dict[tuple[str, bool], list[str]]:
    """Return the rows of `goods_visible.tsv` by kind and by whether they should be flagged."""
    kinds: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for text, should_flag, why in table(VISIBLE):
        kinds[why.split(":")[0].split(" ")[0], should_flag == "1"].append(text)
    return kinds


def looked_at(names: Iterable[str], seen: bool) -> list[str]:
    """Return the names that were looked at while the words were written, or those that never were."""
    return [name for name in names if (_hash(name) % _PARTS != _UNSEEN_PART) == seen]


def _hash(name: str) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest(), 16)


def missed(names: Iterable[str]) -> list[str]:
    """Return the names at severity 0."""
    return [name for name in names if match_goods(name).danger_severity == 0]


def flagged(names: Iterable[str], severity: int) -> list[str]:
    """Return the names at this severity or more."""
    return [name for name in names if match_goods(name).danger_severity >= severity]


@functools.cache
def _pack() -> RulePack:
    return load_pack(BUILT_IN)


def lane_of(name: str) -> Lane | None:
    """Return the lane of a parcel of which only the goods name is known, as the built-in rules choose it."""
    row = row_of(
        {
            "goods_name": name,
            "dangerous_declared": False,
            **dict(zip(DECLARED, goods_features(name, None).declared, strict=True)),
        }
    )
    lanes = {LANE_OF[hit.rule.severity] for hit in _pack().evaluate(row)}
    return next((lane for lane in (Lane.RED, Lane.YELLOW) if lane in lanes), None)


def _in_lanes(title: str, names: list[str]) -> None:
    if names:
        lanes = [lane_of(name) for name in names]
        red, yellow = (lanes.count(lane) / len(names) for lane in (Lane.RED, Lane.YELLOW))
        print(f"{title:44} {red:6.2%} {yellow:6.2%} of {len(names)} in lane red, yellow (by the rules)")


def _known(title: str, names: list[str], shown: bool = True) -> None:
    if names:
        misses = missed(names)
        print(f"{title:44} {1 - len(misses) / len(names):7.2%} of {len(names)} known")
        if shown and misses:
            print("    missed:", "; ".join(misses[:_SHOWN]))


def _left_alone(title: str, names: list[str], shown: bool = True) -> None:
    if names:
        any_, yellow, red = (flagged(names, severity) for severity in (1, 2, 3))
        shares = " ".join(f"{len(found) / len(names):6.2%}" for found in (any_, yellow, red))
        print(f"{title:44} {shares} of {len(names)} at severity 1, 2, 3 or more")
        if shown and any_:
            print("    flagged:", "; ".join(f"{name} ({match_goods(name).danger_severity})" for name in any_[:_SHOWN]))


def main() -> None:
    """Print the report."""
    _known("own table of catalogues, with CAS", own_catalogue())
    for path in sorted(CATALOGUES.glob("*.tsv")):
        _known(path.stem, [row[0] for row in table(path)])
    _known("names with an everyday suffix", disguised_by_suffix())
    _known("names with a suffix, another batch", lines("last_suffixes"))
    _known("own spellings", lines("own_spellings"))
    _left_alone("look-alikes", lines("look_alikes"))
    _left_alone("look-alikes of four more batches", lines("more_look_alikes"))
    _left_alone("shop titles", lines("shop_titles"))
    _in_lanes("shop titles", lines("shop_titles"))
    for seen in (True, False):
        print(f"written before the code was tried, rows {'looked at' if seen else 'not looked at'}")
        for name in ("more_suffixes", "more_arms", "more_air_goods"):
            _known(f"  {name}", looked_at(lines(name), seen), seen)
        _left_alone("  last_look_alikes", looked_at(lines("last_look_alikes"), seen), seen)
    print("goods_visible.tsv, all rows looked at")
    for (kind, should_flag), names in visible().items():
        report = _known if should_flag else _left_alone
        report(f"  {kind}", names)
        if not should_flag:
            _in_lanes(f"  {kind}", names)


if __name__ == "__main__":
    main()
