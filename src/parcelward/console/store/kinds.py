"""Kinds of topics that the console reads, and which topics are of one."""

from collections.abc import Mapping
from enum import StrEnum

from parcelward.settings import Settings


class Kind(StrEnum):
    """Kind of a topic. The order is that in which a batch is written: what others refer to comes first."""

    ALERTS = "alerts"
    REFERRALS = "referrals"
    CASES = "cases"
    INSTRUCTIONS = "instructions"
    ANSWERS = "answers"
    DECISIONS = "decisions"
    REFUSED = "refused.decisions"
    ACCOUNTS = "accounts"


COMPACTED = frozenset((Kind.REFERRALS, Kind.CASES, Kind.ACCOUNTS))
"""Their newest record of a key is the whole truth, and one without a value takes the row away."""


def topics_read(settings: Settings) -> Mapping[str, Kind]:
    """Every topic that the console reads, and its kind."""
    topics = settings.topics
    found = {
        topics.alerts: Kind.ALERTS,
        topics.referrals: Kind.REFERRALS,
        topics.cases: Kind.CASES,
        topics.decisions: Kind.DECISIONS,
        topics.refused_decisions: Kind.REFUSED,
    }
    for courier in settings.couriers:
        found[topics.instructions(courier)] = Kind.INSTRUCTIONS
        found[topics.answers(courier)] = Kind.ANSWERS
        found[topics.accounts(courier)] = Kind.ACCOUNTS
    return found
