"""Gathering: a storm is one case that counts it all, nothing red is hidden, and a decision reaches the alerts seen."""

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from parcelward.cases.case import Bucket, CaseRecord, bucket_key, decode_bucket, decode_case
from parcelward.cases.gathering import gather
from parcelward.cases.outgoing import CaseNote
from parcelward.cases.referral import DecisionHop, encode
from parcelward.contract.referrals import Case
from parcelward.contract.steps import StepReason
from parcelward.topics import Topics
from tests.builders import DAY, HOUR, MINUTE, SECOND, T0
from tests.desk import Desk
from tests.lives import BOSS, LIFE, OTHER, decision, news


def desk_with(parcels: Iterable[int] = (), *rules: str) -> Desk:
    """A desk that has heard of an alert with these rules for each parcel, a second apart."""
    desk = Desk(LIFE)
    for number in parcels:
        hear(desk, number, *rules)
    return desk


def hear(desk: Desk, number: int, *rules: str, revision: int = 1, at: int | None = None, **changes: object) -> None:
    when = T0 + number * SECOND if at is None else at
    who = {"alert_id": f"alert-{number}", "waybill": f"SF{number:04}", "document": f"k1.document{number:014}"}
    desk.hear(news(*rules, at=when, revision=revision, **{**who, **changes}))


def newest(desk: Desk) -> dict[str, Case]:
    return {case.case_id: case for case in desk.told}


def on(case: Case, step: str, **changes: object) -> DecisionHop:
    values = {"about": case.case_id, "key": case.subject} | changes
    return decision(step, case.revision, **values)  # type: ignore[arg-type]


def test_thirty_reds_of_one_handheld_are_one_case_that_is_read_once_beside_the_detonator() -> None:
    desk = desk_with(range(30), "R3")
    hear(desk, 30, "R14")
    handheld, detonator = sorted(newest(desk).values(), key=lambda case: case.severity, reverse=True)
    assert (handheld.theme, handheld.count, handheld.red, handheld.action) == (
        "inspection_missing",
        30,
        30,
        "audit_outlet",
    )
    assert (detonator.theme, detonator.count, detonator.severity) == ("prohibited_goods", 1, "critical")
    assert sum(case.attention for case in desk.told) == 2
    assert len(handheld.samples) == 12


def test_a_case_is_the_same_in_whatever_order_its_alerts_come() -> None:
    there, back = desk_with(range(20), "R3"), desk_with(reversed(range(20)), "R3")
    assert set(newest(there)) == set(newest(back))
    (one,), (other,) = newest(there).values(), newest(back).values()
    assert one.model_copy(update={"attention": False}) == other.model_copy(update={"attention": False})


def test_the_next_day_is_another_case() -> None:
    desk = desk_with([1], "R3")
    hear(desk, 2, "R3", at=T0 + DAY)
    assert [case.count for case in newest(desk).values()] == [1, 1]


def test_each_critical_alert_of_a_case_is_read() -> None:
    desk = Desk(LIFE)
    for number in range(3):
        hear(desk, number, "R14", document="k1.ZG9jdW1lbnRkb2N1bWVudA")
    assert [(case.count, case.attention) for case in desk.told] == [(1, True), (2, True), (3, True)]


def test_what_gets_graver_leaves_no_red_behind_and_is_ended_by_no_other_case() -> None:
    desk = desk_with(range(3), "R3")
    hear(desk, 1, "R3", "R14", revision=2, at=T0 + MINUTE)
    missing = next(case for case in newest(desk).values() if case.theme == "inspection_missing")
    goods = next(case for case in newest(desk).values() if case.theme == "prohibited_goods")
    assert (missing.count, goods.count) == (3, 1)
    desk.decide_case(on(missing, "outcome"), T0 + 2 * MINUTE)
    states = {record.alert_id: record.state for record in desk.referrals.values()}
    assert states == {"alert-0": "decided", "alert-1": "raised", "alert-2": "decided"}


def test_an_alert_whose_worst_finding_has_changed_leaves_its_case() -> None:
    desk = desk_with(range(2), "R13")
    hear(desk, 1, "R14", revision=2, at=T0 + MINUTE)
    shift = next(case for case in newest(desk).values() if case.theme == "for_the_shift")
    assert (shift.count, shift.left, [one.alert_id for one in shift.samples]) == (1, 1, ["alert-0"])
    assert shift.rules == {"R13": 1}


def test_late_uploads_withdraw_the_alerts_and_the_case_without_a_line_to_read() -> None:
    desk = desk_with(range(5), "R3")
    for number in range(5):
        hear(desk, number, revision=2, at=T0 + 10 * MINUTE)
    (case,) = newest(desk).values()
    assert (case.state, case.count, case.withdrawn) == ("withdrawn", 5, 5)
    assert sum(case.attention for case in desk.told) == 1
    assert [one.action.value for one in desk.instructions].count("release") == 5


def test_a_decision_on_a_case_reaches_each_alert_and_each_courier_hears_of_its_own_parcel() -> None:
    desk = desk_with(range(5), "R3")
    (case,) = newest(desk).values()
    assert desk.decide_case(on(case, "acknowledge"), T0 + MINUTE).refused is None
    desk.decide_case(on(newest(desk)[case.case_id], "outcome"), T0 + 2 * MINUTE)
    assert {record.state for record in desk.referrals.values()} == {"decided"}
    assert sorted(one.waybill for one in desk.instructions if one.action == "release") == [
        f"SF{n:04}" for n in range(5)
    ]
    assert (newest(desk)[case.case_id].state, desk.refused) == ("decided", [])


def test_a_decision_on_a_case_ends_no_alert_that_came_after_what_the_person_saw() -> None:
    desk = desk_with(range(2), "R3")
    seen = desk.told[-1]
    hear(desk, 2, "R3")
    assert desk.decide_case(on(seen, "outcome"), T0 + MINUTE).refused is None
    assert [record.state for record in desk.referrals.values()] == ["decided", "decided", "raised"]


def test_an_outcome_that_leaves_an_alert_open_ends_no_case_and_asks_again() -> None:
    desk = desk_with([1], "R3")
    seen = desk.told[-1]
    hear(desk, 2, "R3")
    desk.decide_case(on(seen, "outcome"), T0 + MINUTE)
    newest_of_it = desk.told[-1]
    assert (newest_of_it.open, newest_of_it.state, newest_of_it.outcome) == (1, "reopened", None)
    assert sum(case.attention for case in desk.told) == 2


def test_an_alert_of_two_themes_keeps_both_cases_open_until_it_is_decided_itself() -> None:
    desk = desk_with([1], "R3", "R14")
    for case in newest(desk).values():
        desk.decide_case(on(case, "outcome", outcome="dangerous_goods", keep=True), T0 + MINUTE)
    assert {(case.state, case.open) for case in newest(desk).values()} == {("reopened", 1)}
    (record,) = desk.referrals.values()
    hop = decision("outcome", record.revision, about=record.alert_id, key=f"swift/{record.waybill}", keep=True)
    desk.decide(replace(hop, outcome="dangerous_goods"), T0 + 2 * MINUTE)
    assert {case.open for case in newest(desk).values()} == {0}


def test_a_snooze_that_hid_a_missed_deadline_lets_the_next_one_ask() -> None:
    desk = desk_with([1], "R13")
    desk.decide_case(on(desk.told[-1], "acknowledge"), T0 + MINUTE)
    desk.decide_case(on(desk.told[-1], "snooze", until_ms=T0 + 5 * HOUR), T0 + MINUTE)
    hear(desk, 2, "R13")
    desk.look(T0 + 4 * HOUR + MINUTE)
    asked_before = sum(case.attention for case in desk.told)
    desk.look(T0 + 3 * DAY)
    assert sum(case.attention for case in desk.told) == asked_before + 1


def test_a_new_alert_opens_a_decided_case_again_and_asks_for_a_person() -> None:
    desk = desk_with([1], "R3")
    desk.decide_case(on(desk.told[-1], "outcome"), T0 + MINUTE)
    hear(desk, 2, "R3", at=T0 + 2 * MINUTE)
    assert (desk.told[-1].state, desk.told[-1].attention) == ("reopened", True)


def test_a_case_that_comes_and_goes_is_read_once_until_it_has_been_quiet_for_an_hour() -> None:
    desk = Desk(LIFE)
    for number in range(10):
        hear(desk, number, "R3")
        hear(desk, number, revision=2, at=T0 + number * SECOND + 500)
    assert sum(case.attention for case in desk.told) == 1
    hear(desk, 11, "R3", at=T0 + 2 * HOUR)
    assert (desk.told[-1].state, desk.told[-1].attention) == ("reopened", True)


def test_thirty_missed_deadlines_of_one_case_ask_a_supervisor_once() -> None:
    desk = desk_with(range(30), "R3")
    asked = sum(case.attention for case in desk.told)
    desk.look(T0 + 20 * MINUTE)
    assert (desk.told[-1].escalated, desk.told[-1].open) == (30, 30)
    for number in range(30):
        hear(desk, number, revision=2, at=T0 + HOUR)
    assert (desk.told[-1].escalated, desk.told[-1].withdrawn) == (0, 30)
    assert sum(case.attention for case in desk.told) == asked + 1


def test_the_second_of_two_people_is_refused_and_told_who_has_it() -> None:
    desk = desk_with([1], "R3")
    seen = desk.told[-1]
    desk.decide_case(on(seen, "acknowledge"), T0 + MINUTE)
    refused = desk.decide_case(on(seen, "assign", by=OTHER, words="换班"), T0 + MINUTE).refused
    assert refused is not None
    assert (refused.reason, refused.assigned_to is None) == (StepReason.STALE, False)


def test_a_snoozed_case_counts_on_and_lets_only_red_through() -> None:
    desk = desk_with([1], "R13")
    hop = on(desk.told[-1], "acknowledge")
    desk.decide_case(hop, T0 + MINUTE)
    desk.decide_case(on(desk.told[-1], "snooze", until_ms=T0 + HOUR), T0 + MINUTE)
    hear(desk, 2, "R13")
    assert (desk.told[-1].count, desk.told[-1].attention) == (2, False)
    long = desk.decide_case(on(desk.told[-1], "snooze", until_ms=T0 + 31 * DAY), T0 + MINUTE)
    assert long.refused is not None
    assert long.refused.reason is StepReason.SNOOZE_TOO_LONG


def test_what_is_red_asks_for_a_person_in_a_snoozed_case_too() -> None:
    desk = Desk(LIFE)
    same = "k1.ZG9jdW1lbnRkb2N1bWVudA"
    hear(desk, 1, "R14", document=same)
    desk.decide_case(on(desk.told[-1], "acknowledge"), T0 + MINUTE)
    desk.decide_case(on(desk.told[-1], "snooze", until_ms=T0 + HOUR), T0 + MINUTE)
    hear(desk, 2, "R14", document=same)
    assert (desk.told[-1].count, desk.told[-1].attention) == (2, True)


def test_alerts_of_several_couriers_about_one_document_are_one_case_and_no_courier_hears_of_another() -> None:
    desk = Desk(LIFE)
    for number, courier in enumerate(("swift", "orient")):
        hear(desk, number, "R7", courier=courier, document="k1.ZG9jdW1lbnRkb2N1bWVudA")
    (case,) = newest(desk).values()
    assert (case.count, case.couriers) == (2, ("orient", "swift"))
    for one in desk.instructions:
        other = "orient" if one.courier == "swift" else "swift"
        assert other not in one.model_dump_json()


def test_only_a_supervisor_opens_a_closed_case_again() -> None:
    desk = desk_with([1], "R3")
    for record in tuple(desk.referrals.values()):
        desk.decide(decision("outcome", 1, about=record.alert_id, key=f"swift/{record.waybill}"), T0 + MINUTE)
    closed = desk.told[-1]
    assert closed.state == "closed"
    assert desk.decide_case(on(closed, "reopen"), T0 + HOUR).refused is not None
    assert desk.decide_case(on(closed, "reopen", by=BOSS, role="supervisor"), T0 + HOUR).refused is None


NOTES = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.integers(1, 6),
        st.sampled_from(("raised", "acknowledged", "withdrawn", "decided", "closed")),
        st.booleans(),
        st.sampled_from(("red", "yellow")),
    ),
    max_size=30,
)


@settings(max_examples=60)
@given(NOTES)
def test_a_case_counts_what_the_newest_notes_say_however_often_and_late_they_come(
    told: list[tuple[int, int, str, bool, str]],
) -> None:
    case: CaseRecord | None = None
    buckets: dict[bytes, Bucket] = {}
    truth: dict[int, tuple[str, bool, str]] = {}
    for number, revision, state, here, lane in told:
        note = CaseNote(
            T0, "case-1", "goods_differ", "outlet/swift/HZ-01", revision, f"alert-{number}", "swift", f"SF{number:04}",
            "HZ-01", lane, "high", "reinspect", "R13", T0 + number, state, here, True, 20_000,
        )  # fmt: skip
        key = bucket_key("case-1", note.alert_id)
        gathered = gather(case, buckets.get(key), note, Topics())
        assert gather(gathered.case, gathered.bucket, note, Topics()).sends == ()
        if gathered.sends:
            truth[number] = (state, here, lane)
        if gathered.case is not None and gathered.bucket is not None:
            case, buckets[key] = gathered.case, gathered.bucket
            assert decode_case(encode(case)) == case
            assert decode_bucket(encode(buckets[key])) == buckets[key]
    if case is not None:
        here_now = [(state, lane) for state, here, lane in truth.values() if here]
        assert case.count == len(here_now)
        assert case.red == sum(lane == "red" for _, lane in here_now)
        assert case.withdrawn == sum(state == "withdrawn" for state, _ in here_now)
        assert case.open == sum(state in ("raised", "acknowledged") for state, _ in here_now)
        assert case.left == len(truth) - len(here_now)
