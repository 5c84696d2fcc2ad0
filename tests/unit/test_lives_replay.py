"""Lives of alerts come out of a replay as they did live, whoever answered and decided, in whatever order."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from parcelward.contract.steps import StepReason
from parcelward.replay.arrivals import LiveArrivals
from parcelward.replay.check import Checked, check
from parcelward.replay.compare import Position, Span
from parcelward.replay.kept import ABOUT, KeptRecording, keep
from parcelward.replay.lives import LiveEntries, OpenDeadlines
from parcelward.replay.recording import Entry, entry_of, letter_topics
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Cell
from parcelward.screening.referrals import _ReferralBatch
from parcelward.stage import Batch, Record, SourceRecord, apply
from tests.builders import DAY, HOUR, MINUTE, T0, settings
from tests.courier_traffic import COURIERS, traffic
from tests.live_run import LiveRun
from tests.lives import LIFE, answer, raised
from tests.people import CANARY, People

PARTITIONS = 3
SETTINGS = settings(couriers=COURIERS, partitions=PARTITIONS, move_misplaced=False, instruct_yellow=True)
STAGES = build_stages(SETTINGS)
EVERYTHING = Span()


def lived(seed: int, waybills: int = 24) -> LiveRun:
    """A live run with people; its topics of alerts, answers and decisions are fetched by turns."""
    live = LiveRun(SETTINGS, STAGES, seed, People(SETTINGS.topics, seed, zeal=0.8))
    records = traffic(seed, waybills, partitions=PARTITIONS)
    live.run(records, burst=6)
    live.end(records[-1].timestamp + DAY)
    return live


@pytest.fixture(scope="module")
def one() -> LiveRun:
    return lived(4)


@examples(deadline=None, max_examples=5)
@given(st.integers(0, 100_000))
def test_lives_replay_equals_the_live_run_whatever_its_cuts_fetches_restarts_and_ticks(seed: int) -> None:
    live = lived(seed)
    checked = check(live, STAGES, EVERYTHING)
    found = checked.comparison
    assert found.same, found.differences
    assert checked.notes == ()
    assert min(found.instructions.equal, found.referrals.equal, found.cases.equal) > 0, "nothing was compared"
    assert found.rejected.equal == len(list(live.rejected()))


def test_the_order_in_which_the_live_run_took_things_in_matters_and_is_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By arrival alone, some replay of some run must differ."""
    monkeypatch.setattr(LiveArrivals, "_ranks", lambda *_: {})
    assert not all(check(lived(seed), STAGES, EVERYTHING).comparison.same for seed in (5, 9, *range(20, 40)))


def test_a_decision_that_was_taken_before_an_earlier_revision_was_fetched_comes_before_it() -> None:
    topics, at = SETTINGS.topics, 1_000
    alerts = [heard(1, at), heard(2, at + 10)]
    taken, refused = decided(at + 20, 0), decided(at + 5, 1)
    steps = [(1, at), (2, at + 20), (3, at + 10)]  # it was acknowledged before the revision was fetched
    entries = [Entry("case", at_ms, "A", revision) for revision, at_ms in steps]
    for refused_at, expected in (
        (2, [alerts[0], taken, refused, alerts[1]]),
        (3, [alerts[0], taken, alerts[1], refused]),
    ):
        arrivals = LiveArrivals(topics, 1, entries, {("decisions", 0, 1): float(refused_at)})
        log = [taken, refused]
        assert list(arrivals.in_order([alerts, log])) == expected


@pytest.mark.parametrize("fires", ["a refused answer", "a comment", "nothing that is known"])
def test_what_was_fetched_after_a_deadline_that_is_later_than_itself_comes_after_what_fired_it(fires: str) -> None:
    topics, at = SETTINGS.topics, 1_000
    entries = [Entry("case", at, "A", 1), Entry("case", at + 30, "A", 2)]  # a deadline at + 30
    late, earlier, later = decided(at + 5, 0), answered(at + 20, 0), answered(at + 40, 1)
    refused: dict[Position, float | None] = {("decisions", 0, 0): 2.0, (earlier.topic, 0, 0): 1.0}
    if fires == "a refused answer":
        refused[later.topic, 0, 1] = 2.0
    log = [earlier] if fires == "nothing that is known" else [earlier, later]
    order = LiveArrivals(topics, 1, entries, refused).in_order([[heard(1, at)], log, [late]])
    assert list(order) == [heard(1, at), *log, late]


def test_what_was_refused_after_a_step_of_a_person_does_not_wait_for_what_came_later() -> None:
    topics, at = SETTINGS.topics, 1_000
    entries = [Entry("case", at, "A", 1), Entry("case", at + 30, "A", 2)]
    late, step, comment = answered(at + 20, 0), decided(at + 30, 0), decided(at + 90, 1)
    refused: dict[Position, float | None] = {(late.topic, 0, 0): 2.0}
    order = LiveArrivals(topics, 1, entries, refused).in_order([[heard(1, at)], [late], [step, comment]])
    assert list(order) == [heard(1, at), step, late, comment]


def answered(at: int, offset: int) -> Record:
    return decided(at, offset)._replace(topic="answers.swift")


def heard(revision: int, at: int) -> Record:
    value = json.dumps({"alert_id": "A", "revision": revision}).encode()
    return Record("alerts", 0, revision, at, b"SF1", value)


def decided(at: int, offset: int) -> Record:
    value = json.dumps({"data": {"about": {"kind": "alert", "alert_id": "A"}}}).encode()
    return Record("decisions", 0, offset, at, b"SF1", value)


def letters_of(live: LiveRun, number: int) -> list[SourceRecord]:
    logs = [live.alerts(), *(live.letters(topic, number) for topic in letter_topics(live))]
    return sorted((one for log in logs for one in log if one.partition == number), key=lambda one: one.timestamp)


def follow(records: Sequence[SourceRecord], seed: int) -> tuple[list[str], dict[bytes, bytes]]:
    """Everything that the stage sends, and its state, with batches cut and ticks set at random."""
    rng, cell = Random(seed), Cell(STAGES.make["referrals"](PARTITIONS))
    sources = (SETTINGS.topics.alerts, *map(SETTINGS.topics.answers, COURIERS), SETTINGS.topics.decisions)
    sent: list[str] = []
    at, end = 0, records[-1].timestamp + 3 * DAY

    def run(batch: Batch) -> None:
        outcome = cell.stage.step(batch, cell.state)
        apply(outcome.updates, cell.state)
        cell.stage.commit(batch, outcome)
        sent.extend(map(repr, outcome.sends))

    while at < len(records):
        size = rng.choice([1, 2, 30, 500])
        batch, at = records[at : at + size], at + size
        quiet_ms = (records[at].timestamp if at < len(records) else end) - 1
        run(Batch(batch, dict.fromkeys(sources, quiet_ms) if rng.random() < 0.5 else {}))
        if rng.random() < 0.2:
            cell.stage = STAGES.make["referrals"](PARTITIONS)
            cell.stage.restore(cell.state)
    run(Batch([], dict.fromkeys(sources, end)))
    return sorted(sent), dict(cell.state)


@examples(deadline=None, max_examples=8)
@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_deadlines_fire_as_of_their_own_time_wherever_batches_are_cut_and_whenever_somebody_looks(
    one: LiveRun, seed: int, other: int
) -> None:
    records = letters_of(one, 1)
    assert follow(records, seed) == follow(records, other)


def copied(live: LiveRun) -> LiveRun:
    """The same run, to be tampered with."""
    other = copy(live)
    other.logs = defaultdict(list, {where: list(log) for where, log in live.logs.items()})
    return other


def in_log(live: LiveRun, topic: str) -> list[Record]:
    """The longest log of a topic."""
    return max((log for (name, _), log in live.logs.items() if name == topic), key=len)


def newest_of(log: Sequence[Record]) -> int:
    """The place of a record that no later one of its key follows."""
    last = {record.key: place for place, record in enumerate(log)}
    return max(last.values())


def drop(live: LiveRun, topic: str) -> None:
    log = in_log(live, topic)
    gone = log[newest_of(log)].key
    log[:] = [record for record in log if record.key != gone]


def turn_back(live: LiveRun, topic: str) -> None:
    log = in_log(live, topic)
    key = next(record.key for record in log if sum(one.key == record.key for one in log) > 1)
    del log[max(place for place, record in enumerate(log) if record.key == key)]


def change(live: LiveRun, topic: str) -> None:
    log = in_log(live, topic)
    place = newest_of(log)
    body = json.loads(log[place].value or b"")
    changed = body | ({"count": body["count"] + 1} if "count" in body else {"outlet": "elsewhere"})
    log[place] = log[place]._replace(value=json.dumps(changed).encode())


def repeat(live: LiveRun, topic: str) -> None:
    log = in_log(live, topic)
    log.append(log[-1])


TAMPERED: list[tuple[Callable[[LiveRun, str], None], str, str]] = [
    (drop, "referrals", "missing"),
    (turn_back, "referrals", "other_revision"),
    (change, "referrals", "other_content"),
    (repeat, "referrals", "repeated"),
    (drop, "cases", "missing"),
    (turn_back, "cases", "other_revision"),
    (change, "cases", "other_content"),
    (drop, "instructions.swift", "missing"),
    (change, "instructions.swift", "other_content"),
    (repeat, "instructions.swift", "repeated"),
]


@pytest.mark.parametrize(("tamper", "topic", "kind"), TAMPERED)
def test_what_was_tampered_with_after_the_alerts_is_seen_and_named(
    one: LiveRun, tamper: Callable[[LiveRun, str], None], topic: str, kind: str
) -> None:
    live = copied(one)
    tamper(live, topic)
    found = check(live, STAGES, EVERYTHING).comparison
    assert getattr(getattr(found, topic.partition(".")[0]), kind) >= 1, found.differences
    named = next(one.what for one in found.differences if one.kind == kind)
    assert any(word in named for word in ("referral", "case", "instruction"))


def test_a_deadline_of_an_alert_that_never_fired_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The live run forgets the timers of one courier; others live on."""
    fire = _ReferralBatch.fire
    with monkeypatch.context() as patch:
        patch.setattr(_ReferralBatch, "fire", lambda work, of, ms: None if of == "swift" else fire(work, of, ms))
        live = lived(4)
    checked = check(live, STAGES, EVERYTHING)
    assert checked.comparison.referrals.other_revision > 0


def test_a_deadline_that_the_live_run_was_about_to_fire_on_an_idle_partition_is_not_fired_here() -> None:
    live = LiveRun(SETTINGS, STAGES, 4, People(SETTINGS.topics, 4))
    records = traffic(4, 24, partitions=PARTITIONS)
    live.run(records[:20])
    live.end(records[19].timestamp, apart_ms=0)
    still = OpenDeadlines(SETTINGS.topics)
    for record in live.followed():
        still.add(record)
    (_, number), due_ms = min(still.first(PARTITIONS).items(), key=lambda one: one[1])
    for other in range(PARTITIONS):
        if other != number:
            live.tick(other, due_ms + MINUTE)
    live.finish()
    found = check(live, STAGES, EVERYTHING).comparison
    assert found.same, found.differences


def test_an_answer_that_comes_twice_fires_what_fell_due_before_it() -> None:
    """So its refusal tells the same revision whenever somebody looked at the deadline."""
    first = answer(1)
    answered = LIFE.answer(raised("R14"), first, T0 + MINUTE).record
    again = LIFE.answer(answered, first, T0 + DAY)
    assert again.refused is not None
    assert (again.refused.reason, again.missed != ()) == (StepReason.DOUBLED, True)


@pytest.mark.parametrize("seed", [4, 6])
def test_a_live_run_that_lags_is_compared_up_to_what_waits(seed: int) -> None:
    live = LiveRun(SETTINGS, STAGES, seed, People(SETTINGS.topics, seed))
    records = traffic(seed, 24, partitions=PARTITIONS)
    live.run(records[: len(records) // 2])
    live.publish(records[len(records) // 2 :])
    live.work_a_little(6, idle=1)
    checked = check(live, STAGES, EVERYTHING)
    assert checked.comparison.same, checked.comparison.differences
    assert checked.notes[0].startswith("the live run has not worked off everything yet")


def kept(live: LiveRun, folder: Path) -> KeptRecording:
    keep(live, folder)
    return KeptRecording(folder, SETTINGS)


def figures(checked: Checked) -> Any:
    found = checked.comparison
    return found.referrals, found.instructions, found.cases, found.rejected, found.before


def test_a_kept_recording_has_what_became_of_the_alerts(one: LiveRun, tmp_path: Path) -> None:
    again = check(kept(one, tmp_path / "day"), STAGES, EVERYTHING)
    assert again.comparison.same
    assert figures(again) == figures(check(one, STAGES, EVERYTHING))


def test_a_recording_of_before_compares_alerts_alone_and_says_so(one: LiveRun, tmp_path: Path) -> None:
    kept(one, tmp_path / "day")
    about = tmp_path / "day" / ABOUT
    about.write_bytes(about.read_bytes().replace(b'"format":3', b'"format":2'))
    for path in (tmp_path / "day").glob("*.gz"):
        if not path.name.startswith(("intake", "screening.senders", "screening.outlets", "alerts", "rejected")):
            path.unlink()
    checked = check(KeptRecording(tmp_path / "day", SETTINGS), STAGES, EVERYTHING)
    assert checked.comparison.same
    assert (checked.comparison.referrals.equal, checked.comparison.cases.equal) == (0, 0)
    assert "holds nothing of what became of the alerts" in checked.notes[-1]


def test_what_began_before_the_recording_is_counted_and_not_compared(one: LiveRun) -> None:
    live = copied(one)
    for (topic, _), log in live.logs.items():
        if topic == "alerts" and log:
            gone = len(log) // 3 + 1
            del log[:gone]
    checked = check(live, STAGES, EVERYTHING).comparison
    assert checked.before > 0
    assert checked.referrals.equal > 0
    for counts in (checked.referrals, checked.cases, checked.instructions):
        assert (counts.missing, counts.other_revision, counts.other_content) == (0, 0, 0), checked.differences


def test_a_span_compares_what_happened_in_it(one: LiveRun) -> None:
    times = sorted(record.timestamp for record in one.alerts())
    middle = times[len(times) // 2]
    for span in (Span(None, middle), Span(middle, None), Span(middle, middle + 2 * HOUR)):
        checked = check(one, STAGES, span).comparison
        assert checked.same, checked.differences
        assert 0 < checked.instructions.equal < check(one, STAGES, EVERYTHING).comparison.instructions.equal


def test_nothing_that_people_wrote_in_free_text_comes_out_raw(one: LiveRun) -> None:
    came_in = {*letter_topics(one)}
    told = [record for (topic, _), log in one.logs.items() if topic in came_in for record in log]
    assert sum(CANARY.encode() in (record.value or b"") for record in told) > 10
    refused = {"refused.decisions", *map(one.topics.rejected, COURIERS)}  # those go back whole
    for (topic, _), log in one.logs.items():
        if topic in came_in | refused:
            continue
        found = [record for record in log if topic != one.topics.into("cases") or not carries_a_decision(record)]
        assert not any(CANARY.encode() in (record.value or b"") for record in found), topic


def carries_a_decision(record: Record) -> bool:
    """A decision on its way to a case travels whole, because the case may refuse it."""
    return dict(record.headers).get("pw_carries") == b"decision"


def test_a_live_run_that_entered_nothing_into_its_cases_holds_nobody_up(one: LiveRun) -> None:
    order = LiveEntries([[] for _ in range(PARTITIONS)], 1 << 63)
    sent = list({entry_of(record): record for record in one.logs[one.topics.into("cases"), 0]}.values())
    assert list(order.release(one.topics.into("cases"), 0, sent)) == []
    assert list(order.end(0)) == sent
