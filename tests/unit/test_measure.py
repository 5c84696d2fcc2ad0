"""Every feature has its meaning: values asked by name, from traffic through all stages."""

import pytest

from parcelward.features import FEATURES, INDEX, Kind
from tests.builders import (
    DAY,
    GOOD_ID,
    HOUR,
    MINUTE,
    SECOND,
    T0,
    feed_all,
    inspection,
    moment,
    pipeline,
    real_name,
    record,
    scan,
)

OTHER_ID = "110101197608056897"
TYPES = {Kind.BOOL: bool, Kind.INT: int, Kind.DOUBLE: float, Kind.STRING: str}


def last_row(records, **changes):
    result = feed_all(pipeline(**changes), records)
    row = result.screened[-1].row
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
        "photo_reused_from",
        "weight_ratio",
        "weight_outside",
        "goods_danger_category",
        "goods_danger_terms",
    }
    for feature in FEATURES:
        value = row[feature.name]
        if value is not None:
            assert type(value) is TYPES[feature.kind] or (feature.kind is Kind.DOUBLE and type(value) is int), (
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
