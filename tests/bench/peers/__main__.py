"""`make bench-peers [EVENTS=3000000] [PEERS="--rounds 1 --kill --only loop"]`: the table, and `build/peers.json`."""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from parcelward.broker import LocalBroker
from tests.bench.peers.engines import Engine, engines, publisher
from tests.bench.peers.faults import Fault, kill_once
from tests.bench.peers.figures import Figures, TooFewLooksError
from tests.bench.peers.measuring import SOURCE, Bench, FailedError
from tests.bench.peers.records import KEYS, PARTITIONS, Expected
from tests.bench.peers.report import Round, summary, table

RESULT = Path("build/peers.json")


def main() -> None:
    """Set up, publish, run all engines in turn, report after each round."""
    chosen = _arguments()
    words = [word for word in chosen.only.split(",") if word]
    compared = [one for one in engines() if not words or any(word in one.name for word in words)]
    for engine in compared:
        engine.command()  # sets it up
    with tempfile.TemporaryDirectory() as home, LocalBroker(Path(home) / "kafka") as broker:
        bench = Bench(broker.bootstrap, Expected(chosen.events), Path(home))
        bench.create(SOURCE)
        subprocess.run([*publisher(), broker.bootstrap, SOURCE, str(chosen.events)], check=True)
        setting = {"events": chosen.events, "keys": KEYS, "partitions": PARTITIONS}
        rounds: list[Round] = []
        faults: dict[str, Fault | None] = {}
        for number in range(chosen.rounds):
            rounds.append(_round(bench, compared, number))
            _write(setting | summary(compared, rounds, faults))
        for engine in compared if chosen.kill else ():
            faults[engine.name] = _killed(bench, engine)
        bench.close()
    result = setting | summary(compared, rounds, faults)
    _write(result)
    print(table(result))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=3_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kill", action="store_true", help="also kill -9 each engine once and compare what it sent")
    parser.add_argument("--only", default="", help="engines whose names contain one of these words, comma-separated")
    return parser.parse_args()


def _round(bench: Bench, compared: Sequence[Engine], number: int) -> Round:
    """Each engine once. Every round begins with another one, so that none always has the same place in it."""
    first = number * len(compared) // 3 % len(compared)
    done: Round = {}
    for engine in [*compared[first:], *compared[:first]]:
        one = _measured(bench, engine)
        if one is not None:
            done[engine.name] = one
            said = f"{one.events_per_cpu_second:9,.0f} / CPU s, {one.events_per_second:9,.0f} / s"
            print(f"round {number + 1}: {engine.name:32} {said}, {one.peak_mb:5,.0f} MB", flush=True)
    return done


def _measured(bench: Bench, engine: Engine) -> Figures | None:
    """Figures of one run; None when it failed, which does not end the comparison of the others."""
    try:
        return bench.measure(engine)
    except (FailedError, TooFewLooksError) as error:
        print(f"{engine.name}: no result: {error}", flush=True)
        return None


def _killed(bench: Bench, engine: Engine) -> Fault | None:
    try:
        fault = kill_once(bench, engine)
    except FailedError as error:
        print(f"{engine.name}: not killed: {error}", flush=True)
        return None
    print(f"kill -9: {engine.name:32} {fault.words if fault else 'not tried'}", flush=True)
    return fault


def _write(result: dict[str, object]) -> None:
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
