"""The three stages of the product as the engine runs them."""

from functools import partial

from parcelward.intake.refusal import set_aside
from parcelward.screening.build import Stages
from parcelward.settings import Settings
from streams.engine.partition import StagePlan


def screening_plans(settings: Settings, stages: Stages) -> list[StagePlan]:
    """Duties over all intake topics, then senders, then outlets, each over its own topic.

    A poisoned intake record is set aside for its courier. One between our own stages stops the worker: it is our fault,
    it must not be lost, and there is nobody else to hand it to. The worker then stops at the same record after every
    start, loudly, until a corrected version runs.
    """
    topics = settings.topics
    return [
        StagePlan(
            "duties",
            tuple(topics.intake(courier) for courier in settings.couriers),
            lambda partition: stages.duties(),
            ticks=True,
            set_aside=partial(set_aside, topics),
            poison_share=settings.poison_share,
        ),
        StagePlan("senders", (topics.senders,), lambda partition: stages.senders(), fed=True),
        StagePlan("outlets", (topics.outlets,), lambda partition: stages.outlets(), fed=True),
    ]
