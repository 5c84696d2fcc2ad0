"""Costs of a state: stores side by side, then all stages with state in memory and on disk. Prints; never asserts.

    python tests/bench/stores.py [--waybills 20000] [--keys 300000]

CPU seconds are those of the whole process, RocksDB's own threads included. LMDB, LevelDB (plyvel) and SQLite are
compared where they are installed; all of them write without synchronising.
"""

import argparse
import random
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import orjson

from parcelward.counts import STAGES
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Cell, Pipeline, Result, batches
from parcelward.settings import Settings
from parcelward.simulate import Plan, Simulation
from parcelward.stage import Batch, Record
from streams.engine.state import MemoryState, MemoryStates, States
from streams.engine.state_on_disk import DiskStates

BATCH = 1000
ROUNDS = 100
START = datetime(2026, 11, 23, tzinfo=UTC)
Updates = dict[bytes, bytes]
Store = tuple[Callable[[Sequence[bytes]], object], Callable[[Updates], object]]
"""How to read many keys, and how to write many."""


def rocksdb(folder: Path) -> Store:
    """As the worker uses it."""
    state = DiskStates(folder, lambda: {"duties": "bench"}).open([("duties", 0)])["duties", 0]
    return lambda keys: [state.get(key) for key in keys], lambda updates: state.write(updates, 0)


def memory(folder: Path) -> Store:
    """A dict."""
    state = MemoryState()
    return lambda keys: [state.get(key) for key in keys], lambda updates: state.write(updates, 0)


def lmdb(folder: Path) -> Store:
    """A B-tree mapped into memory."""
    environment: Any = import_module("lmdb").open(str(folder), map_size=64 << 30, sync=False, metasync=False)

    def read(keys: Sequence[bytes]) -> object:
        with environment.begin() as transaction:
            return [transaction.get(key) for key in keys]

    def write(updates: Updates) -> None:
        with environment.begin(write=True) as transaction:
            transaction.cursor().putmulti(sorted(updates.items()))

    return read, write


def leveldb(folder: Path) -> Store:
    """RocksDB's ancestor."""
    database: Any = import_module("plyvel").DB(
        str(folder), create_if_missing=True, write_buffer_size=16 << 20, lru_cache_size=128 << 20, bloom_filter_bits=10
    )

    def write(updates: Updates) -> None:
        with database.write_batch() as batch:
            for key, value in updates.items():
                batch.put(key, value)

    return lambda keys: [database.get(key) for key in keys], write


def sqlite(folder: Path) -> Store:
    """One table."""
    base = sqlite3.connect(folder / "state.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=OFF", "cache_size=-131072"):
        base.execute(f"pragma {pragma}")
    base.execute("create table state (key blob primary key, value blob) without rowid")

    def write(updates: Updates) -> None:
        base.execute("begin")
        base.executemany("insert or replace into state values (?, ?)", sorted(updates.items()))
        base.execute("commit")

    return lambda keys: [base.execute("select value from state where key = ?", (k,)).fetchone() for k in keys], write


def compare(values: Sequence[bytes], keys: int, spread: int) -> None:
    """CPU microseconds a key of loading, reading and writing; half of the read keys are new, as in traffic.

    `spread` is the step between two waybill numbers: small means that numbers are given out in order.
    """

    def key(number: int) -> bytes:
        return b"swift/YT%013d" % (number * spread % 10_000_000_007)

    for make in (memory, rocksdb, lmdb, leveldb, sqlite):
        chance, folder = random.Random(1), Path(tempfile.mkdtemp())
        try:
            read, write = make(folder)
        except ModuleNotFoundError as missing:
            print(f"  {make.__name__:8} not installed: {missing.name}")
            continue
        begun = time.process_time()
        for start in range(0, keys, BATCH):
            write({key(number): values[number % len(values)] for number in range(start, start + BATCH)})
        loaded, reading, writing = time.process_time() - begun, 0.0, 0.0
        for turn in range(ROUNDS):
            known = keys + turn * BATCH // 2
            asked = [key(chance.randrange(max(0, known - 100_000), known)) for _ in range(BATCH // 2)]
            asked += [key(known + number) for number in range(BATCH // 2)]
            first = time.process_time()
            read(asked)
            second = time.process_time()
            write({one: values[number % len(values)] for number, one in enumerate(asked)})
            reading, writing = reading + second - first, writing + time.process_time() - second
        size = sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
        print(
            f"  {make.__name__:8} load {loaded / keys * 1e6:6.2f}  read {reading / ROUNDS / BATCH * 1e6:6.2f}"
            f"  write {writing / ROUNDS / BATCH * 1e6:6.2f} us a key  {size / keys:5.0f} bytes of disk a key",
            flush=True,
        )
        shutil.rmtree(folder, ignore_errors=True)


def traffic(settings: Settings, waybills: int) -> Iterator[Record]:
    """Simulated intake records of one partition in order of arrival."""
    offsets: Counter[str] = Counter()
    for event in Simulation(Plan(waybills_per_day=waybills, start=START, seed=7)).events():
        envelope, topic = event.envelope, settings.topics.intake(event.courier)
        headers = [(f"ce_{name}", str(envelope[name]).encode()) for name in ("specversion", "id", "source", "type")]
        headers += [("ce_time", str(envelope["time"]).encode()), ("content-type", b"application/json")]
        at = datetime.fromisoformat(envelope["time"]) + timedelta(seconds=1)
        offsets[topic] += 1
        data = envelope["data"]
        key, value = data["waybill"].encode(), orjson.dumps(data)
        yield Record(topic, 0, offsets[topic], int(at.timestamp() * 1000), key, value, headers)


class Stored(Pipeline):
    """The stages over states that are written as in the worker: once a batch."""

    def _run(self, cell: Cell, batch: Batch, result: Result, forgiving: bool = False) -> None:
        state: Any = cell.state
        outcome = cell.stage.step(batch, state)
        if outcome.updates:
            state.write(outcome.updates, state.written + len(outcome.updates))
        cell.stage.commit(batch, outcome)
        for send in outcome.sends:
            self._deliver(send, result)


def screen(settings: Settings, records: Sequence[Record], folder: Path | None) -> None:
    """Print the rate of all stages without Kafka, and what it takes to begin again."""
    stages = build_stages(settings)
    line = Stored(stages, settings.topics)
    cells = {stage: cell for stage, (cell,) in line.cells.items()}
    states: States = MemoryStates()
    if folder is not None:
        states = DiskStates(folder, lambda: dict.fromkeys(STAGES, "bench"))
    taken = states.open([(stage, 0) for stage in STAGES])
    for stage, cell in cells.items():
        cell.state = cast("dict[bytes, bytes]", taken[stage, 0])
    begun = time.process_time()
    for batch in batches(records, BATCH):
        line.feed(batch)
    spent = time.process_time() - begun
    begun = time.process_time()
    for cell in cells.values():
        cell.stage.restore(cell.state)
    again, keys = time.process_time() - begun, sum(len(list(cell.state)) for cell in cells.values())
    where = "in memory" if folder is None else "on disk"
    print(
        f"  {where:9} {len(records) / spent:7,.0f} events a CPU second; stages restored at {keys / again:9,.0f} keys/s"
    )
    states.give_up(taken)
    states.close()


def main() -> None:
    """Compare stores, then the whole."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--waybills", type=int, default=20_000)
    parser.add_argument("--keys", type=int, default=300_000)
    chosen = parser.parse_args()
    settings = Settings()
    records = list(traffic(settings, chosen.waybills))
    line = Pipeline(build_stages(settings), settings.topics)
    for batch in batches(records[:20_000], BATCH):
        line.feed(batch)
    values = list(line.cells["duties"][0].state.values())
    for name, spread in (("waybill numbers in order", 7), ("waybill numbers at random", 7_919_000_003)):
        print(f"{name}, {chosen.keys:,} keys, {sum(map(len, values)) / len(values):.0f} bytes a value")
        compare(values, chosen.keys, spread)
    print(f"all stages with rules and model, no Kafka, {len(records):,} events")
    for _ in range(2):
        screen(settings, records, None)
        with tempfile.TemporaryDirectory() as folder:
            screen(settings, records, Path(folder))


if __name__ == "__main__":
    main()
