"""An alert may hear of anything in any order, doubled or late: the table is kept, each deadline fires once or never."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from parcelward.cases.life import Result
from parcelward.cases.machine import LEVELS, TABLE
from parcelward.cases.news import AlertNews
from parcelward.cases.referral import MARKS_KEPT, AnswerHop, DecisionHop, ReferralRecord, decode_referral, encode
from parcelward.contract.referrals import Referral
from parcelward.contract.steps import ReferralState, Role, StepKind
from tests.builders import DAY, MINUTE, T0
from tests.lives import ANALYST, BOSS, LIFE, OTHER, answer, decision, news

RULES = ((), ("R4",), ("R13",), ("R3",), ("R3", "R7"), ("R14",), ("R3", "R14"))
STEPS = ("acknowledge", "assign", "comment", "instruct", "outcome", "release", "snooze", "reopen")


class Op(NamedTuple):
    """One thing that comes: after how long, what, and how far its revision is from the present one."""

    wait: int
    kind: str
    step: str
    role: str
    by: str
    off: int
    rules: tuple[str, ...]
    keep: bool


OPS = st.lists(
    st.builds(
        Op,
        wait=st.sampled_from((0, MINUTE, 6 * MINUTE, 40 * MINUTE, DAY)),
        kind=st.sampled_from(("decision", "decision", "answer", "news", "again", "older news")),
        step=st.sampled_from(STEPS),
        role=st.sampled_from(("analyst", "supervisor")),
        by=st.sampled_from((ANALYST, OTHER, BOSS)),
        off=st.sampled_from((0, 0, 0, -1, 1)),
        rules=st.sampled_from(RULES),
        keep=st.booleans(),
    ),
    max_size=24,
)


Came = AlertNews | AnswerHop | DecisionHop


def applied(record: ReferralRecord | None, came: Came, at: int) -> Result:
    """The result of one thing that comes at a time."""
    if isinstance(came, AlertNews):
        return LIFE.hear(record, came)
    return LIFE.answer(record, came, at) if isinstance(came, AnswerHop) else LIFE.decide(record, came, at)


class Run:
    """A life as it goes: what came and when, and what it led to."""

    def __init__(self) -> None:
        self.now, self.number, self.told = T0, 1, 1
        self.came: list[tuple[int, Came]] = [(T0, news("R3"))]
        self.results = [applied(None, self.came[0][1], T0)]

    @property
    def record(self) -> ReferralRecord:
        record = self.results[-1].record
        assert record is not None
        return record

    def apply(self, op: Op) -> None:
        self.number += 1
        self.now += op.wait
        came = self._made(op)
        self.came.append((self.now, came))
        self.results.append(applied(self.record, came, self.now))

    def _made(self, op: Op) -> Came:
        revision, mark = max(1, self.record.revision + op.off), self.number.to_bytes(8)
        if op.kind == "again":
            return self.came[-1][1]
        if op.kind == "answer":
            return answer(revision, mark=mark)
        if op.kind == "decision":
            changes: dict[str, Any] = {"mark": mark, "keep": op.keep, "words": "换班" if op.keep else None}
            if op.step == "snooze":
                changes["until_ms"] = self.now + op.wait
            return decision(op.step, revision, op.by, op.role, **changes)
        self.told += op.kind == "news"
        return news(*op.rules, at=self.now, revision=self.told if op.kind == "news" else 1)

    def sent(self, topic: str) -> list[bytes]:
        return sent(self.results, topic)

    def referrals(self) -> list[Referral]:
        return [Referral.model_validate_json(value) for value in self.sent("referrals")]


def sent(results: Iterable[Result], topic: str) -> list[bytes]:
    return [send.value or b"" for result in results for send in result.sends if send.topic == topic]


def looked_at_often(run: Run) -> list[Result]:
    """The results where a worker also looks for deadlines seven times between two things that come."""
    results: list[Result] = []
    record: ReferralRecord | None = None
    before = T0
    ends: tuple[tuple[int, Came | None], ...] = (*run.came, (run.now, None))
    for at, came in ends:
        for part in range(1, 9):
            if record is not None:
                results.append(LIFE.fire(record, before + (at - before) * part // 8))
                record = results[-1].record
        if came is not None:
            results.append(applied(record, came, at))
            record = results[-1].record
        before = at
    return results


def lived(ops: list[Op]) -> Run:
    run = Run()
    for op in ops:
        run.apply(op)
    run.now += 90 * DAY
    run.results.append(LIFE.fire(run.record, run.now))
    return run


@settings(max_examples=60)
@given(OPS)
def test_each_step_is_one_of_the_table_each_deadline_fires_once_and_each_life_ends(ops: list[Op]) -> None:
    run = lived(ops)
    states = run.referrals()
    assert [one.revision for one in states] == list(range(1, len(states) + 1))
    assert max(one.level for one in states) <= LEVELS
    for before, after in pairwise(states):
        assert after.step is not None
        way = TABLE[before.state][after.step]
        assert (way.to, after.by in way.roles) == (after.state, True)
        if after.by is Role.CLOCK:
            answer_by = None if before.asked is None else before.asked.answer_by
            assert after.at == (answer_by if after.step is StepKind.UNANSWERED else before.due_by)
    fired = [(one.step, one.at) for one in states if one.by is Role.CLOCK]
    assert len(fired) == len(set(fired))
    record = run.record
    assert (record.now in (ReferralState.CLOSED, ReferralState.EXPIRED), record.due_ms) == (True, 0)
    assert decode_referral(encode(record)) == record
    assert len(encode(record)) <= 1024


@settings(max_examples=60)
@given(OPS)
def test_a_hold_ends_with_a_release_to_the_courier_and_never_without(ops: list[Op]) -> None:
    held = False
    for result in lived(ops).results:
        assert result.record is not None
        assert result.record.touched_ms >= result.record.people_due_ms, "swept out before its deadline"
        if held and not result.record.held:
            told = [send.value or b"" for send in result.sends if send.topic == "instructions.swift"]
            assert b'"action":"release","hold":false' in told[-1]
        held = result.record.held


@settings(max_examples=60)
@given(OPS)
def test_it_does_not_matter_when_a_worker_looks_for_deadlines(ops: list[Op]) -> None:
    run = lived(ops)
    often = looked_at_often(run)
    for topic in ("referrals", "instructions.swift", "screening.cases"):
        assert run.sent(topic) == sent(often, topic)
    assert run.record == often[-1].record


@settings(max_examples=60)
@given(OPS)
def test_what_was_taken_and_comes_again_changes_nothing(ops: list[Op]) -> None:
    run = Run()
    taken: list[Came] = []
    for op in ops:
        run.apply(op)
        if run.results[-1].refused is None and op.kind != "again":
            taken.append(run.came[-1][1])
        for came in taken[-MARKS_KEPT // 2 :]:
            if not isinstance(came, AlertNews) or came.revision <= run.record.alert_revision:
                again = applied(run.record, came, run.now)
                assert (again.record, again.sends) == (run.record, ())
