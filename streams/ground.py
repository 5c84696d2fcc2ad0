"""Checks the ground of a worker before it starts and while it runs; stops it when a verdict would be wrong or lost."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from parcelward.cluster.ground import gather
from parcelward.counts import GROUND_CHECKED, GROUND_FLAWS
from parcelward.errors import UserError
from parcelward.ground.check import check_ground, refuse
from parcelward.ground.facts import Facts
from parcelward.ground.flaw import Code, Flaw
from parcelward.metrics import Metrics
from parcelward.settings import Settings
from streams.engine.broker_clock import BrokerClock

log = logging.getLogger(__name__)


class Ground:
    """The ground as it was last checked; `clock` is the brokers' time, `answers` whether Kafka answered at all."""

    def __init__(self, settings: Settings) -> None:
        """Check for the first time. Raises UserError, one sentence, if a worker must not start."""
        self._settings = settings
        self.clock = BrokerClock()
        self.answers = True
        self._said: frozenset[Flaw] = frozenset()
        self._missing: set[Flaw] = set()
        facts = gather(settings)
        # Without the topic of the clock: it may be made anew at any time.
        topics = [topic for topic in facts.topics.values() if topic.name != settings.topics.clock]
        self.topic_ids: Mapping[str, str] = {topic.name: topic.id for topic in topics}
        self.flaws = check_ground(settings, facts)
        self._note(facts)
        refuse(self.flaws)

    def check_again(self) -> None:
        """Check again. Raises UserError if Kafka does not answer; what was found before stays then."""
        try:
            facts = gather(self._settings, self.topic_ids)
        except Exception:
            self.answers = False
            raise
        self.answers = True
        found = check_ground(self._settings, facts, running=True)
        # A broker that is just starting may not know a topic yet: it is missing if two checks in a row say so.
        missing = {one for one in found if one.code is Code.TOPIC_MISSING}
        self.flaws = [one for one in found if one not in missing or one in self._missing]
        self._missing = missing
        self._note(facts)

    def _note(self, facts: Facts) -> None:
        """Log what is new, and set the clock."""
        for one in self.flaws:
            if one not in self._said:
                log.warning("the ground does not fit, %s: %s", one.code, one.sentence)
        self._said = frozenset(self.flaws)
        doubtful = any(one.code is Code.CLOCK for one in self.flaws)
        self.clock.set([clock.anchor_ms for clock in facts.clocks.values()], doubtful=doubtful)

    def report(self, metrics: Metrics) -> None:
        """Set the metrics: how many flaws of each kind, and when that was found out."""
        report_flaws(metrics, [one.code for one in self.flaws])
        metrics.set(GROUND_CHECKED, time.time())


def report_flaws(metrics: Metrics, found: Sequence[Code]) -> None:
    """Set how many flaws of each kind there are."""
    for code in Code:
        metrics.set(GROUND_FLAWS, found.count(code), code)


def watch(ground: Ground, metrics: Metrics, every_s: float, fail: Callable[[UserError], None]) -> threading.Event:
    """Check again and again, until the event that is returned is set; calls `fail` once, in the caller's loop.

    A thread of its own, because a broker that is away may take long to say so, and the worker's end does not wait.
    """
    loop, stopped = asyncio.get_running_loop(), threading.Event()

    def run() -> None:
        while not stopped.wait(every_s):
            try:
                ground.check_again()
            except UserError as error:  # metrics and /ready say that Kafka is away
                log.info("the ground was not checked: %s", str(error))
                continue
            except Exception as error:
                log.warning("the ground was not checked", exc_info=error)
                continue
            ground.report(metrics)
            try:
                refuse(ground.flaws)
            except UserError as error:
                if not stopped.is_set():
                    loop.call_soon_threadsafe(fail, error)
                return

    ground.report(metrics)
    threading.Thread(target=run, name="ground", daemon=True).start()
    return stopped
