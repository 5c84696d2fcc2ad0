"""The card of an alert: what a person asks before deciding is on it, and the action fits where the parcel is now."""

from typing import Any

import pytest

from parcelward.alerts.model_finding import model_action, model_finding
from parcelward.alerts.next_step import DELIVERED_AFTER_MS, LEAVES_AFTER_MS, STEPS, next_step, parcel_state
from parcelward.contract.alerts import Action, Alert, Contribution, Score
from parcelward.contract.cards import Bilingual, ContactRole, CounterpartKind, ParcelState
from parcelward.identity.token_keys import KEYS_KEY
from parcelward.shipments.shipment import decode_shipment
from parcelward.stage import Record
from tests.builders import (
    DAY,
    HOUR,
    MINUTE,
    T0,
    alerts_of,
    feed_all,
    inspection,
    moment,
    pipeline,
    real_name,
    record,
    scan,
)

PETROL: dict[str, Any] = {"goods": {"name": "汽油"}}


def raised(*records: Record) -> list[Alert]:
    return alerts_of(feed_all(pipeline(), records))


def roles(alert: Alert) -> list[ContactRole]:
    assert alert.card is not None
    return [contact.role for contact in alert.card.contacts]


@pytest.mark.parametrize("state", ParcelState)
@pytest.mark.parametrize("action", Action)
def test_every_action_has_a_step_in_every_state(state: ParcelState, action: Action) -> None:
    step = next_step(state, action)
    assert step.zh
    assert step.en


def test_what_cannot_be_refused_any_more_is_not_to_be_refused() -> None:
    for state, steps in STEPS.items():
        left = {step.action for step in steps.values()}
        assert (Action.REFUSE in left) == (state is ParcelState.AT_OUTLET)


def state_of(*records: Record, now: int) -> ParcelState:
    line = pipeline()
    feed_all(line, records)
    (value,) = [value for key, value in line.cells["duties"][0].state.items() if key != KEYS_KEY]
    return parcel_state(decode_shipment(value), now)


@pytest.mark.parametrize(
    ("later", "now", "state"),
    [
        ([], T0 + MINUTE, ParcelState.AT_OUTLET),
        ([], T0 + LEAVES_AFTER_MS, ParcelState.UNKNOWN),
        ([], T0 + DELIVERED_AFTER_MS, ParcelState.PERHAPS_DELIVERED),
        ([(inspection(), MINUTE)], T0 + HOUR, ParcelState.AT_OUTLET),
        ([(inspection(result="refused_prohibited"), MINUTE)], T0 + DAY, ParcelState.REFUSED),
        ([(inspection(result="refused_by_sender"), MINUTE)], T0 + DAY, ParcelState.REFUSED),
        ([(inspection(result="held_for_proof"), MINUTE)], T0 + DAY, ParcelState.HELD),
        ([(inspection(), MINUTE), (scan(), HOUR)], T0 + 2 * HOUR, ParcelState.UNDER_WAY),
        ([(inspection(result="refused_mismatch"), MINUTE), (scan(), HOUR)], T0 + 2 * HOUR, ParcelState.UNDER_WAY),
        ([(scan(decision="hold"), HOUR)], T0 + DAY, ParcelState.HELD),
        ([(scan(decision="hand_over"), HOUR)], T0 + DAY, ParcelState.HANDED_OVER),
        ([(scan(), HOUR)], T0 + 4 * DAY, ParcelState.PERHAPS_DELIVERED),
    ],
)
def test_where_a_parcel_is_follows_from_its_events_and_its_age(
    later: list[tuple[dict[str, Any], int]], now: int, state: ParcelState
) -> None:
    events = [record(real_name(), T0), *(record(data, T0 + after) for data, after in later)]
    assert state_of(*events, now=now) is state


def test_found_heroin_that_passed_is_said_with_who_let_it_pass_and_that_the_police_are_called() -> None:
    declared = record(real_name(goods={"name": "打火机"}))
    *_, alert = raised(declared, record(inspection(found_goods="海洛因", operator="E7"), T0 + MINUTE))
    assert alert.card is not None
    for said in (alert.summary, alert.card.next_step):
        assert "海洛因" in said.zh
        assert "E7" in said.zh
        assert "放行" in said.zh
        assert "pass all the same" in said.en
    assert roles(alert)[0] is ContactRole.POLICE_110
    assert alert.card.goods.found == "海洛因"
    assert alert.card.inspection is not None
    assert alert.card.inspection.result == "passed"


def test_petrol_that_was_refused_already_is_reported_not_refused() -> None:
    first, second = raised(
        record(real_name(**PETROL)),
        record(inspection(result="refused_prohibited", found_goods="汽油"), T0 + MINUTE),
    )
    assert (first.action, second.action) == (Action.REFUSE, Action.REPORT)
    assert second.card is not None
    assert "已拒收" in second.card.next_step.zh
    assert second.card.whereabouts.state is ParcelState.REFUSED


def test_fireworks_uploaded_after_six_days_are_traced_and_their_age_is_said() -> None:
    (alert,) = raised(record(real_name(goods={"name": "烟花爆竹"}), T0, T0 + 6 * DAY))
    assert alert.action is Action.TRACE_AND_STOP
    assert alert.card is not None
    assert alert.card.age_s == 6 * DAY / 1000
    assert "6天前" in alert.summary.zh
    assert "6 days ago" in alert.summary.en
    assert {ContactRole.POLICE_110, ContactRole.DELIVERY_OUTLET} <= set(roles(alert))


def test_a_red_parcel_that_is_scanned_under_way_is_said_again_as_one_to_stop_and_only_once() -> None:
    on_its_way = [record(scan(site=site), T0 + HOUR * hours) for hours, site in ((5, "HUB-1"), (9, "HUB-2"))]
    first, second = raised(record(real_name(**PETROL)), record(inspection(), T0 + MINUTE), *on_its_way)
    assert (first.action, second.action) == (Action.REFUSE, Action.TRACE_AND_STOP)
    assert second.findings == first.findings
    assert second.card is not None
    assert second.card.whereabouts.site == "HUB-1"
    assert ContactRole.HUB_SECURITY in roles(second)


def test_a_reused_photo_names_the_other_parcel_its_outlet_and_its_time() -> None:
    photos = [{"sha256": "ab" * 32}]
    other = "SF0000000000002"
    *_, alert = raised(
        record(real_name(other)),
        record(inspection(other, photos=photos), T0 + MINUTE),
        record(real_name(), T0 + HOUR),
        record(inspection(photos=photos), T0 + HOUR + MINUTE),
    )
    assert alert.card is not None
    (counterpart,) = alert.card.counterparts
    assert (counterpart.kind, counterpart.courier, counterpart.waybill, counterpart.outlet) == (
        CounterpartKind.PHOTO,
        "swift",
        other,
        "HZ-01",
    )
    assert counterpart.at.timestamp() * 1000 == T0 + MINUTE


def test_a_document_read_elsewhere_names_the_parcel_of_that_place_in_every_revision() -> None:
    other, beijing = "SF0000000000002", {"latitude": 39.9, "longitude": 116.4}
    late = T0 + 20 * DAY  # by then the profile of the document has forgotten it
    alerts = raised(
        record(real_name(other, outlet="BJ-01", place=beijing)),
        record(real_name(), T0 + HOUR),
        record(inspection(), T0 + HOUR + MINUTE),
        *[
            record(real_name(f"SF{n:013d}", sender={"document_number": "11010519491231002X"}), late)
            for n in range(20, 90)
        ],
        record(inspection(found_goods="海洛因"), late),
    )
    named = [alert.card.counterparts for alert in alerts if alert.waybill != other and alert.card is not None]
    assert len(named) > 1
    for (counterpart,) in named:
        assert (counterpart.kind, counterpart.waybill, counterpart.outlet, counterpart.at.timestamp() * 1000) == (
            CounterpartKind.DOCUMENT_PLACE,
            other,
            "BJ-01",
            T0,
        )


def test_a_card_says_what_is_not_known_and_takes_no_time_that_cannot_be() -> None:
    later = moment(T0 + DAY)
    *_, alert = raised(record(real_name(**PETROL)), record(inspection(started_at=later, result="not_done"), T0 + 1))
    assert alert.card is not None
    assert alert.card.inspection is None or alert.card.inspection.duration_s is None
    assert alert.card.goods.found is None


def test_a_cleared_alert_says_from_what_to_what_and_keeps_what_was_found() -> None:
    first, second = raised(
        record(real_name(**PETROL), event_id="a"),
        record(real_name(goods={"name": "汽油滤清器"}, corrects="a"), T0 + MINUTE),
    )
    assert (second.state, second.alert_id) == ("cleared_by_evidence", first.alert_id)
    (change,) = second.changes
    assert (change.what, change.before, change.after) == ("goods_name", "汽油", "汽油滤清器")
    (was,) = second.found_before
    assert (was.rule, was.severity, was.reason) == ("R14", "critical", first.findings[0].reason)
    assert "汽油 → 汽油滤清器" in second.summary.zh
    assert "R14" in second.summary.en


def test_a_late_inspection_that_clears_an_alert_is_named_as_what_changed() -> None:
    time_passes = record(scan("SF0000000000009"), T0 + 2 * HOUR)
    late = record(inspection(), T0 + MINUTE, T0 + 3 * HOUR)
    found = raised(record(real_name()), time_passes, late)
    first, second = (alert for alert in found if alert.waybill == "SF0000000000001")
    assert [finding.rule for finding in first.findings] == ["R3"]
    assert second.state == "cleared_by_evidence"
    changed = {one.what: (one.before, one.after) for one in second.changes}
    assert changed["inspection_overdue"] == ("true", "false")
    assert changed["inspection_result"] == (None, "passed")


def test_what_was_found_is_kept_over_several_revisions_and_bounded() -> None:
    wrong: dict[str, Any] = {"sender": {"document_number": "123"}}
    alerts = raised(
        record(real_name(**PETROL, **wrong), event_id="a"),
        record(real_name(corrects="a", **wrong), T0 + MINUTE, event_id="b"),
        record(real_name(corrects="b"), T0 + 2 * MINUTE),
    )
    assert [[one.rule for one in alert.found_before] for alert in alerts] == [[], ["R14"], ["R14", "R1"]]
    assert alerts[-1].state == "cleared_by_evidence"


def test_a_less_severe_finding_does_not_change_the_action() -> None:
    wrong: dict[str, Any] = {"sender": {"document_number": "123"}}
    *_, alert = raised(record(real_name(**wrong)), record(inspection(found_goods="旧书籍"), T0 + MINUTE))
    assert [(finding.rule, finding.action) for finding in alert.findings] == [
        ("R1", Action.VERIFY_IDENTITY),
        ("F2", Action.REINSPECT),
    ]
    assert alert.action is Action.VERIFY_IDENTITY


def test_a_parcel_is_where_its_last_event_was() -> None:
    accepted, passed = record(real_name(**PETROL)), record(inspection(), T0 + MINUTE)
    opened = record(scan(decision="reopen"), T0 + HOUR)
    elsewhere = record(inspection(outlet="HUB-7", found_goods="汽油"), T0 + 2 * HOUR)
    *_, alert = raised(accepted, passed, opened, elsewhere)
    assert alert.card is not None
    where = alert.card.whereabouts
    assert (where.site, where.state) == ("HUB-7", ParcelState.UNDER_WAY)
    assert where.seen_at is not None
    assert where.seen_at.timestamp() * 1000 == T0 + 2 * HOUR
    assert "HUB-7" in where.text.zh
    assert ("outlet_manager", "HUB-7") in [(one.role, one.where) for one in alert.card.contacts]


def test_the_model_proposes_to_look_at_that_which_raised_the_score_most() -> None:
    def part(feature: str, weight: float) -> Contribution:
        return Contribution(feature=feature, value=1.0, weight=weight, text=Bilingual(zh=feature, en=feature))

    own, heavy = part("sender_is_operator", 2.0), part("weight_g", 1.0)
    assert model_action((own, heavy)) is Action.VERIFY_IDENTITY
    assert model_action((part("sender_phones_7d", 0.5), heavy)) is Action.REINSPECT
    assert model_action((part("sender_phones_7d", -3.0),)) is Action.REINSPECT
    assert model_action(()) is Action.REINSPECT
    finding = model_finding(
        Score(value=0.5, threshold=0.3, model_version="m", contributions=(own, heavy)), Action.VERIFY_IDENTITY
    )
    assert finding.clears_when is not None
    assert "验视" not in finding.legal_basis + finding.clears_when.zh
