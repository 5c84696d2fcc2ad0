"""The stage of the referrals: alerts, answers and decisions come in, deadlines fire, refusals go back."""

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import msgspec
import pytest

from parcelward.alerts.alert import FOLLOWED_UP
from parcelward.cases.life import Life
from parcelward.cases.news import news_of, read_alert
from parcelward.cases.times import Times
from parcelward.contract.alerts import Alert
from parcelward.contract.instructions import Instruction
from parcelward.contract.referrals import Case, Referral
from parcelward.intake.decode import Limits
from parcelward.poison import isolate
from parcelward.screening.aside import set_aside
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Cell, Pipeline, Result
from parcelward.screening.referrals import ReferralsStage
from parcelward.stage import Batch, Outcome, Record, Send, apply
from parcelward.topics import partition_of
from tests.builders import DAY, HOUR, MINUTE, SECOND, T0, pipeline, real_name, record, settings
from tests.courier_traffic import traffic
from tests.letters import answer_to, decided_on, letter
from tests.lives import LIFE

COURIERS = ("swift", "orient")
TOPICS = LIFE.topics
DETONATOR = record(real_name(goods={"name": "雷管"}), T0)
(RAISED,) = pipeline().feed([DETONATOR]).alerts
ALL = (TOPICS.alerts, TOPICS.decisions, *map(TOPICS.answers, COURIERS))


class Desk:
    """The stage on one partition, with its state."""

    def __init__(self, partitions: int = 1) -> None:
        self.cell = Cell(ReferralsStage(LIFE, Limits(), COURIERS, partitions))

    def feed(
        self, *records: Record, quiet: Mapping[str, int] | None = None, held: Mapping[str, int] | None = None
    ) -> Outcome:
        """One committed batch."""
        batch = Batch(records, quiet or {}, held or {})
        outcome = self.cell.stage.step(batch, self.cell.state)
        apply(outcome.updates, self.cell.state)
        self.cell.stage.commit(batch, outcome)
        return outcome

    def restart(self) -> None:
        """A new worker takes over."""
        self.cell.stage = ReferralsStage(LIFE, Limits(), COURIERS)
        self.cell.stage.restore(self.cell.state)


def heard(send: Send = RAISED, at: int = T0, partitions: int = 1) -> Record:
    return Record(TOPICS.alerts, crc32(send.key or b"") % partitions, 0, at, *send[1:])


def referral(outcome: Outcome | Result) -> Referral:
    sends = outcome.sends if isinstance(outcome, Outcome) else outcome.followed
    return Referral.model_validate_json([send for send in sends if send.topic == "referrals"][-1].value or b"")


def steps(outcome: Outcome) -> list[str]:
    return sorted(key[1] for key in outcome.counts.elements() if key[0] == "referral_step")


def quiet(at: int, topics: Sequence[str] = ALL) -> dict[str, int]:
    return dict.fromkeys(topics, at)


def test_an_alert_is_raised_and_its_times_count_from_its_arrival() -> None:
    outcome = Desk().feed(heard(at=T0 + HOUR))
    state = referral(outcome)
    assert (state.state, state.revision, state.held, steps(outcome)) == ("raised", 1, True, ["raise"])
    assert state.due_by is not None
    assert state.due_by.timestamp() * 1000 == T0 + HOUR + 5 * MINUTE
    assert {send.topic for send in outcome.sends} == {"referrals", "screening.cases"}


def test_an_alert_of_a_version_that_did_not_follow_them_up_is_left_alone_until_it_is_revised() -> None:
    desk, old = Desk(), RAISED._replace(headers=[one for one in RAISED.headers if one != FOLLOWED_UP])
    outcome = desk.feed(heard(old))
    assert (outcome.sends, dict(outcome.counts)) == ([], {("left_alone",): 1})
    body = msgspec.json.decode(RAISED.value or b"") | {"revision": 2}
    revised = RAISED._replace(value=msgspec.json.encode(body))
    outcome = desk.feed(heard(revised, T0 + MINUTE))
    assert [send.topic for send in outcome.sends] == ["referrals", "instructions.swift", "screening.cases"]
    assert desk.feed(heard(old._replace(value=msgspec.json.encode(body | {"revision": 3})), T0 + MINUTE)).sends


@pytest.mark.parametrize("lacking", [TOPICS.alerts, TOPICS.decisions, TOPICS.answers("swift")])
def test_a_deadline_fires_once_every_topic_that_could_end_it_is_quiet(lacking: str) -> None:
    desk, late = Desk(), T0 + 5 * MINUTE + 1
    desk.feed(heard())
    assert not desk.feed(quiet=quiet(late - 1) | quiet(late, [one for one in ALL if one != lacking])).sends
    fired = desk.feed(quiet=quiet(late, [lacking]))
    assert (steps(fired), fired.counts["missed", "1"], referral(fired).state) == (["miss"], 1, "escalated")
    assert not desk.feed(quiet=quiet(late + SECOND)).sends


def test_another_courier_that_is_away_holds_up_no_deadline() -> None:
    desk = Desk()
    desk.feed(heard())
    assert steps(desk.feed(quiet=quiet(T0 + 6 * MINUTE, [one for one in ALL if one != "answers.orient"]))) == ["miss"]


def test_on_busy_topics_records_move_the_clock_instead_of_quiet() -> None:
    desk = Desk()
    desk.feed(heard())
    later = T0 + 6 * MINUTE
    others = [letter(topic, "?", "SF9", {}, later) for topic in (TOPICS.decisions, TOPICS.answers("swift"))]
    assert steps(desk.feed(*others)) == []
    other = real_name("SF0000000000002", goods={"name": "雷管"})
    assert steps(desk.feed(heard(pipeline().feed([record(other)]).alerts[0], later))) == ["miss", "raise"]


def test_deadlines_outlive_the_worker_and_fire_once() -> None:
    desk = Desk()
    desk.feed(heard())
    desk.restart()
    assert steps(desk.feed(quiet=quiet(T0 + 6 * MINUTE))) == ["miss"]
    desk.restart()
    assert steps(desk.feed(quiet=quiet(T0 + 6 * MINUTE))) == []


def test_a_deadline_whose_batch_is_not_committed_fires_again() -> None:
    desk = Desk()
    desk.feed(heard())
    batch = Batch([], quiet(T0 + 6 * MINUTE))
    first = desk.cell.stage.step(batch, desk.cell.state)
    assert first.sends
    assert first == desk.cell.stage.step(batch, desk.cell.state)


def test_an_answer_that_waited_at_the_courier_while_kafka_was_away_is_not_missing() -> None:
    desk = Desk()
    waited = answer_to(referral(desk.feed(heard())), T0 + HOUR)
    outcome = desk.feed(waited, held={"answers.swift": T0 + MINUTE})
    assert (steps(outcome), referral(outcome).state, referral(outcome).level) == (["answer"], "answered", 0)
    late = Desk()
    late.feed(heard())
    assert {"answer", "miss", "unanswered", "give_up"} == set(steps(late.feed(waited)))


def test_an_answer_and_a_decision_are_taken_and_a_second_one_goes_back_with_the_reason() -> None:
    desk = Desk()
    raised = referral(desk.feed(heard()))
    answered = desk.feed(answer_to(raised, T0 + SECOND))
    assert referral(answered).state == "answered"
    taken = decided_on(referral(answered), T0 + 2 * SECOND, kind="acknowledge")
    assert referral(desk.feed(taken)).assigned_to is not None
    again = desk.feed(taken, decided_on(raised, T0 + 3 * SECOND, kind="acknowledge"))
    assert [(send.topic, dict(send.headers)["pw_reason"]) for send in again.sends] == [
        ("refused.decisions", b"doubled"),
        ("refused.decisions", b"stale"),
    ]
    assert again.counts["refused_step", "stale", "analyst"] == 1


def test_what_cannot_be_read_goes_back_to_whoever_sent_it() -> None:
    wrong = [letter(topic, "?", "SF1", {}, T0) for topic in ("answers.swift", "decisions")]
    outcome = Desk().feed(*wrong)
    assert [(send.topic, send.value) for send in outcome.sends] == [
        ("rejected.swift", wrong[0].value),
        ("refused.decisions", wrong[1].value),
    ]
    assert dict(outcome.counts) == {
        ("refused_step", "unknown_type", "courier"): 1,
        ("refused_step", "unknown_type", "unread"): 1,
    }


def test_headers_without_end_do_not_stop_the_worker() -> None:
    answer = answer_to(referral(Desk().feed(heard())), T0)._replace(headers=[("x", b"x" * 14_000_000)])
    (send,) = Desk().feed(answer).sends
    assert dict(send.headers)["pw_reason"] == b"too_large"
    assert sum(len(value) for _, value in send.headers) < 2_000


def test_an_answer_in_another_partition_is_moved_to_where_its_alert_is() -> None:
    right = crc32(RAISED.key or b"") % 4
    desk = Desk(partitions=4)
    raised = referral(desk.feed(heard(partitions=4)))
    wrong = answer_to(raised, T0 + SECOND)._replace(partition=(right + 1) % 4)
    outcome = Desk(partitions=4).feed(wrong)
    assert (outcome.sends, outcome.moves) == ([], [(right, Send("answers.swift", wrong.key, wrong.value))])
    assert referral(desk.feed(wrong._replace(partition=right))).state == "answered"


@pytest.mark.parametrize("topic", ["answers.swift", "decisions"])
def test_our_own_failure_on_a_strangers_record_sets_that_record_aside(topic: str, monkeypatch: Any) -> None:
    desk = Desk()
    raised = referral(desk.feed(heard()))
    bad = answer_to(raised, T0 + 1) if topic != "decisions" else decided_on(raised, T0 + 1, kind="acknowledge")

    def fail(*_: object, **__: object) -> None:
        raise LookupError("secret")

    monkeypatch.setattr(Life, "answer", fail)
    monkeypatch.setattr(Life, "decide", fail)
    found = isolate(lambda batch: desk.cell.stage.step(batch, desk.cell.state), Batch([bad]))
    ((poisoned, error),) = found.poisoned
    send, count = set_aside(TOPICS, poisoned, error)
    assert send.topic == ("refused.decisions" if topic == "decisions" else "rejected.swift")
    assert count == ("refused_step", "unexpected", "unread" if topic == "decisions" else "courier")
    assert b"secret" not in repr(send).encode()


def test_our_own_alert_is_never_set_aside() -> None:
    with pytest.raises(LookupError):
        set_aside(TOPICS, heard(), LookupError())


def test_open_alerts_are_counted_by_state_and_age_also_after_a_restart() -> None:
    desk = Desk()
    desk.feed(heard())
    desk.feed(quiet=quiet(T0 + 6 * MINUTE))
    for _ in range(2):
        stage = desk.cell.stage
        assert isinstance(stage, ReferralsStage)
        assert dict(stage.open_alerts(T0 + 2 * HOUR)) == {("escalated", "day"): 1}
        desk.restart()


def test_a_closed_alert_is_swept_out_after_its_keep_and_from_the_compacted_topic() -> None:
    desk = Desk()
    raised = referral(desk.feed(heard()))
    desk.feed(decided_on(raised, T0 + SECOND, kind="outcome", outcome="false_alarm", parcel="release"))
    closed = desk.feed(quiet=quiet(T0 + 2 * DAY))
    assert (steps(closed), referral(closed).state) == (["settle"], "closed")
    gone = [desk.feed(quiet=quiet(T0 + days * DAY)) for days in (40, 60, 70, 70)]
    assert [send for outcome in gone for send in outcome.sends] == [Send("referrals", raised.alert_id.encode(), None)]
    assert desk.cell.state == {}


# -- all stages together -----------------------------------------------------------------------------------------------


def test_what_nobody_has_looked_at_is_never_forgotten() -> None:
    desk = Desk()
    raised = referral(desk.feed(heard()))
    expired = desk.feed(quiet=quiet(T0 + 2 * DAY))
    assert (referral(expired).state, referral(expired).held) == ("expired", True)
    assert [send for days in (70, 140) for send in desk.feed(quiet=quiet(T0 + days * DAY)).sends] == []
    seen = referral(expired)
    late = desk.feed(decided_on(seen, T0 + 141 * DAY, role="supervisor", kind="release", reason="查明"))
    assert [send.topic for send in late.sends if "instructions" in send.topic] == ["instructions.swift"]
    assert raised.alert_id == seen.alert_id


def test_the_instruction_that_leaves_with_an_alert_is_the_one_that_its_referral_believes_it_sent() -> None:
    eager = settings(couriers=COURIERS, instruct_yellow=True)
    result = Pipeline(build_stages(eager), TOPICS).feed(traffic(5, 400, partitions=1))
    told = [send.value or b"" for send in result.followed if send.topic.startswith("instructions.")]
    instructions = [Instruction.model_validate_json(value) for value in told]
    first = {one.alert_id: one for one in instructions if one.answer_within_s}
    life, agreed = Life(TOPICS, Times.from_settings(eager)), 0
    for alert in (Alert.model_validate_json(send.value or b"") for send in result.alerts):
        if alert.revision > 1:
            continue
        known, sent = life.hear(None, news_of(alert)).record, first.pop(alert.alert_id, None)
        assert known is not None
        if sent is None:
            assert (known.asked, known.held, known.answer_due_ms) == (None, False, 0)
            continue
        agreed += 1
        assert (known.asked_revision, known.asked, known.held) == (sent.revision, sent.action, sent.hold)
        assert known.answer_due_ms == news_of(alert).at_ms + (sent.answer_within_s or 0) * 1000
    assert agreed > 20
    assert not first


def test_an_alert_is_read_from_its_topic_as_the_whole_model_reads_it() -> None:
    for send in pipeline(couriers=COURIERS).feed(traffic(5, 400, partitions=1)).alerts:
        value = send.value or b""
        assert news_of(read_alert(value)) == news_of(Alert.model_validate_json(value))


def test_a_decision_on_a_case_is_taken_on_its_alerts_and_the_counter_is_told() -> None:
    line = pipeline(partitions=4, couriers=COURIERS)
    sender = {"document_type": "passport", "issuing_country": "GBR", "document_number": "900000001"}
    parcels = [f"SF000000000000{number}" for number in (1, 2)]
    events = [real_name(one, goods={"name": "雷管"}, sender=sender) for one in parcels]
    results = [
        line.feed([record(data, T0 + number, partition=partition_of(waybill.encode(), 4))])
        for number, (waybill, data) in enumerate(zip(parcels, events, strict=True))
    ]
    sent = [send for result in results for send in result.followed if send.topic == "cases"]
    cases = [Case.model_validate_json(send.value or b"") for send in sent]
    case = max(cases, key=lambda one: one.revision)
    assert case.count == 2
    decided = line.feed([decided_on(case, T0 + MINUTE, 4, kind="outcome", outcome="false_alarm", parcel="release")])
    told = [send for send in decided.followed if send.topic == "instructions.swift"]
    assert [Instruction.model_validate_json(send.value or b"").action for send in told] == ["release", "release"]
    assert sorted(send.key or b"" for send in told) == [one.encode() for one in parcels]
    passed_on = [send for send in decided.followed if send.topic == "decisions"]
    assert [msgspec.json.decode(send.value or b"")["of_case"] for send in passed_on] == [case.case_id] * 2
    stale = line.feed([decided_on(case, T0 + 2 * MINUTE, 4, kind="acknowledge")])
    (refused,) = [send for send in stale.followed if send.topic == "refused.decisions"]
    assert dict(refused.headers)["pw_topic"] == b"decisions"


def test_the_state_is_the_same_however_batches_are_cut() -> None:
    """Alerts, answers and deadlines of an hour, in batches of one and of all."""
    waybills = [f"SF00000000000{number:02}" for number in range(6)]
    records = [record(real_name(one, goods={"name": "雷管"}), T0 + at) for at, one in enumerate(waybills)]
    raised = pipeline().feed(records).alerts
    alerts = [heard(send, T0 + at * MINUTE) for at, send in enumerate(raised)]
    whole, single = Desk(), Desk()
    together = whole.feed(*alerts, quiet=quiet(T0 + HOUR))
    one_by_one = [send for one in alerts for send in single.feed(one).sends] + single.feed(quiet=quiet(T0 + HOUR)).sends
    assert whole.cell.state == single.cell.state
    assert sorted(map(repr, together.sends)) == sorted(map(repr, one_by_one))
