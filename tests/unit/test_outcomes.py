"""Outcomes: the verdict on each alert, how right alerts are, and how much they miss."""

import random
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from parcelward.cli.outcome_table import in_words
from parcelward.contract.referrals import Referral
from parcelward.contract.steps import OutcomeKind
from parcelward.errors import UserError
from parcelward.outcomes.credit import DUTY_RULES, credit, duties_kept
from parcelward.outcomes.intervals import Drawn, Figure, Stratum, counted_share, recall, weighted_share
from parcelward.outcomes.labels import COLUMNS, labels, write_labels
from parcelward.outcomes.quality import GROUPS, drawn_under_controls, qualities
from parcelward.outcomes.records import read_alert, read_referral
from parcelward.outcomes.verdicts import Verdict, judged
from tests.builders import DAY, HOUR, MINUTE, SECOND, T0, moment, pipeline, real_name, record
from tests.estimators import WORLDS, measure
from tests.letters import decided_on
from tests.outcomes import Story, alert, many, seen, verdict_of

# -- verdicts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("dangerous_goods", Verdict.CONFIRMED),
        ("false_identity", Verdict.CONFIRMED),
        ("procedure_not_kept", Verdict.CONFIRMED),
        ("false_alarm", Verdict.FALSE_ALARM),
        ("not_inspected", Verdict.NOT_INSPECTED),
    ],
)
def test_an_outcome_is_a_verdict_unless_nobody_looked(kind: str, verdict: Verdict) -> None:
    found = verdict_of(Story(alert(1, "R14")).outcome(kind))
    assert (found.verdict, found.kind) == (verdict, OutcomeKind(kind))
    assert found.known is (kind != "not_inspected")


def test_no_outcome_is_no_verdict() -> None:
    assert verdict_of(Story(alert(1, "R14"))).verdict is Verdict.OPEN
    assert verdict_of(Story(alert(1, "R14")).decided("acknowledge").decided("release")).verdict is Verdict.OPEN
    assert verdict_of(Story(alert(1, "R14")).fired(T0 + 30 * DAY)).verdict is Verdict.EXPIRED
    cleared = alert(1, revision=2, state="cleared_by_evidence", lane="red", raised_at=moment(T0 + MINUTE))
    assert verdict_of(Story(alert(1, "R3")).revised(cleared)).verdict is Verdict.WITHDRAWN
    (unread,) = judged(Story(alert(1, "R14")).heads()[0], [])
    assert unread.verdict is Verdict.NOT_FOUND


def test_the_records_that_the_stages_write_are_read() -> None:
    line = pipeline()
    first = line.feed([record(real_name(goods={"name": "雷管"}), T0)])
    (raised,) = [send.value or b"" for send in first.followed if send.topic == "referrals"]
    decision = decided_on(
        Referral.model_validate_json(raised), T0 + MINUTE, kind="outcome", outcome="dangerous_goods", parcel="keep"
    )
    later = [send.value or b"" for send in line.feed([decision]).followed if send.topic == "referrals"]
    (found,) = judged(
        [read_alert(send.value or b"") for send in first.alerts], [read_referral(one) for one in (raised, *later)]
    )
    assert (found.verdict, found.kind, found.whole) == (Verdict.CONFIRMED, OutcomeKind.DANGEROUS_GOODS, True)
    assert "R14" in found.rules


def test_an_outcome_that_was_taken_back_is_none() -> None:
    assert verdict_of(Story(alert(1, "R14")).outcome("false_alarm").decided("reopen")).verdict is Verdict.OPEN


def test_an_outcome_stays_when_the_alert_is_closed() -> None:
    closed = Story(alert(1, "R14")).outcome("false_alarm").fired(T0 + 10 * DAY)
    assert closed.heads()[1][-1].state == "closed"
    assert verdict_of(closed).verdict is Verdict.FALSE_ALARM


def test_all_that_any_revision_found_counts_and_the_model_by_its_version() -> None:
    story = Story(alert(1, "R13", lane="yellow"))
    story.revised(alert(1, "R14", "model", lane="red", revision=2, model_version="2026.11.2"))
    found = verdict_of(story)
    assert found.rules == {"R13", "R14", "model 2026.11.2"}
    assert (found.lane.value, found.raised_ms) == ("red", T0)


def test_the_order_of_records_changes_nothing() -> None:
    story = Story(alert(1, "R14")).answered(T0 + MINUTE).outcome("false_alarm", T0 + HOUR)
    alerts, referrals = story.heads()
    for seed in range(5):
        random.Random(seed).shuffle(referrals)
        assert judged(alerts, referrals) == [verdict_of(story)]


def test_the_time_to_answer_counts_from_the_instruction() -> None:
    found = verdict_of(Story(alert(1, "R14")).answered(T0 + 7 * MINUTE))
    assert (found.asked, found.reminded, found.asked_ms, found.answered_ms) == (True, False, T0, T0 + 7 * MINUTE)
    late = verdict_of(Story(alert(1, "R14")).fired(T0 + 31 * MINUTE).answered(T0 + 32 * MINUTE))
    assert (late.reminded, late.answered_ms) == (True, T0 + 32 * MINUTE)
    assert verdict_of(Story(alert(1, "R14"))).answered_ms is None


def test_an_answer_of_which_only_the_newest_state_is_left_is_timed_by_the_alert() -> None:
    alerts, referrals = Story(alert(1, "R14")).answered(T0 + 7 * MINUTE).decided("acknowledge", T0 + HOUR).heads()
    (found,) = judged(alerts, referrals[-1:])
    assert (found.asked_ms, found.answered_ms, found.whole) == (T0, T0 + 7 * MINUTE, False)


def test_an_older_answer_does_not_answer_a_later_instruction() -> None:
    story = Story(alert(1, "R14")).answered(T0 + MINUTE).decided("instruct", T0 + 5 * MINUTE)
    alerts, referrals = story.heads()
    (found,) = judged(alerts, referrals[-1:])
    assert (found.asked_ms, found.answered_ms) == (T0 + 5 * MINUTE, None)


# -- how right, and how much is missed ---------------------------------------------------------------------------------


def test_an_alert_that_nobody_decided_is_no_false_alarm() -> None:
    decided = [*many(30, Verdict.CONFIRMED, "R14"), *many(10, Verdict.FALSE_ALARM, "R14")]
    unknown = [
        *many(500, Verdict.OPEN, "R14"),
        *many(200, Verdict.EXPIRED, "R14"),
        *many(50, Verdict.NOT_INSPECTED, "R14"),
        *many(70, Verdict.WITHDRAWN, "R14"),
    ]
    (all_, rule, *_) = qualities([*decided, *unknown], 0.01)
    assert all_.precision.share == rule.precision.share == 0.75
    assert (rule.name, rule.alerts, rule.unknown, rule.withdrawn) == ("R14", 790, 750, 70)


def test_a_lane_that_is_hardly_looked_at_counts_for_all_of_its_alerts() -> None:
    figure = weighted_share([Stratum(100, 100, 90), Stratum(900, 30, 3)])
    assert figure.share == pytest.approx((90 + 900 * 0.1) / 1000)
    assert (figure.n, figure.m) == (93, 130)


def test_alerts_that_later_records_took_back_weigh_nothing() -> None:
    alerts = [
        *many(40, Verdict.CONFIRMED, "R14"),
        *many(20, Verdict.FALSE_ALARM, "R4", lane="yellow"),
        *many(800, Verdict.WITHDRAWN, "R4", lane="yellow"),
    ]
    assert qualities(alerts, 0.01)[0].precision.share == pytest.approx(40 / 60)


def test_nothing_is_said_of_a_lane_at_which_nobody_looked() -> None:
    assert weighted_share([Stratum(100, 100, 90), Stratum(900, 0, 0)]).share is None
    assert weighted_share([Stratum(1000, 100, 90), Stratum(9, 0, 0)]).share == 0.9


def test_too_few_to_say_says_what_there_is() -> None:
    assert counted_share(3, 19) == Figure(3, 19)
    assert counted_share(3, 20).share == 0.15
    assert recall([Stratum(50, 50, 40)], (), Drawn(0.01, 19, 19, 0)).share is None
    assert recall([Stratum(50, 10, 4)], (), Drawn(0.01, 50, 50, 0)).share is None
    assert recall([Stratum(50, 50, 40)], (), Drawn(0.0, 50, 50, 1)).share is None


def test_each_wrong_parcel_of_the_random_lane_stands_for_those_that_were_not_drawn() -> None:
    """400 caught; 20 found among 2,000 of which half was looked at, drawn 1 of 10: about 400 missed."""
    figure = recall([Stratum(500, 500, 400)], (), Drawn(0.1, 2000, 1000, 20))
    assert figure.share == pytest.approx(0.5, abs=0.02)
    assert figure.low is not None
    assert figure.high is not None
    assert 0.35 < figure.low < 0.42 < 0.6 < figure.high < 0.66
    assert (figure.n, figure.m) == (400, 420)


def test_a_rule_is_measured_against_what_the_other_rules_caught() -> None:
    alerts = [
        *many(60, Verdict.CONFIRMED, "R14"),
        *many(30, Verdict.CONFIRMED, "R7", lane="yellow"),
        *many(10, Verdict.CONFIRMED, "R7", "R14"),
        *many(1000, Verdict.FALSE_ALARM),
    ]
    found = {one.name: one for one in qualities(alerts, 1.0)}
    assert found["R14"].recall.share == pytest.approx(0.7, abs=0.01)
    assert found["R7"].recall.share == pytest.approx(0.4, abs=0.01)
    assert found["all"].recall.share == pytest.approx(1.0, abs=0.01)


def test_the_intervals_hold_the_truth_and_the_naive_ones_do_not() -> None:
    """The long form, with all worlds, is `python -m tests.bench.outcomes`."""
    found = measure(WORLDS[1], 150)
    for name in ("precision", "recall"):
        assert 0.89 <= found[name].covered <= 0.99, name
        assert found[name].estimate == pytest.approx(found[name].truth, abs=0.03)
        assert found[f"{name}, naive"].covered < 0.1


def test_figures_are_given_by_courier_and_outlet_and_by_nothing_of_a_person() -> None:
    assert set(GROUPS) == {"courier", "outlet"}
    alerts = many(3, Verdict.OPEN, "R14")
    assert {one.by for one in qualities(alerts, 0.01)} == {"all", "rule", "courier", "outlet"}


# -- control periods ---------------------------------------------------------------------------------------------------


def test_an_alert_says_if_its_parcel_was_under_a_control_period() -> None:
    period = {
        "id": "ciie-2026",
        "version": 1,
        "hash": "3b1f0c9d2e4a5768",
        "kind": "major_event",
        "title": {"zh": "进博会", "en": "CIIE"},
        "until": moment(T0 + DAY),
        "legal_basis": "反恐怖主义法 第二十条",
    }
    assert verdict_of(Story(alert(1, controls=[period]))).controlled
    assert not verdict_of(Story(alert(1))).controlled


def test_what_a_control_period_drew_stands_for_no_parcels_outside_of_it() -> None:
    usual = [
        *many(60, Verdict.CONFIRMED, "R3"),
        *many(2, Verdict.CONFIRMED),
        *many(98, Verdict.FALSE_ALARM),
    ]
    within = [
        *many(500, Verdict.CONFIRMED, "R3", outlet="HZ-02", controlled=True),
        *many(300, Verdict.CONFIRMED, outlet="HZ-02", controlled=True),
    ]
    assert drawn_under_controls([*usual, *within]) == 300
    (before, *_), (after, *_) = qualities(usual, 0.1), qualities([*usual, *within], 0.1)
    assert (after.recall, after.alerts) == (before.recall, 560)
    assert duties_kept([*usual, *within], 0.1) == duties_kept(usual, 0.1)
    of_courier = credit("courier", "swift", [*usual, *within], [], 0.1)
    assert (of_courier.random_checks.n, of_courier.random_checks.m) == (2, 100)


def test_no_labels_are_made_of_random_checks_whose_rate_is_unknown() -> None:
    alerts = [*many(5, Verdict.CONFIRMED, "R14", controlled=True), *many(3, Verdict.FALSE_ALARM, controlled=True)]
    with pytest.raises(UserError, match="3 random checks were drawn under a control period"):
        labels(alerts, 0.01)
    assert len(labels(alerts[:5], 0.01)) == 5


# -- labels ------------------------------------------------------------------------------------------------------------


def test_labels_stand_for_those_that_were_not_looked_at() -> None:
    alerts = [
        *many(8, Verdict.CONFIRMED, "R14"),
        *many(2, Verdict.OPEN, "R14"),
        *many(5, Verdict.FALSE_ALARM, "R4", lane="yellow"),
        *many(15, Verdict.EXPIRED, "R4", lane="yellow"),
        *many(1, Verdict.CONFIRMED),
        *many(49, Verdict.FALSE_ALARM),
        *many(50, Verdict.OPEN),
        *many(9, Verdict.WITHDRAWN, "R3"),
    ]
    found = labels(alerts, 0.01)
    assert len(found) == 8 + 5 + 50
    assert {(one.lane, one.weight) for one in found} == {("red", 1.25), ("yellow", 4.0), ("green_sampled", 200.0)}
    assert sum(one.weight for one in found) == pytest.approx(10 + 20 + 100 / 0.01)
    assert sum(one.violation for one in found) == 9


def test_random_checks_without_their_rate_make_no_labels() -> None:
    with pytest.raises(UserError, match="sampled-share"):
        labels(many(1, Verdict.FALSE_ALARM), 0.0)


def test_labels_are_read_again_from_parquet(tmp_path: Path) -> None:
    path = tmp_path / "labels.parquet"
    write_labels(path, labels([*many(2, Verdict.CONFIRMED, "R14"), seen(Verdict.FALSE_ALARM)], 0.5))
    table = parquet.read_table(path)
    assert table.column_names == list(COLUMNS)
    rows: list[dict[str, Any]] = table.to_pylist()
    assert [(row["violation"], row["lane"], row["weight"]) for row in rows] == [
        (False, "green_sampled", 2.0),
        (True, "red", 1.0),
        (True, "red", 1.0),
    ]
    assert rows[0]["raised_at"].timestamp() * SECOND == T0
    assert all(table.schema.field(name).metadata[b"description"].decode() == text for name, text in COLUMNS.items())
    with pytest.raises(UserError, match="cannot be written"):
        write_labels(tmp_path / "absent" / "labels.parquet", [])


def test_the_page_says_what_each_column_is_and_which_rules_are_about_duties() -> None:
    page = (Path(__file__).parents[2] / "docs" / "outcomes.md").read_text()
    assert "\n".join(f"| `{name}` | {meaning} |" for name, meaning in COLUMNS.items()) in page
    assert f"({', '.join(sorted(DUTY_RULES, key=in_page_order))};" in page


def in_page_order(rule: str) -> tuple[int, str]:
    return int("".join(filter(str.isdigit, rule))), rule


# -- words -------------------------------------------------------------------------------------------------------------


def test_a_small_share_is_written_with_as_many_digits_as_it_needs() -> None:
    assert in_words(counted_share(1, 1000)) == "0.10% (0.02 to 0.56), 1 of 1,000"
    assert in_words(counted_share(500, 1000)) == "50% (47 to 53), 500 of 1,000"
