"""The stages in the order of the flow, what they read, and who sends to whom: the one list of them.

Everything else that goes by stage is derived from it: the topics between stages, changelogs, what the worker runs, the
pipeline in memory, replay and audit, and the values of the metric label `stage`.
"""

from enum import StrEnum
from typing import NamedTuple


class Source(StrEnum):
    """Kind of topics that a stage reads although no stage feeds it; the first and the third have one for a courier."""

    INTAKE = "intake"
    ALERTS = "alerts"
    ANSWERS = "answers"
    DECISIONS = "decisions"


class FlowStage(NamedTuple):
    """A stage: its name, the stages that send to it, itself included if it does, and what it reads otherwise.

    A stage that others feed has one topic of its own and reads nothing else.
    """

    name: str
    fed_by: tuple[str, ...] = ()
    reads: tuple[Source, ...] = ()

    @property
    def fed(self) -> bool:
        """True for a stage that other stages feed."""
        return bool(self.fed_by)

    @property
    def reads_intake(self) -> bool:
        """True for the stage that reads what the couriers sent."""
        return Source.INTAKE in self.reads


SCREENING = (
    FlowStage("duties", reads=(Source.INTAKE,)),
    FlowStage("senders", fed_by=("duties", "senders")),
    FlowStage("outlets", fed_by=("duties", "senders")),
)
"""A shipment passes some of these stages, in this order, on its way to an alert."""

FLOW = (
    *SCREENING,
    FlowStage("referrals", reads=(Source.ALERTS, Source.ANSWERS, Source.DECISIONS)),
    FlowStage("cases", fed_by=("referrals", "cases")),
)
"""Every stage; the last two lead an alert to its end. The names are those of topics and changelogs: they stay."""
