"""Letters to the worker: a decision of the platform, an answer of a courier; and what became of them."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from kafka import KafkaProducer
from kafka.errors import KafkaError
from pydantic import ValidationError

from parcelward.cluster.client import client_options
from parcelward.cluster.reader import TopicReader
from parcelward.cluster.waiting import Reading
from parcelward.contract.decisions import DECISION_TYPE, DecisionEvent
from parcelward.contract.instructions import ANSWER_TYPE, AnswerEvent
from parcelward.contract.steps import ReferralState, StepReason
from parcelward.errors import UserError
from parcelward.intake.refusal import problems_of
from parcelward.moments import CHINA
from parcelward.settings import Settings

SEND_S = 30.0
POLL_S = 0.2
AFTER_READING_S = 2.0


class RefusedError(UserError):
    """The worker refused a letter; `reason` is its code, `state` the present one, None where it is not known."""

    def __init__(self, reason: str, detail: str, state: ReferralState | None = None) -> None:
        super().__init__(f"refused ({reason}): {detail}")
        self.reason, self.detail, self.state = reason, detail, state


class Place(NamedTuple):
    """The place of a letter in the log."""

    topic: str
    partition: int
    offset: int


class Sender(AbstractContextManager["Sender"]):
    """Sends letters; a context manager."""

    def __init__(self, settings: Settings) -> None:
        """Connect. Raises UserError when no broker answers."""
        try:
            self._producer = KafkaProducer(**client_options(settings), acks="all", enable_idempotence=True)
        except KafkaError as error:
            raise UserError(f"no broker at {settings.kafka} answers ({type(error).__name__})") from None

    def send(self, topic: str, key: str, event: dict[str, Any]) -> Place:
        """Send a letter; gives its place once the brokers have it. Raises UserError when they do not take it."""
        value = json.dumps(event, ensure_ascii=False).encode()
        try:
            sent = self._producer.send(topic, key=key.encode(), value=value).get(SEND_S)
        except KafkaError as error:
            raise UserError(f"{topic} was not written ({type(error).__name__}: {error})") from None
        return Place(topic, sent.partition, sent.offset)

    def __exit__(self, *_: object) -> None:
        self._producer.close(timeout=5)


class Mailbox(AbstractContextManager["Mailbox"]):
    """Sends letters, and reads from now on what becomes of them; a context manager.

    `told` are the topics on which the effect of a letter is read, `refused` the one on which it comes back.
    """

    def __init__(self, settings: Settings, told: str | None, refused: str) -> None:
        """Connect. Raises UserError when no broker answers."""
        self._refused = refused
        self._settings = settings
        self._reader = TopicReader(settings, [refused, *([told] if told else [])], from_start=False)
        self._sender = Sender(settings)

    def send(self, topic: str, key: str, event: dict[str, Any]) -> Place:
        """Send a letter; gives its place once the brokers have it. Raises UserError when they do not take it."""
        return self._sender.send(topic, key, event)

    def await_refusal(self, event: dict[str, Any], patience_s: float) -> None:
        """Wait for a refusal alone, where nothing tells that a letter has counted. Raises RefusedError."""
        self.await_effect(event, lambda _value: False, patience_s)

    def await_effect(self, event: dict[str, Any], seen: Callable[[bytes], bool], patience_s: float) -> bool:
        """Wait until a record on `told` is what was waited for; False if none came. Raises RefusedError."""
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            for record in self._reader.poll(POLL_S):
                if record.topic == self._refused:
                    self._raise_if_ours(record, event["id"])
                elif record.value is not None and seen(record.value):
                    return True
        return False

    def await_reading(self, event: dict[str, Any], place: Place, patience_s: float) -> bool:
        """Wait until the workers have read a letter; False if none has. Raises RefusedError.

        Raises UserError where this user may not know it. A refusal is awaited a little longer: that of a case is
        written by a later stage.
        """
        until = time.monotonic() + patience_s
        with Reading(self._settings) as reading:
            while not reading.has_read(*place):
                if time.monotonic() > until:
                    return False
                self.await_refusal(event, POLL_S)
        self.await_refusal(event, AFTER_READING_S)
        return True

    def _raise_if_ours(self, record: Any, event_id: str) -> None:
        try:
            ours = json.loads(record.value or b"")["id"] == event_id
        except (ValueError, KeyError, TypeError):
            return
        if ours:
            headers = {name: value.decode(errors="replace") for name, value in record.headers}
            raise refusal_of(headers)

    def __exit__(self, *details: object) -> None:
        self._sender.__exit__(*details)
        self._reader.close()


CLI = "/platform/cli"
CONSOLE = "/platform/console"
"""Sources of decisions."""


def refusal_of(headers: Mapping[str, str]) -> RefusedError:
    """Read why a letter came back, by our headers; a reason of the table in docs/referrals.md in its own words.

    >>> str(refusal_of({"pw_reason": "reason_missing", "pw_detail": "assign what is acknowledged"}))
    'refused (reason_missing): Taking an alert from somebody else needs a reason.'
    """
    reason, detail = headers.get("pw_reason", "unknown"), headers.get("pw_detail", "")
    if reason in _MEANINGS:
        detail = f"{_MEANINGS[reason]} ({detail})" if reason in _WITH_DETAIL else _MEANINGS[reason]
    state = headers.get("pw_state")
    if state is not None:
        detail += f" It is {state} now, revision {headers.get('pw_revision', 'unknown')}"
        detail += f", {holder} has it." if (holder := headers.get("pw_assigned_to")) else "."
    return RefusedError(reason, detail, ReferralState(state) if state in list(ReferralState) else None)


_MEANINGS = {one.value: one.meaning for one in StepReason}
_WITH_DETAIL = (StepReason.STALE, StepReason.AHEAD)


def decision_event(
    about: dict[str, Any],
    revision: int,
    role: str,
    token: str,
    chosen: dict[str, Any],
    source: str = CLI,
    event_id: str | None = None,
    at: datetime | None = None,
) -> dict[str, Any]:
    """Write a decision as a CloudEvent; its id is a new one and its time is now unless they are given.

    Raises UserError naming what breaks the contract.
    """
    data = {"about": about, "revision": revision, "decided_by": {"role": role, "token": token}, "decision": chosen}
    return _checked(_event(DECISION_TYPE, source, data, event_id, at), DecisionEvent)


def answer_event(courier: str, data: dict[str, Any]) -> dict[str, Any]:
    """Write an answer as a CloudEvent. Raises UserError naming what breaks the contract."""
    return _checked(_event(ANSWER_TYPE, f"/couriers/{courier}/cli", data), AnswerEvent)


def _event(
    kind: str, source: str, data: dict[str, Any], event_id: str | None = None, at: datetime | None = None
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id or str(uuid4()),
        "source": source,
        "type": kind,
        "time": (at or datetime.now(CHINA)).isoformat(timespec="milliseconds"),
        "datacontenttype": "application/json",
        "data": data,
    }


def _checked(event: dict[str, Any], model: type[DecisionEvent] | type[AnswerEvent]) -> dict[str, Any]:
    try:
        model.model_validate_json(json.dumps(event))
    except ValidationError as error:
        raise UserError(problems_of(error, "", model).detail) from None
    return event
