"""The course of events: the parcel, the alert, people, the courier and the clock, on one line of time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from parcelward.alerts.terminal import Language, inspection_line
from parcelward.alerts.verdict import named
from parcelward.console.store.alert_page import AlertView, Decided, Step
from parcelward.console.web.chosen import choices_in, comment_in
from parcelward.console.web.documents import alert_in
from parcelward.console.web.rendering import as_ms, bilingual
from parcelward.console.web.words import word
from parcelward.contract.alerts import Alert
from parcelward.contract.steps import OVER, ReferralState, Role, StepKind

PEOPLE = frozenset((Role.ANALYST, Role.SUPERVISOR))
MOVERS = ("parcel", "alert", "courier", "people", "clock")
"""Movers, in the order in which they act upon a parcel; of two in one second the first stands first."""
OVERDUE = ("real_name_overdue", "inspection_overdue", "scan_overdue")
"""Features that say that a record did not come in time."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry: `kind` says who moved, `sign` what it is in a word, `future` that it is still to come."""

    at_ms: int
    kind: str
    sign: str
    text: str
    person: str | None = None
    details: tuple[str, ...] = ()
    future: bool = False


def course_of(view: AlertView, alert: Alert, language: Language) -> list[Happening]:
    """Give all that happened, in the order of time; last what is due."""
    found = [*_parcel(alert, language), *_revisions(view, language), *_steps(view, language), *_told(view, language)]
    found += [*_seen_on_its_way(view, language), *_notes(view, language)]
    found.sort(key=lambda one: (one.at_ms // 1000, MOVERS.index(one.kind), one.at_ms))
    line = view.line
    if line is not None and line.due_ms is not None and line.state not in OVER:
        found.append(Happening(line.due_ms, "clock", "due", word("course_due", language), future=True))
    return found


def _parcel(alert: Alert, language: Language) -> Iterator[Happening]:
    card = alert.card
    if card is None:
        return
    if card.accepted_at is not None:
        where = f"{alert.courier}/{alert.outlet}"
        text = word("course_accepted", language).format(where=where)
        yield Happening(as_ms(card.accepted_at), "parcel", "accepted", text)
    if card.inspection is not None:
        yield Happening(as_ms(card.inspection.at), "parcel", "inspected", inspection_line(card, language))


def _seen_on_its_way(view: AlertView, language: Language) -> Iterator[Happening]:
    """Security scans: of what a revision saw last, that which is neither the acceptance nor the inspection."""
    found = set()
    for one in view.revisions:
        card = alert_in(one.document).card
        if card is None or card.whereabouts.seen_at is None:
            continue
        begun = (card.accepted_at, None if card.inspection is None else card.inspection.at)
        if card.whereabouts.seen_at not in begun:
            found.add((as_ms(card.whereabouts.seen_at), card.whereabouts.site or ""))
    for at_ms, site in sorted(found):
        yield Happening(at_ms, "parcel", "scanned", word("course_scanned", language).format(where=site))


def _revisions(view: AlertView, language: Language) -> Iterator[Happening]:
    late: frozenset[str] = frozenset()
    for one in view.revisions:
        alert = alert_in(one.document)
        key = "course_raised" if one.revision == 1 else "course_revised"
        rules = ", ".join(bilingual(named(finding.rule), language) for finding in alert.findings) or word(
            "nothing_found", language
        )
        changes = tuple(bilingual(change.text, language) for change in alert.changes)
        text = word(key, language).format(revision=one.revision, rules=rules)
        at_ms, sign = as_ms(alert.raised_at), "raised" if one.revision == 1 else "revised"
        for name in (now_late := _overdue(alert)) - late:
            yield Happening(at_ms, "clock", "late", word(f"course_{name}", language))
        late = now_late
        yield Happening(at_ms, "alert", sign, text, details=changes)


def _overdue(alert: Alert) -> frozenset[str]:
    """Name the records that the findings of a revision miss."""
    return frozenset(name for name in OVERDUE if any(one.values.get(name) is True for one in alert.findings))


def _steps(view: AlertView, language: Language) -> Iterator[Happening]:
    decisions = [one for one in view.decisions if one.refused is None]
    for step in view.steps:
        if step.step is None or step.step in (StepKind.REVISE, StepKind.WORSEN, StepKind.WITHDRAW):
            continue  # a revision of the alert says it already
        if step.by in PEOPLE:
            made = _decision_of(step, decisions)
            details = () if made is None else tuple(_details(made.document, language))
            yield Happening(step.at_ms, "people", step.step, word(f"did_{step.step}", language), step.person, details)
        elif step.by != Role.COURIER:  # its answer stands in full below
            text = word(f"did_{step.step}", language)
            if step.state == ReferralState.ESCALATED:
                text += word("course_level", language).format(n=step.level)
            yield Happening(step.at_ms, "clock", step.step, text)


def _decision_of(step: Step, decisions: Iterable[Decided]) -> Decided | None:
    fitting = [
        one for one in decisions if one.kind == step.step and one.person == step.person and one.revision < step.revision
    ]
    return max(fitting, key=lambda one: one.revision, default=None)


def _details(document: dict[str, Any], language: Language) -> Iterator[str]:
    """Give what was chosen, in words: of an outcome what it was and what becomes of the parcel, and the comment."""
    chosen = document.get("data", document)["decision"]
    yield from choices_in(chosen, language)
    if comment := comment_in(chosen):
        yield f"“{comment}”"


def _told(view: AlertView, language: Language) -> Iterator[Happening]:
    for told in view.instructions:
        document = told.document
        text = word("course_told", language).format(action=word(f"instruction_{document['action']}", language))
        yield Happening(told.arrived_ms, "courier", "told", text, details=(document["task"][language],))
    for answered in view.answers:
        data = answered.document.get("data", answered.document)
        details = [f"“{data[name]}”" for name in ("found_goods", "text") if data.get(name)]
        text = word("course_answered", language).format(result=word(f"result_{data['result']}", language))
        yield Happening(answered.arrived_ms, "courier", "answered", text, details=tuple(details))


def _notes(view: AlertView, language: Language) -> Iterator[Happening]:
    """Comments, which make no step, and decisions that were refused."""
    for one in view.decisions:
        if one.refused is not None:
            reason = word(f"refused_{one.refused.reason}", language)
            text = word("course_not_taken", language).format(step=word(f"step_{one.kind}", language), reason=reason)
            yield Happening(one.arrived_ms, "people", "not_taken", text, one.person)
        elif one.kind == StepKind.COMMENT:
            details = tuple(_details(one.document, language))
            yield Happening(one.arrived_ms, "people", one.kind, word("did_comment", language), one.person, details)
