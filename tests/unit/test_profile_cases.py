"""Busy phones, documents, outlets and operators are counted as anybody's, in whatever order their records come."""

import pytest

from parcelward.features.table import INDEX
from parcelward.screening.in_memory import Result
from tests.builders import DAY, HOUR, MINUTE, SECOND, T0, feed_all, inspection, pipeline, real_name, record, rules_of


def waybill(number: int) -> str:
    return f"SF{number:013d}"


def highest(result: Result, name: str) -> float:
    values = [one.row[INDEX[name]] for one in result.rows]
    return max(value for value in values if isinstance(value, int | float))


def passport(number: int) -> str:
    return f"E{number:08d}"


@pytest.mark.parametrize("each", [1, 16, 40])
def test_a_phone_with_eight_documents_is_seen_however_many_parcels_each_sends(each: int) -> None:
    events = [
        record(
            real_name(waybill(n), sender={"document_type": "passport", "document_number": passport(n // each)}),
            T0 + n * 30 * SECOND,
        )
        for n in range(8 * each)
    ]
    result = feed_all(pipeline(), events, batch=50)
    assert highest(result, "phone_documents_1d") == 8
    assert "R8" in rules_of(result)


def test_a_document_at_six_outlets_is_seen_however_many_parcels_each_takes() -> None:
    events = [
        record(
            real_name(
                waybill(n), outlet=f"O{n // 70}", sender={"name": f"王{n // 70}", "phone": f"1380000001{n // 70}"}
            ),
            T0 + n * 30 * SECOND,
        )
        for n in range(420)
    ]
    result = feed_all(pipeline(), events, batch=50)
    for name in ("sender_outlets_1d", "sender_names_7d", "sender_phones_7d"):
        assert highest(result, name) == 6
    assert highest(result, "sender_sends_7d") == 420
    assert "R5" in rules_of(result)


def test_two_e_cigarette_parcels_are_seen_with_many_others_between_them() -> None:
    goods = ["电子烟1支", *["书籍"] * 65, "电子烟1支"]
    events = [record(real_name(waybill(n), goods={"name": name}), T0 + n * MINUTE) for n, name in enumerate(goods)]
    result = feed_all(pipeline(), events)
    assert result.rows[-1].row[INDEX["sender_e_cigarettes_1d"]] == 2
    assert "R15" in rules_of(result)


@pytest.mark.parametrize(("apart", "counted"), [(13 * HOUR, 2), (14 * HOUR, 1), (-10 * HOUR, 2), (-11 * HOUR, 1)])
def test_e_cigarettes_are_counted_by_the_calendar_day_in_china(apart: int, counted: int) -> None:
    """T0 is ten in the morning there. In whatever order two parcels of one day come, the second is one too many."""
    goods = {"name": "电子烟1支"}
    events = [
        record(real_name(waybill(1), goods=goods), T0, arrival=T0 + DAY),
        record(real_name(waybill(2), goods=goods), T0 + apart, arrival=T0 + DAY),
    ]
    assert feed_all(pipeline(), events).rows[-1].row[INDEX["sender_e_cigarettes_1d"]] == counted


@pytest.mark.parametrize("first", ["many names", "one name"])
def test_the_share_of_the_most_frequent_goods_does_not_depend_on_the_order(first: str) -> None:
    names = [f"品名{n}" for n in range(48)] + ["羽绒服"] * 100
    if first == "one name":
        names.reverse()
    sender = {"document_type": "passport", "phone": None}
    events = [
        record(
            real_name(waybill(n), goods={"name": name}, sender=sender | {"document_number": passport(n)}),
            T0 + n * SECOND,
        )
        for n, name in enumerate(names)
    ]
    result = feed_all(pipeline(), events, batch=50)
    assert result.rows[-1].row[INDEX["outlet_top_goods_share_1d"]] == pytest.approx(0.676, abs=0.001)


@pytest.mark.parametrize("late", [0, 20 * HOUR])
@pytest.mark.parametrize("newest_first", [False, True])
def test_inspections_in_quick_succession_are_seen_in_whatever_order_they_are_uploaded(
    newest_first: bool, late: int
) -> None:
    line = pipeline(inspection_due=30 * HOUR // SECOND)
    sender = {"document_type": "passport", "phone": None}
    feed_all(
        line,
        [
            record(real_name(waybill(n), sender=sender | {"document_number": passport(n)}), T0 + n * SECOND)
            for n in range(30)
        ],
    )
    if late:
        feed_all(line, [record(inspection(waybill(n)), T0 + MINUTE + late + n * MINUTE) for n in range(20, 30)])
    order = range(20)[::-1] if newest_first else range(20)
    arrival = T0 + 2 * MINUTE + late + 20 * MINUTE
    result = feed_all(
        line,
        [
            record(inspection(waybill(n)), T0 + MINUTE + n * 2 * SECOND, arrival=arrival + k)
            for k, n in enumerate(order)
        ],
    )
    assert highest(result, "operator_fast_gaps_1h") == 19
    assert "R9" in rules_of(result)


def test_a_document_that_is_new_is_not_known_for_no_days() -> None:
    first, second = (record(real_name(waybill(n)), T0 + n * DAY) for n in (0, 1))
    known = [one.row[INDEX["sender_known_days"]] for one in feed_all(pipeline(), [first, second]).rows]
    assert (known[0], known[-1]) == (None, 1.0)
