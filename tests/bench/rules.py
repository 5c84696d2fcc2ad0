"""Measure rule evaluation: one generated function per pack of 10, 40 and 100 rules, and the built-in one. Prints only.

Run: .venv/bin/python tests/bench/rules.py
"""

import random
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from parcelward.features.table import FEATURES, FeatureType, Row
from parcelward.rules import Rule, RulePack, load_pack
from parcelward.rules.check import check
from parcelward.rules.compile import is_plain
from parcelward.rules.pack import assemble

EVENTS = 20_000
ROUNDS = 5
USUAL: dict[str, tuple[float, float]] = {"_share": (0.0, 0.5), "weight": (100, 3000), "_kmh": (0, 60), "_km": (0, 30)}
OVERDUE = ("real_name_overdue", "inspection_overdue", "scan_overdue")


def ordinary_row(dice: random.Random) -> Row:
    """A row of unsuspicious traffic, a tenth of it walk-in, a fifth of the features unknown."""
    row: Row = []
    for feature in FEATURES:
        if dice.random() < 0.2:
            row.append(None)
        elif feature.type is FeatureType.BOOL:
            row.append(dice.random() < 0.02)
        elif feature.type is FeatureType.INT:
            row.append(dice.choice((0, 1, 1, 1, 2)))
        elif feature.type is FeatureType.DOUBLE:
            low, high = next((span for word, span in USUAL.items() if word in feature.name), (0.0, 1.0))
            row.append(dice.uniform(low, high))
        else:
            row.append("ordinary")
    values = {feature.name: position for position, feature in enumerate(FEATURES)}
    row[values["is_person"]] = person = dice.random() < 0.1
    row[values["sender_kind"]] = "person" if person else "agreement"
    row[values["document_check"]] = "valid"
    row[values["goods_danger_severity"]] = 0
    row[values["waybill_conflicts"]] = 0
    row[values["goods_restricted"]] = None
    for name in ("found_category", "found_danger_severity", "found_removed", "scan_decision"):
        row[values[name]] = None
    for name in (*OVERDUE, "photo_reused", "sealed_before_inspection", "found_listed"):
        row[values[name]] = False
    row[values["inspection_result"]] = "passed"
    row[values["inspection_opened"]] = True
    return row


def variants(pack: RulePack, count: int) -> tuple[Rule, ...]:
    """As many rules as asked for: those of the pack, then again and again with other thresholds."""
    rules: list[Rule] = list(pack.rules[:count])
    turn = 0
    while len(rules) < count:
        turn += 1
        for rule in pack.rules:
            source = rule.source
            for name, number in rule.thresholds.items():
                source = source.replace(f"{name} >= {number}", f"{name} >= {number + turn}")
                source = source.replace(f"{name} > {number}", f"{name} > {number + turn}")
            if source != rule.source and len(rules) < count:
                expression = check(source)
                assert is_plain(expression)
                identity = f"{rule.id}V{turn}"
                rules.append(
                    replace(rule, id=identity, name=identity, expression=expression, fields=expression.features)
                )
    return tuple(rules)


def microseconds(pack: RulePack, rows: Sequence[Row]) -> tuple[float, int]:
    """Best time per event over some rounds, and the hits of one round."""
    evaluate = pack.evaluate
    best, hits = float("inf"), 0
    for _ in range(ROUNDS):
        hits = 0
        begun = time.process_time()
        for row in rows:
            hits += len(evaluate(row))
        best = min(best, time.process_time() - begun)
    return best / len(rows) * 1e6, hits


def main() -> None:
    """Print microseconds per event."""
    dice = random.Random(7)
    rows = [ordinary_row(dice) for _ in range(EVENTS)]
    begun = time.perf_counter()
    built_in = load_pack(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    print(f"load of {built_in.version}: {(time.perf_counter() - begun) * 1e3:.0f} ms, {len(built_in.rules)} rules")
    packs = [built_in, *(assemble(f"bench-{count}", variants(built_in, count)) for count in (10, 40, 100))]
    for pack in packs:
        micros, hits = microseconds(pack, rows)
        print(f"{pack.version:13s} {len(pack.rules):4d} rules  {micros:6.2f} us/event  {hits / EVENTS:7.4f} hits/event")


if __name__ == "__main__":
    main()
