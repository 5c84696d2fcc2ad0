"""Days before today for the console's tests: alerts of each, and people who decided on most of them."""

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
from sqlalchemy import select

from parcelward.console.store.packing import unpacked
from parcelward.console.store.tables import referrals
from parcelward.moments import DAY_MS
from tests.console.platform import Platform

CONFIRMED = {"red": 0.8, "yellow": 0.55, "green_sampled": 0.06}
"""Share of right ones by lane, as people decide here."""


def live_days(platform: Platform, end_ms: int, days: int, minutes: int) -> None:
    """Let couriers send for some minutes of each of some days before, the earliest first."""
    for back in range(days, 0, -1):
        platform.live_until(end_ms - back * DAY_MS, minutes + back % 3 * 4, seed=50 + back)


def decide_most(platform: Platform, share: float = 0.85, seed: int = 4) -> None:
    """Let people decide on a share of what is open."""
    draw = Random(seed)
    for document in documents(platform):
        if draw.random() < share:
            right = draw.random() < CONFIRMED[document["lane"]]
            decide(platform, document, "procedure_not_kept" if right else "false_alarm")


def documents(platform: Platform, over: int = 0) -> Sequence[dict[str, Any]]:
    """Give the newest referral of each alert that is open."""
    query = select(referrals.c.document).where(referrals.c.over == over).order_by(referrals.c.alert_id)
    with platform.database.reading() as connection:
        return [msgspec.json.decode(unpacked(one)) for one in connection.execute(query).scalars()]


def decide(platform: Platform, document: dict[str, Any], outcome: str) -> None:
    """Let a referral come to an end."""
    ended = {**document, "revision": document["revision"] + 1, "state": "decided", "outcome": outcome, "due_by": None}
    platform.publish(platform.topics.referrals, document["alert_id"], ended)
