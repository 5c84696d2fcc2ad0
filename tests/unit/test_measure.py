"""Every feature has its meaning: values asked by name, from traffic through all stages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parcelward.features.table import FEATURES, INDEX, FeatureType
from parcelward.profiles.outlets import decode_outlet
from tests.builders import (
    DAY,
    GOOD_ID,
    HOUR,
    MINUTE,
    SECOND,
    T0,
    alerts_of,
    feed_all,
    inspection,
    moment,
    pipeline,
    real_name,
    record,
    rules_of,
    scan,
)

OTHER_ID = "110101197608056897"
TYPES = {FeatureType.BOOL: bool, FeatureType.INT: int, FeatureType.DOUBLE: float, FeatureType.STRING: str}


def last_row(records, **changes):
    result = feed_all(pipeline(**changes), records)
    row = result.rows[-1].row
    return {name: row[position] for name, position in INDEX.items()}


def waybill(number):
    return f"SF{number:013d}"


def test_a_full_row_has_every_feature_in_its_own_type():
    photo = {"sha256": "ab" * 32, "taken_at": moment(T0 + MINUTE)}
    checked = inspection(
        started_at=moment(T0 + 2 * MINUTE),
        sealed_at=moment(T0 + 4 * MINUTE),
        found_goods="羽绒服",
        weight_g=950,
        found_category="05",
        photos=[photo],
    )
    full = real_name(
        operator_document=OTHER_ID,
        goods={"name": "电子烟2支", "declared_value_cny": 90.0},
        transport_mode="road",
        device="P1",
    )
    records = [
        record(real_name(waybill(9), outlet="HZ-02", operator_document=OTHER_ID), T0 - HOUR),
        record(inspection(waybill(9), photos=[photo]), T0 - HOUR + 1),
        *[
            record(real_name(waybill(n), sender={"kind": "agreement", "agreement_id": "A"}), T0 - n)
            for n in range(20, 50)
        ],
        *[record(real_name(waybill(n)), T0 - n) for n in range(60, 70)],
        record(inspection(waybill(20)), T0),
        record(full),
        record(checked, T0 + 3 * MINUTE),
        record(scan(judged_ms=4000), T0 + HOUR),
    ]
    row = last_row(records)
    unknown = {name for name, value in row.items() if value is None}
    assert unknown <= {
        "found_removed",
        "waybill_conflict_fields",
        "photo_reused_from",
        "weight_ratio",
        "weight_outside",
        "goods_danger_category",
        "goods_danger_terms",
        "found_danger_terms",
    }
    for feature in FEATURES:
        value = row[feature.name]
        if value is not None:
            assert type(value) is TYPES[feature.type] or (feature.type is FeatureType.DOUBLE and type(value) is int), (
                feature.name
            )


def test_sender_counts_this_parcel_and_earlier_ones_within_each_window():
    times = [T0 - 8 * DAY, T0 - 3 * DAY, T0 - 2 * HOUR, T0 - 10 * MINUTE, T0]
    records = [
        record(real_name(waybill(n), outlet=f"O{n}", sender={"phone": f"1380000000{n}", "name": f"王{n}"}), at)
        for n, at in enumerate(times)
    ]
    row = last_row(records, max_event_age=20 * 86_400)
    assert (row["sender_sends_1h"], row["sender_sends_1d"], row["sender_sends_7d"]) == (2, 3, 4)
    assert (row["sender_phones_7d"], row["sender_names_7d"]) == (4, 4)
    assert (row["sender_outlets_1d"], row["sender_outlets_7d"]) == (3, 4)
    assert row["sender_known_days"] == 3.0


def test_a_second_pass_counts_nothing_again():
    row = last_row([record(real_name()), record(inspection(), T0 + MINUTE), record(scan(), T0 + HOUR)])
    assert (
        row["sender_sends_7d"] == row["phone_documents_7d"] == row["outlet_items_7d"] == row["operator_items_1d"] == 1
    )


def test_one_phone_with_three_documents():
    numbers = [GOOD_ID, OTHER_ID, "360426199101010072"]
    records = [
        record(real_name(waybill(n), sender={"document_number": number}), T0 + n * HOUR)
        for n, number in enumerate(numbers)
    ]
    row = last_row(records)
    assert (row["phone_documents_1d"], row["phone_documents_7d"], row["sender_sends_7d"]) == (3, 3, 1)


def test_travel_between_two_physical_readings():
    hangzhou, beijing = {"latitude": 30.27, "longitude": 120.15}, {"latitude": 39.90, "longitude": 116.40}
    records = [
        record(real_name(waybill(1), place=hangzhou), T0),
        record(real_name(waybill(2), place=beijing, outlet="BJ-01"), T0 + HOUR),
    ]
    row = last_row(records)
    assert row["travel_km"] == pytest.approx(1124, rel=0.02)
    assert row["travel_kmh"] == pytest.approx(row["travel_km"])
    by_hand = last_row([records[0], record(real_name(waybill(3), place=beijing, verify_method="manual"), T0 + HOUR)])
    assert by_hand["travel_kmh"] is None


def test_own_identity_of_the_operator():
    own = {"operator_document": GOOD_ID}
    row = last_row([record(real_name(waybill(n), **own), T0 + n * MINUTE) for n in range(8)])
    assert (row["sender_is_operator"], row["sender_is_staff"]) == (True, True)
    assert (row["staff_sends_1d"], row["staff_share_1d"]) == (8, 1.0)


def test_a_share_of_few_parcels_is_unknown():
    row = last_row([record(real_name(waybill(n)), T0 + n * MINUTE) for n in range(7)])
    assert row["outlet_walk_in_items_1d"] == 7
    for share in ("staff_share_1d", "operator_manual_share_1d", "outlet_vague_share_1d", "outlet_top_goods_share_1d"):
        assert row[share] is None


def test_a_colleagues_identity_is_staff_but_not_own():
    records = [
        record(real_name(waybill(1), operator_document=GOOD_ID, sender={"document_number": OTHER_ID})),
        record(real_name(waybill(2), operator="E2"), T0 + MINUTE),
    ]
    row = last_row(records)
    assert (row["sender_is_operator"], row["sender_is_staff"]) == (None, True)


def test_pace_of_inspections():
    records = []
    for n in range(4):
        records.append(record(real_name(waybill(n)), T0 + n))
        records.append(record(inspection(waybill(n)), T0 + MINUTE + n * 2 * SECOND))
    row = last_row(records)
    assert (row["operator_gap_s"], row["operator_fast_gaps_1h"], row["operator_inspections_10min"]) == (2.0, 3, 4)


def test_a_photo_of_another_waybill():
    photo = [{"sha256": "cd" * 32}]
    records = [
        record(inspection(waybill(1), photos=photo)),
        record(inspection(waybill(2), photos=photo), T0 + MINUTE),
    ]
    row = last_row(records)
    assert (row["photo_reused"], row["photo_reused_from"]) == (True, waybill(1))
    assert last_row(records[:1])["photo_reused"] is False


def test_duties_out_of_order():
    checked = inspection(started_at=moment(T0), sealed_at=moment(T0 - MINUTE))
    row = last_row([record(checked, T0), record(real_name(), T0 + HOUR)])
    assert (row["inspection_delay_s"], row["sealed_before_inspection"]) == (-3600.0, True)


def test_weight_against_goods_and_inspection():
    records = [record(real_name(weight_g=1000)), record(inspection(weight_g=1500), T0 + MINUTE)]
    row = last_row(records)
    assert (row["weight_change"], row["weight_change_g"]) == (0.5, 500)


def test_unknown_stays_unknown():
    row = last_row([record(inspection())])
    assert row["document_check"] is None
    assert row["sender_sends_7d"] is None
    assert row["weight_g"] is None
    assert row["real_name_done"] is False


def rows_of(line, records):
    result = feed_all(line, records)
    return [dict(zip(INDEX, row, strict=True)) for _, row in result.rows]


def clean_pair(number, at):
    """An acceptance and, a minute later, the inspection of a sender who is never seen again."""
    sender = {"document_number": f"E{number:08d}", "document_type": "passport", "phone": None}
    return [record(real_name(waybill(number), sender=sender), at - MINUTE), record(inspection(waybill(number)), at)]


def pairs(numbers, start, step):
    both = [one for k, number in enumerate(numbers) for one in clean_pair(number, start + k * step)]
    return sorted(both, key=lambda one: one.timestamp)


def test_a_scan_a_day_later_does_not_clear_the_pace():
    line = pipeline(inspection_due=3 * HOUR // SECOND)
    assert "R9" in rules_of(feed_all(line, pairs(range(8), T0, 3 * SECOND)))
    feed_all(line, pairs((20, 21), T0 + 20 * HOUR, 5 * SECOND - 100))
    assert feed_all(line, [record(scan(waybill(7)), T0 + 21 * HOUR)]).alerts == []
    assert feed_all(line, [record(scan(waybill(6)), T0 + 20 * DAY)]).alerts == []


def test_an_honest_morning_parcel_stays_clean_when_the_operator_hurries_later():
    line = pipeline(inspection_due=3 * HOUR // SECOND)
    assert feed_all(line, pairs(range(2), T0, 4 * SECOND)).alerts == []
    assert feed_all(line, pairs(range(10, 18), T0 + 8 * HOUR, 3 * SECOND)).alerts
    assert feed_all(line, [record(scan(waybill(1)), T0 + 9 * HOUR)]).alerts == []


def test_a_scan_later_does_not_clear_a_document_with_many_names():
    line, days = pipeline(), (0, 3, 6)
    names = [record(real_name(waybill(n), sender={"name": f"王{n}"}), T0 + n * DAY) for n in days]
    assert rules_of(feed_all(line, names)) == ["R5B"]
    feed_all(line, [record(inspection(waybill(6)), T0 + 6 * DAY + MINUTE)])
    feed_all(line, [record(real_name(waybill(9), sender={"name": "王6"}), T0 + 9 * DAY)])
    later = alerts_of(feed_all(line, [record(scan(waybill(6)), T0 + 9 * DAY + HOUR)]))
    assert [alert.waybill for alert in later if alert.waybill == waybill(6)] == []


def test_new_evidence_is_measured_anew_although_values_are_held():
    line = pipeline()
    own = {"operator_document": OTHER_ID, "sender": {"document_number": OTHER_ID}}
    first = feed_all(line, [record(real_name(waybill(n), **own), T0 + n, event_id=f"own-{n}") for n in range(3)])
    assert rules_of(first) == ["R6"]
    correction = real_name(waybill(2), operator_document=OTHER_ID, corrects="own-2")
    assert [alert.state for alert in alerts_of(feed_all(line, [record(correction, T0 + MINUTE)]))] == [
        "cleared_by_evidence"
    ]


def test_a_quiet_outlets_numerators_go_to_zero():
    line = pipeline()
    own = {"operator_document": OTHER_ID, "sender": {"document_number": OTHER_ID}}
    feed_all(line, [record(real_name(waybill(n), **own), T0 + n * MINUTE) for n in range(3)])
    line.feed([], {"intake.swift": T0 + 2 * HOUR})
    (row,) = rows_of(line, [record(real_name(waybill(9), operator_document=OTHER_ID), T0 + 5 * DAY)])
    assert (row["staff_sends_1d"], row["operator_items_1d"], row["outlet_overdue_1d"]) == (0, 1, 0)
    assert row["outlet_items_7d"] == 4


def test_a_share_is_of_the_same_day_as_what_it_is_a_share_of():
    line = pipeline()
    by_hand = [
        record(real_name(waybill(n), verify_method="manual", goods={"name": "日用品"}), T0 + n * MINUTE)
        for n in range(20)
    ]
    read = [record(real_name(waybill(n)), T0 + 3 * DAY + n * MINUTE) for n in range(30, 40)]
    row = rows_of(line, [*by_hand, *read])[-1]
    assert (row["operator_manual_share_1d"], row["outlet_vague_share_1d"], row["outlet_top_goods_share_1d"]) == (
        0,
        0,
        1,
    )


SHARES = [name for name in INDEX if "_share_" in name]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(0, 60 * 24 * 3), st.booleans(), st.booleans(), st.integers(0, 60 * 24)),
        min_size=10,
        max_size=50,
    )
)
def test_no_share_is_above_one(parcels):
    records = []
    for number, (minute, vague, by_hand, later) in enumerate(parcels):
        at = T0 + minute * MINUTE
        data = real_name(
            waybill(number),
            goods={"name": "日用品" if vague else "羽绒服"},
            verify_method="manual" if by_hand else "nfc",
            operator_document=GOOD_ID if by_hand else OTHER_ID,
        )
        records += [record(data, at), record(inspection(waybill(number)), at, at + later * MINUTE)]
    for row in rows_of(pipeline(), records):
        for share in SHARES:
            assert row[share] is None or 0 <= row[share] <= 1, share


def test_inspections_at_the_same_time_follow_each_other_at_once():
    kind = {"sender": {"kind": "organisation", "document_type": "organisation_code"}}
    records = [record(real_name(waybill(n), **kind), T0 - HOUR + n) for n in range(30)]
    row = last_row([*records, *[record(inspection(waybill(n)), T0) for n in range(30)]])
    assert (row["operator_gap_s"], row["operator_fast_gaps_1h"], row["operator_inspections_10min"]) == (0.0, 29, 30)


def test_staff_are_remembered_for_a_week():
    line = pipeline()
    feed_all(line, [record(real_name(waybill(1), operator_document=OTHER_ID), T0)])
    own = {"sender": {"document_number": OTHER_ID}}
    known = {}
    for number, days in ((2, 6.9), (3, 7.1)):
        row = rows_of(line, [record(real_name(waybill(number), **own), T0 + int(days * DAY))])[-1]
        known[days] = row["sender_is_staff"]
    assert known == {6.9: True, 7.1: None}
    (outlet,) = (value for key, value in line.cells["outlets"][0].state.items() if key.startswith(b"o"))
    assert decode_outlet(outlet).staff.values == {}


def test_what_was_declared_and_what_was_seen_are_named_apart() -> None:
    records = [record(real_name(goods={"name": "打火机"})), record(inspection(found_goods="海洛因"))]
    row = last_row(records)
    assert (row["goods_danger_terms"], row["found_danger_terms"]) == ("打火机", "海洛因")


def test_a_un_number_alone_is_named_as_the_dangerous_term():
    assert last_row([record(real_name(goods={"name": "UN1203 新款"}))])["goods_danger_terms"] == "UN1203"
