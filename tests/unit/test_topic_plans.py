"""Topics are planned so that nothing acknowledged is lost with one broker."""

import pytest

from parcelward.settings import Settings
from parcelward.topic_admin import plan_topics


@pytest.mark.parametrize(("replication", "awaited"), [(1, "1"), (2, "1"), (3, "2"), (5, "4")])
def test_all_copies_but_one_are_awaited_and_what_lags_never_leads(replication: int, awaited: str) -> None:
    for plan in plan_topics(Settings(replication=replication)):
        assert plan.replication == replication
        assert plan.config["min.insync.replicas"] == awaited
        assert plan.config["unclean.leader.election.enable"] == "false"
