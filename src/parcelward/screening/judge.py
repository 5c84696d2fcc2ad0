"""From the feature rows of a batch to verdicts and alerts: rules, model, revisions, and the alerts' text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from zlib import crc32

import msgspec
from msgspec import structs

from parcelward import counts
from parcelward.alerts.alert import History, alert_send, build_alert
from parcelward.alerts.changes import changes_between
from parcelward.alerts.counterparts import photo_counterpart, place_counterpart
from parcelward.alerts.facts import facts_of, found_so_far, no_longer_found
from parcelward.alerts.model_finding import SCORE, model_action, model_finding, plain_model_finding
from parcelward.alerts.next_step import next_step, parcel_state
from parcelward.alerts.profiles import shown_profiles
from parcelward.alerts.snapshot import Origins, origins_with, series_with, take_snapshot, with_snapshot
from parcelward.alerts.verdict import (
    MODEL_RULE,
    RELEASED_BELOW,
    AlertRecord,
    Verdict,
    judge,
    restepped,
    revise,
    silent_record,
)
from parcelward.cases.life import FIRST, Life
from parcelward.cases.news import news_of
from parcelward.contract.alerts import Action, Contribution, Finding, Lane, Score, Severity
from parcelward.contract.cards import Counterpart, Profile
from parcelward.controls import NO_CONTROLS, Applied, Controls
from parcelward.features.table import INDEX, Row
from parcelward.rules import Hit, RulePack, finding_of, rests_on, sendable, severity_and_action
from parcelward.screening.outlet_state import OutletState
from parcelward.shipments.deadlines import Deadlines
from parcelward.shipments.series import Series
from parcelward.shipments.shipment import (
    LETTER,
    Duty,
    Shipment,
    ShipmentBrief,
    Trigger,
    decode_hop,
    decode_shipment,
)
from parcelward.stage import Outcome, SourceRecord

NO_MODEL = 2.0
"""Threshold without a model: above every score."""


class Explained(Protocol):
    """Explanation of a score, as far as an alert shows it: what its log-odds are made of."""

    @property
    def contributions(self) -> tuple[Contribution, ...]: ...
    @property
    def baseline(self) -> float: ...
    @property
    def rest(self) -> float: ...


class Model(Protocol):
    """Risk model, as far as the outlets stage needs it."""

    version: str
    threshold: float

    def score(self, rows: Sequence[Row]) -> Sequence[float]: ...
    def explain(self, rows: Sequence[Row], top: int = 5) -> Sequence[Explained]: ...


@dataclass(frozen=True)
class Judgement:
    """Everything that judges: rules, model, the share sampled, control periods; `deadlines` are of the settings."""

    pack: RulePack
    model: Model | None
    sampled_share: float
    deadlines: Deadlines
    controls: Controls = NO_CONTROLS


class Measured(msgspec.Struct, gc=False):
    """One shipment's pass on its way to a verdict: the record it came in, and its features.

    The shipment itself is let go: few have anything said about them, and only those are decoded again, as a whole.
    Keeping all of a block alive costs more than that, in memory that has left the processor's caches when it is needed.
    """

    record: SourceRecord
    row: Row
    origins: Origins
    series: Sequence[Series]
    """Behind the counts on which its findings may rest."""
    key: bytes
    notable: bool
    """It is entered even if nothing is found: it is contested, or drawn for a check."""
    evidence_ms: int
    """Arrival of the event that led to this pass; 0 where a deadline did."""
    counter: ShipmentBrief | None = None
    """The shipment, if its counter waits for word about it."""
    known: AlertRecord | None = None
    _shipment: Shipment | None = None

    def shipment(self) -> Shipment:
        """Decode the whole shipment, once."""
        if self._shipment is None:
            self._shipment = decode_shipment(decode_hop(self.record.value or b"").shipment)
        return self._shipment

    def recall(self, outlet_state: OutletState) -> None:
        """Look up the alert of the waybill. If there is one, the values it froze replace those measured again."""
        self.known = outlet_state.alert(self.key)
        if self.known is not None:
            shipment, snapshot = self.shipment(), self.known.snapshot
            self.row = with_snapshot(shipment, self.row, snapshot)
            self.origins = origins_with(shipment, self.origins, snapshot)
            self.series = series_with(shipment, self.row, self.series, snapshot)


class Revised(NamedTuple):
    """One shipment whose alert is raised or revised: the record is the new one."""

    shipment: Shipment
    row: Row
    findings: Sequence[Finding]
    score: float
    record: AlertRecord
    explained: Explained | None
    """Why the model speaks; None where it does not, or where an alert of the rules is yet to be explained."""
    history: History
    counterparts: Sequence[Counterpart]
    applied: Applied
    profiles: Sequence[Profile]


class Judge:
    """Judges what was measured. No memory of its own."""

    def __init__(self, judgement: Judgement, life: Life) -> None:
        """`life`: gives the instruction that leaves with an alert."""
        model = judgement.model
        self._pack, self._model = judgement.pack, model
        self._threshold = NO_MODEL if model is None else model.threshold
        self._life, self._topics = life, life.topics
        self._controls, self._deadlines = judgement.controls, judgement.deadlines
        self._share = judgement.sampled_share
        self._largest_share = max(self._share, self._controls.largest_share)

    def verdicts(self, block: Sequence[Measured], outlet_state: OutletState, outcome: Outcome) -> list[Revised]:
        """Judge a block; returns the alerts that say something new, in the block's order.

        Alert records go into `outlet_state`, counts into `outcome`.
        """
        outcome.counts[(counts.SCREENED,)] += len(block)
        outcome.judged_arrivals += [one.evidence_ms for one in block if one.evidence_ms]
        for one in block:
            one.recall(outlet_state)
        scores = self._scores([one.row for one in block])
        if self._model is not None:
            outcome.counts.update(counts.score_counts(scores))
        evaluate, threshold, changed = self._pack.evaluate, self._threshold, outlet_state.alerts
        revised = []
        for one, score in zip(block, scores, strict=True):
            revised_in_this_block = changed.get(one.key, one.known) is not one.known
            if revised_in_this_block:
                one.recall(outlet_state)
                (score,) = self._scores([one.row])
            hits = evaluate(one.row)
            if hits or score >= threshold or one.known is not None or one.notable:
                new = self._judge(one, hits, float(score), outlet_state, outcome)
                if new is not None:
                    revised.append(new)
        return revised

    def _scores(self, rows: Sequence[Row]) -> Sequence[float]:
        return [0.0] * len(rows) if self._model is None else self._model.score(rows)

    def _judge(
        self, one: Measured, hits: Sequence[Hit], score: float, outlet_state: OutletState, outcome: Outcome
    ) -> Revised | None:
        """Judge one pass and enter it into the alert's record; returns it if the alert says something new."""
        shipment, known = one.shipment(), one.known
        if known is not None and shipment.passes < known.passes:
            return None  # a newer pass of this waybill came first, by another partition of the senders
        for hit in hits:
            if hit.error is not None:
                outcome.counts[counts.RULE_ERROR, hit.rule.id] += 1
        explained = self._why_the_model_speaks(one, score)
        applied = self._controls.applied(shipment, self._deadlines)
        revision = self._decide(one, hits, _action_of(explained), applied, outcome)
        record = revision or known or (silent_record(shipment.touched_ms) if _contested(shipment) else None)
        if record is None:
            return None
        # Touch it at each pass, as the ledger is touched. If it expired before the ledger, the same alert would be
        # raised again. `one.row` holds the values of an earlier snapshot already, so this one keeps them.
        record = structs.replace(
            record,
            touched_ms=shipment.touched_ms,
            passes=shipment.passes,
            snapshot=take_snapshot(shipment, one.row, one.origins, one.series),
        )
        new = None if revision is None else self._revised(one, hits, score, explained, record, applied)
        outlet_state.change_alert(one.key, record if new is None else new.record)
        if new is not None:
            for rule in set(new.record.verdict.rules).difference(() if known is None else known.verdict.rules):
                outcome.counts[counts.FINDING, rule] += 1
        return new

    def _decide(
        self, one: Measured, hits: Sequence[Hit], by_model: Action | None, applied: Applied, outcome: Outcome
    ) -> AlertRecord | None:
        """Decide on the pass; returns the alert's next revision if there is something new to say."""
        shipment, known = one.shipment(), one.known
        verdict = _verdict(hits, by_model, applied)
        drawn = _drawn(shipment, applied.sampled_share(self._share))
        if verdict.lane is None and drawn and (known is None or not known.revision):
            action = applied.action(Lane.GREEN_SAMPLED, Action.REINSPECT)
            verdict = Verdict(Lane.GREEN_SAMPLED, action, verdict.rules)
            outcome.counts[(counts.SAMPLED,)] += 1
        revision = revise(known, verdict, shipment.touched_ms)
        return revision or restepped(known, _step(shipment, known), shipment.touched_ms)

    def _revised(
        self,
        one: Measured,
        hits: Sequence[Hit],
        score: float,
        explained: Explained | None,
        record: AlertRecord,
        applied: Applied,
    ) -> Revised:
        """Put together a revision: what is found now, what was before, what changed, and the record of it."""
        shipment, known = one.shipment(), one.known or silent_record(0)
        findings, facts = [_finding_of(hit, one.row, applied) for hit in hits], facts_of(shipment)
        by_model, all_findings = _action_of(explained), list(findings)
        if by_model is not None:
            all_findings.append(plain_model_finding(score, self._threshold, by_model))
        rules_now = {finding.rule for finding in all_findings}
        gone = [each for each in known.found if each.rule in known.verdict.rules and each.rule not in rules_now]
        asked = {name for each in gone for name in each.values if name in INDEX}
        values = {name: sendable(one.row[INDEX[name]]) for name in asked} | {SCORE: score}
        history = History(
            changes_between(known.facts, facts, gone, values),
            no_longer_found(known.found, known.verdict.rules, all_findings),
        )
        record = structs.replace(
            record, step=_step(shipment, record), found=found_so_far(known.found, all_findings), facts=facts
        )
        counterparts = (*photo_counterpart(shipment, one.row, one.origins), *place_counterpart(one.origins, findings))
        profiles = shown_profiles(one.series, rests_on(hits, one.row))
        return Revised(shipment, one.row, findings, score, record, explained, history, counterparts, applied, profiles)

    def _why_the_model_speaks(self, one: Measured, score: float) -> Explained | None:
        """Explain the score where it is a finding, for what the model proposes depends on that; else None."""
        if self._model is None or not self._model_speaks(score, one.shipment(), one.known):
            return None
        return self._model.explain([one.row])[0]

    def _model_speaks(self, score: float, shipment: Shipment, known: AlertRecord | None) -> bool:
        """Tell whether the model's score is a finding.

        It speaks when both duties at the counter are done or overdue: before that a parcel looks unlike those that it
        has learnt from, and the alert would be cleared a second later. What it said stays until the score is well below
        the threshold.
        """
        spoke_before = known is not None and MODEL_RULE in known.verdict.rules
        if spoke_before:
            return score >= RELEASED_BELOW * self._threshold
        return score >= self._threshold and records_complete(shipment)

    def tell(self, revised: Sequence[Revised], outcome: Outcome) -> None:
        """Write the alerts of a batch; the model explains all those at once that it did not raise."""
        for one, score in zip(revised, self._shown_scores(revised), strict=True):
            findings = list(one.findings)
            if score is not None and one.explained is not None:
                findings.append(model_finding(score, model_action(score.contributions)))
            alert = build_alert(
                one.shipment,
                one.row,
                one.record,
                findings,
                score,
                self._pack,
                self._topics,
                one.history,
                one.counterparts,
                one.applied.controls(),
                one.applied.in_channel(Lane(str(one.record.verdict.lane))),
                one.profiles,
            )
            outcome.sends.append(alert_send(alert, self._topics))
            if alert.revision == FIRST and (told := self._life.first_instruction(news_of(alert))) is not None:
                outcome.sends.append(told)
            by_deadline = one.shipment.trigger == Trigger.OVERDUE
            (outcome.alert_dues if by_deadline else outcome.alert_arrivals).append(one.shipment.touched_ms)
            outcome.counts[counts.ALERT, alert.lane.value, alert.state.value] += 1

    def _shown_scores(self, revised: Sequence[Revised]) -> Sequence[Score | None]:
        """The score of each as its alert shows it; None without a model."""
        model = self._model
        if model is None or not revised:
            return [None] * len(revised)
        rest = iter(model.explain([one.row for one in revised if one.explained is None]))
        return [_score(model, one.score, one.explained or next(rest)) for one in revised]

    def may_proceed(self, before: AlertRecord | None, record: AlertRecord | None) -> bool:
        """Tell whether a counter may be told that nothing is to be done: there is no alert, or one that was raised just
        now and asks nothing. About one of before a person may have given an instruction by now.
        """
        if record is None or not record.revision:
            return True
        asks = record.verdict.lane == Lane.RED or self._life.times.instruct_yellow
        return (before is None or not before.revision) and record.revision == FIRST and not asks

    def is_notable(self, shipment: ShipmentBrief) -> bool:
        """Tell whether a pass is entered even if nothing is found."""
        return _contested(shipment) or _drawn(shipment, self._largest_share)


def _drawn(shipment: ShipmentBrief, share: float) -> bool:
    """Draw a fixed random share of complete parcels, by waybill: the same after a replay."""
    if shipment.real_name is None or shipment.inspection is None:
        return False
    return crc32(f"sample/{shipment.courier}/{shipment.waybill}".encode()) < share * 0x1_0000_0000


def _score(model: Model, score: float, explained: Explained) -> Score:
    return Score(
        value=score,
        threshold=model.threshold,
        model_version=model.version,
        contributions=explained.contributions,
        baseline=explained.baseline,
        rest=explained.rest,
    )


def _action_of(explained: Explained | None) -> Action | None:
    return None if explained is None else model_action(explained.contributions)


def records_complete(shipment: ShipmentBrief) -> bool:
    """Tell whether the counter's records are complete: each is known, not demanded, or overdue."""
    real_name, overdue = shipment.real_name, shipment.overdue
    registered = real_name is not None or bool(overdue & Duty.REAL_NAME)
    inspected = shipment.inspection is not None or bool(overdue & Duty.INSPECTION)
    return registered and (inspected or (real_name is not None and real_name.goods_nature == LETTER))


def _verdict(hits: Sequence[Hit], by_model: Action | None, applied: Applied) -> Verdict:
    """Judge by the rules and the model, as the control periods have it."""
    found = []
    for hit in hits:
        severity, action = severity_and_action(hit)
        found.append((hit.rule.id, severity if hit.error else applied.severity(hit.rule.id, severity), action))
    if by_model is not None:
        found.append((MODEL_RULE, Severity.MEDIUM, by_model))
    verdict = judge(found)
    return structs.replace(verdict, action=applied.action(verdict.lane, verdict.action))


def _finding_of(hit: Hit, row: Row, applied: Applied) -> Finding:
    """The finding of a hit, with what control periods have to do with it; a rule that failed says nothing of them."""
    finding = finding_of(hit, row)
    return finding if hit.error else applied.tell(finding)


def _step(shipment: Shipment, record: AlertRecord | None) -> str:
    """The action that is left of the record's, where the parcel is now; none without an action."""
    if record is None or record.verdict.action is None:
        return ""
    state = parcel_state(shipment, shipment.touched_ms)
    return next_step(state, Action(record.verdict.action)).action.value


def _contested(shipment: ShipmentBrief) -> bool:
    """True when a pass may overtake another: then even a clean verdict is remembered."""
    return shipment.corrections > 0 or shipment.conflicts > 0
