"""From the feature rows of a batch to verdicts and alerts: rules, model, revisions, and what is said of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from zlib import crc32

import msgspec
from msgspec import structs

from parcelward import counts
from parcelward.alerts.alert import MODEL_RULE, alert_send, build_alert, model_finding
from parcelward.alerts.snapshot import take_snapshot, with_snapshot
from parcelward.alerts.verdict import CLEAN, AlertRecord, Verdict, judge, revise
from parcelward.contract.alerts import Action, Contribution, Lane, Score, Severity
from parcelward.features.table import Row
from parcelward.rules import Hit, RulePack, finding_of, weight_of
from parcelward.screening.outlet_state import OutletState
from parcelward.shipments.shipment import Shipment, ShipmentBrief, decode_hop, decode_shipment
from parcelward.stage import Outcome, SourceRecord
from parcelward.topics import Topics

NO_FINDING = 2.0  # above every score


class Model(Protocol):
    """What the outlets stage needs of a risk model."""

    version: str
    threshold: float

    def score(self, rows: Sequence[Row]) -> Sequence[float]: ...
    def explain(self, rows: Sequence[Row], top: int = 5) -> Sequence[tuple[Contribution, ...]]: ...


@dataclass(frozen=True)
class Judgement:
    """What judges: rule pack, model, and the share of clean parcels that is sampled."""

    pack: RulePack
    model: Model | None
    sampled_share: float


class Measured(msgspec.Struct, gc=False):
    """One shipment's pass on its way to a verdict: the record it came in, its features, and its alert as known then.

    The shipment itself is let go: few have anything said about them, and those are decoded again. Keeping all of a
    batch alive costs more than that, in memory that has left the processor's caches when it is needed.
    """

    record: SourceRecord
    row: Row
    key: bytes
    known: AlertRecord | None
    notable: bool
    """Whether it is to be entered even if nothing is found: contested, or drawn for a check."""

    def shipment(self) -> Shipment:
        """The shipment, decoded again."""
        return decode_shipment(decode_hop(self.record.value or b"").shipment)


class Revised(NamedTuple):
    """One shipment whose alert is raised or revised."""

    shipment: Shipment
    row: Row
    hits: Sequence[Hit]
    score: float
    record: AlertRecord


class Judge:
    """Judges what was measured. No memory of its own."""

    def __init__(self, judgement: Judgement, topics: Topics) -> None:
        self._judgement = judgement
        self._topics = topics
        self._drawn_below = judgement.sampled_share * 0x1_0000_0000

    def verdicts(self, measured: Sequence[Measured], outlet_state: OutletState, outcome: Outcome) -> list[Revised]:
        """Judge in the order given, enter alert records and counts; returns the alerts that say something new."""
        model, counted = self._judgement.model, outcome.counts
        scores = self._scores([one.row for one in measured])
        counted[(counts.SCREENED,)] += len(measured)
        if model is not None:
            counted.update(counts.score_counts(scores))
        evaluate = self._judgement.pack.evaluate
        threshold = NO_FINDING if model is None else model.threshold
        revised, alerts = [], outlet_state.alerts
        for one, score in zip(measured, scores, strict=True):
            row, key, known = one.row, one.key, one.known
            hits = evaluate(row)
            if not hits and known is None and score < threshold and not one.notable and key not in alerts:
                continue
            shipment = one.shipment()
            if alerts.get(key, known) is not known:  # revised after this row was measured
                known = alerts[key]
                row = with_snapshot(shipment, row, known.snapshot)
                if row != one.row:
                    hits, score = evaluate(row), self._scores([row])[0]
            if known is not None and shipment.passes < known.passes:
                continue  # overtaken on the way: a correction moved the waybill to other partitions of the senders
            found = Revised(shipment, row, hits, float(score), AlertRecord(0, 0, CLEAN))
            said = self._revise(found, known, key, outlet_state, outcome)
            if said is not None:
                revised.append(said)
        return revised

    def _scores(self, rows: Sequence[Row]) -> Sequence[float]:
        model = self._judgement.model
        return model.score(rows) if model is not None and rows else [0.0] * len(rows)

    def _revise(
        self, one: Revised, known: AlertRecord | None, key: bytes, outlet_state: OutletState, outcome: Outcome
    ) -> Revised | None:
        """Enter a pass of an alerted waybill; returns it with the new record if its alert says something new."""
        shipment = one.shipment
        for hit in one.hits:
            if hit.error is not None:
                outcome.counts[counts.RULE_ERROR, hit.rule.id] += 1
        found = [(hit.rule.id, *weight_of(hit)) for hit in one.hits]
        if self._by_model(one.score):
            found.append((MODEL_RULE, Severity.MEDIUM, Action.REINSPECT))
        verdict = judge(found)
        said = known if known is not None and known.revision else None
        if verdict.lane is None and said is None and self._sampled(shipment):
            verdict = Verdict(Lane.GREEN_SAMPLED, Action.REINSPECT, verdict.rules)
            outcome.counts[(counts.SAMPLED,)] += 1
        revision = revise(said, verdict, shipment.touched_ms)
        record = revision or known
        if record is None:
            if not _contested(shipment):
                return None
            record = AlertRecord(shipment.touched_ms, 0, CLEAN)
        # Touched by every pass, as the ledger is: forgotten before it, an alert would be raised a second time.
        record = structs.replace(
            record,
            touched_ms=shipment.touched_ms,
            passes=shipment.passes,
            snapshot=take_snapshot(shipment, one.row),
        )
        outlet_state.change_alert(key, record)
        if revision is None:
            return None
        known_rules = set() if said is None else set(said.verdict.rules)
        for rule in set(record.verdict.rules) - known_rules:
            outcome.counts[counts.FINDING, rule] += 1
        return one._replace(record=record)

    def _by_model(self, score: float) -> bool:
        model = self._judgement.model
        return model is not None and score >= model.threshold

    def say(self, revised: Sequence[Revised], outcome: Outcome) -> None:
        """Write the alerts of a batch; the model explains all of them at once."""
        model = self._judgement.model
        explained: Sequence[tuple[Contribution, ...]] = [()] * len(revised)
        if model is not None and revised:
            explained = model.explain([one.row for one in revised])
        for one, contributions in zip(revised, explained, strict=True):
            findings = [finding_of(hit, one.row) for hit in one.hits]
            scored = None if model is None else (one.score, model.threshold, model.version)
            if scored is not None and self._by_model(one.score):
                value, threshold, version = scored
                opinion = Score(value=value, threshold=threshold, model_version=version, contributions=contributions)
                findings.append(model_finding(opinion))
            pack = self._judgement.pack.version
            alert = build_alert(one.shipment, one.record, findings, scored, contributions, pack, self._topics)
            outcome.sends.append(alert_send(alert, self._topics))
            outcome.alert_arrivals.append(one.shipment.touched_ms)
            outcome.counts[counts.ALERT, alert.lane.value, alert.state.value] += 1

    def is_notable(self, shipment: ShipmentBrief) -> bool:
        """Whether a pass is entered even if nothing is found."""
        return shipment.corrections > 0 or shipment.conflicts > 0 or self._sampled(shipment)

    def _sampled(self, shipment: ShipmentBrief) -> bool:
        """A fixed random share of complete parcels, drawn by waybill: the same after a replay."""
        if shipment.real_name is None or shipment.inspection is None:
            return False
        return crc32(f"sample/{shipment.courier}/{shipment.waybill}".encode()) < self._drawn_below


def _contested(shipment: Shipment) -> bool:
    """Whether a pass may overtake another: then even a clean verdict is remembered."""
    return bool(shipment.corrections or shipment.conflicts)
