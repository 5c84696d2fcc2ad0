"""Checks a live run: replays its recording and compares the results with those that it published."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from parcelward.replay.arrivals import revisions_refused
from parcelward.replay.compare import (
    AlertLog,
    Comparison,
    Position,
    RefusalLog,
    Span,
    compare_alerts,
    compare_refusals,
    refused_position,
)
from parcelward.replay.compare_lives import LifeLog, Passed, compare_lives
from parcelward.replay.lives import STILL_TO_COME_MS, LiveEntries, LivesRerun, OpenDeadlines
from parcelward.replay.recording import FollowedRecording
from parcelward.replay.rerun import BATCH, Rerun
from parcelward.screening.build import Stages
from parcelward.stage import SourceRecord

ALERTS_ALONE = "this recording holds nothing of what became of the alerts: they alone are compared"


@dataclass(frozen=True, slots=True)
class Checked:
    """A comparison and what it rests on."""

    comparison: Comparison
    span: Span
    events: int
    pack: str  # judged in the replay, as the model did
    model: str
    notes: tuple[str, ...]  # whatever a reader must know to judge the result


def check(
    recording: FollowedRecording,
    stages: Stages,
    span: Span,
    since_ms: int | None = None,
    note_progress: Callable[[int], None] = lambda events: None,
    at_once: int = BATCH,
) -> Checked:
    """Replay everything that arrived from `since_ms` on, `at_once` events in a batch, and compare what came of `span`.

    `note_progress` is called with the number of events replayed so far.
    """
    horizon = recording.horizon_ms
    to_ms = min([end for end in (span.to_ms, horizon) if end is not None], default=None)
    compared = Span(span.from_ms, to_ms)
    live, replayed = AlertLog(compared), AlertLog(compared)
    alerts, rejected = list(recording.alerts()), list(recording.rejected())
    for record in alerts:
        live.add(record.value or b"")
    # A live run that lags may have judged later arrivals of its other partitions before the records that wait.
    rerun = Rerun(recording, stages, since_ms=since_ms or 0, to_ms=None if to_ms == horizon else to_ms, at_once=at_once)
    refused, refused_again = RefusalLog(compared), RefusalLog(compared)
    lived_again = LifeLog(recording.topics)
    for result in rerun.results():
        for send in result.alerts:
            replayed.add(send.value or b"")
        for send in result.rejected:
            refused_again.add(send)
        for send in result.followed:  # the instructions that leave with their alerts
            lived_again.add(send)
        note_progress(rerun.events)
    begins = {**recording.begins, **rerun.first_offsets}
    comparison = compare_alerts(live, replayed, begins)
    left_out = set[Position]()
    if recording.follows:
        left_out = _check_lives(recording, stages, alerts, rejected, comparison, compared, lived_again, refused_again)
    for record in rejected:
        if refused_position(record.headers) in left_out:
            comparison.before += 1
        else:
            refused.add(record)
    compare_refusals(comparison, refused, refused_again, begins)
    judgement = stages.judgement
    pack, model = judgement.pack.name, judgement.model.version if judgement.model else "none"
    notes: tuple[str, ...] = (
        *_version_notes(comparison, pack, model),
        *_control_notes(comparison),
        *_notes(rerun, begins, comparison, span, horizon),
    )
    if not recording.follows:
        notes += (ALERTS_ALONE,)
    return Checked(comparison, compared, rerun.events, pack, model, notes)


def _check_lives(
    recording: FollowedRecording,
    stages: Stages,
    alerts: Sequence[SourceRecord],
    rejected: Sequence[SourceRecord],
    comparison: Comparison,
    span: Span,
    lived_again: LifeLog,
    refused_again: RefusalLog,
) -> set[Position]:
    """Replay what became of the alerts, and compare it; gives what was left out, as it began before the recording.

    `lived_again` and `refused_again` have what the stages before them led to, and get what these do.
    """
    live, deadlines = LifeLog(recording.topics), OpenDeadlines(recording.topics)
    for record in recording.followed():
        live.add(record)
        deadlines.add(record)
    entries = [list(recording.entries(number)) for number in range(recording.partitions)]
    refused = revisions_refused(rejected, recording.topics)
    in_cases = LiveEntries(entries, deadlines.alive_ms - STILL_TO_COME_MS)
    rerun = LivesRerun(recording, stages, alerts, deadlines, refused, entries, in_cases)
    refusing = (recording.topics.rejected(""), recording.topics.refused_decisions)
    for outcome in rerun.results():
        for send in outcome.sends:
            lived_again.add(send)
            if send.topic.startswith(refusing):
                refused_again.add(send)
    compare_lives(comparison, live, lived_again, span, Passed(rerun.unknown.has, recording.horizon_ms))
    return rerun.left_out


def _version_notes(comparison: Comparison, pack: str, model: str) -> list[str]:
    notes = []
    for what, found, ours in (("rule pack", comparison.live_packs, pack), ("model", comparison.live_models, model)):
        others = [f"{version} ({count} alerts)" for version, count in found.items() if version != ours]
        if others:
            notes.append(
                f"another {what} was in force in the live run: {', '.join(others)}; this replay judges with {ours}, "
                "so differences are to be expected"
            )
    return notes


def _control_notes(comparison: Comparison) -> list[str]:
    """Name the control periods that only one of both runs was judged under."""
    notes = []
    for there, here, words in (
        (comparison.live_controls, comparison.controls, "the live run judged under control periods that this replay"),
        (comparison.controls, comparison.live_controls, "this replay judges under control periods that the live run"),
    ):
        others = [f"{name} ({count} alerts)" for name, count in sorted(there.items()) if name not in here]
        if others:
            notes.append(f"{words} did not: {', '.join(others)}; differences are to be expected")
    return notes


def _notes(
    rerun: Rerun, begins: Mapping[tuple[str, int], int], comparison: Comparison, span: Span, horizon: int | None
) -> list[str]:
    notes, order = [], rerun.order
    if horizon is not None and (span.to_ms is None or horizon < span.to_ms):
        notes.append("the live run has not worked off everything yet: compared up to the first record that waits")
    begun_late = sorted(f"{topic}/{number}" for (topic, number), offset in begins.items() if offset)
    if begun_late:
        more = f" and {len(begun_late) - 3} more" if len(begun_late) > 3 else ""
        notes.append(
            f"the replay begins in the middle of {', '.join(begun_late[:3])}{more}: profiles and waybills from before "
            "are unknown to it; begin 7 days before the span to compare"
        )
    if comparison.before:
        notes.append(
            f"{comparison.before} alerts and refused records of the live run rest on events from before the replay and "
            "are not compared"
        )
    if order.given_up:
        notes.append(
            "the order of the live run could not be followed to the end; profiles may be read in another order"
        )
    if order.only_live:
        notes.append(f"the live run handed {order.only_live} shipments to the next stage that the replay did not")
    if order.only_replayed:
        notes.append(f"the replay handed {order.only_replayed} shipments to the next stage that the live run did not")
    return notes
