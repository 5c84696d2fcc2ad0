"""The stages of the product as the engine runs them."""

from functools import partial

from parcelward.flow import FLOW, FlowStage
from parcelward.intake.refusal import set_aside
from parcelward.screening.build import Stages
from parcelward.settings import Settings
from streams.engine.partition import StagePlan


def screening_plans(settings: Settings, stages: Stages) -> list[StagePlan]:
    """A plan for every stage of the flow: the first reads all intake topics, each later one its own topic.

    A poisoned intake record is set aside for its courier. One between our own stages stops the worker: it is our fault,
    it must not be lost, and there is nobody else to hand it to. The worker then stops at the same record after every
    start, loudly, until a corrected version runs.
    """
    return [_plan(stage, settings, stages) for stage in FLOW]


def _plan(stage: FlowStage, settings: Settings, stages: Stages) -> StagePlan:
    topics, make = settings.topics, stages.make[stage.name]
    sources = topics.sources(stage, settings.couriers)
    if not stage.reads_intake:
        return StagePlan(stage.name, sources, lambda partition: make(settings.partitions), fed=True)
    return StagePlan(
        stage.name,
        sources,
        lambda partition: make(settings.partitions),
        ticks=True,
        set_aside=partial(set_aside, topics),
        poison_share=settings.poison_share,
    )
