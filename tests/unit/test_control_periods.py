"""A control period tightens what it names, for the parcels that it names, and its alerts say so."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from parcelward.contract.alerts import Lane, Severity
from parcelward.moments import utc
from parcelward.screening.in_memory import Pipeline
from tests.builders import (
    DAY,
    HOUR,
    MINUTE,
    T0,
    alerts_of,
    inspection,
    moment,
    pipeline,
    real_name,
    record,
    scan,
)
from tests.periods import (
    AGREEMENT,
    BEGINS,
    ENDS,
    TO_SHANGHAI,
    accepted_at,
    alerts_until,
    corrected,
    drawn_of,
    first,
    line_under,
    period,
    rules_of_alert,
    under,
)


def after_hours(line: Pipeline, records: Sequence[Any], hours: int = 5, begun: int = T0) -> list[str]:
    line.feed(records)
    return [finding.rule for alert in alerts_until(line, begun + hours * HOUR) for finding in alert.findings]


def test_a_parcel_to_the_region_is_to_be_scanned_in_time(tmp_path: Path) -> None:
    line = line_under(tmp_path, period())
    line.feed(accepted_at())

    assert alerts_until(line, T0 + 4 * HOUR) == []  # exactly at the deadline it is not over
    (alert,) = alerts_until(line, T0 + 4 * HOUR + 1)

    assert [finding.rule for finding in alert.findings] == ["R4"]
    assert alert.findings[0].reason.zh == (
        "期限内没有过机安检记录；管控期“进博会安保”（至2026年11月28日10:00）期间要求过机安检，时限4小时"
    )
    assert alert.findings[0].reason.en == (
        "no security scan was recorded in time; the scan is demanded, within 4 h, in the control period “CIIE” "
        "(until 2026-11-28 10:00 UTC+8)"
    )
    (named,) = alert.controls
    assert (named.id, named.version, named.green_channel) == ("ciie-2026", 1, False)


@pytest.mark.parametrize(
    "changes",
    [{"receiver": {"region": "330106"}}, {"receiver": {"region": None}}],
    ids=["to another region", "to nobody knows where"],
)
def test_a_parcel_that_is_not_known_to_go_there_is_under_nothing(tmp_path: Path, changes: dict[str, Any]) -> None:
    line = line_under(tmp_path, period(), inspection_due="10m")
    line.feed([record(real_name(**changes), at=T0)])

    (alert,) = alerts_until(line, T0 + 5 * HOUR)  # for its missing inspection

    assert rules_of_alert(alert) == ["R3"]
    assert alert.controls == ()


def test_a_scan_in_time_keeps_the_duty(tmp_path: Path) -> None:
    line = line_under(tmp_path, period())

    assert after_hours(line, [*accepted_at(), record(scan(), at=T0 + 3 * HOUR)], 9) == []


@pytest.mark.parametrize(
    ("first", "demanded"),
    [(BEGINS - 1, False), (BEGINS, True), (ENDS - 1, True), (ENDS, False)],
    ids=["a ms before it begins", "as it begins", "a ms before it ends", "as it ends"],
)
def test_the_arrival_of_the_first_record_says_if_it_applies(tmp_path: Path, first: int, demanded: bool) -> None:
    line = line_under(tmp_path, period())

    assert after_hours(line, accepted_at(first), begun=first) == (["R4"] if demanded else [])


def test_a_parcel_of_before_stays_free_though_its_records_come_within(tmp_path: Path) -> None:
    line = line_under(tmp_path, period())
    late = [
        record(inspection(), at=BEGINS - 1),
        record(real_name(**TO_SHANGHAI), at=BEGINS + MINUTE),
    ]

    assert after_hours(line, late) == []


def test_a_parcel_of_within_stays_under_it_after_its_end(tmp_path: Path) -> None:
    line = line_under(tmp_path, period())
    line.feed(accepted_at(ENDS - 1))

    (alert,) = alerts_until(line, ENDS + 4 * HOUR)

    assert rules_of_alert(alert) == ["R4"]
    assert "至2026年11月28日10:00" in alert.findings[0].reason.zh


def test_of_two_periods_the_strictest_counts_and_both_are_named(tmp_path: Path) -> None:
    other = period(
        id="a-epidemic", kind="epidemic", title={"zh": "疫情防控", "en": "epidemic"}, tighten={"scan_due": "2h"}
    )
    line = line_under(tmp_path, period(), other)
    line.feed(accepted_at())

    (alert,) = alerts_until(line, T0 + 2 * HOUR + 1)

    assert [control.id for control in alert.controls] == ["a-epidemic", "ciie-2026"]
    assert "时限2小时" in alert.findings[0].reason.zh
    assert "“进博会安保”" in alert.findings[0].reason.zh
    assert "“疫情防控”" in alert.findings[0].reason.zh


def test_a_shorter_time_for_the_inspection_is_explained(tmp_path: Path) -> None:
    tight = period(tighten={"inspection_due": "10m"}, duties=None, scope="all")
    line = line_under(tmp_path, tight)
    line.feed([record(real_name(), at=T0)])

    (alert,) = alerts_until(line, T0 + 10 * MINUTE + 1)
    assert "期间收寄验视时限为10分钟（平时30分钟）" in alert.findings[0].reason.zh
    assert "within 10 min instead of 30 min" in alert.findings[0].reason.en
    line.feed([record(inspection(), at=T0 + 20 * MINUTE)])  # too late for the period, in time by the settings
    (later,) = alerts_of(line.feed([record(scan(decision="hold"), at=T0 + 2 * HOUR)]))

    assert "（平时30分钟）" in next(one for one in later.findings if one.rule == "R3").reason.zh


def test_a_registration_is_due_sooner(tmp_path: Path) -> None:
    line = line_under(tmp_path, period(tighten={"real_name_due": "5m"}, duties=None, scope={"couriers": ["swift"]}))
    line.feed([record(inspection(), at=T0)])

    (alert,) = alerts_until(line, T0 + 5 * MINUTE + 1)

    assert rules_of_alert(alert) == ["R2"]
    assert "实名登记时限为5分钟（平时30分钟）" in alert.findings[0].reason.zh


def test_a_record_that_shows_the_duty_was_done_in_time_clears_it(tmp_path: Path) -> None:
    line = line_under(tmp_path, period(tighten={"inspection_due": "10m"}, duties=None, scope="all"))
    line.feed([record(real_name(), at=T0)])
    alerts_until(line, T0 + 15 * MINUTE)

    done = alerts_of(line.feed([record(inspection(), at=T0 + 5 * MINUTE, arrival=T0 + HOUR)]))

    assert [alert.findings for alert in done] == [()]


def letter(**changes: Any) -> dict[str, Any]:
    return real_name(goods={"name": "信件", "nature": "letter"}, **(TO_SHANGHAI | changes))


def of_outlet(outlet: str) -> dict[str, Any]:
    return period(scope={"outlets": [f"swift/{outlet}"]})


TWO_SCANS = [record(scan(), at=T0), record(scan(decision="hold"), at=T0 + HOUR)]


def test_a_hub_brings_no_parcel_under_a_period_of_outlets(tmp_path: Path) -> None:
    line = line_under(tmp_path, of_outlet("HUB-1"))

    said = alerts_of(line.feed(TWO_SCANS))
    said += alerts_of(line.feed([record(real_name(), at=T0 + 2 * HOUR)]))

    assert said
    assert [one.controls for one in said if one.controls] == []


@pytest.mark.parametrize(
    "counter",
    [inspection(result="refused_prohibited", found_goods="汽油"), real_name()],
    ids=["an inspection", "a registration"],
)
def test_a_record_of_the_counter_brings_a_scanned_parcel_under_it(tmp_path: Path, counter: dict[str, Any]) -> None:
    line = line_under(tmp_path, of_outlet("HZ-01"))
    line.feed(TWO_SCANS)

    said = alerts_of(line.feed([record(counter, at=T0 + 2 * HOUR)], {"intake.swift": T0 + 9 * HOUR}))

    assert said
    assert [one.id for one in said[-1].controls] == ["ciie-2026"]


def test_letters_are_inspected_too_where_a_period_says_so(tmp_path: Path) -> None:
    line = line_under(tmp_path, period(tighten=None, duties=["inspect_letters"]))
    line.feed([record(letter(), at=T0)])

    (alert,) = alerts_until(line, T0 + HOUR)

    assert rules_of_alert(alert) == ["R3"]
    assert "期间信件也须收寄验视，时限30分钟，不得检查信件内容" in alert.findings[0].reason.zh


def test_to_call_a_letter_exempt_is_no_inspection_then(tmp_path: Path) -> None:
    exempt = inspection(opened=False, result="exempt_letter")
    strict, usual = (
        line_under(tmp_path, period(tighten=None, duties=["inspect_letters"])),
        pipeline(),
    )
    both = [record(letter(), at=T0), record(exempt, at=T0 + MINUTE)]

    assert after_hours(strict, both) == ["R3"]
    assert after_hours(usual, both) == []


def test_a_late_record_lifts_the_mark_of_a_letter_only_if_somebody_looked(tmp_path: Path) -> None:
    line = line_under(tmp_path, period(tighten=None, duties=["inspect_letters"]))
    line.feed([record(letter(), at=T0)])
    alerts_until(line, T0 + HOUR)
    exempt = inspection(opened=False, result="exempt_letter")

    called_exempt = line.feed([record(exempt, at=T0 + MINUTE, arrival=T0 + 2 * HOUR)])
    inspected = line.feed([record(inspection(), at=T0 + 3 * MINUTE, arrival=T0 + 3 * HOUR)])

    assert all(rules_of_alert(alert) == ["R3"] for alert in alerts_of(called_exempt))
    assert [rules_of_alert(alert) for alert in alerts_of(inspected)] == [[]]


def test_named_rules_count_one_step_more_and_say_so(tmp_path: Path) -> None:
    line = line_under(tmp_path, period(**{"raise": ["R4"]}), period(id="other", **{"raise": ["R4"]}))
    line.feed(accepted_at())

    (alert,) = alerts_until(line, T0 + 5 * HOUR)

    assert alert.findings[0].severity is Severity.HIGH  # medium, and one step for two periods
    assert alert.lane is Lane.RED
    assert alert.findings[0].reason.zh.endswith(
        "；管控期“进博会安保”（至2026年11月28日10:00）、管控期“进博会安保”（至2026年11月28日10:00）期间，"
        "本项严重程度提高一级"
    )


def test_a_period_that_demands_and_raises_is_named_once(tmp_path: Path) -> None:
    line = line_under(tmp_path, period(**{"raise": ["R4"]}))
    line.feed(accepted_at())

    (alert,) = alerts_until(line, T0 + 5 * HOUR)

    assert alert.findings[0].reason.zh.endswith("期间要求过机安检，时限4小时；管控期内，本项严重程度提高一级")


def test_more_clean_parcels_are_drawn_in_the_scope_and_no_others(tmp_path: Path) -> None:
    line = line_under(tmp_path, period(tighten={"sampled_share": 0.1}, duties=None))
    other = pipeline(**under(tmp_path / "control", period(tighten={"sampled_share": 0.1}, duties=None)))

    assert 10 < len(drawn_of(line, sender=AGREEMENT)) < 40
    assert drawn_of(other, sender=AGREEMENT, receiver={"region": "330106"}) == []


def test_goods_are_named_by_their_class(tmp_path: Path) -> None:
    line = line_under(tmp_path, period(scope={"goods": ["power_bank"]}))

    assert after_hours(line, accepted_at(goods={"name": "充电宝"}), begun=T0) == ["R4"]
    assert after_hours(line, accepted_at(waybill="SF0000000000002", goods={"name": "羽绒服"})) == []


def test_a_correction_into_the_region_gives_the_whole_time_from_then_on(tmp_path: Path) -> None:
    line = line_under(tmp_path, period())
    line.feed(first())
    at = T0 + 6 * HOUR

    assert alerts_until(line, at) == []
    line.feed([corrected(at, **TO_SHANGHAI)])

    assert alerts_until(line, at + 4 * HOUR) == []
    assert [rules_of_alert(one) for one in alerts_until(line, at + 4 * HOUR + 1)] == [["R4"]]


def test_a_correction_out_of_the_region_lifts_nothing_and_the_alert_says_why(tmp_path: Path) -> None:
    line = line_under(tmp_path, period())
    line.feed(first(**TO_SHANGHAI))
    line.feed([corrected(T0 + HOUR, receiver={"region": "330106"})])

    (alert,) = alerts_until(line, T0 + 5 * HOUR)

    assert rules_of_alert(alert) == ["R4"]
    assert (
        "；该件曾属管控期“进博会安保”（至2026年11月28日10:00）适用范围，后续更正不解除管控要求"
        in alert.findings[0].reason.zh
    )
    assert [control.id for control in alert.controls] == ["ciie-2026"]


def test_goods_that_contradict_the_declared_ones_count(tmp_path: Path) -> None:
    line = line_under(tmp_path, period(scope={"goods": ["power_bank"]}))
    other = record(real_name(goods={"name": "充电宝"}), at=T0 + 2 * MINUTE)

    assert "R4" in after_hours(line, [*first(), other])


def withdrawn_at(at: int) -> dict[str, Any]:
    return period(version=2, takes_effect=moment(at), until=moment(at))


def test_a_period_that_is_withdrawn_holds_for_what_came_before(tmp_path: Path) -> None:
    line = line_under(tmp_path, period(), withdrawn_at(T0 + DAY))

    assert after_hours(line, accepted_at(T0 + DAY - 1), begun=T0 + DAY) == ["R4"]
    assert after_hours(line, accepted_at(T0 + DAY, "SF0000000000002"), begun=T0 + DAY) == []


def test_once_a_period_is_withdrawn_alerts_of_its_first_version_name_the_new_end(tmp_path: Path) -> None:
    at = T0 + DAY
    line = line_under(tmp_path, period(), withdrawn_at(at))
    line.feed(accepted_at())

    (before,) = alerts_until(line, at - HOUR)
    line.feed(accepted_at(at - 1, "SF0000000000002"))
    (after,) = alerts_until(line, at + 5 * HOUR)

    assert [one.controls[0].version for one in (before, after)] == [1, 1]
    assert [one.controls[0].until for one in (before, after)] == [utc(ENDS), utc(at)]  # it was not yet ended: ENDS
    assert "（至2026年11月24日10:00）" in after.findings[0].reason.zh


def test_an_alert_names_the_version_that_counts_for_its_parcel(tmp_path: Path) -> None:
    second = period(version=2, takes_effect=moment(T0 + DAY), tighten={"scan_due": "2h"})
    line = line_under(tmp_path, period(), second)
    line.feed([*accepted_at(T0 + DAY - 1), *accepted_at(T0 + DAY, "SF0000000000002")])

    alerts = alerts_until(line, T0 + DAY + 5 * HOUR)

    assert [(one.waybill[-1], one.controls[0].version) for one in alerts] == [("2", 2), ("1", 1)]


def test_without_periods_alerts_name_none() -> None:
    line = pipeline()
    line.feed([record(real_name(), at=T0)])

    assert [alert.controls for alert in alerts_until(line, T0 + HOUR)] == [()]
