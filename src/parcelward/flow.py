"""The stages in the order of the flow, and who sends to whom: the one list of them.

Everything else that goes by stage is derived from it: the topics between stages, changelogs, what the worker runs, the
pipeline in memory, replay and audit, and the values of the metric label `stage`.
"""

from typing import NamedTuple


class FlowStage(NamedTuple):
    """A stage: its name, and the stages that send to it, itself included if it does.

    A stage that no other feeds reads what the couriers sent; any other has one topic of its own.
    """

    name: str
    fed_by: tuple[str, ...] = ()

    @property
    def reads_intake(self) -> bool:
        """True for a stage that reads what the couriers sent."""
        return not self.fed_by


FLOW = (
    FlowStage("duties"),
    FlowStage("senders", fed_by=("duties", "senders")),
    FlowStage("outlets", fed_by=("duties", "senders")),
)
"""A shipment passes some of these stages, in this order. The names are those of topics and changelogs: they stay."""
