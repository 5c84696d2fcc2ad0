"""Answers of couriers day by day, and how long they took."""

from collections import defaultdict
from statistics import median
from typing import NamedTuple

from parcelward.console.store.database import Database
from parcelward.console.store.feed import select_answers
from parcelward.moments import china_day


class AnswerDay(NamedTuple):
    """The answers of one day: how many, and the median time from the first instruction (ms)."""

    answered: int
    median_ms: int


def answer_days(database: Database, courier: str, since_ms: int) -> dict[int, AnswerDay]:
    """Measure a courier's answers by the day in China (see `china_day`) on which they came; the newest ones."""
    times: dict[int, list[int]] = defaultdict(list)
    with database.reading() as connection:
        for answered_ms, asked_ms in connection.execute(select_answers(courier, since_ms)):
            times[china_day(answered_ms)].append(max(answered_ms - asked_ms, 0))
    return {day: AnswerDay(len(some), round(median(some))) for day, some in times.items()}
