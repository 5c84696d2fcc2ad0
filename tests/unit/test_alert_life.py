"""The life of one alert: who may do what, what the courier hears, and what a missed deadline does."""

from typing import Any

import pytest

from parcelward.cases.case import THEMES
from parcelward.cases.life import Life, Result
from parcelward.cases.news import FindingNews
from parcelward.cases.referral import FOUND_KEPT, ReferralRecord, Replied, encode
from parcelward.cases.subjects import KINDS, MOST_CASES, Place
from parcelward.cases.times import Times
from parcelward.contract.instructions import Instruction
from parcelward.contract.referrals import Referral, SubjectKind
from parcelward.contract.steps import StepReason
from parcelward.topics import Topics
from tests.builders import DAY, HOUR, MINUTE, SECOND, T0, settings
from tests.lives import ANALYST, BOSS, LIFE, OTHER, answer, decision, first_heard, news, raised


def instructions(result: Result) -> list[Instruction]:
    return [
        Instruction.model_validate_json(send.value or b"")
        for send in result.sends
        if send.topic == "instructions.swift"
    ]


def told(result: Result) -> list[str]:
    return [one.action.value for one in instructions(result)]


def state(result: Result) -> Referral:
    (send,) = [send for send in result.sends if send.topic == "referrals"][-1:]
    return Referral.model_validate_json(send.value or b"")


def taken(record: ReferralRecord, *steps: Any, at: int = T0 + SECOND) -> Result:
    """The result of the last of several decisions, each made on the newest revision."""
    result = Result(record)
    for name, changes in ((one, {}) if isinstance(one, str) else one for one in steps):
        assert result.record is not None
        result = LIFE.decide(result.record, decision(name, result.record.revision, **changes), at)
        assert result.refused is None, result.refused
    return result


def reason(result: Result) -> StepReason | None:
    return None if result.refused is None else result.refused.reason


# -- raised ------------------------------------------------------------------------------------------------------------


def test_a_red_alert_tells_the_courier_at_once_what_to_do_and_by_when() -> None:
    (told_now,) = instructions(first_heard(news("R14")))
    assert (told_now.action, told_now.hold, told_now.revision) == ("refuse", True, 1)
    assert (told_now.answer_by, told_now.answer_within_s) == (None, 600), "nobody knows yet when it will arrive"
    assert raised("R14").answer_due_ms == T0 + 10 * MINUTE
    assert told_now.why.en == "why R14"


def test_a_yellow_alert_waits_for_a_person_unless_the_installation_says_otherwise() -> None:
    assert told(first_heard(news("R13"))) == []
    eager = Life(Topics(), Times.from_settings(settings(instruct_yellow=True)))
    assert told(first_heard(news("R13"), eager)) == ["reinspect"]


def test_the_first_instruction_leaves_with_the_alert_and_is_not_sent_again() -> None:
    record = raised("R14")
    assert (record.asked, record.asked_revision, record.held) == ("refuse", 1, True)
    assert told(LIFE.hear(None, news("R14"))) == []
    assert told(LIFE.hear(None, news("R14", revision=2))) == ["refuse"], "of an alert that began in an earlier version"


def test_each_courier_has_its_own_time_to_answer() -> None:
    times = Times.from_settings(settings(answer_due_of={"swift": {"high": "20m"}}))
    assert times.to_answer("swift", "high") == 20 * MINUTE
    assert times.to_answer("swift", "critical") == times.to_answer("orient", "critical") == 10 * MINUTE


def test_the_same_revision_told_again_changes_nothing() -> None:
    record = raised("R14")
    assert LIFE.hear(record, news("R14", at=T0 + SECOND)) == Result(record)


def test_an_audit_of_an_outlet_is_not_announced_to_it() -> None:
    assert told(first_heard(news("R14", action="audit_outlet"))) == []


def test_a_finding_about_what_a_document_did_elsewhere_is_told_in_general_words() -> None:
    (told_now,) = instructions(first_heard(news("R7")))
    assert told_now.action == "verify_identity"
    assert "R7" not in told_now.model_dump_json()


@pytest.mark.parametrize("rule", [*sorted(KINDS), "N1"])
def test_the_reason_of_a_finding_is_told_only_where_it_rests_on_the_couriers_own_records(rule: str) -> None:
    finding = FindingNews(rule, "high", "verify_identity", "其他企业", "what another courier reported")
    (told_now,) = instructions(first_heard(news("R7", findings=(finding,))))
    own = rule in KINDS and KINDS[rule].own
    assert (told_now.why.en == "what another courier reported") is own


def test_what_counts_documents_phones_and_staff_is_never_told() -> None:
    counting = {"R5", "R5B", "R6", "R6B", "R7", "R8", "R12", "R15", "model"}
    assert {rule for rule, kind in KINDS.items() if not kind.own} == counting


def test_an_instruction_holds_no_token_and_nobody_elses_codes() -> None:
    secret = news("R10", document="k1.c2VjcmV0c2VjcmV0c2VjcmV0", operator="E-SECRET", photo="OTHER-WAYBILL-1")
    (text,) = [send.value or b"" for send in first_heard(secret).sends if send.topic == "instructions.swift"]
    assert not any(word in text for word in (b"k1.", b"SECRET", b"OTHER"))


# -- people ------------------------------------------------------------------------------------------------------------


def test_who_acknowledges_has_it_and_the_second_is_told_who() -> None:
    first = taken(raised("R14"), "acknowledge")
    assert (state(first).by, state(first).person, state(first).assigned_to) == ("analyst", ANALYST, ANALYST)
    second = LIFE.decide(first.record, decision("acknowledge", 1, by=OTHER), T0 + SECOND)
    assert reason(second) is StepReason.STALE
    assert second.refused is not None
    assert second.refused.assigned_to == ANALYST
    assert second.record == first.record


def test_taking_it_from_somebody_needs_a_reason() -> None:
    mine = taken(raised("R14"), "acknowledge").record
    assert mine is not None
    assert reason(LIFE.decide(mine, decision("assign", 2, to=OTHER), T0 + SECOND)) is StepReason.REASON_MISSING
    given = LIFE.decide(mine, decision("assign", 2, to=OTHER, words="换班"), T0 + SECOND)
    assert state(given).assigned_to == OTHER


def test_a_comment_changes_no_revision_and_may_be_made_on_an_older_one() -> None:
    record = taken(raised("R14"), "acknowledge").record
    commented = LIFE.decide(record, decision("comment", 1, by=OTHER), T0 + SECOND)
    assert (reason(commented), commented.sends) == (None, ())
    assert commented.record is not None
    assert commented.record.revision == 2


def test_a_false_alarm_lets_the_parcel_go_and_the_courier_hears_it() -> None:
    done = taken(raised("R14"), "acknowledge", "outcome")
    assert told(done) == ["release"]
    assert (state(done).held, state(done).outcome) == (False, "false_alarm")


def test_a_false_alarm_cannot_keep_the_parcel() -> None:
    refused = LIFE.decide(raised("R14"), decision("outcome", 1, keep=True), T0 + SECOND)
    assert reason(refused) is StepReason.CONTRADICTORY


def test_a_confirmed_alert_keeps_the_parcel_and_a_later_release_lets_it_go() -> None:
    kept = taken(raised("R14"), ("outcome", {"outcome": "dangerous_goods", "keep": True}))
    assert (told(kept), state(kept).held) == ([], True)
    assert kept.record is not None
    assert told(taken(kept.record, "release")) == ["release"]


def test_what_is_kept_though_nothing_held_it_is_held_from_now_on() -> None:
    kept = taken(raised("R3"), ("outcome", {"outcome": "procedure_not_kept", "keep": True}))
    assert (told(kept), state(kept).held) == (["hold"], True)


def test_a_persons_instruction_stands_against_evidence_that_is_no_graver() -> None:
    asked = taken(raised("R3"), "instruct")
    assert told(asked) == ["send_information"]
    assert told(LIFE.hear(asked.record, news("R3", at=T0 + MINUTE, revision=2, action="reinspect"))) == []
    assert told(LIFE.hear(asked.record, news("R3", "R14", at=T0 + MINUTE, revision=2))) == ["refuse"]


def test_nothing_that_is_red_is_put_off_and_nothing_for_longer_than_thirty_days() -> None:
    red, yellow = (taken(raised(rule), "acknowledge").record for rule in ("R3", "R13"))
    at = T0 + SECOND
    assert reason(LIFE.decide(red, decision("snooze", 2, until_ms=T0 + DAY), at)) is StepReason.NEVER_SNOOZED
    for until in (at, at + 30 * DAY + 1):
        refused = LIFE.decide(yellow, decision("snooze", 2, until_ms=until), at)
        assert reason(refused) is StepReason.SNOOZE_TOO_LONG
    put_off = LIFE.decide(yellow, decision("snooze", 2, until_ms=at + 30 * DAY), at).record
    assert put_off is not None
    assert LIFE.fire(put_off, at + 30 * DAY + HOUR).record == put_off, "the time to decide counts from its end"


def test_a_closed_alert_is_re_opened_by_a_supervisor_alone() -> None:
    closed = LIFE.fire(taken(raised("R14"), "outcome").record or raised(), T0 + 2 * DAY).record
    assert closed is not None
    assert closed.state == "closed"
    again = decision("reopen", closed.revision)
    assert reason(LIFE.decide(closed, again, T0 + 2 * DAY)) is StepReason.UNAUTHORISED
    assert taken(closed, ("reopen", {"by": BOSS, "role": "supervisor"}), at=T0 + 2 * DAY).steps == ("reopen",)


# -- the courier -------------------------------------------------------------------------------------------------------


def test_an_answer_ends_the_couriers_deadline_and_waits_for_a_person() -> None:
    answered = LIFE.answer(raised("R14"), answer(1, found_goods="汽油一桶", photo=b"\1" * 32), T0 + MINUTE)
    now = state(answered)
    assert (now.state, now.by) == ("answered", "courier")
    assert now.answer is not None
    assert (now.answer.found_goods, now.answer.photo_sha256) == ("汽油一桶", "01" * 32)
    assert answered.record is not None
    assert answered.record.answer_due_ms == 0


def test_an_answer_to_the_reminder_or_to_what_was_first_sent_counts() -> None:
    reminded = LIFE.fire(raised("R3"), T0 + 31 * MINUTE)
    assert reminded.record is not None
    assert instructions(reminded)[-1].reminder == 1
    for revision in (1, instructions(reminded)[-1].revision):
        assert reason(LIFE.answer(reminded.record, answer(revision), T0 + 32 * MINUTE)) is None


def test_an_answer_to_what_was_replaced_or_never_asked_is_refused() -> None:
    asked_anew = taken(raised("R3"), "instruct").record
    assert reason(LIFE.answer(asked_anew, answer(1), T0 + MINUTE)) is StepReason.STALE
    assert reason(LIFE.answer(raised("R13"), answer(1), T0 + MINUTE)) is StepReason.NOT_ASKED
    assert reason(LIFE.answer(raised("R3"), answer(2), T0 + MINUTE)) is StepReason.AHEAD
    assert reason(LIFE.answer(None, answer(1), T0 + MINUTE)) is StepReason.UNKNOWN
    assert reason(LIFE.answer(raised("R3"), answer(1, courier="orient"), T0 + MINUTE)) is StepReason.UNKNOWN


def test_an_answer_after_all_was_given_up_is_not_lost() -> None:
    expired = LIFE.fire(raised("R14"), T0 + DAY).record
    assert expired is not None
    assert expired.state == "expired"
    assert state(LIFE.answer(expired, answer(1), T0 + DAY)).state == "reopened"


# -- deadlines ---------------------------------------------------------------------------------------------------------


def test_a_missed_deadline_passes_the_alert_up_once_and_at_its_own_time() -> None:
    record = raised("R13")
    assert LIFE.fire(record, T0 + 4 * HOUR).steps == ()
    missed = LIFE.fire(record, T0 + 4 * HOUR + 1)
    assert (missed.steps, state(missed).level) == (("miss",), 1)
    assert state(missed).at.timestamp() * 1000 == T0 + 4 * HOUR
    assert missed.record is not None
    assert LIFE.fire(missed.record, T0 + 4 * HOUR + 1).steps == ()


def test_what_is_opened_again_begins_at_the_lowest_level() -> None:
    passed_up = LIFE.fire(raised("R3"), T0 + 16 * MINUTE).record
    assert passed_up is not None
    decided = taken(passed_up, ("outcome", {"by": BOSS, "role": "supervisor"}), at=T0 + 17 * MINUTE).record
    worse = LIFE.hear(decided, news("R14", at=T0 + 18 * MINUTE, revision=2))
    again = taken(decided or passed_up, "reopen", at=T0 + 18 * MINUTE)
    assert (passed_up.level, state(worse).level, state(again).level) == (1, 0, 0)


def test_a_decision_that_comes_after_its_deadline_is_refused_and_the_deadline_stands() -> None:
    late = LIFE.decide(raised("R14"), decision("outcome", 1), T0 + 6 * MINUTE)
    assert (late.steps, reason(late)) == (("miss",), StepReason.UNAUTHORISED)
    assert state(late).state == "escalated"


def test_an_alert_that_nobody_takes_expires_and_still_holds_its_parcel() -> None:
    end = LIFE.fire(raised("R14"), T0 + 30 * DAY)
    assert (state(end).state, state(end).held, state(end).due_by) == ("expired", True, None)
    assert "release" not in told(end)


def test_assigning_it_to_and_fro_does_not_put_off_the_deadline() -> None:
    record = taken(raised("R13"), "acknowledge", at=T0 + HOUR).record
    assert record is not None
    moved = taken(record, ("assign", {"words": "换班"}), ("assign", {"words": "换班"}), at=T0 + 5 * HOUR).record
    assert moved is not None
    assert moved.people_due_ms == record.people_due_ms == T0 + 9 * HOUR


# -- evidence ----------------------------------------------------------------------------------------------------------


def test_a_late_record_of_a_missing_duty_lifts_the_hold_and_the_courier_hears_it() -> None:
    held = taken(raised("R4"), ("instruct", {"action": "hold"})).record
    gone = LIFE.hear(held, news(at=T0 + MINUTE, revision=2, lane="yellow", action="hold"))
    assert (state(gone).state, state(gone).held, told(gone)) == ("withdrawn", False, ["release"])
    assert LIFE.fire(gone.record or raised(), T0 + 2 * DAY).steps == ("settle",)


def test_a_corrected_goods_name_lifts_no_hold_and_somebody_must_look() -> None:
    gone = LIFE.hear(raised("R14"), news(at=T0 + MINUTE, revision=2))
    assert (state(gone).state, state(gone).held, told(gone)) == ("withdrawn", True, [])
    assert LIFE.fire(gone.record or raised(), T0 + DAY + HOUR).steps[0] == "miss"
    assert told(taken(gone.record or raised(), "release", at=T0 + 2 * MINUTE)) == ["release"]


def test_a_hold_for_forbidden_goods_is_lifted_by_no_evidence_in_whatever_steps_it_comes() -> None:
    record = raised("R14", "R3")
    renamed = LIFE.hear(record, news("R3", at=T0 + MINUTE, revision=2))
    assert state(renamed).held
    gone = LIFE.hear(renamed.record, news(at=T0 + 2 * MINUTE, revision=3))
    assert (state(gone).state, state(gone).held, told(gone)) == ("withdrawn", True, [])


def test_a_persons_hold_beyond_what_the_alert_proposed_is_lifted_by_a_person_alone() -> None:
    held = taken(raised("R3"), ("instruct", {"action": "hold"})).record
    gone = LIFE.hear(held, news(at=T0 + MINUTE, revision=2))
    assert (state(gone).held, told(gone)) == (True, [])


def test_the_same_red_that_comes_back_after_a_decision_is_seen_again() -> None:
    decided = taken(raised("R14"), ("outcome", {"outcome": "false_alarm"})).record
    cleared = LIFE.hear(decided, news(at=T0 + MINUTE, revision=2)).record
    back = LIFE.hear(cleared, news("R14", at=T0 + 2 * MINUTE, revision=3))
    assert (state(back).state, state(back).held, told(back)) == ("reopened", True, ["refuse"])


def test_the_same_answer_under_a_new_id_changes_nothing_and_another_one_is_taken() -> None:
    record = raised("R14")
    answered = LIFE.answer(record, answer(1, text="已联系 13800001234"), T0 + MINUTE)
    again = LIFE.answer(answered.record, answer(1, text="已联系 13800001234"), T0 + 2 * MINUTE)
    assert again.refused is not None
    assert (again.refused.reason, again.sends) == (StepReason.DOUBLED, ())
    other = LIFE.answer(answered.record, answer(1, "not_possible", text="已交运"), T0 + 2 * MINUTE)
    said = state(other).answer
    assert said is not None
    assert (said.result, said.text) == ("not_possible", "已交运")


def test_evidence_that_comes_back_opens_it_again_and_tells_the_courier_again() -> None:
    gone = LIFE.hear(raised("R3"), news(at=T0 + MINUTE, revision=2))
    assert told(gone) == ["release"]
    back = LIFE.hear(gone.record, news("R3", at=T0 + 2 * MINUTE, revision=3))
    assert (state(back).state, told(back)) == ("reopened", ["reinspect"])


def test_graver_evidence_opens_again_what_was_decided_and_what_is_no_graver_does_not() -> None:
    decided = taken(raised("R3"), "outcome").record
    same = LIFE.hear(decided, news("R3", at=T0 + MINUTE, revision=2))
    worse = LIFE.hear(decided, news("R3", "R14", at=T0 + MINUTE, revision=2))
    assert (state(same).state, told(same)) == ("decided", [])
    assert (state(worse).state, state(worse).outcome, told(worse)) == ("reopened", None, ["refuse"])


# -- size --------------------------------------------------------------------------------------------------------------


def test_the_state_of_an_open_alert_fits_into_a_kilobyte() -> None:
    code, token = "X" * 32, "k1234567." + "x" * 22
    usual = raised("R14")
    largest = ReferralRecord(
        *(T0,) * 4,
        "6f9619ff-8b86-5011-b42d-00c04fc964ff",
        code,
        "W" * 35,
        code,
        "acknowledged",
        1_000_000,
        3,
        "green_sampled",
        "critical",
        "request_information",
        ("R" * 16,) * 8,
        T0,
        1_000_000,
        places=tuple(
            Place(theme, SubjectKind.DOCUMENT, "W" * 35, "R" * 16) for theme in sorted(THEMES, key=len)[-MOST_CASES:]
        ),
        held=True,
        asked="verify_identity",
        asked_revision=1_000_000,
        parcel="perhaps_delivered",
        assigned_to=token,
        replied=Replied("not_possible", T0, b"x" * 32, "汽" * FOUND_KEPT),
        outcome="procedure_not_kept",
        marks=b"x" * 64,
    )
    assert len(encode(usual)) < 400
    assert len(encode(largest)) <= 1024
