"""Figures of rules, of the model and of random checks, on both databases: they are those of the rows."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select, update

from parcelward.console.store.checks_page import SPAN, random_checks
from parcelward.console.store.database import Database
from parcelward.console.store.model_page import bands, scores
from parcelward.console.store.ranks import LANE_RANKS
from parcelward.console.store.rules_page import SPAN as DECIDED_SPAN
from parcelward.console.store.rules_page import decided, false_alarms, hit_outlets, open_by_rule, rule_days
from parcelward.console.store.tables import alerts, referrals
from parcelward.console.store.versions import OF_A_DAY, judged_by_day, newest_judged
from parcelward.contract.alerts import Lane
from parcelward.moments import china_day, china_day_begin
from parcelward.outcomes.verdicts import CONFIRMING

OUTCOMES = ("false_alarm", "dangerous_goods", "not_inspected", None)
DRAWN = 8
FIRST_MS, REST_BITS = 1_577_836_800_000, 22
"""An alert's number begins with the milliseconds since 2020."""


@pytest.fixture(scope="module", autouse=True)
def _outcomes(desk: Database) -> None:
    """People have decided on three of four alerts, and some were drawn: what was recorded has neither."""
    with desk.writing() as connection:
        ids = connection.execute(select(referrals.c.alert_id).order_by(referrals.c.alert_id)).scalars().all()
        for number, alert_id in enumerate(ids):
            ended = update(referrals).where(referrals.c.alert_id == alert_id)
            connection.execute(ended.values(outcome=OUTCOMES[number % 4]))
        for table in (alerts, referrals):
            drawn = update(table).where(table.c.alert_id.in_(ids[:DRAWN]))
            connection.execute(drawn.values(lane=LANE_RANKS[Lane.GREEN_SAMPLED]))


@pytest.fixture(scope="module")
def rows(desk: Database) -> list[Any]:
    """Give the newest state of each alert."""
    with desk.reading() as connection:
        return list(connection.execute(select(referrals)).all())


@pytest.fixture(scope="module")
def now_ms(desk: Database) -> int:
    with desk.reading() as connection:
        return int(connection.execute(select(func.max(referrals.c.at_ms))).scalar_one())


def test_decided_alerts_are_counted_by_rule(desk: Database, rows: list[Any], now_ms: int) -> None:
    found = decided(desk, now_ms)
    ended = [row for row in rows if row.outcome is not None]
    assert found.count == len(ended) > 0
    for rule, ends in found.by_rule.items():
        mine = [row for row in ended if rule in row.rules.split()]
        assert ends.outcomes == Counter(row.outcome for row in mine)
        assert ends.right.total() == sum(row.outcome in CONFIRMING for row in mine)
        assert ends.right[True] == sum(row.outcome in CONFIRMING and row.lane == 0 for row in mine)
        wrong = {row.alert_id for row in mine if row.outcome == "false_alarm"}
        assert {one.alert_id for one in false_alarms(desk, rule, now_ms)} <= wrong
        assert ends.decided.total() == ends.right.total() + len(wrong)


def test_open_alerts_are_counted_by_rule(desk: Database, rows: list[Any]) -> None:
    assert open_by_rule(desk) == Counter(rule for row in rows if not row.over for rule in row.rules.split())


def test_days_and_outlets_of_a_rule_are_those_of_its_alerts(desk: Database) -> None:
    with desk.reading() as connection:
        all_alerts = connection.execute(select(alerts)).all()
    days = rule_days(desk, 0)
    for rule in {rule for row in all_alerts for rule in row.rules.split()}:
        mine = [row for row in all_alerts if rule in row.rules.split()]
        assert days[rule].alerts == Counter(china_day(row.raised_ms) for row in mine)
        outlets = hit_outlets(desk, rule)
        assert outlets.alerts == len(mine)
        assert outlets.outlets[0].alerts == max(Counter((row.courier, row.outlet) for row in mine).values())
    assert rule_days(desk, 1 << 20) == {}


def test_the_newest_alerts_say_what_judged_them(desk: Database) -> None:
    with desk.reading() as connection:
        newest = connection.execute(select(alerts).order_by(alerts.c.number.desc()).limit(7)).all()
    assert [(one.courier, one.raised_ms) for one in newest_judged(desk, 7)] == [
        (one.courier, one.raised_ms) for one in newest
    ]


def test_of_each_day_the_newest_alerts_are_read(desk: Database) -> None:
    with desk.reading() as connection:
        arrived = [(one >> REST_BITS) + FIRST_MS for one in connection.execute(select(alerts.c.number)).scalars()]
    days = Counter(map(china_day, arrived))
    by_day = judged_by_day(desk, max(arrived), 5)
    assert list(by_day) == list(range(max(days) - 4, max(days) + 1))
    assert [len(some) for some in by_day.values()] == [min(days[day], OF_A_DAY) for day in by_day]


def test_hints_of_the_model_are_counted_by_score(desk: Database, rows: list[Any]) -> None:
    with desk.reading() as connection:
        all_alerts = {row.alert_id: row for row in connection.execute(select(alerts))}
    hints = [row for row in all_alerts.values() if "model" in row.rules.split() and row.score is not None]
    assert scores(desk).hints == len(hints)
    by_score, together = bands(desk)
    ended = {row.alert_id: row.outcome for row in rows if row.outcome in (*CONFIRMING, "false_alarm")}
    assert together.m == sum(row.alert_id in ended for row in hints)
    assert together.n == sum(ended.get(row.alert_id) in CONFIRMING for row in hints)
    assert sum(one.alerts for one in by_score) <= len(hints)


def test_random_checks_are_the_alerts_of_their_lane(desk: Database, rows: list[Any], now_ms: int) -> None:
    drawn = [row for row in rows if row.lane == LANE_RANKS[Lane.GREEN_SAMPLED]]
    taken_back = [row for row in drawn if row.outcome is None and row.state in ("withdrawn", "closed")]
    found = random_checks(desk, now_ms)
    assert len(found.all) == len(drawn) - len(taken_back) > 0
    assert not found.is_cut


def test_random_checks_of_the_first_day_are_all_there(desk: Database, now_ms: int) -> None:
    found = random_checks(desk, now_ms).all
    newest_day = max(one.day for one in found)
    late_on_the_last_day = china_day_begin(newest_day + SPAN) - 1
    assert random_checks(desk, late_on_the_last_day).all == tuple(one for one in found if one.day == newest_day)
    assert random_checks(desk, late_on_the_last_day + 1).all == ()


def test_decisions_of_the_first_day_are_all_there(desk: Database, rows: list[Any], now_ms: int) -> None:
    newest_day = china_day(now_ms)
    of_the_day = [row for row in rows if row.outcome is not None and china_day(row.at_ms) == newest_day]
    found = decided(desk, china_day_begin(newest_day + DECIDED_SPAN) - 1)
    assert (found.since_day, found.count) == (newest_day, len(of_the_day))
    assert decided(desk, china_day_begin(newest_day + DECIDED_SPAN)).count == 0
