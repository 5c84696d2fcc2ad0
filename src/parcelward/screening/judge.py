"""From the feature rows of a batch to verdicts and alerts: rules, model, revisions, and the alerts' text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from zlib import crc32

import msgspec
from msgspec import structs

from parcelward import counts
from parcelward.alerts.alert import MODEL_RULE, alert_send, build_alert, model_finding
from parcelward.alerts.snapshot import take_snapshot, with_snapshot
from parcelward.alerts.verdict import AlertRecord, Verdict, judge, revise, silent_record
from parcelward.contract.alerts import Action, Contribution, Lane, Score, Severity
from parcelward.features.table import Row
from parcelward.rules import Hit, RulePack, finding_of, severity_and_action
from parcelward.screening.outlet_state import OutletState
from parcelward.shipments.shipment import Shipment, ShipmentBrief, decode_hop, decode_shipment
from parcelward.stage import Outcome, SourceRecord
from parcelward.topics import Topics

NO_MODEL = 2.0
"""Threshold without a model: above every score."""


class Model(Protocol):
    """Risk model, as far as the outlets stage needs it."""

    version: str
    threshold: float

    def score(self, rows: Sequence[Row]) -> Sequence[float]: ...
    def explain(self, rows: Sequence[Row], top: int = 5) -> Sequence[tuple[Contribution, ...]]: ...


@dataclass(frozen=True)
class Judgement:
    """Everything that judges: rule pack, model, and the share of clean parcels that is sampled."""

    pack: RulePack
    model: Model | None
    sampled_share: float


class Measured(msgspec.Struct, gc=False):
    """One shipment's pass on its way to a verdict: the record it came in, and its features.

    The shipment itself is let go: few have anything said about them, and only those are decoded again, as a whole.
    Keeping all of a block alive costs more than that, in memory that has left the processor's caches when it is needed.
    """

    record: SourceRecord
    row: Row
    key: bytes
    notable: bool
    """It is entered even if nothing is found: it is contested, or drawn for a check."""
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
            self.row = with_snapshot(self.shipment(), self.row, self.known.snapshot)


class Revised(NamedTuple):
    """One shipment whose alert is raised or revised: the record is the new one."""

    shipment: Shipment
    row: Row
    hits: Sequence[Hit]
    score: float
    record: AlertRecord


class Judge:
    """Judges what was measured. No memory of its own."""

    def __init__(self, judgement: Judgement, topics: Topics) -> None:
        model = judgement.model
        self._pack, self._model = judgement.pack, model
        self._threshold = NO_MODEL if model is None else model.threshold
        self._topics = topics
        self._drawn_below = judgement.sampled_share * 0x1_0000_0000

    def verdicts(self, block: Sequence[Measured], outlet_state: OutletState, outcome: Outcome) -> list[Revised]:
        """Judge a block; returns the alerts that say something new, in the block's order.

        Alert records go into `outlet_state`, counts into `outcome`.
        """
        outcome.counts[(counts.SCREENED,)] += len(block)
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
                said = self._enter(one, hits, float(score), outlet_state, outcome)
                if said is not None:
                    revised.append(said)
        return revised

    def _scores(self, rows: Sequence[Row]) -> Sequence[float]:
        return [0.0] * len(rows) if self._model is None else self._model.score(rows)

    def _enter(
        self, one: Measured, hits: Sequence[Hit], score: float, outlet_state: OutletState, outcome: Outcome
    ) -> Revised | None:
        """Enter a pass into the alert's record; returns it if the alert says something new."""
        shipment, known = one.shipment(), one.known
        if known is not None and shipment.passes < known.passes:
            return None  # a newer pass of this waybill came first, by another partition of the senders
        for hit in hits:
            if hit.error is not None:
                outcome.counts[counts.RULE_ERROR, hit.rule.id] += 1
        verdict = self._verdict(hits, score)
        if verdict.lane is None and self._sampled(shipment) and (known is None or not known.revision):
            verdict = Verdict(Lane.GREEN_SAMPLED, Action.REINSPECT, verdict.rules)
            outcome.counts[(counts.SAMPLED,)] += 1
        revision = revise(known, verdict, shipment.touched_ms)
        record = revision or known
        if record is None:
            if not _contested(shipment):
                return None
            record = silent_record(shipment.touched_ms)
        # Touch it at each pass, as the ledger is touched. If it expired before the ledger, the same alert would be
        # raised again. `one.row` holds the values of an earlier snapshot already, so this one keeps them.
        record = structs.replace(
            record,
            touched_ms=shipment.touched_ms,
            passes=shipment.passes,
            snapshot=take_snapshot(shipment, one.row),
        )
        outlet_state.change_alert(one.key, record)
        if revision is None:
            return None
        for rule in set(record.verdict.rules).difference(() if known is None else known.verdict.rules):
            outcome.counts[counts.FINDING, rule] += 1
        return Revised(shipment, one.row, hits, score, record)

    def _verdict(self, hits: Sequence[Hit], score: float) -> Verdict:
        """Judge by the rules and the model."""
        found = [(hit.rule.id, *severity_and_action(hit)) for hit in hits]
        if score >= self._threshold:
            found.append((MODEL_RULE, Severity.MEDIUM, Action.REINSPECT))
        return judge(found)

    def say(self, revised: Sequence[Revised], outcome: Outcome) -> None:
        """Write the alerts of a batch; the model explains all of them at once."""
        for one, score in zip(revised, self._explained(revised), strict=True):
            findings = [finding_of(hit, one.row) for hit in one.hits]
            if score is not None and one.score >= self._threshold:
                findings.append(model_finding(score))
            alert = build_alert(one.shipment, one.record, findings, score, self._pack, self._topics)
            outcome.sends.append(alert_send(alert, self._topics))
            outcome.alert_arrivals.append(one.shipment.touched_ms)
            outcome.counts[counts.ALERT, alert.lane.value, alert.state.value] += 1

    def _explained(self, revised: Sequence[Revised]) -> Sequence[Score | None]:
        """The score of each as its alert shows it; None without a model."""
        model = self._model
        if model is None or not revised:
            return [None] * len(revised)
        explained = model.explain([one.row for one in revised])
        return [
            Score(value=one.score, threshold=model.threshold, model_version=model.version, contributions=contributions)
            for one, contributions in zip(revised, explained, strict=True)
        ]

    def is_notable(self, shipment: ShipmentBrief) -> bool:
        """Tell whether a pass is entered even if nothing is found."""
        return _contested(shipment) or self._sampled(shipment)

    def _sampled(self, shipment: ShipmentBrief) -> bool:
        """Draw a fixed random share of complete parcels, by waybill: the same after a replay."""
        if shipment.real_name is None or shipment.inspection is None:
            return False
        return crc32(f"sample/{shipment.courier}/{shipment.waybill}".encode()) < self._drawn_below


def _contested(shipment: ShipmentBrief) -> bool:
    """True when a pass may overtake another: then even a clean verdict is remembered."""
    return shipment.corrections > 0 or shipment.conflicts > 0
