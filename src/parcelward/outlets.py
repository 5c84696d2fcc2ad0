"""Third stage: outlet and operator profiles, features, rules and model, and the alert. Keyed by courier and outlet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from zlib import crc32

import msgspec
from msgspec import structs

from parcelward import facts
from parcelward.alerting import MODEL_RULE, alert_send, build_alert, model_finding
from parcelward.contract.alerts import Action, Contribution, Lane, Score, Severity
from parcelward.expiry import Sweep, is_absent
from parcelward.features import Row
from parcelward.held import hold, settle
from parcelward.measure import measure
from parcelward.outlet_profiles import OperatorProfile, OutletProfile, count_acceptance, count_inspection
from parcelward.rules import Hit, RulePack, finding_of, weight_of
from parcelward.shipment import Arrived, Count, Shipment, decode_arrived, encode, ledger_key, outlet_key
from parcelward.stage import Batch, Outcome, SourceRecord
from parcelward.topics import Topics
from parcelward.verdict import CLEAN, AlertRecord, Verdict, judge, revise
from parcelward.windows import WEEK_MS

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


class Keep(NamedTuple):
    """How long things are kept, in ms; `event_age` is how late an event may arrive."""

    photo: int
    ledger: int
    event_age: int

    @property
    def profile(self) -> int:
        """What a late event may still look at: the longest window before it."""
        return WEEK_MS + self.event_age


class PhotoOwner(msgspec.Struct, array_like=True, gc=False):
    """The waybill that first carried a photo at this outlet."""

    touched_ms: int
    waybill: str


class Screened(NamedTuple):
    """One shipment with its features, on its way to a verdict."""

    shipment: Shipment
    row: Row


class Revised(NamedTuple):
    """One shipment whose alert is raised or revised."""

    shipment: Shipment
    row: Row
    hits: Sequence[Hit]
    score: float
    record: AlertRecord


_decode_outlet = msgspec.msgpack.Decoder(OutletProfile).decode
_decode_operator = msgspec.msgpack.Decoder(OperatorProfile).decode
_decode_photo = msgspec.msgpack.Decoder(PhotoOwner).decode
_decode_alert = msgspec.msgpack.Decoder(AlertRecord).decode


@dataclass(slots=True)
class _Desk:
    """Work on one batch: profiles as changed so far. Thrown away with the batch."""

    state: Mapping[bytes, bytes]
    keep: Keep
    outlets: dict[bytes, OutletProfile] = field(default_factory=dict)
    operators: dict[bytes, OperatorProfile] = field(default_factory=dict)
    photos: dict[bytes, PhotoOwner] = field(default_factory=dict)
    alerts: dict[bytes, AlertRecord] = field(default_factory=dict)
    changed: dict[bytes, msgspec.Struct] = field(default_factory=dict)

    def outlet(self, key: bytes, now_ms: int) -> OutletProfile:
        """The profile as it counts for a shipment that arrived at `now_ms`."""
        profile = self.outlets.get(key)
        if profile is None and (value := self.state.get(key)) is not None:
            profile = _decode_outlet(value)
        if profile is None or is_absent(profile.touched_ms, self.keep.profile, now_ms):
            profile = OutletProfile(0)
        self.outlets[key] = profile
        return profile

    def operator(self, key: bytes, now_ms: int) -> OperatorProfile:
        """The profile as it counts for a shipment that arrived at `now_ms`."""
        profile = self.operators.get(key)
        if profile is None and (value := self.state.get(key)) is not None:
            profile = _decode_operator(value)
        if profile is None or is_absent(profile.touched_ms, self.keep.profile, now_ms):
            profile = OperatorProfile(0)
        self.operators[key] = profile
        return profile

    def photo_owner(self, key: bytes, waybill: str, at_ms: int) -> str:
        """The waybill that a photo taken into an inspection at `at_ms` belongs to: the first within `keep.photo`."""
        owner = self.photos.get(key)
        if owner is None and (value := self.state.get(key)) is not None:
            owner = _decode_photo(value)
        if owner is None or is_absent(owner.touched_ms, self.keep.photo, at_ms):
            owner = self.changed[key] = PhotoOwner(at_ms, waybill)
        self.photos[key] = owner
        # an owner of much later is no owner for an inspection that only passes again
        return waybill if is_absent(at_ms, self.keep.photo, owner.touched_ms) else owner.waybill

    def alert(self, key: bytes) -> AlertRecord | None:
        known = self.alerts.get(key)
        if known is None and (value := self.state.get(key)) is not None:
            known = _decode_alert(value)
        return known


class OutletsStage:
    """Profiles and verdicts of one partition."""

    def __init__(self, judgement: Judgement, topics: Topics, keep: Keep) -> None:
        self._judgement = judgement
        self._topics = topics
        self._keep = keep
        keeps = {b"h": keep.photo + keep.event_age, b"w": keep.ledger}
        self._sweep = Sweep(lambda key: keeps.get(key[:1], keep.profile))
        self._new_keys: list[bytes] = []

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Begin the expiry sweep anew."""
        self._sweep.restore(state)

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Update profiles, then judge the whole batch at once, and raise or revise alerts."""
        outcome, desk = Outcome(), _Desk(state, self._keep)
        screened = [self._screen(record, desk) for record in batch.records]
        self._say(self._judge(screened, desk, outcome), outcome)
        newest: dict[bytes, int] = {}  # per courier: one that lags behind has a clock of its own
        for shipment, _ in screened:
            courier = shipment.courier.encode()
            newest[courier] = max(shipment.touched_ms, newest.get(courier, 0))
        expired = self._sweep.expired(state, len(batch.records), lambda key: newest.get(key[1:].split(b"/", 1)[0], 0))
        for key in expired:
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
        desk = _Desk(state, self._keep)
        return [self._screen(record, desk) for record in batch.records]

    # -- features ----------------------------------------------------------------------------------------------------

    def _screen(self, record: SourceRecord, desk: _Desk) -> Screened:
        hop = decode_arrived(record.value or b"")
        shipment = hop.shipment
        known, row = desk.alert(_alert_key(shipment)), self._row(hop, desk)
        return Screened(shipment, row if known is None else settle(shipment, row, known.held))

    def _row(self, hop: Arrived, desk: _Desk) -> Row:
        shipment = hop.shipment
        accepted, inspected, count = shipment.real_name, shipment.inspection, shipment.count
        courier, now = shipment.courier, shipment.touched_ms
        where = accepted.outlet if accepted is not None else shipment.home_outlet
        outlet_at = b"o" + outlet_key(courier, where)
        outlet = desk.outlet(outlet_at, now)
        acceptor = inspector = None
        if accepted is not None:
            acceptor_at = b"p%b/%b" % (outlet_key(courier, accepted.outlet), accepted.operator.encode())
            acceptor = desk.operator(acceptor_at, now)
            if count & Count.ACCEPTANCE:
                count_acceptance(outlet, acceptor, accepted)
                desk.changed[outlet_at], desk.changed[acceptor_at] = outlet, acceptor
        if inspected is not None:
            inspector_at = b"p%b/%b" % (outlet_key(courier, inspected.outlet), inspected.operator.encode())
            inspector = desk.operator(inspector_at, now)
            if count & Count.INSPECTION and accepted is not None:
                count_inspection(inspector, inspected, accepted)
                desk.changed[inspector_at] = inspector
        if count & Count.OVERDUE:
            outlet.overdue_1d.add(shipment.trigger_event_ms)
            outlet.touched_ms = max(outlet.touched_ms, shipment.trigger_event_ms)
            desk.changed[outlet_at] = outlet
        reused_from = _reused_photo(shipment, desk)
        return measure(shipment, hop.phone, hop.sender, outlet, acceptor, inspector, reused_from)

    # -- verdict -----------------------------------------------------------------------------------------------------

    def _judge(self, screened: Sequence[Screened], desk: _Desk, outcome: Outcome) -> list[Revised]:
        """Verdicts in the order of the batch; what is new about alerts."""
        model, counts = self._judgement.model, outcome.facts
        scores = self._scores([row for _, row in screened])
        counts[(facts.SCREENED,)] += len(screened)
        if model is not None:
            counts.update(facts.score_facts(scores))
        evaluate = self._judgement.pack.evaluate
        threshold = NO_FINDING if model is None else model.threshold
        revised = []
        for (shipment, measured), score in zip(screened, scores, strict=True):
            row, key = measured, _alert_key(shipment)
            known = desk.alert(key)
            if key in desk.alerts and known is not None:  # revised within this batch, after this row was measured
                row = settle(shipment, row, known.held)
                score = score if row == measured else self._scores([row])[0]
            hits = evaluate(row)
            nothing_known = known is None and not self._sampled(shipment) and not _contested(shipment)
            if nothing_known and not hits and score < threshold:
                continue
            if known is not None and shipment.passes < known.passes:
                continue  # overtaken on the way: a correction moved the waybill to other partitions of the senders
            found = Revised(shipment, row, hits, float(score), AlertRecord(0, 0, CLEAN))
            said = self._revise(found, known, key, desk, outcome)
            if said is not None:
                revised.append(said)
        return revised

    def _scores(self, rows: Sequence[Row]) -> Sequence[float]:
        model = self._judgement.model
        return model.score(rows) if model is not None and rows else [0.0] * len(rows)

    def _revise(
        self, one: Revised, known: AlertRecord | None, key: bytes, desk: _Desk, outcome: Outcome
    ) -> Revised | None:
        """Enter a pass of an alerted waybill; returns it with the new record if its alert says something new."""
        shipment = one.shipment
        for hit in one.hits:
            if hit.error is not None:
                outcome.facts[facts.RULE_ERROR, hit.rule.id] += 1
        found = [(hit.rule.id, *weight_of(hit)) for hit in one.hits]
        if self._by_model(one.score):
            found.append((MODEL_RULE, Severity.MEDIUM, Action.REINSPECT))
        verdict = judge(found)
        said = known if known is not None and known.revision else None
        if verdict.lane is None and said is None and self._sampled(shipment):
            verdict = Verdict(Lane.GREEN_SAMPLED, Action.REINSPECT, verdict.rules)
            outcome.facts[(facts.SAMPLED,)] += 1
        revision = revise(said, verdict, shipment.touched_ms)
        record = revision or known
        if record is None:
            if not _contested(shipment):
                return None
            record = AlertRecord(shipment.touched_ms, 0, CLEAN)
        record = structs.replace(record, passes=shipment.passes, held=hold(shipment, one.row))
        desk.alerts[key] = desk.changed[key] = record
        if revision is None:
            return None
        known_rules = set() if said is None else set(said.verdict.rules)
        for rule in set(record.verdict.rules) - known_rules:
            outcome.facts[facts.FINDING, rule] += 1
        return one._replace(record=record)

    def _by_model(self, score: float) -> bool:
        model = self._judgement.model
        return model is not None and score >= model.threshold

    def _say(self, revised: Sequence[Revised], outcome: Outcome) -> None:
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
            outcome.facts[facts.ALERT, alert.lane.value, alert.state.value] += 1

    def _sampled(self, shipment: Shipment) -> bool:
        """A fixed random share of complete parcels, drawn by waybill: the same after a replay."""
        if shipment.real_name is None or shipment.inspection is None:
            return False
        drawn = crc32(b"sample/" + ledger_key(shipment.courier, shipment.waybill))
        return drawn < self._judgement.sampled_share * 0x1_0000_0000


def _contested(shipment: Shipment) -> bool:
    """Whether a pass may overtake another: then even a clean verdict is remembered."""
    return bool(shipment.corrections or shipment.conflicts)


def _alert_key(shipment: Shipment) -> bytes:
    """A waybill number that comes back after it was forgotten is another parcel, with an alert of its own."""
    return b"w%b/%d" % (ledger_key(shipment.courier, shipment.waybill), shipment.first_arrival_ms)


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
