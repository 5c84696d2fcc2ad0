"""The one list of stages: everything that goes by stage agrees with it."""

from collections import defaultdict

import pytest

from parcelward.flow import FLOW
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline
from parcelward.settings import Settings
from parcelward.stage import Batch, Record
from streams.stages import screening_plans
from tests.builders import T0, real_name, record, settings
from tests.courier_traffic import COURIERS, traffic

SETTINGS = settings(couriers=COURIERS)
STAGES = build_stages(SETTINGS)
TOPICS = SETTINGS.topics


def test_every_stage_of_the_flow_can_be_built_and_no_other() -> None:
    assert STAGES.make.keys() == {stage.name for stage in FLOW}


def test_the_names_of_topics_and_changelogs_stay() -> None:
    """A worker reads what an earlier version wrote."""
    assert TOPICS.between == ("screening.senders", "screening.outlets", "screening.cases")
    assert TOPICS.passes == ("screening.senders", "screening.outlets")
    assert [TOPICS.changelog(stage.name) for stage in FLOW] == [
        "screening-duties-changelog",
        "screening-senders-changelog",
        "screening-outlets-changelog",
        "screening-referrals-changelog",
        "screening-cases-changelog",
    ]


def test_the_worker_runs_the_stages_over_their_topics() -> None:
    plans = {plan.name: plan for plan in screening_plans(Settings(couriers=COURIERS), STAGES)}
    assert {name: (plan.topics, plan.ticks, plan.fed) for name, plan in plans.items()} == {
        "duties": (("intake.swift", "intake.orient"), True, False),
        "senders": (("screening.senders",), False, True),
        "outlets": (("screening.outlets",), False, True),
        "referrals": (("alerts", "answers.swift", "answers.orient", "decisions"), True, False),
        "cases": (("screening.cases",), False, True),
    }


def test_what_comes_after_an_alert_does_not_count_on_the_way_to_it() -> None:
    """Or a worker with some of the partitions would commit five times in the time of three."""
    plans = screening_plans(Settings(couriers=COURIERS), STAGES)
    assert [plan.name for plan in plans if plan.to_alert] == ["duties", "senders", "outlets"]


class Log:
    """Notes what is sent to each topic, and lets it pass."""

    def __init__(self) -> None:
        self.sent: defaultdict[str, list[Record]] = defaultdict(list)

    def release(self, topic: str, partition: int, sent: list[Record]) -> list[Record]:
        self.sent[topic] += sent
        return sent


def test_a_stage_sends_to_those_that_it_feeds_and_to_no_other() -> None:
    by_agreement = real_name("SF0000000000099", sender={"kind": "agreement", "agreement_id": "A1"})
    log, records = Log(), [*traffic(1, 40, partitions=1), record(by_agreement)]
    alerts = Pipeline(STAGES, TOPICS, order=log).feed(records).alerts  # type: ignore[arg-type]  # lists are sequences
    heard = [Record(TOPICS.alerts, 0, number, T0, *send[1:]) for number, send in enumerate(alerts)]
    sources = {topic: stage.name for stage in FLOW for topic in TOPICS.sources(stage, COURIERS)}
    receivers = defaultdict(set)
    inputs = {"duties": records, "referrals": heard} | {sources[topic]: sent for topic, sent in log.sent.items()}
    for name, sent in inputs.items():
        for send in STAGES.make[name](1).step(Batch(sent), {}).sends:
            receivers[sources.get(send.topic, "")].add(name)
    for one in filter(lambda stage: stage.fed, FLOW):
        assert receivers[one.name] == set(one.fed_by), one.name


@pytest.mark.parametrize("stage", FLOW, ids=lambda stage: stage.name)
def test_a_stage_is_fed_by_itself_or_by_those_before_it(stage) -> None:
    names = [one.name for one in FLOW]
    assert set(stage.fed_by) <= set(names[: names.index(stage.name) + 1])
