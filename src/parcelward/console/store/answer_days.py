"""Answers of couriers day by day, and how long they took."""

from collections import defaultdict
from statistics import median
from typing import NamedTuple

from sqlalchemy import func, select

from parcelward.console.store.database import Database
from parcelward.console.store.feed import ANSWERS
from parcelward.console.store.tables import answers, instructions
from parcelward.moments import china_day


class AnswerDay(NamedTuple):
    """The answers of one day: how many, and the median time from the first instruction (ms)."""

    answered: int
    median_ms: int


def answer_days(database: Database, courier: str, since_ms: int) -> dict[int, AnswerDay]:
    """Measure a courier's answers by the day in China (see `china_day`) on which they came; the newest ones."""
    newest = (
        select(answers.c.alert_id, answers.c.revision, answers.c.arrived_ms)
        .where(answers.c.courier == courier, answers.c.arrived_ms >= since_ms)
        .order_by(answers.c.arrived_ms.desc())
        .limit(ANSWERS)
        .subquery()
    )
    same = (instructions.c.alert_id == newest.c.alert_id) & (instructions.c.revision == newest.c.revision)
    took = select(newest.c.arrived_ms, func.min(instructions.c.arrived_ms)).join(instructions, same)
    took = took.group_by(newest.c.alert_id, newest.c.revision, newest.c.arrived_ms)
    times: dict[int, list[int]] = defaultdict(list)
    with database.reading() as connection:
        for answered_ms, asked_ms in connection.execute(took):
            times[china_day(answered_ms)].append(max(answered_ms - asked_ms, 0))
    return {day: AnswerDay(len(some), round(median(some))) for day, some in times.items()}
