"""The audit: compares what the topics hold with what they must hold, topic by topic and key by key."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from zlib import crc32

from parcelward.audit.as_recorded import AsRecorded, RandomCuts
from parcelward.audit.lives import CasesAsRecorded, Lives, is_alike, is_passed_on
from parcelward.audit.tally import Tally
from parcelward.controls import Controls
from parcelward.flow import SCREENING
from parcelward.moments import duration_ms
from parcelward.replay.arrivals import revisions_refused
from parcelward.replay.compare import (
    AlertLog,
    Comparison,
    RefusalLog,
    compare_alerts,
    compare_refusals,
    refused_position,
)
from parcelward.replay.lives import LivesRerun, OpenDeadlines
from parcelward.replay.recording import WholeRecording, in_arrival_order
from parcelward.screening.build import Stages
from parcelward.screening.in_memory import Cell, Pipeline
from parcelward.settings import Settings
from parcelward.shipments.shipment import decode_shipment
from parcelward.stage import Send, SourceRecord
from parcelward.topics import Topics

EXAMPLES = 12
SLACK_MS = 60_000
"""A deadline of an alert fires when its topics were quiet for the idle grace, and a worker has looked: after a fault a
new one reads its state first."""
See = Callable[[SourceRecord], None]
_Copy = tuple[str, int, bytes | None, bytes | None]
"""A record that was moved: topic, right partition, key, value."""


@dataclass(slots=True)
class Audit:
    """Result of an audit."""

    events: int = 0  # records of the intake topics, one that was moved once
    screened: int = 0  # of these, by the ledger's own count
    passes: int = 0  # records between the stages
    rejected: int = 0  # events
    rejected_for: dict[str, int] = field(default_factory=dict)
    letters: int = 0  # answers and decisions, one that was moved once
    refused_steps: int = 0  # of these
    refused_steps_for: dict[str, int] = field(default_factory=dict)
    lives: dict[str, int] = field(default_factory=dict)  # steps, deadlines and the like, by name
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
    """Everything that one side published: every revision of its alerts, its refusals of events, and those of steps."""

    def __init__(self, topics: Topics) -> None:
        self.alerts = AlertLog(every_revision=True)
        self.refusals, self.steps = RefusalLog(), RefusalLog()
        self._intake = topics.intake("")

    def refuse(self, record: SourceRecord | Send) -> None:
        """Add a refused record, as it is on the topic or on its way there."""
        of_intake = refused_position(record.headers)[0].startswith(self._intake)
        (self.refusals if of_intake else self.steps).add(record)


def audit_recording(
    recording: WholeRecording, settings: Settings, stages: Stages, see: See = lambda record: None, seed: int = 0
) -> Audit:
    """Audit an installation that has come to rest: every deadline of what is in its intake has passed.

    Deadlines of alerts may still run. Each stage is replayed over what it was given, as the topics hold it, in batches
    cut at random; what it sends, publishes and keeps as its state must be what is there. No worker is asked. Nothing of
    the compacted topics may be compacted yet: that begins after a day. `see` is called with every record of intake,
    alerts, answers, decisions and refusals.
    """
    topics = recording.topics
    audit, order = Audit(), AsRecorded(recording, RandomCuts(seed))
    pipeline = Pipeline(stages, topics, recording.partitions, order=order, forgiving=True, flow=SCREENING)
    followed, live = Tally(), _Published(topics)
    due_ms = _due(settings, stages.judgement.controls)
    again = _replay(recording, pipeline, due_ms, order.cuts, audit, see, followed)
    alerts, rejected = list(recording.alerts()), list(recording.rejected())
    for record in alerts:
        see(record)
        live.alerts.add(record.value or b"")
    for record in rejected:
        see(record)
        live.refuse(record)
    cells = dict(pipeline.cells)
    if recording.follows:
        cells |= _follow(recording, settings, stages, alerts, rejected, order.cuts, audit, see, followed, again)
    audit.passes = order.tally.found
    for tally in (order.tally, followed):
        _enter_tally(audit, tally)
    _enter_published(audit, live, again)
    for stage, mine in cells.items():
        for number, cell in enumerate(mine):
            _compare_state(audit, stage, cell, _values(recording, stage, number))
    return audit


def _enter_tally(audit: Audit, tally: Tally) -> None:
    for place, count in tally.missing.items():
        audit.note("lost", count, f"{place.topic}/{place.partition} key {place.key!r}")
    for place, count in tally.surplus.items():
        audit.note("twice", count, f"{place.topic}/{place.partition} key {place.key!r}")


def _follow(
    recording: WholeRecording,
    settings: Settings,
    stages: Stages,
    alerts: Sequence[SourceRecord],
    rejected: Sequence[SourceRecord],
    cuts: RandomCuts,
    audit: Audit,
    see: See,
    followed: Tally,
    again: _Published,
) -> dict[str, list[Cell]]:
    """Audit what became of the alerts: replay both stages, and look at what their topics say by themselves."""
    topics, partitions = recording.topics, recording.partitions
    lives, deadlines, in_cases = Lives(topics), OpenDeadlines(topics), CasesAsRecorded(recording, cuts)
    letters: Counter[_Copy] = Counter()
    for record in recording.followed():
        lives.add(record)
        deadlines.add(record)
        followed.find(record.topic, record.partition, record.key, record.value, record.headers)
    for record in chain.from_iterable(in_cases.entered):
        lives.add(record)

    def see_letter(record: SourceRecord) -> None:
        see(record)
        letters[record.topic, record.partition, record.key, record.value] += 1
        if is_passed_on(record):
            followed.find(record.topic, record.partition, record.key, record.value, record.headers)

    refused, slack_ms = revisions_refused(rejected, topics), duration_ms(settings.idle_grace) + SLACK_MS
    overdue = sum(one.timestamp < deadlines.alive_ms - slack_ms for one in in_cases.waiting)
    if overdue:
        audit.note("lost", overdue, f"records on {topics.into('cases')} wait too long")
    rerun = LivesRerun(
        recording, stages, alerts, deadlines, refused, in_cases.entries, in_cases, cuts, slack_ms, see_letter
    )  # fmt: skip
    moved: Counter[_Copy] = Counter()
    for outcome in rerun.results():
        for send in outcome.sends:
            if send.topic.startswith((topics.rejected(""), topics.refused_decisions)):
                again.refuse(send)
            else:
                place = crc32(send.key or b"") % partitions
                followed.expect(send.topic, place, send.key, send.value, send.headers)
        moved.update((send.topic, right, send.key, send.value) for right, send in outcome.moves)
    for (topic, right, key, _), missing in (moved - letters).items():
        audit.note("lost", missing, f"{topic}/{right} key {key!r} was not moved there")
    lives.judge(audit.note)
    _enter_tally(audit, in_cases.tally)
    audit.letters, audit.lives = letters.total() - moved.total(), lives.figures
    return rerun.cells


def _replay(
    recording: WholeRecording,
    pipeline: Pipeline,
    due_ms: int,
    cuts: RandomCuts,
    audit: Audit,
    see: See,
    followed: Tally,
) -> _Published:
    published, newest = _Published(recording.topics), 0
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
            published.refuse(send)
        for send in result.followed:  # the instructions that leave with their alerts
            place = crc32(send.key or b"") % recording.partitions
            followed.expect(send.topic, place, send.key, send.value, send.headers)
        if not batch:
            return published


def _due(settings: Settings, controls: Controls) -> int:
    """Give the milliseconds after which every duty of an event is done or overdue."""
    dues = (settings.inspection_due, settings.real_name_due, settings.scan_due or timedelta(0))
    return max(duration_ms(max(dues)), controls.longest_scan_due) + 2


def _enter_published(audit: Audit, live: _Published, again: _Published) -> None:
    comparison: Comparison = compare_alerts(live.alerts, again.alerts)
    compare_refusals(comparison, live.refusals, again.refusals)
    compare_refusals(comparison, live.steps, again.steps)
    audit.rejected, audit.rejected_for = live.refusals.records, dict(live.refusals.reasons.most_common())
    audit.refused_steps, audit.refused_steps_for = live.steps.records, dict(live.steps.reasons.most_common())
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
        elif must != there and not (stage == "referrals" and is_alike(must, there)):
            more = cell.stage.counted(key, there) - cell.stage.counted(key, must)
            audit.note("twice" if more > 0 else "lost" if more < 0 else "wrong", abs(more) or 1, f"{what} differs")
