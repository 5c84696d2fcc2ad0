"""Stages that pass on what they get, for tests of what happens between stages."""

from collections.abc import Mapping

from parcelward.settings import Settings
from parcelward.stage import Batch, Outcome, Send
from streams.engine.partition import StagePlan


class Passing:
    """Counts each value per key in its state, and sends it on once for each of these topics."""

    def __init__(self, *to: str, poison: bytes | None = None) -> None:
        self.to = to
        self.poison = poison
        self.committed = 0

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Nothing of its own."""

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Count and send on; what came to a topic of ours goes to the one after it."""
        outcome = Outcome()
        for record in batch.records:
            if record.value == self.poison:
                raise LookupError
            assert record.key is not None
            assert record.value is not None
            before = outcome.updates.get(record.key) or state.get(record.key) or b""
            outcome.updates[record.key] = before + record.value
            seen = before.count(record.value)
            if seen < len(self.to):
                outcome.sends.append(Send(self.to[seen], record.key, record.value))
        return outcome

    def commit(self, batch: Batch, outcome: Outcome) -> None:
        """Counts."""
        self.committed += len(batch.records)


def passing_plans(settings: Settings) -> list[StagePlan]:
    """From intake to senders, there once to themselves and then to outlets, and from there to the alerts.

    The last ones fail on `poison`.
    """
    topics = settings.topics
    senders, outlets = topics.passes
    intake = tuple(topics.intake(courier) for courier in settings.couriers)
    return [
        StagePlan("duties", intake, lambda _: Passing(senders), ticks=True),
        StagePlan("senders", (senders,), lambda _: Passing(senders, outlets), fed=True),
        StagePlan("outlets", (outlets,), lambda _: Passing(topics.alerts, poison=b"poison"), fed=True),
    ]
