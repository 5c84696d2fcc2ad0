"""The stages of the product as the engine runs them."""

from functools import partial

from parcelward.flow import FLOW, SCREENING, FlowStage
from parcelward.screening.aside import set_aside
from parcelward.screening.build import Stages
from parcelward.settings import Settings
from streams.engine.partition import StagePlan


def screening_plans(settings: Settings, stages: Stages) -> list[StagePlan]:
    """A plan for every stage of the flow: its topics, and if they are of strangers or of our own stages.

    A poisoned record of a courier or of the platform is set aside for whoever sent it. One of our own stages stops the
    worker: it is our fault, it must not be lost, and there is nobody else to hand it to. The worker then stops at the
    same record after every start, loudly, until a corrected version runs.
    """
    return [_plan(stage, settings, stages) for stage in FLOW]


def _plan(stage: FlowStage, settings: Settings, stages: Stages) -> StagePlan:
    topics, make = settings.topics, stages.make[stage.name]
    return StagePlan(
        stage.name,
        topics.sources(stage, settings.couriers),
        lambda partition: make(settings.partitions),
        ticks=not stage.fed,
        fed=stage.fed,
        to_alert=stage in SCREENING,
        set_aside=None if stage.fed else partial(set_aside, topics),
        poison_share=settings.poison_share,
    )
