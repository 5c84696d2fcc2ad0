"""The life of an alert, read back from the topics: steps, words of people, what the courier was told and answered."""

from collections.abc import Callable
from typing import Any

from parcelward.cases.incoming import read
from parcelward.cases.life import Result
from parcelward.cases.outgoing import passed_on_send
from parcelward.cases.referral import AnswerHop, DecisionHop, ReferralRecord
from parcelward.cases.refusals import refused_send
from parcelward.contract.referrals import Referral
from parcelward.desk.history import Decided, decided_in, history, history_lines, standing, states_in
from parcelward.intake.decode import Limits
from parcelward.moments import CHINA
from parcelward.stage import Record
from parcelward.topics import Topics
from tests.builders import MINUTE, T0, settings
from tests.letters import answer_for, decision_for
from tests.lives import ALERT, ANALYST, LIFE, decision, news

TOPICS, LIMITS = Topics(), Limits.from_settings(settings())
WAYBILL = "SF0000000000001"


class Desk:
    """The topics of one alert that was just raised."""

    def __init__(self) -> None:
        self.referrals: list[Record] = []
        self.decisions: list[Record] = []
        self.refused: list[Record] = []
        self._take(LIFE.hear(None, news("R14")), T0)

    def decide(self, minute: int, revision: int, **decision: Any) -> None:
        at = T0 + minute * MINUTE
        record = decision_for("swift", WAYBILL, ALERT, revision, at, **decision)
        self.decisions.append(record)
        hop = read(record, TOPICS, LIMITS)
        assert isinstance(hop, DecisionHop), hop
        self._take(LIFE.decide(self.record, hop, at), at, record)

    def answer(self, minute: int, revision: int, **changes: Any) -> None:
        at = T0 + minute * MINUTE
        hop = read(answer_for("swift", WAYBILL, ALERT, revision, at, **changes), TOPICS, LIMITS)
        assert isinstance(hop, AnswerHop), hop
        self._take(LIFE.answer(self.record, hop, at), at)

    def _take(self, result: Result, at: int, came: Record | None = None) -> None:
        assert result.record is not None
        self.record: ReferralRecord = result.record
        for send in result.sends:
            if send.topic == TOPICS.referrals:
                number = len(self.referrals)
                self.referrals.append(Record(send.topic, 0, number, at, send.key, send.value, send.headers))
        if result.refused is not None:
            assert came is not None
            send = refused_send(came, result.refused, TOPICS)
            self.refused.append(Record(send.topic, 0, 0, at, send.key, send.value, send.headers))

    @property
    def states(self) -> list[Referral]:
        return states_in(self.referrals, ALERT)

    @property
    def decided(self) -> list[Decided]:
        return decided_in(self.decisions, self.refused, ALERT)

    def lines(self, keeps: Callable[[Referral], bool] = lambda _one: True) -> list[str]:
        states = [one for one in self.states if keeps(one)]
        return [one.says for one in history(states, self.decided)]


def lived() -> Desk:
    desk = Desk()
    desk.answer(1, 1, result="done", found_goods="雷管")
    desk.decide(2, 2, kind="acknowledge")
    desk.decide(3, 3, kind="comment", text="已通知公安机关")
    desk.decide(3, 2, kind="acknowledge")
    desk.decide(4, 3, kind="outcome", outcome="dangerous_goods", parcel="release", comment="已移交公安机关")
    desk.decide(5, 4, kind="reopen", reason="收到新线索")
    return desk


def test_the_history_of_an_alert_has_every_step_with_what_people_said() -> None:
    assert lived().lines() == [
        "1. raised -> raised; the courier is told: refuse; the parcel is held",
        "2. answer by courier -> answered; the courier answers: result done, found_goods 雷管",
        f"3. acknowledge by analyst {ANALYST} -> in_work",
        f"comment by analyst {ANALYST}; text 已通知公安机关",
        f"acknowledge by analyst {ANALYST}; refused (stale)",
        f"4. outcome by analyst {ANALYST} -> decided; outcome dangerous_goods, parcel release, comment 已移交公安机关; "
        "the courier is told: release; the parcel may go",
        f"5. reopen by analyst {ANALYST} -> reopened; reason 收到新线索",
    ]


def test_what_compaction_has_taken_away_is_still_told_by_the_decisions() -> None:
    lines = lived().lines(lambda one: one.revision == 5)
    assert f"outcome by analyst {ANALYST}; outcome dangerous_goods, parcel release, comment 已移交公安机关" in lines
    assert not any("no worker" in line for line in lines)


def test_a_decision_that_waits_for_a_worker_says_so() -> None:
    desk = Desk()
    desk.decisions.append(decision_for("swift", WAYBILL, ALERT, 1, T0 + MINUTE, kind="acknowledge"))
    assert desk.lines()[-1] == f"acknowledge by analyst {ANALYST}; no worker has taken it yet"


def test_a_decision_that_was_moved_or_sent_twice_is_told_once() -> None:
    desk = Desk()
    desk.decide(2, 1, kind="acknowledge")
    again = desk.decisions[0]._replace(partition=1, timestamp=T0 + 3 * MINUTE)
    told = [("pw_reason", b"doubled")]
    doubled = decided_in([*desk.decisions, again], [again._replace(headers=told)], ALERT)
    assert [one.refused for one in doubled] == [None]
    assert decided_in(desk.decisions, [], "another") == []


def test_a_decision_on_a_case_names_the_case() -> None:
    hop = decision("acknowledge", 1, of_case="0a7f7f0e-51a5-5d0c-9a52-3d2f0c6f2a10")
    send = passed_on_send(hop, "swift", WAYBILL, T0, TOPICS)
    (passed_on,) = decided_in([Record(send.topic, 0, 0, T0, send.key, send.value, send.headers)], [], ALERT)
    (line,) = history([], [passed_on])
    assert line.says.startswith(f"acknowledge by analyst {ANALYST}; on case 0a7f7f0e-51a5-5d0c-9a52-3d2f0c6f2a10")


def test_an_alert_says_in_a_line_where_it_stands() -> None:
    desk = lived()
    first, last = desk.states[0], desk.states[-1]
    assert standing(first, CHINA).startswith("raised, held, nobody has it, the courier was told refuse, next step due ")
    assert standing(last, CHINA).startswith(f"reopened, not held, with {ANALYST}, it answered done, next step due ")
    head, stands, *steps = history_lines(last, history(desk.states, desk.decided), CHINA)
    assert head == f"{ALERT}  swift/HZ-01 {WAYBILL}  red R14"
    assert stands.startswith("stands: reopened")
    assert len(steps) == 7
