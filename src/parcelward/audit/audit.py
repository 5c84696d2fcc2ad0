"""The audit: compares what the topics hold with what they must hold, topic by topic and key by key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from parcelward.audit.as_recorded import AsRecorded, RandomCuts
from parcelward.controls import Controls
from parcelward.flow import SCREENING
from parcelward.moments import duration_ms
from parcelward.replay.compare import AlertLog, Comparison, RefusalLog, compare_alerts, compare_refusals
from parcelward.replay.recording import WholeRecording, in_arrival_order
from parcelward.screening.build import Stages
from parcelward.screening.in_memory import Cell, Pipeline
from parcelward.settings import Settings
from parcelward.shipments.shipment import decode_shipment
from parcelward.stage import SourceRecord

EXAMPLES = 12
See = Callable[[SourceRecord], None]


@dataclass(slots=True)
class Audit:
    """Result of an audit."""

    events: int = 0  # records of the intake topics, one that was moved once
    screened: int = 0  # of these, by the ledger's own count
    passes: int = 0  # records between the stages
    rejected: int = 0
    rejected_for: dict[str, int] = field(default_factory=dict)
    alerts: int = 0  # revisions
    alert_ids: int = 0
    states: dict[str, int] = field(default_factory=dict)  # keys per stage
    lost: int = 0  # a record, a state value or a count that must be there and is not
    twice: int = 0  # a record that is there too often, a count that is too high, a state value that must not be there
    wrong: int = 0  # an alert, a refusal or a state value that says something else although its counts are right
    two_ids: int = 0  # parcels whose alerts carry more ids than they must
    examples: list[str] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """True when nothing is lost, nothing counted twice, nothing different, and a parcel has one alert id."""
        return not (self.lost or self.twice or self.wrong or self.two_ids)

    def note(self, kind: str, count: int, what: str) -> None:
        """Count something that is off, and keep the first few as examples."""
        setattr(self, kind, getattr(self, kind) + count)
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{kind} {count}: {what}")


class _Published:
    """Everything that one side published: every revision of its alerts, and its refusals."""

    def __init__(self) -> None:
        self.alerts = AlertLog(every_revision=True)
        self.refusals = RefusalLog()


def audit_recording(
    recording: WholeRecording, settings: Settings, stages: Stages, see: See = lambda record: None, seed: int = 0
) -> Audit:
    """Audit an installation that has come to rest: every deadline of what is in its intake has passed.

    Each stage is replayed over what it was given, as the topics hold it, in batches cut at random; what it sends,
    publishes and keeps as its state must be what is there. No worker is asked. `see` is called with every record of
    intake, alerts and refusals.
    """
    audit, order = Audit(), AsRecorded(recording, RandomCuts(seed))
    pipeline = Pipeline(stages, recording.topics, recording.partitions, order=order, forgiving=True, flow=SCREENING)
    due_ms = _due(settings, stages.judgement.controls)
    again, live = _replay(recording, pipeline, due_ms, order.cuts, audit, see), _Published()
    for record in recording.alerts():
        see(record)
        live.alerts.add(record.value or b"")
    for record in recording.rejected():
        see(record)
        live.refusals.add(record)
    audit.passes = order.tally.found
    for place, count in order.tally.missing.items():
        audit.note("lost", count, f"{place.topic}/{place.partition} key {place.key!r}")
    for place, count in order.tally.surplus.items():
        audit.note("twice", count, f"{place.topic}/{place.partition} key {place.key!r}")
    _enter_published(audit, live, again)
    for stage, cells in pipeline.cells.items():
        for number, cell in enumerate(cells):
            _compare_state(audit, stage, cell, _values(recording, stage, number))
    return audit


def _replay(
    recording: WholeRecording, pipeline: Pipeline, due_ms: int, cuts: RandomCuts, audit: Audit, see: See
) -> _Published:
    published, newest = _Published(), 0
    intake = in_arrival_order(recording)
    while True:
        batch = cuts.next_of(intake)
        for record in batch:
            see(record)
            newest = max(newest, record.timestamp)
        audit.events += len(batch)
        # At the end the deadlines of everything that came fire.
        quiet = {} if batch else dict.fromkeys(map(recording.topics.intake, recording.couriers), newest + due_ms)
        result = pipeline.feed(batch, quiet)
        audit.events -= len(result.moved)  # each lies in its right partition, too
        for send in result.alerts:
            published.alerts.add(send.value or b"")
        for send in result.rejected:
            published.refusals.add(send)
        if not batch:
            return published


def _due(settings: Settings, controls: Controls) -> int:
    """Give the milliseconds after which every duty of an event is done or overdue."""
    dues = (settings.inspection_due, settings.real_name_due, settings.scan_due or timedelta(0))
    return max(duration_ms(max(dues)), controls.longest_scan_due) + 2


def _enter_published(audit: Audit, live: _Published, again: _Published) -> None:
    comparison: Comparison = compare_alerts(live.alerts, again.alerts)
    compare_refusals(comparison, live.refusals, again.refusals)
    audit.rejected, audit.rejected_for = live.refusals.records, dict(live.refusals.reasons.most_common())
    expected, found = again.alerts.ids, live.alerts.ids
    audit.alerts, audit.alert_ids = live.alerts.revisions, len(set().union(*found.values()))
    for counts in (comparison.alerts, comparison.rejected):
        audit.lost += counts.missing
        audit.twice += counts.extra + counts.repeated
        audit.wrong += counts.other_content
    for one in comparison.differences[: EXAMPLES - len(audit.examples)]:
        audit.examples.append(f"{one.kind}: {one.what}: {'; '.join(one.details)}")
    for waybill, ids in found.items():
        if len(ids) > max(1, len(expected.get(waybill, ()))):
            audit.note("two_ids", 1, f"waybill {'/'.join(waybill)}: {sorted(ids)}")


def _values(recording: WholeRecording, stage: str, partition: int) -> dict[bytes, bytes]:
    values: dict[bytes, bytes] = {}
    for record in recording.changelog(stage, partition):
        if record.value is None:
            values.pop(record.key or b"", None)
        else:
            values[record.key or b""] = record.value
    return values


def _compare_state(audit: Audit, stage: str, cell: Cell, found: Mapping[bytes, bytes]) -> None:
    audit.states[stage] = audit.states.get(stage, 0) + len(found)
    if stage == "duties":
        audit.screened += sum(decode_shipment(value).events for value in found.values())
    for key in sorted(cell.state.keys() | found.keys()):
        what, must, there = f"state of {stage}, key {key!r}", cell.state.get(key), found.get(key)
        if there is None:
            audit.note("lost", 1, f"{what} is missing")
        elif must is None:
            audit.note("twice", 1, f"{what} must not be there")
        elif must != there:
            more = cell.stage.counted(key, there) - cell.stage.counted(key, must)
            audit.note("twice" if more > 0 else "lost" if more < 0 else "wrong", abs(more) or 1, f"{what} differs")
