"""The people of the simulation: what they send keeps the contract, and every alert comes to an end."""

import json
from dataclasses import replace

from parcelward.cases.life import Life
from parcelward.cases.outgoing import referral_of
from parcelward.cases.referral import answer_hop, decision_hop, mark_of
from parcelward.contract.decisions import DecisionEvent
from parcelward.contract.instructions import AnswerEvent
from parcelward.contract.referrals import Referral
from parcelward.contract.steps import ReferralState, Role, StepReason
from parcelward.demo.ends import end_line
from parcelward.simulate import Letter, People
from parcelward.simulate.people import Habits
from tests.builders import MINUTE, SECOND, T0
from tests.desk import Desk
from tests.lives import LIFE, TIMES, news

SHORT = replace(
    TIMES,
    acknowledge=dict.fromkeys(TIMES.acknowledge, 8 * SECOND),
    decide=dict.fromkeys(TIMES.decide, 12 * SECOND),
    answer=dict.fromkeys(TIMES.answer, 8 * SECOND),
    settle=5 * SECOND,
)
RULES = (("R14",), ("R3",), ("R7",), ("R13",), ("R4",), ("R8",))
OVER = (ReferralState.CLOSED, ReferralState.EXPIRED)


class World:
    """Alerts, people and time."""

    def __init__(self, habits: Habits, alerts: int) -> None:
        self.desk = Desk(Life(LIFE.topics, SHORT))
        self.people = People(1, lambda _courier, waybill: int(waybill[2:]) % 2 == 0, habits)
        self.letters: list[Letter] = []
        self.read = [0, 0]
        for number in range(alerts):
            who = {"alert_id": f"alert-{number}", "waybill": f"SF{number:04}", "document": f"k1.document{number:014}"}
            self.desk.hear(news(*RULES[number % 6], at=T0, outlet=f"HZ-{number % 7}", **who))  # type: ignore[arg-type]

    def referrals(self, now_ms: int) -> list[Referral]:
        """Give the state of each alert as its topic says it."""
        records = self.desk.referrals.values()
        return [referral_of(one, None, Role.EVIDENCE, None, now_ms, SHORT) for one in records]

    def play(self, until_ms: int) -> None:
        """Let seconds pass."""
        for now_ms in range(T0, until_ms, SECOND):
            self.desk.look(now_ms)
            for referral in self.referrals(now_ms):
                self.people.read_referral(referral, now_ms)
            for case in self.desk.told[self.read[0] :]:
                self.people.read_case(case, now_ms)
            for instruction in self.desk.instructions[self.read[1] :]:
                self.people.read_instruction(instruction, now_ms)
            self.read = [len(self.desk.told), len(self.desk.instructions)]
            for letter in self.people.due(now_ms):
                self.letters.append(letter)
                self._deliver(letter, now_ms)

    def _deliver(self, letter: Letter, now_ms: int) -> None:
        mark, body = mark_of(letter.event["source"], letter.event["id"]), json.dumps(letter.event)
        if letter.courier is not None:
            self.desk.answer(answer_hop(mark, AnswerEvent.model_validate_json(body).data), now_ms)
            return
        hop = decision_hop(mark, DecisionEvent.model_validate_json(body).data)
        self.desk.decide_case(hop, now_ms) if hop.is_on_case else self.desk.decide(hop, now_ms)


def test_every_alert_comes_to_an_end_that_a_person_chose_or_a_deadline_made() -> None:
    world = World(Habits(never=0.2, late=0.2, overlooked=0.3, outdated=0.2, twice=0.2, unasked=0.2), 60)
    world.play(T0 + 3 * MINUTE)
    referrals = world.referrals(T0 + 3 * MINUTE)
    assert {one.state for one in referrals} == set(OVER)
    assert all((one.outcome is not None) is (one.state is ReferralState.CLOSED) for one in referrals)
    assert {refused.reason for refused in world.desk.refused} >= {
        StepReason.STALE,
        StepReason.DOUBLED,
        StepReason.UNKNOWN,
        StepReason.AHEAD,
    }
    assert any(one.level for one in referrals)


def test_people_in_order_leave_nothing_open_and_are_refused_nothing() -> None:
    perfect = Habits(
        late=0,
        never=0,
        not_possible=0,
        twice=0,
        outdated=0,
        unasked=0,
        overlooked=0,
        mistaken=0,
        look_ms=1_000,
        decide_ms=1_500,
    )
    world = World(perfect, 30)
    world.play(T0 + 2 * MINUTE)
    referrals = world.referrals(T0 + 2 * MINUTE)
    assert {one.state for one in referrals} == {ReferralState.CLOSED}
    assert {one.level for one in referrals} == {0}
    found = {one.waybill: one.outcome for one in referrals}
    assert all((outcome == "false_alarm") is (int(waybill[2:]) % 2 == 1) for waybill, outcome in found.items())


def test_the_end_of_an_alert_is_one_line_in_both_languages() -> None:
    world = World(Habits(never=0, late=0, overlooked=0, outdated=0), 3)
    world.play(T0 + MINUTE)
    (first, *_) = world.referrals(T0 + MINUTE)
    assert "dangerous goods; the parcel stays; the courier did it" in end_line(first, "en").plain
    assert "办结" in end_line(first, "zh").plain
    assert "确有违禁物品，快件继续暂扣，企业已办理" in end_line(first, "zh").plain
    expired = first.model_copy(update={"state": ReferralState.EXPIRED, "level": 3, "answer": None})
    assert "nobody took it in time; the parcel stays; passed up 3 times" in end_line(expired, "en").plain
