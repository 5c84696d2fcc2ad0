"""`python -m tests.bench.console_store`: the console's store with a million alerts: filling it, and asking it.

Alerts and referrals of a recorded run are sent again under other ids, waybills, outlets, documents, goods and times.
Most of them are closed; some wait for people. `--database` names a PostgreSQL; without it SQLite in a folder is used.
"""

import argparse
import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from parcelward.console.store import alert_page, case_page, feed
from parcelward.console.store.case_desk import CaseFilter, count_case_views, list_cases
from parcelward.console.store.database import Database, open_url
from parcelward.console.store.desk import (
    DeskFilter,
    View,
    count_by,
    count_news,
    count_views,
    list_alerts,
    neighbours,
    newest_mark,
)
from parcelward.console.store.kinds import topics_read
from parcelward.console.store.projection import Log, Projection
from parcelward.console.store.search import search
from parcelward.console.store.transactions import learn_sizes
from parcelward.contract.alerts import Lane, Severity
from parcelward.moments import ms_of
from parcelward.simulate.goods_names import GOODS
from parcelward.stage import Record
from tests.chaos.recorded import SETTINGS
from tests.console_store.memory_logs import records
from tests.postgres import Postgres

BATCH = 10_000
OUTLETS, STAFF, DOCUMENTS = 2_000, 6, 200_000
DAYS = 60
START = datetime(2026, 9, 24, tzinfo=UTC)
PEOPLE = tuple(f"k1.person{number:015}" for number in range(20))
NAMES = tuple(name for goods in GOODS.values() for name in goods.names)
DANGEROUS = ("汽油", "打火机", "鞭炮", "充电宝", "油漆", "水银", "弓弩", "催泪喷射器")


class Filled(NamedTuple):
    """Records written, and what that took: processor seconds of this process, and the clock's."""

    records: int
    cpu_s: float
    wall_s: float

    @property
    def rate(self) -> float:
        """Records in a processor second."""
        return self.records / self.cpu_s


class Asked(NamedTuple):
    """Times in ms that one question took, sorted: by the clock, and of the processor in this process."""

    wall: list[float]
    cpu: list[float]


@dataclass
class Traffic:
    """Records of a million alerts, batch by batch; made from those of a recorded run."""

    alerts: int
    open: int
    case_count: int = 20_000
    seed: int = 1

    def __post_init__(self) -> None:
        run: dict[str, list[Record]] = {}
        for (topic, _), some in records().items():
            run.setdefault(topic, []).extend(some)
        self._of_alert = [msgspec.json.decode(one.value) for one in run["alerts"] if one.value]
        self._referral = next(
            found
            for one in run["referrals"]
            if one.value and (found := msgspec.json.decode(one.value))["state"] == "raised"
        )
        self._case = msgspec.json.decode(run["cases"][0].value or b"")
        self._names = NAMES
        self.waybills = [f"SF{1_400_000_000_000 + number * 7}" for number in range(self.alerts)]

    def alert_id(self, number: int) -> str:
        """The id of an alert by its number."""
        return str(UUID(int=Random(f"{self.seed}/{number}").getrandbits(128)))

    def batches(self, topic: str) -> Iterator[list[Record]]:
        """The records of one topic."""
        make = {"alerts": self._alert, "referrals": self._referred}[topic]
        for begin in range(0, self.alerts, BATCH):
            yield [make(number) for number in range(begin, min(begin + BATCH, self.alerts))]

    def cases(self) -> list[Record]:
        """Cases; the first has many alerts."""
        encode, found = msgspec.json.encode, []
        for number in range(self.case_count):
            value = self._case | {"case_id": f"case-{number:08}", "subject": f"outlet/swift/W{number:05}"}
            found.append(Record("cases", 0, number, ms_of(START), value["case_id"].encode(), encode(value)))
        return found

    def _facts(self, number: int) -> tuple[Random, datetime, str, str]:
        draw = Random(f"{self.seed}:{number}")
        at = START + timedelta(days=DAYS) * (number / self.alerts)
        courier = ("swift", "orient", "harbor")[draw.randrange(3)]
        return draw, at, courier, f"W{int(OUTLETS * draw.random() ** 2):05}"

    def _alert(self, number: int) -> Record:
        draw, at, courier, outlet = self._facts(number)
        one = dict(self._of_alert[number % len(self._of_alert)])
        rare = draw.random() < 0.2
        name = draw.choice(DANGEROUS) if rare else self._names[int(len(self._names) * draw.random() ** 2)]
        one |= {
            "alert_id": self.alert_id(number),
            "revision": 1,
            "courier": courier,
            "outlet": outlet,
            "operator": f"{outlet}-{draw.randrange(STAFF)}",
            "waybill": self.waybills[number],
            "raised_at": at.isoformat(),
            "due_by": (at + timedelta(minutes=30)).isoformat(),
            "parties": one["parties"] | {"document_token": f"k1.{draw.randrange(DOCUMENTS):022}"},
        }
        if one["card"] is not None:
            one["card"] = one["card"] | {"goods": one["card"]["goods"] | {"declared": name}}
        key = self.waybills[number].encode()
        return Record("alerts", number % 3, number // 3, ms_of(at), key, msgspec.json.encode(one))

    def _referred(self, number: int) -> Record:
        draw, at, courier, outlet = self._facts(number)
        is_open = number >= self.alerts - self.open
        state = draw.choice(("raised", "in_work", "escalated", "answered")) if is_open else "closed"
        lane = "red" if draw.random() < 0.15 else "yellow"
        one = self._referral | {
            "alert_id": self.alert_id(number),
            "courier": courier,
            "outlet": outlet,
            "waybill": self.waybills[number],
            "state": state,
            "at": at.isoformat(),
            "due_by": (at + timedelta(minutes=draw.randrange(600))).isoformat() if is_open else None,
            "lane": lane,
            "severity": draw.choice(("low", "medium", "high", "critical")),
            "assigned_to": draw.choice(PEOPLE) if state != "raised" else None,
            "outcome": None if is_open else draw.choice(("false_alarm", "dangerous_goods", "procedure_not_kept")),
            "cases": [f"case-{number % self.case_count:08}"] if number % 50 else ["case-00000000"],
        }
        key = one["alert_id"].encode()
        return Record("referrals", number % 3, number // 3, ms_of(at), key, msgspec.json.encode(one))


def fill(database: Database, traffic: Traffic) -> dict[str, Filled]:
    """Write everything, and measure it by topic."""
    projection, found = Projection(topics_read(SETTINGS)), {}
    logs = [(topic, number) for topic in ("alerts", "referrals") for number in range(3)] + [("cases", 0)]
    with database.engine.connect() as connection:
        projection.read_positions(connection)
        projection.begin_with(connection, dict.fromkeys(logs, ("id", 0)))
        cases = traffic.cases()
        projection.write(connection, cases, {("cases", 0): len(cases)})
        for topic in ("alerts", "referrals"):
            count, cpu_s, wall_s = 0, 0.0, 0.0
            for batch in traffic.batches(topic):
                read: dict[Log, int] = {}
                for one in batch:
                    read[one.topic, one.partition] = one.offset + 1
                cpu, wall = time.process_time(), time.monotonic()
                projection.write(connection, batch, read)
                cpu_s, wall_s = cpu_s + time.process_time() - cpu, wall_s + time.monotonic() - wall
                count += len(batch)
            found[topic] = Filled(count, cpu_s, wall_s)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if database.postgresql:
            connection.exec_driver_sql("VACUUM")  # as the server does by itself
        learn_sizes(connection)
    return found


def words_of(traffic: Traffic, draw: Random) -> str:
    """Words that a person might search for."""
    count = traffic.alerts
    return draw.choice(
        (
            traffic.waybills[draw.randrange(count)],
            traffic.waybills[draw.randrange(count)][:9],
            traffic.alert_id(draw.randrange(count))[:8],
            draw.choice(DANGEROUS),
            draw.choice(NAMES),
            f"swift {draw.choice(NAMES)}",
            f"swift/W{draw.randrange(OUTLETS):05} {draw.choice(DANGEROUS)}",
            "R14 orient",
            f"k1.{draw.randrange(DOCUMENTS):022}",
            "没有这样的东西",
        )
    )


def questions(database: Database, traffic: Traffic) -> dict[str, Callable[[Random], Any]]:
    """Everything that pages ask, with what a person might choose."""
    count = traffic.alerts

    def one(draw: Random) -> str:
        return traffic.alert_id(draw.randrange(count))

    def still_open(draw: Random) -> str:
        return traffic.alert_id(count - 1 - draw.randrange(traffic.open))

    def chosen(draw: Random, view: View) -> DeskFilter:
        return DeskFilter(
            view,
            me=draw.choice(PEOPLE),
            lane=draw.choice((None, None, Lane.RED)),
            severity=draw.choice((None, None, Severity.HIGH)),
            courier=draw.choice((None, "swift")),
            outlet=draw.choice((None, None, f"W{draw.randrange(OUTLETS):05}")),
            rule=draw.choice((None, None, None, "R14", "R20")),
        )

    def words(draw: Random) -> str:
        return words_of(traffic, draw)

    return {
        "desk, what is open": lambda draw: list_alerts(database, chosen(draw, draw.choice(tuple(View)[:3]))),
        "desk, all or over": lambda draw: list_alerts(database, chosen(draw, draw.choice(tuple(View)[3:]))),
        "desk, second page": lambda draw: list_alerts(
            database, (wanted := DeskFilter(draw.choice(tuple(View)))), after=list_alerts(database, wanted).after
        ),
        "desk, with words": lambda draw: list_alerts(database, DeskFilter(View.DUE, words=words(draw))),
        "desk, counts of views": lambda draw: count_views(database, chosen(draw, View.DUE)),
        "desk, counts by courier": lambda _: count_by(database, DeskFilter(), "courier"),
        "desk, news": lambda _: count_news(database, DeskFilter(), 100),
        "desk, neighbours": lambda draw: neighbours(database, chosen(draw, View.DUE), still_open(draw)),
        "desk, neighbours by words": lambda draw: neighbours(database, DeskFilter(words=words(draw)), still_open(draw)),
        "desk, neighbours in all": lambda draw: neighbours(database, chosen(draw, View.ALL), one(draw)),
        "desk, a whole page": lambda draw: desk_page(database, chosen(draw, draw.choice(tuple(View)))),
        "cases": lambda draw: list_cases(database, CaseFilter(draw.choice(tuple(View)))),
        "cases, counts of views": lambda _: count_case_views(database, CaseFilter()),
        "alert": lambda draw: alert_page.alert(database, one(draw)),
        "alert, earlier ones": lambda draw: alert_page.earlier(database, one(draw)),
        "case": lambda draw: case_page.case(database, f"case-{draw.randrange(traffic.case_count):08}"),
        "case, members": lambda draw: case_page.members(database, f"case-{draw.choice((0, 7)):08}"),
        "case, spread": lambda draw: case_page.spread(database, f"case-{draw.choice((0, 7)):08}"),
        "search": lambda draw: search(database, words(draw)),
        "outlets that got worse": lambda _: feed.outlet_weeks(database, ms_of(START + timedelta(days=DAYS))),
        "rules": lambda _: feed.rule_counts(database, ms_of(START)),
    }


def desk_page(database: Database, wanted: DeskFilter) -> None:
    """Ask all that the desk asks for one page."""
    newest_mark(database)
    list_alerts(database, wanted)
    list_cases(database, CaseFilter(wanted.view, courier=wanted.courier))
    count_views(database, wanted)
    count_by(database, wanted, "courier")


def ask(database: Database, traffic: Traffic, times: int, only: str = "") -> dict[str, Asked]:
    """Ask everything whose name holds `only` so many times."""
    found = {}
    for name, question in questions(database, traffic).items():
        if only not in name:
            continue
        draw, took, busy = Random(f"7 {name}"), [], []  # the same draws, whatever else is asked
        for _ in range(times):
            begin, cpu = time.perf_counter(), time.process_time()
            question(draw)
            took.append((time.perf_counter() - begin) * 1000)
            busy.append((time.process_time() - cpu) * 1000)
        found[name] = Asked(sorted(took), sorted(busy))
    return found


@contextlib.contextmanager
def opened(where: str | None, postgres: bool) -> Iterator[Database]:
    """A database: the one that is named, else an empty one for this run."""
    with contextlib.ExitStack() as stack:
        if where is None and postgres:
            where = stack.enter_context(Postgres("shared_buffers=512MB", "max_wal_size=4GB")).new_database()
        elif where is None:
            where = f"sqlite:///{Path(stack.enter_context(tempfile.TemporaryDirectory())) / 'console.sqlite'}"
        database = open_url(where)
        stack.callback(database.close)
        yield database


def main() -> None:
    """Fill and ask, and print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=1_000_000)
    parser.add_argument("--open", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--database", help="a database, as a URL; one that was filled before is only asked")
    parser.add_argument("--only", default="", help="ask only questions whose name holds this")
    parser.add_argument("--postgres", action="store_true", help="start a PostgreSQL for this run")
    chosen = parser.parse_args()
    traffic = Traffic(chosen.alerts, chosen.open)
    with opened(chosen.database, chosen.postgres) as database:
        for topic, filled in ({} if newest_mark(database) else fill(database, traffic)).items():
            print(
                f"{topic:28} {filled.records:9,} records  {filled.rate:9,.0f} per processor second"
                f"  {filled.records / filled.wall_s:9,.0f} per second",
                flush=True,
            )
        print(f"{'ms: median, p95, worst':28} {'by the clock':>26} {'of this processor':>28}")
        for name, asked in ask(database, traffic, chosen.times, chosen.only).items():
            shown = [f"{one[len(one) // 2]:8.1f} {one[int(len(one) * 0.95)]:8.1f} {one[-1]:8.1f}" for one in asked]
            print(f"{name:28} {shown[0]}   {shown[1]}")


if __name__ == "__main__":
    main()
