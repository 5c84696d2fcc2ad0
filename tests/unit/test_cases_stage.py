"""The stage of the cases: it keeps and sends what the functions say, however batches are cut and workers stop."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from parcelward.cases.budget import Budget
from parcelward.cases.passing import pass_decision
from parcelward.cases.referral import DecisionHop, ReferralRecord, referral_key
from parcelward.contract.referrals import Case
from parcelward.screening.cases import CasesStage
from parcelward.screening.in_memory import Cell
from parcelward.stage import Batch, Record, Send, apply
from tests.builders import DAY, MINUTE, SECOND, T0
from tests.desk import Desk
from tests.lives import LIFE, decision, news

ONE = Budget(1, 1, {})
INTO = LIFE.topics.into("cases")
KEEP = LIFE.times.keep


class Line:
    """The stage on one partition, which reads what it sends to itself."""

    def __init__(self) -> None:
        self.cell = Cell(CasesStage(LIFE.topics, KEEP, ONE))
        self.told: list[Case] = []
        self.counts: dict[tuple[str, ...], int] = {}

    def feed(self, sends: Sequence[Send], cut: int = 100) -> list[Send]:
        """Take in records in batches of `cut`, and what they lead to here; gives what leaves, but for the cases."""
        left, waiting = [], [send for send in sends if send.topic == INTO]
        while waiting:
            part, waiting = waiting[:cut], waiting[cut:]
            records = [Record(INTO, 0, 0, 0, *send[1:]) for send in part]
            outcome = self.cell.stage.step(Batch(records), self.cell.state)
            apply(outcome.updates, self.cell.state)
            self.cell.stage.commit(Batch(records), outcome)
            waiting += [send for send in outcome.sends if send.topic == INTO]
            left += [send for send in outcome.sends if send.topic != INTO]
            for key, count in outcome.counts.items():
                self.counts[key] = self.counts.get(key, 0) + count
        self.told += [Case.model_validate_json(send.value) for send in left if send.topic == "cases" and send.value]
        return [send for send in left if send.topic != "cases"]

    def restart(self) -> None:
        """A new worker takes over."""
        self.cell.stage = CasesStage(LIFE.topics, KEEP, ONE)
        self.cell.stage.restore(self.cell.state)

    def decide(self, hop: DecisionHop, at_ms: int) -> list[Send]:
        """A person decides on a case."""
        record = Record("decisions", 0, 0, at_ms, hop.key.encode(), b"{}")
        return self.feed([pass_decision(record, hop, LIFE.topics)])


def notes_of(number: int, *rules: str, at: int = T0, before: ReferralRecord | None = None) -> Sequence[Send]:
    """The notes of an alert at an outlet of its own."""
    who: dict[str, Any] = {
        "alert_id": f"alert-{number}",
        "waybill": f"SF{number:04}",
        "document": f"k1.document{number:014}",
    }
    return LIFE.hear(before, news(*rules, at=at + number * SECOND, outlet=f"HZ-{number:02}", **who)).sends


def asked(told: Sequence[Case]) -> list[str]:
    return [case.subject for case in told if case.attention]


def test_over_the_budget_alerts_are_counted_in_a_case_of_the_courier_and_in_the_metrics() -> None:
    line = Line()
    for number in range(5):
        line.feed(notes_of(number, "R13"))
        line.restart()
    assert asked(line.told) == ["outlet/swift/HZ-00", "courier/swift"]
    assert line.counts["over_budget", "swift"] == 4


def test_a_snooze_of_later_cases_outlives_the_worker_and_ends_by_itself() -> None:
    line = Line()
    line.feed(notes_of(1, "R13"))
    about = {"about": line.told[-1].case_id, "key": line.told[-1].subject}
    line.decide(decision("acknowledge", line.told[-1].revision, **about), T0 + MINUTE)
    snooze = decision("snooze", line.told[-1].revision, **about, until_ms=T0 + 2 * DAY, later_cases=True)
    line.decide(snooze, T0 + MINUTE)
    line.restart()
    line.feed(notes_of(1, "R13", at=T0 + DAY))
    assert (line.told[-1].attention, line.told[-1].snoozed_by) == (False, snooze.by)
    line.feed(notes_of(1, "R13", at=T0 + 3 * DAY))
    assert (line.told[-1].attention, line.told[-1].snoozed_by) == (True, None)


RULES = st.sampled_from([("R13",), ("R3",), ("R13", "R3"), ("R14",), ()])
HEARD = st.lists(st.tuples(st.integers(0, 5), RULES), min_size=1, max_size=25)


@settings(max_examples=60)
@given(HEARD, st.integers(1, 30))
def test_the_stage_keeps_and_says_what_the_functions_do(heard: list[tuple[int, tuple[str, ...]]], cut: int) -> None:
    desk, line, sends = Desk(LIFE, ONE), Line(), list[Send]()
    for at, (number, rules) in enumerate(heard):
        who: dict[str, Any] = {
            "alert_id": f"alert-{number}",
            "waybill": f"SF{number:04}",
            "document": f"k1.document{number:014}",
        }
        one = news(*rules, at=T0 + at * SECOND, revision=at + 1, outlet=f"HZ-{number:02}", **who)
        key = referral_key(one.courier, one.waybill, one.alert_id)
        sends += LIFE.hear(desk.referrals.get(key), one).sends
        desk.hear(one)
    line.feed(sends, cut)
    newest = {case.case_id: case for case in line.told}
    truth = {case.case_id: case for case in desk.told}
    counted = ("count", "open", "withdrawn", "left", "red", "rules")
    own = {case_id for case_id, case in truth.items() if not case.over_budget}
    assert {one: [getattr(newest[one], name) for name in counted] for one in own} == {
        one: [getattr(truth[one], name) for name in counted] for one in own
    }
    reds = {case.case_id for case in desk.told if case.attention and case.red}
    assert reds <= {case.case_id for case in line.told if case.attention}
