"""The check itself: all facts in, all flaws out, the most harmful first."""

from collections.abc import Iterator

from parcelward.errors import UserError
from parcelward.ground.facts import Facts
from parcelward.ground.flaw import Code, Flaw, Severity, in_order, stops
from parcelward.ground.plan import plan_topics
from parcelward.ground.positions import all_of_positions
from parcelward.ground.surroundings import all_around
from parcelward.ground.topics import all_of_topics
from parcelward.settings import Settings


def check_ground(settings: Settings, facts: Facts, *, running: bool = False) -> list[Flaw]:
    """Find all that does not fit. `running`: a worker is at work, whose deadlines wait while clocks are apart."""
    plans = plan_topics(settings)
    return in_order(
        [
            *keeps_too_little(settings),
            *all_of_topics(settings, plans, facts, running=running),
            *all_of_positions(settings, facts),
            *all_around(settings, plans, facts, running=running),
        ]
    )


def keeps_too_little(settings: Settings) -> Iterator[Flaw]:
    """Find that a waybill is forgotten while its events may still come again: they would count anew."""
    within = settings.max_event_age + settings.max_event_ahead
    if settings.ledger_keep <= within:
        yield Flaw(
            Code.SETTINGS,
            Severity.STOP,
            f"setting ledger_keep (environment PARCELWARD_LEDGER_KEEP) is {settings.ledger_keep}, not longer than "
            "max_event_age and max_event_ahead together, so an event that is sent again would count anew, with another "
            "alert id",
            f"set it to more than {within}",
        )


class GroundError(UserError):
    """A flaw because of which a worker must not work."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.sentence)
        self.flaw = flaw


def refuse(flaws: list[Flaw]) -> None:
    """Raise GroundError with the most harmful flaw that stops a worker, if there is one."""
    if stopping := stops(flaws):
        raise GroundError(stopping[0])
