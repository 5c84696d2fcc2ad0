"""The stored state of one alert's further life, and what reaches it: answers, decisions. At most 1 KB encoded."""

from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import get_args

import msgspec

from parcelward.cases.subjects import Place
from parcelward.contract.decisions import (
    AboutAlert,
    Assign,
    Choice,
    Comment,
    Decision,
    Instruct,
    Outcome,
    Parcel,
    Snooze,
)
from parcelward.contract.instructions import Answer
from parcelward.contract.steps import ReferralState, StepKind
from parcelward.formats import reading
from parcelward.identity.free_text import hide_numbers
from parcelward.moments import ms_of, utc

MARKS_KEPT = 8
"""Answers and decisions that are recognised when they come again; an older one is refused by its revision."""
MARK_BYTES = 8
FOUND_KEPT = 40
"""Characters of the goods that the courier found."""
TEXT_KEPT = 60
"""Characters of what the courier wrote; the whole is on its topic of answers."""


class Replied(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A courier's last answer."""

    result: str
    at_ms: int
    photo: bytes = b""
    found_goods: str | None = None
    text: str | None = None
    asked_revision: int = 0  # of the instruction that it answers

    def says(self, hop: "AnswerHop") -> bool:
        """Tell whether an answer says the same."""
        return (self.result, self.photo, self.found_goods, self.text) == (
            hop.result,
            hop.photo,
            hop.found_goods,
            hop.text,
        )


class ReferralRecord(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="1"):
    """State of one alert. Times in epoch ms of arrival; 0 for a deadline that does not run."""

    touched_ms: int
    due_ms: int  # the earlier one of the next two
    people_due_ms: int
    answer_due_ms: int
    alert_id: str
    courier: str
    waybill: str
    outlet: str
    state: str
    revision: int
    level: int
    lane: str
    severity: str  # of the worst finding there ever was
    action: str
    rules: tuple[str, ...]  # bounded, the worst first; once nothing is found, those that were
    raised_ms: int
    alert_revision: int
    places: tuple[Place, ...] = ()  # the cases that it lies in, at most three
    held: bool = False
    asked: str | None = None  # the instruction that stands
    asked_revision: int = 0
    asked_by_person: bool = False
    parcel: str = "unknown"
    reminders: int = 0
    assigned_to: str | None = None
    replied: Replied | None = None
    outcome: str | None = None
    marks: bytes = b""  # of the last answers and decisions, newest last, bounded
    only_duties: bool = False  # all that was ever found are duties whose records were missing
    cleared: bool = False  # in the newest revision of the alert nothing is found

    @property
    def now(self) -> ReferralState:
        """The state, as a member of the table."""
        return ReferralState(self.state)

    @property
    def stays(self) -> bool:
        """True for what is never forgotten: nobody has looked at it, or it is held and nobody has said for good."""
        return self.now is ReferralState.EXPIRED or (self.held and self.outcome is None)

    def subject(self, place: Place) -> str:
        """Give the subject of one of its cases."""
        return place.subject(self.courier, self.outlet, self.waybill)


decode_referral = reading(ReferralRecord, "the state of an alert")
encode = msgspec.msgpack.Encoder().encode


class AnswerHop(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """As much of an answer as the alert needs. `mark` recognises it when it comes again."""

    mark: bytes
    alert_id: str
    revision: int
    courier: str
    waybill: str
    result: str
    photo: bytes = b""
    found_goods: str | None = None
    text: str | None = None


class DecisionHop(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """As much of a decision as the alert or the case needs.

    `of_case`: it was taken on that case, which passed it on to its alerts.
    """

    mark: bytes
    about: str  # id of the alert or the case
    key: str  # courier and waybill of the alert, or the subject of the case
    revision: int
    role: str
    by: str
    step: str
    words: str | None = None  # reason or note
    to: str | None = None
    action: str | None = None
    outcome: str | None = None
    keep: bool = False
    until_ms: int = 0
    of_case: str | None = None
    is_on_case: bool = False
    later_cases: bool = False


FIELDS_OF: Mapping[StepKind, Collection[str]] = {
    StepKind(model.model_fields["kind"].annotation.__args__[0]): model.model_fields.keys() for model in get_args(Choice)
}
"""Fields of each kind of decision."""


def mark_of(source: str, event_id: str) -> bytes:
    """Give the bytes by which an answer or a decision is known again: (source, id) identifies an event."""
    return blake2b(f"{source}\0{event_id}".encode(), digest_size=MARK_BYTES).digest()


def known_mark(marks: bytes, mark: bytes) -> bool:
    """Tell whether a mark is among those kept.

    >>> known_mark(b"aaaaaaaabbbbbbbb", b"bbbbbbbb"), known_mark(b"aaaaaaaabbbbbbbb", b"aaaabbbb")
    (True, False)
    """
    return any(marks[at : at + MARK_BYTES] == mark for at in range(0, len(marks), MARK_BYTES))


def referral_key(courier: str, waybill: str, alert_id: str) -> bytes:
    """State key of an alert; its first two parts are the Kafka key of what is about it."""
    return f"{courier}/{waybill}/{alert_id}".encode()


def answer_hop(mark: bytes, answer: Answer) -> AnswerHop:
    """Give what of an answer reaches the alert; personal values in what was found are blanked."""
    return AnswerHop(
        mark,
        answer.alert_id,
        answer.revision,
        answer.courier,
        answer.waybill,
        answer.result.value,
        bytes.fromhex(answer.photo_sha256 or ""),
        None if answer.found_goods is None else hide_numbers(answer.found_goods)[:FOUND_KEPT].strip() or None,
        None if answer.text is None else hide_numbers(answer.text)[:TEXT_KEPT].strip() or None,
    )


def decision_hop(mark: bytes, decision: Decision) -> DecisionHop:
    """Give what of a decision reaches the alert or the case."""
    about, chosen = decision.about, decision.decision
    if isinstance(about, AboutAlert):
        where, key = about.alert_id, f"{about.courier}/{about.waybill}"
    else:
        where, key = about.case_id, about.subject
    words = chosen.text if isinstance(chosen, Comment) else chosen.comment if isinstance(chosen, Outcome) else None
    words = words or getattr(chosen, "reason", None)
    return DecisionHop(
        mark,
        where,
        key,
        decision.revision,
        decision.decided_by.role,
        decision.decided_by.token,
        chosen.kind,
        words=None if words is None else hide_numbers(words),
        to=chosen.to if isinstance(chosen, Assign) else None,
        action=chosen.action.value if isinstance(chosen, Instruct) else None,
        outcome=chosen.outcome.value if isinstance(chosen, Outcome) else None,
        keep=isinstance(chosen, Outcome) and chosen.parcel is Parcel.KEEP,
        until_ms=ms_of(chosen.until) if isinstance(chosen, Snooze) else 0,
        of_case=decision.of_case,
        is_on_case=not isinstance(about, AboutAlert),
        later_cases=isinstance(chosen, Snooze) and chosen.later_cases,
    )


def decision_of(hop: DecisionHop, courier: str, waybill: str) -> Decision:
    """Give a decision on an alert as it stands on the topic of decisions."""
    chosen = {
        "kind": hop.step,
        "to": hop.to,
        "action": hop.action,
        "outcome": hop.outcome,
        "parcel": (Parcel.KEEP if hop.keep else Parcel.RELEASE).value,
        "until": utc(hop.until_ms).isoformat(),
        "reason": hop.words,
        "comment": hop.words,
        "text": hop.words,
    }
    fields = FIELDS_OF[StepKind(hop.step)]
    about = {"kind": "alert", "alert_id": hop.about, "courier": courier, "waybill": waybill}
    body = {
        "about": about,
        "revision": hop.revision,
        "decided_by": {"role": hop.role, "token": hop.by},
        "decision": {name: value for name, value in chosen.items() if name in fields},
        "of_case": hop.of_case,
    }
    return Decision.model_validate_json(msgspec.json.encode(body))
