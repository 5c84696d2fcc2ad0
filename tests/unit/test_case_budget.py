"""Budgets and snoozes: what is too much asks once and counts everything; what is red or critical always asks."""

from typing import Any

from parcelward.cases.budget import Budget
from parcelward.contract.referrals import Case
from tests.builders import DAY, HOUR, MINUTE, SECOND, T0
from tests.desk import Desk
from tests.lives import BOSS, LIFE, decision, news

TWO = Budget(2, 2, {})
WIDE = Budget(1_000, 2, {})


def hear(desk: Desk, number: int, *rules: str, at: int = T0, **changes: Any) -> None:
    """Hear of an alert of its own outlet, unless another one is named."""
    values: dict[str, Any] = {
        "alert_id": f"alert-{number}",
        "waybill": f"SF{number:04}",
        "outlet": f"HZ-{number:02}",
        "document": f"k1.document{number:014}",
    }
    desk.hear(news(*rules, at=at + number * SECOND, **{**values, **changes}))


def asked(desk: Desk) -> list[str]:
    """Subjects of the lines that a person must read, in their order."""
    return [case.subject for case in desk.told if case.attention]


def newest(desk: Desk) -> dict[str, Case]:
    return {case.subject: case for case in desk.told}


def test_over_its_budget_a_courier_has_one_line_that_counts_everything() -> None:
    desk = Desk(LIFE, TWO)
    for number in range(40):
        hear(desk, number, "R13")
    assert asked(desk) == ["outlet/swift/HZ-00", "outlet/swift/HZ-01", "courier/swift"]
    together = newest(desk)["courier/swift"]
    assert (together.count, together.open, together.over_budget, together.theme) == (38, 38, True, "for_the_shift")
    assert "合并计数" in together.summary.zh
    assert "38 parcels" in together.summary.en
    assert all(case.count == 1 for subject, case in newest(desk).items() if subject != "courier/swift")


def test_red_and_critical_ask_whatever_the_budget() -> None:
    desk = Desk(LIFE, TWO)
    for number in range(5):
        hear(desk, number, "R13")
    hear(desk, 5, "R3")
    hear(desk, 6, "R14")
    hear(desk, 7, "R13", findings=news("R14").findings)
    assert asked(desk)[3:] == [
        "outlet/swift/HZ-05",
        "document/k1.document00000000000006",
        "document/k1.document00000000000007",
    ]


def test_one_outlet_does_not_spend_the_budget_of_its_courier() -> None:
    desk = Desk(LIFE, WIDE)
    for number in range(9):
        hear(desk, number, "R8", outlet="HZ-99", phone=f"k1.phone{number:017}")
    hear(desk, 9, "R8", outlet="HZ-98", phone="k1.phone00000000000000009")
    by_phone = [subject for subject in asked(desk) if subject.startswith("phone/")]
    assert len(by_phone) == 3
    assert asked(desk)[2] == "courier/swift"
    assert newest(desk)["courier/swift"].count == 7


def test_a_courier_may_have_a_budget_of_its_own() -> None:
    desk = Desk(LIFE, Budget(2, 2, {"swift": 4}))
    for number in range(9):
        hear(desk, number, "R13")
        hear(desk, number + 20, "R13", courier="orient")
    assert [subject for subject in asked(desk) if "orient" in subject][-1] == "courier/orient"
    assert sum("outlet/swift" in subject for subject in asked(desk)) == 4
    assert sum("outlet/orient" in subject for subject in asked(desk)) == 2


def test_the_next_day_has_a_budget_of_its_own() -> None:
    desk = Desk(LIFE, TWO)
    for number in range(4):
        hear(desk, number, "R13")
        hear(desk, number + 50, "R13", at=T0 + DAY)
    assert asked(desk).count("courier/swift") == 2


def test_a_decision_on_what_was_counted_together_reaches_each_of_its_alerts_and_no_other() -> None:
    desk = Desk(LIFE, TWO)
    for number in range(6):
        hear(desk, number, "R13")
    case = newest(desk)["courier/swift"]
    hop = decision("outcome", case.revision, about=case.case_id, key=case.subject)
    assert desk.decide_case(hop, T0 + HOUR).refused is None
    states = {record.outlet: record.state for record in desk.referrals.values()}
    assert states == {f"HZ-{number:02}": "decided" if number > 1 else "raised" for number in range(6)}


def test_what_the_evidence_clears_is_counted_as_withdrawn_in_the_case_of_the_courier() -> None:
    desk = Desk(LIFE, TWO)
    for number in range(4):
        hear(desk, number, "R13")
    for number in range(4):
        hear(desk, number, at=T0 + MINUTE, revision=2, lane="yellow")
    together = newest(desk)["courier/swift"]
    assert (together.count, together.withdrawn, together.open, together.state) == (2, 2, 0, "withdrawn")
    assert asked(desk).count("courier/swift") == 1


def test_what_was_counted_together_is_kept_up_to_date_when_its_own_case_may_ask_later() -> None:
    desk = Desk(LIFE, Budget(9, 1, {}))
    phone: dict[str, Any] = {"phone": "k1.phone00000000000000000"}
    hear(desk, 0, "R8", outlet="HZ-99", phone="k1.phone00000000000000009")
    hear(desk, 1, "R8", outlet="HZ-99", **phone)
    assert newest(desk)["courier/swift"].open == 1
    hear(desk, 2, "R8", outlet="HZ-98", **phone)
    assert "phone/k1.phone00000000000000000" in asked(desk)
    hear(desk, 1, outlet="HZ-99", at=T0 + MINUTE, revision=2, lane="yellow", **phone)
    assert newest(desk)["courier/swift"].open == 0


def test_an_alert_that_turns_red_asks_in_its_own_case_and_is_counted_together_no_more() -> None:
    desk = Desk(LIFE, TWO)
    for number in range(6):
        hear(desk, number, "R13")
    hear(desk, 5, "R13", "R3", at=T0 + MINUTE, revision=2)
    together = newest(desk)["courier/swift"]
    assert (together.count, together.left, together.red) == (3, 1, 0)
    themes = [(case.theme, case.subject) for case in desk.told if case.attention]
    assert themes[3:] == [("inspection_missing", "outlet/swift/HZ-05")]


def test_what_is_passed_up_beyond_the_budget_asks_a_supervisor_once() -> None:
    desk = Desk(LIFE, TWO)
    for number in range(8):
        hear(desk, number, "R13")
    desk.look(T0 + DAY)
    assert asked(desk).count("courier/swift") == 2
    assert newest(desk)["courier/swift"].escalated == 6


def snoozed(desk: Desk, case: Case, *, later: bool, until: int = T0 + 10 * DAY) -> None:
    """Acknowledge and snooze a case."""
    about = {"about": case.case_id, "key": case.subject}
    assert desk.decide_case(decision("acknowledge", case.revision, **about), T0 + MINUTE).refused is None
    hop = decision("snooze", case.revision + 1, BOSS, **about, until_ms=until, later_cases=later)
    assert desk.decide_case(hop, T0 + MINUTE).refused is None


def test_a_snooze_holds_for_later_cases_of_the_same_kind_if_it_says_so_and_names_its_owner() -> None:
    for later in (True, False):
        desk = Desk(LIFE)
        hear(desk, 1, "R13")
        snoozed(desk, desk.told[-1], later=later)
        hear(desk, 1, "R13", at=T0 + DAY, alert_id="alert-next-day")
        tomorrow = desk.told[-1]
        assert tomorrow.attention is not later
        assert tomorrow.snoozed_by == (BOSS if later else None)
        assert (tomorrow.snoozed_until is not None) is later


def test_a_snooze_ends_by_itself_and_lets_red_through_before() -> None:
    desk = Desk(LIFE)
    hear(desk, 1, "R13")
    snoozed(desk, desk.told[-1], later=True, until=T0 + 2 * DAY)
    hear(desk, 1, "R3", at=T0 + DAY, alert_id="alert-red")
    assert desk.told[-1].attention
    hear(desk, 1, "R13", at=T0 + 3 * DAY, alert_id="alert-after")
    assert desk.told[-1].attention
    assert desk.told[-1].snoozed_until is None
