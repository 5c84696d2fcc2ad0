"""Third stage: outlet and operator profiles, features, rules and model, and the alert. Keyed by courier and outlet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from zlib import crc32

import msgspec

from parcelward import facts
from parcelward.alerting import MODEL_RULE, alert_send, build_alert, model_finding
from parcelward.contract.alerts import Action, Contribution, Finding, Lane, Score, Severity
from parcelward.expiry import Sweep
from parcelward.features import Row
from parcelward.measure import measure
from parcelward.outlet_profiles import OperatorProfile, OutletProfile, count_acceptance, count_inspection
from parcelward.rules import Hit, RulePack, finding_of
from parcelward.shipment import Count, Hop, Shipment, decode_hop, decode_shipment, encode, ledger_key, outlet_key
from parcelward.stage import Batch, Outcome, SourceRecord
from parcelward.topics import Topics
from parcelward.verdict import AlertRecord, Verdict, judge, revise

DAY_MS = 86_400_000
PROFILE_KEEP_MS = 8 * DAY_MS  # just beyond the longest window
NO_HITS: tuple[Hit, ...] = ()


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


class PhotoOwner(msgspec.Struct, array_like=True):
    """The waybill that first carried a photo at this outlet."""

    touched_ms: int
    waybill: str


class Screened(NamedTuple):
    """One shipment with its features, on its way to a verdict."""

    shipment: Shipment
    row: Row


_decode_outlet = msgspec.msgpack.Decoder(OutletProfile).decode
_decode_operator = msgspec.msgpack.Decoder(OperatorProfile).decode
_decode_photo = msgspec.msgpack.Decoder(PhotoOwner).decode
_decode_alert = msgspec.msgpack.Decoder(AlertRecord).decode


@dataclass(slots=True)
class _Desk:
    """Work on one batch: profiles as changed so far. Thrown away with the batch."""

    state: Mapping[bytes, bytes]
    outlets: dict[bytes, OutletProfile] = field(default_factory=dict)
    operators: dict[bytes, OperatorProfile] = field(default_factory=dict)
    photos: dict[bytes, PhotoOwner] = field(default_factory=dict)
    alerts: dict[bytes, AlertRecord] = field(default_factory=dict)
    changed: dict[bytes, msgspec.Struct] = field(default_factory=dict)

    def outlet(self, key: bytes, at_ms: int) -> OutletProfile:
        profile = self.outlets.get(key)
        if profile is None:
            value = self.state.get(key)
            profile = self.outlets[key] = OutletProfile(at_ms) if value is None else _decode_outlet(value)
        return profile

    def operator(self, key: bytes, at_ms: int) -> OperatorProfile:
        profile = self.operators.get(key)
        if profile is None:
            value = self.state.get(key)
            profile = self.operators[key] = OperatorProfile(at_ms) if value is None else _decode_operator(value)
        return profile

    def photo_owner(self, key: bytes, waybill: str, at_ms: int) -> str:
        """The waybill a photo belongs to: the one that carried it first."""
        owner = self.photos.get(key)
        if owner is None:
            value = self.state.get(key)
            if value is None:
                owner = PhotoOwner(at_ms, waybill)
                self.changed[key] = owner
            else:
                owner = _decode_photo(value)
            self.photos[key] = owner
        return owner.waybill

    def alert(self, key: bytes) -> AlertRecord | None:
        known = self.alerts.get(key)
        if known is None and (value := self.state.get(key)) is not None:
            known = _decode_alert(value)
        return known


class OutletsStage:
    """Profiles and verdicts of one partition."""

    def __init__(self, judgement: Judgement, topics: Topics, photo_keep_ms: int, ledger_keep_ms: int) -> None:
        self._judgement = judgement
        self._topics = topics
        keep = {b"h": photo_keep_ms, b"w": ledger_keep_ms}
        self._sweep = Sweep(lambda key: keep.get(key[:1], PROFILE_KEEP_MS))
        self._new_keys: list[bytes] = []

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Begin the expiry sweep anew."""
        self._sweep.restore(state)

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Update profiles, then judge the whole batch at once, and raise or revise alerts."""
        outcome, desk = Outcome(), _Desk(state)
        screened = [self._screen(record, desk) for record in batch.records]
        self._judge(screened, desk, outcome)
        newest = max((record.timestamp for record in batch.records), default=0)
        for key in self._sweep.expired(state, len(batch.records), newest):
            outcome.updates[key] = None
        for key, profile in desk.changed.items():
            outcome.updates[key] = encode(profile)
        self._new_keys = [key for key in outcome.updates if key not in state]
        return outcome

    def commit(self, batch: Batch, outcome: Outcome) -> None:
        """Move the expiry sweep on."""
        self._sweep.commit(outcome.updates, self._new_keys)

    def screen_rows(self, batch: Batch, state: Mapping[bytes, bytes]) -> list[Screened]:
        """The features of a batch without judging them: what training replays. Changes nothing."""
        desk = _Desk(state)
        return [self._screen(record, desk) for record in batch.records]

    # -- features ----------------------------------------------------------------------------------------------------

    def _screen(self, record: SourceRecord, desk: _Desk) -> Screened:
        hop = decode_hop(record.value or b"")
        shipment = decode_shipment(hop.shipment)
        return Screened(shipment, self._row(shipment, hop, desk))

    def _row(self, shipment: Shipment, hop: Hop, desk: _Desk) -> Row:
        accepted, inspected, count = shipment.real_name, shipment.inspection, shipment.count
        courier, at = shipment.courier, shipment.trigger_event_ms
        where = accepted.outlet if accepted is not None else shipment.home_outlet
        outlet_at = b"o" + outlet_key(courier, where)
        outlet = desk.outlet(outlet_at, at)
        acceptor = inspector = None
        if accepted is not None:
            acceptor_at = b"p%b/%b" % (outlet_key(courier, accepted.outlet), accepted.operator.encode())
            acceptor = desk.operator(acceptor_at, at)
            if count & Count.ACCEPTANCE:
                count_acceptance(outlet, acceptor, accepted)
                desk.changed[outlet_at], desk.changed[acceptor_at] = outlet, acceptor
        if inspected is not None:
            inspector_at = b"p%b/%b" % (outlet_key(courier, inspected.outlet), inspected.operator.encode())
            inspector = desk.operator(inspector_at, at)
            if count & Count.INSPECTION and accepted is not None:
                count_inspection(inspector, inspected, accepted)
                desk.changed[inspector_at] = inspector
        if count & Count.OVERDUE:
            outlet.overdue_1d.add(at)
            outlet.touched_ms = max(outlet.touched_ms, at)
            desk.changed[outlet_at] = outlet
        reused_from = _reused_photo(shipment, desk)
        return measure(shipment, hop.phone, hop.sender, outlet, acceptor, inspector, reused_from)

    # -- verdict -----------------------------------------------------------------------------------------------------

    def _judge(self, screened: Sequence[Screened], desk: _Desk, outcome: Outcome) -> None:
        model, counts = self._judgement.model, outcome.facts
        rows = [row for _, row in screened]
        scores = model.score(rows) if model is not None and rows else [0.0] * len(rows)
        counts[(facts.SCREENED,)] += len(rows)
        if model is not None:
            counts.update(facts.score_facts(scores))
        evaluate = self._judgement.pack.evaluate
        threshold = 2.0 if model is None else model.threshold
        for (shipment, row), score in zip(screened, scores, strict=True):
            hits = evaluate(row)
            key = b"w" + ledger_key(shipment.courier, shipment.waybill)
            known = desk.alert(key)
            if not hits and score < threshold and known is None and not self._sampled(shipment):
                continue
            if known is not None and shipment.touched_ms < known.touched_ms:
                continue  # overtaken on the way: a correction moved the waybill to other partitions of the senders
            self._decide(shipment, row, hits, score, known, key, desk, outcome)

    def _decide(
        self,
        shipment: Shipment,
        row: Row,
        hits: Sequence[Hit],
        score: float,
        known: AlertRecord | None,
        key: bytes,
        desk: _Desk,
        outcome: Outcome,
    ) -> None:
        model = self._judgement.model
        fired = [hit for hit in hits if hit.error is None]
        for hit in hits:
            if hit.error is not None:
                outcome.facts[facts.RULE_ERROR, hit.rule.id] += 1
        found = [(hit.rule.id, hit.rule.severity, hit.rule.action) for hit in fired]
        by_model = model is not None and score >= model.threshold
        if by_model:
            found.append((MODEL_RULE, Severity.MEDIUM, Action.REINSPECT))
        verdict = judge(found)
        if verdict.lane is None and known is None and self._sampled(shipment):
            verdict = Verdict(Lane.GREEN_SAMPLED, Action.REINSPECT, verdict.rules)
            outcome.facts[(facts.SAMPLED,)] += 1
        record = revise(known, verdict, shipment.touched_ms)
        if record is None:
            return
        desk.alerts[key] = desk.changed[key] = record
        known_rules = set() if known is None else set(known.verdict.rules)
        for rule in set(record.verdict.rules) - known_rules:
            outcome.facts[facts.FINDING, rule] += 1
        contributions: tuple[Contribution, ...] = ()
        findings: list[Finding] = [finding_of(hit, row) for hit in fired]
        scored = None
        if model is not None:
            scored = (float(score), model.threshold, model.version)
            contributions = tuple(model.explain([row])[0])
            if by_model:
                opinion = Score(
                    value=scored[0], threshold=scored[1], model_version=scored[2], contributions=contributions
                )
                findings.append(model_finding(opinion))
        alert = build_alert(
            shipment, record, findings, scored, contributions, self._judgement.pack.version, self._topics
        )
        outcome.sends.append(alert_send(alert, self._topics))
        outcome.alert_arrivals.append(shipment.touched_ms)
        outcome.facts[facts.ALERT, alert.lane.value, alert.state.value] += 1

    def _sampled(self, shipment: Shipment) -> bool:
        """A fixed random share of complete parcels, drawn by waybill: the same after a replay."""
        if shipment.real_name is None or shipment.inspection is None:
            return False
        drawn = crc32(b"sample/" + ledger_key(shipment.courier, shipment.waybill))
        return drawn < self._judgement.sampled_share * 0x1_0000_0000


def _reused_photo(shipment: Shipment, desk: _Desk) -> str | None:
    """The other waybill that carried one of this inspection's photos first, at the same outlet."""
    inspection = shipment.inspection
    if inspection is None:
        return None
    home = outlet_key(shipment.courier, inspection.outlet)
    for photo in inspection.photos:
        owner = desk.photo_owner(b"h%b/%b" % (home, photo), shipment.waybill, inspection.event_ms)
        if owner != shipment.waybill:
            return owner
    return None
