"""Sends decisions to the worker, and looks in the store what became of them.

The id of a decision is made with the form that asks for it: pressed twice, or sent again after a crash, it is one and
the same, and the worker counts it once.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Self
from uuid import UUID, uuid5

from parcelward.console.people.accounts import Account
from parcelward.console.store.alert_page import Fate, decision
from parcelward.console.store.case_desk import CaseLine
from parcelward.console.store.database import Database
from parcelward.console.store.lines import Line
from parcelward.console_counts import DECISIONS, NOT_TAKEN, REFUSED, SENT
from parcelward.contract.steps import StepKind
from parcelward.desk.letters import CONSOLE, Sender, decision_event
from parcelward.errors import UserError
from parcelward.metrics import Metrics
from parcelward.moments import CHINA, utc
from parcelward.settings import Settings
from parcelward.topics import Topics

LOOK_EVERY_S = 0.05
PATIENCE_S = 2.0
"""How long a page waits for the effect before it is shown without it; the worker commits several times a second."""
QUIET_S = 0.7
"""How long a refusal is waited for where nothing tells that a decision has counted."""


class NotSentError(UserError):
    """A decision that no broker has taken: it can be sent again."""


class Letterbox(Protocol):
    """Takes letters for the worker."""

    def send(self, topic: str, key: str, event: dict[str, Any]) -> None:
        """Send one. Raises UserError if it could not be sent."""
        ...


class KafkaLetterbox:
    """Posts to Kafka; connects with the first letter, so that pages can be read while no broker answers."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._lock = settings, threading.Lock()
        self._sender: Sender | None = None

    def send(self, topic: str, key: str, event: dict[str, Any]) -> None:
        """Send one. Raises UserError if no broker has taken it."""
        with self._lock:
            if self._sender is None:
                self._sender = Sender(self._settings)
        self._sender.send(topic, key, event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        if self._sender is not None:
            self._sender.__exit__(*details)


class Desk:
    """Takes decisions of people, one for each form that was shown."""

    def __init__(
        self, database: Database, topics: Topics, letterbox: Letterbox, now_ms: Callable[[], int], metrics: Metrics
    ) -> None:
        self._database, self._topics, self._letterbox, self._now_ms = database, topics, letterbox, now_ms
        self._metrics = metrics

    def decide(self, form_id: UUID, account: Account, about: Line | CaseLine, revision: int, chosen: Any) -> str:
        """Send a decision on an alert or a case as it was seen at a revision; gives its id.

        One that the store knows already is not sent again. Raises UserError for one that breaks the contract, and
        NotSentError if it could not be sent.
        """
        _, key, said = _about(about)
        event_id = self.event_id(form_id, about)
        role = account.role.decides_as
        if role is None:
            raise UserError(f"the role {account.role} decides nothing")
        at = utc(self._now_ms()).astimezone(CHINA)
        event = decision_event(said, revision, role.value, account.token, chosen, CONSOLE, event_id, at)
        if decision(self._database, event_id).state == "unknown":
            self._send(key, event)
        return event_id

    def event_id(self, form_id: UUID, about: Line | CaseLine) -> str:
        """Give the id of a form's decision: of several that it was sent about, each has its own."""
        return str(uuid5(form_id, _about(about)[0]))

    def _send(self, key: str, event: dict[str, Any]) -> None:
        try:
            self._letterbox.send(self._topics.decisions, key, event)
        except UserError as error:
            self._metrics.add(DECISIONS, NOT_TAKEN)
            raise NotSentError(str(error)) from None
        self._metrics.add(DECISIONS, SENT)

    def fate(self, event_id: str) -> Fate:
        """Tell what became of a decision, as far as the topics say."""
        return decision(self._database, event_id)

    def await_fates(
        self, sent: Sequence[str], quiet: bool, waiting: Callable[[float], None] = time.sleep
    ) -> list[Fate]:
        """Wait until the topics say what became of decisions, and not for long.

        Nothing tells that a `quiet` one has counted: it has if it is on its topic and is not refused in a while.
        """
        until = time.monotonic() + (QUIET_S if quiet else PATIENCE_S)
        fates: dict[str, Fate] = {}
        while True:
            fates |= {one: self.fate(one) for one in sent if one not in fates or not is_known(fates[one])}
            if all(map(is_known, fates.values())) or time.monotonic() > until:
                refused = sum(fate.state == "refused" for fate in fates.values())
                self._metrics.add(DECISIONS, REFUSED, by=refused)
                return [fates[one] for one in sent]
            waiting(LOOK_EVERY_S)


def is_known(fate: Fate) -> bool:
    """Tell whether it is known what became of a decision."""
    return fate.state in ("counted", "refused")


def is_quiet(about: Line | CaseLine, chosen: Mapping[str, Any]) -> bool:
    """Tell whether nothing tells that a decision has counted: a note changes nothing, a case does not say who did."""
    return isinstance(about, CaseLine) or chosen["kind"] == StepKind.COMMENT


def _about(one: Line | CaseLine) -> tuple[str, str, dict[str, str]]:
    """Give id, Kafka key and how the contract names it."""
    if isinstance(one, Line):
        said = {"kind": "alert", "alert_id": one.alert_id, "courier": one.courier, "waybill": one.waybill}
        return one.alert_id, one.waybill, said
    return one.case_id, one.subject, {"kind": "case", "case_id": one.case_id, "subject": one.subject}
