"""The life of one alert, read back: its steps, what people said, what the courier was told and answered."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from pydantic import ValidationError

from parcelward.cluster.search import Search
from parcelward.contract.decisions import Decision
from parcelward.contract.referrals import Referral
from parcelward.contract.steps import Role, StepKind, StepReason
from parcelward.moments import utc
from parcelward.settings import Settings
from parcelward.stage import SourceRecord


class Entry(NamedTuple):
    """One line of a history: when, and what."""

    at: datetime
    says: str


class Decided(NamedTuple):
    """A decision on an alert as it lies in the log, by the id of its event; the reason if it was refused."""

    event_id: str
    at: datetime
    decision: Decision
    refused: str | None = None

    @property
    def step(self) -> StepKind:
        """The step that was to be taken."""
        return StepKind(self.decision.decision.kind)

    @property
    def leads_to(self) -> tuple[int, StepKind, str]:
        """The revision, the step and the person of the state that it leads to, if it is taken."""
        return self.decision.revision + 1, self.step, self.decision.decided_by.token


def read_history(settings: Settings, alert_id: str) -> list[Entry]:
    """Read the life of an alert as far as the topics that the platform reads still have it.

    `referrals` is compacted, so steps of long ago may be missing; what people decided stays on `decisions` for 90 days.
    Raises UserError.
    """
    topics = settings.topics
    with Search(settings, [alert_id.encode()]) as search:

        def find(topic: str) -> list[SourceRecord]:
            return search.find(topic, range(search.partitions(topic)))

        states = states_in(find(topics.referrals), alert_id)
        decided = decided_in(find(topics.decisions), find(topics.refused_decisions), alert_id)
    return history(states, decided)


def states_in(records: Iterable[SourceRecord], alert_id: str) -> list[Referral]:
    """Give the states of an alert that are still there, by revision."""
    read = (Referral.model_validate_json(one.value) for one in records if one.value is not None)
    return sorted((one for one in read if one.alert_id == alert_id), key=lambda one: one.revision)


def decided_in(sent: Iterable[SourceRecord], refused: Iterable[SourceRecord], alert_id: str) -> list[Decided]:
    """Give the decisions on an alert, each once: the worker may have moved one to another partition."""
    reasons: dict[str, str] = {}
    for record in refused:
        reason = dict(record.headers or ()).get("pw_reason", b"").decode()
        if (event := _decision_in(record)) is not None and reason != StepReason.DOUBLED:
            reasons[event[0]] = reason
    found: dict[str, Decided] = {}
    for record in sent:
        event = _decision_in(record)
        if event is not None and getattr(event[1].about, "alert_id", None) == alert_id:
            found.setdefault(event[0], Decided(event[0], utc(record.timestamp), event[1], reasons.get(event[0])))
    return sorted(found.values(), key=lambda one: one.at)


def _decision_in(record: SourceRecord) -> tuple[str, Decision] | None:
    """The id of the event and the decision in it, in structured or in binary mode; None if it is none."""
    try:
        body: Any = json.loads(record.value or b"")
        if "specversion" in body:
            return str(body["id"]), Decision.model_validate_json(json.dumps(body["data"]))
        event_id = dict(record.headers or ())["ce_id"].decode()
        return event_id, Decision.model_validate_json(json.dumps(body))
    except (ValueError, ValidationError, LookupError, TypeError):
        return None


def history(states: Sequence[Referral], decided: Sequence[Decided]) -> list[Entry]:
    """Put together states and decisions: what a person said stands beside the step that it led to."""
    taken = {one.leads_to: one for one in decided if one.refused is None and one.step is not StepKind.COMMENT}
    entries, shown, before = [], set(), None
    for now in states:
        by = None if now.step is None or now.person is None else taken.get((now.revision, now.step, now.person))
        if by is not None:
            shown.add(by.event_id)
        entries.append(Entry(now.at, "; ".join(_state_says(before, now, by))))
        before = now
    newest = states[-1].revision if states else 0
    entries += [Entry(one.at, _decision_says(one, newest)) for one in decided if one.event_id not in shown]
    return sorted(entries, key=lambda one: one.at)


def _state_says(before: Referral | None, now: Referral, decided: Decided | None) -> Iterator[str]:
    who = _who(now.by, now.person)
    step = "raised" if now.revision == 1 else "taken up" if now.step is None else f"{now.step.value} by {who}"
    yield f"{now.revision}. {step} -> {now.state.value}"
    if decided is not None and (said := _said(decided.decision)):
        yield said
    elif now.outcome is not None and (before is None or before.outcome is not now.outcome):
        yield f"outcome {now.outcome.value}"
    if now.level > (0 if before is None else before.level):
        yield f"passed up {now.level}x"
    if now.answer is not None and (before is None or before.answer != now.answer):
        parts = now.answer.model_dump(mode="json", exclude_none=True, exclude={"at"})
        yield "the courier answers: " + ", ".join(f"{name} {value}" for name, value in parts.items())
    if now.asked is not None and (before is None or before.asked is None or before.asked.action != now.asked.action):
        yield f"the courier is told: {now.asked.action.value}"
    elif before is not None and now.asked is None and (before.asked is not None or before.held):
        yield "the courier is told: release"
    if now.held is not (before is not None and before.held):
        yield "the parcel is held" if now.held else "the parcel may go"


def _decision_says(one: Decided, newest: int) -> str:
    by = one.decision.decided_by
    says = f"{one.step.value} by {_who(Role(by.role), by.token)}"
    if said := _said(one.decision):
        says += f"; {said}"
    if one.refused is not None:
        return f"{says}; refused ({one.refused})"
    if one.step is not StepKind.COMMENT and one.decision.revision >= newest:
        return f"{says}; no worker has taken it yet"
    return says


def _said(decision: Decision) -> str:
    fields = decision.decision.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    said = [f"{name} {value}" for name, value in fields.items() if name != "kind"]
    return ", ".join([*said, f"on case {decision.of_case}"] if decision.of_case else said)


def _who(role: Role, person: str | None) -> str:
    return role.value if person is None else f"{role.value} {person}"


def standing(one: Referral, zone: tzinfo | None) -> str:
    """Say in a line where an alert stands."""
    said = [one.state.value, "held" if one.held else "not held"]
    said.append(f"with {one.assigned_to}" if one.assigned_to else "nobody has it")
    if one.asked is not None:
        said.append(f"the courier was told {one.asked.action.value}")
    if one.answer is not None:
        said.append(f"it answered {one.answer.result.value}")
    if one.outcome is not None:
        said.append(f"outcome {one.outcome.value}")
    if one.level:
        said.append(f"passed up {one.level}x")
    if one.due_by is not None:
        said.append(f"next step due {one.due_by.astimezone(zone):%m-%d %H:%M:%S}")
    return ", ".join(said)


def history_lines(one: Referral, entries: Iterable[Entry], zone: tzinfo | None) -> Iterator[str]:
    """Write an alert and its history, the oldest first."""
    yield f"{one.alert_id}  {one.courier}/{one.outlet} {one.waybill}  {one.lane.value} {' '.join(one.rules)}".rstrip()
    yield f"stands: {standing(one, zone)}"
    yield from (f"{entry.at.astimezone(zone):%m-%d %H:%M:%S}  {entry.says}" for entry in entries)
