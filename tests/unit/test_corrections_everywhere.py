"""A correction replaces what it corrects in the ledger, in every profile and in what is found, in whatever order."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from parcelward.expiry import touched_ms
from parcelward.features.table import INDEX
from parcelward.screening.in_memory import Pipeline, Result
from parcelward.shipments.shipment import Shipment, decode_shipment, ledger_key
from parcelward.stage import Record
from tests.builders import (
    HOUR,
    MINUTE,
    SECOND,
    T0,
    alerts_of,
    feed_all,
    inspection,
    pipeline,
    real_name,
    record,
    rules_of,
    scan,
)

FIRST, SECOND_ONE, NEXT = (f"SF{n:013d}" for n in (1, 2, 3))
OTHER_ID = "110101197608056897"
BEIJING = {"latitude": 39.9, "longitude": 116.4}
E_CIGARETTE = {"name": "电子烟1支"}


def ledger(line: Pipeline, waybill: str = FIRST) -> Shipment:
    return decode_shipment(line.cells["duties"][0].state[ledger_key("swift", waybill)])


def of_source(one: Record, source: str) -> Record:
    return one._replace(
        headers=[(name, source.encode() if name == "ce_source" else text) for name, text in one.headers]
    )


def feature(result: Result, name: str) -> object:
    return result.rows[-1].row[INDEX[name]]


def test_a_correction_of_an_earlier_inspection_leaves_the_later_one_standing() -> None:
    line = pipeline()
    told = [
        record(real_name(weight_g=9000)),
        record(inspection(weight_g=9000), T0 + MINUTE, event_id="a"),
        record(inspection(weight_g=9000, found_goods="汽油", result="refused_prohibited"), T0 + 2 * MINUTE),
        record(inspection(weight_g=900, corrects="a"), T0 + 3 * MINUTE),
    ]
    result = feed_all(line, told)
    stands = ledger(line).inspection
    assert stands is not None
    assert (stands.found_goods, ledger(line).conflicts) == ("汽油", 0)
    assert [alert.state.value for alert in alerts_of(result)][-1] == "open"


def test_source_and_id_together_identify_an_event() -> None:
    line = pipeline()
    counter, desk = "/counter", "/inspection-desk"
    feed_all(
        line,
        [
            of_source(record(real_name(), event_id="1001"), counter),
            of_source(record(real_name(corrects="1001", weight_g=950), T0 + SECOND, event_id="1002"), counter),
            of_source(record(inspection(), T0 + MINUTE, event_id="1001"), desk),
        ],
    )
    known = ledger(line)
    assert known.real_name is not None
    assert (known.real_name.weight_g, known.inspection is not None, known.conflicts) == (950, True, 0)


def test_a_correction_names_an_event_of_its_own_source_first_and_of_another_else() -> None:
    line = pipeline()
    feed_all(
        line,
        [
            of_source(record(real_name(), event_id="1"), "/counter"),
            of_source(record(real_name(corrects="1", weight_g=950), T0, event_id="1"), "/back-office"),
        ],
    )
    known = ledger(line).real_name
    assert known is not None
    assert (known.weight_g, ledger(line).conflicts) == (950, 0)


CORRECTED = [
    ("a place", [({"place": BEIJING}, {})], {}, "R7"),
    ("names", [({"sender": {"name": "王二"}}, {}), ({"sender": {"name": "王三"}}, {})], {}, "R5B"),
    ("goods", [({"goods": E_CIGARETTE}, {"goods": {"name": "书籍"}})], {"goods": E_CIGARETTE}, "R15"),
    (
        "documents",
        [({"sender": {"document_number": f"36042619910101{n}"}}, {}) for n in ("0098", "0151", "0434")],
        {},
        "R8",
    ),
    ("phones", [({"sender": {"phone": f"1370000001{n}"}}, {}) for n in range(4)], {}, "R5"),
    ("outlets", [({"outlet": f"BJ-{n}"}, {}) for n in range(3)], {}, "R5"),
]


@pytest.mark.parametrize(
    ("told", "following", "rule"), [case[1:] for case in CORRECTED], ids=[case[0] for case in CORRECTED]
)
@pytest.mark.parametrize("corrected", [True, False])
def test_what_was_corrected_away_is_in_no_profile(
    told: Sequence[tuple[dict[str, Any], dict[str, Any]]], following: dict[str, Any], rule: str, corrected: bool
) -> None:
    line = pipeline()
    events = []
    for n, (wrong, right) in enumerate(told):
        waybill, at = f"SF00000000001{n:02}", T0 + n * 10 * MINUTE
        events.append(record(real_name(waybill, **wrong), at, event_id=f"w{n}"))
        if corrected:
            events.append(record(real_name(waybill, corrects=f"w{n}", **right), at + 5 * MINUTE))
    feed_all(line, events)
    after = feed_all(line, [record(real_name(NEXT, **following), T0 + HOUR)])
    mine = [alert for alert in alerts_of(after) if alert.waybill == NEXT]
    found = {finding.rule for alert in mine for finding in alert.findings}
    assert (rule in found) is not corrected


@pytest.mark.parametrize("was_agreement", [False, True])
def test_a_sender_who_was_corrected_to_an_agreement_customer_or_from_one_counts_as_is_so(was_agreement: bool) -> None:
    person: dict[str, Any] = {}
    agreement = {"sender": {"kind": "agreement", "agreement_id": "AG-1"}}
    wrong, right = (agreement, person) if was_agreement else (person, agreement)
    corrected, clean = pipeline(), pipeline()
    told = [record(real_name(**wrong), event_id="w"), record(real_name(**right, corrects="w"), T0 + MINUTE)]
    after, alone = feed_all(corrected, told), feed_all(clean, [record(real_name(**right))])
    names = ("sender_sends_7d", "phone_documents_7d", "sender_known_days")
    assert [feature(after, name) for name in names] == [feature(alone, name) for name in names]
    for line in (corrected, clean):
        result = feed_all(line, [record(real_name(NEXT), T0 + HOUR)])
        assert feature(result, "sender_sends_7d") == 1 + was_agreement


def test_what_was_corrected_to_counts() -> None:
    line = pipeline()
    feed_all(
        line,
        [
            record(real_name(FIRST), event_id="w"),
            record(real_name(FIRST, corrects="w", goods=E_CIGARETTE), T0 + MINUTE),
        ],
    )
    assert "R15" in rules_of(feed_all(line, [record(real_name(NEXT, goods=E_CIGARETTE), T0 + HOUR)]))


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))], ids=str)
def test_corrections_of_corrections_come_in_any_order(order: tuple[int, ...]) -> None:
    line = pipeline()
    told = [
        record(real_name(weight_g=901), T0, event_id="a"),
        record(real_name(weight_g=902, corrects="a"), T0 + MINUTE, event_id="b"),
        record(real_name(weight_g=903, corrects="b"), T0 + 2 * MINUTE, event_id="c"),
    ]
    result = feed_all(line, [told[n]._replace(timestamp=T0 + HOUR + k) for k, n in enumerate(order)])
    known = ledger(line)
    assert known.real_name is not None
    assert (known.real_name.weight_g, known.real_name.event_ms, known.conflicts) == (903, T0, 0)
    assert rules_of(result) == []
    assert feature(result, "sender_sends_7d") == feature(result, "outlet_items_7d") == 1


def test_a_correction_is_applied_whatever_came_between() -> None:
    line = pipeline()
    scans = [record(scan(), T0 + n * MINUTE) for n in range(2, 42)]
    first = [record(real_name(goods={"name": "汽油"}), event_id="w"), record(inspection(), T0 + MINUTE)]
    result = feed_all(line, [*first, *scans, record(real_name(corrects="w"), T0 + HOUR)])
    known = ledger(line)
    assert known.real_name is not None
    assert (known.real_name.goods_name, known.conflicts, rules_of(result)) == ("羽绒服", 0, [])


def test_a_resend_under_a_new_id_may_be_corrected_as_well() -> None:
    line = pipeline()
    feed_all(
        line,
        [
            record(real_name(), event_id="a"),
            record(real_name(), T0 + SECOND, event_id="again"),
            record(real_name(corrects="again", weight_g=950), T0 + MINUTE),
        ],
    )
    known = ledger(line).real_name
    assert known is not None
    assert (known.weight_g, ledger(line).conflicts) == (950, 0)


def test_a_correction_of_an_event_that_is_not_there_gives_way_however_early_it_says_it_was() -> None:
    line = pipeline()
    dangerous = record(real_name(goods={"name": "汽油"}))
    result = feed_all(line, [dangerous, record(real_name(corrects="never-sent"), T0 - HOUR, arrival=T0 + MINUTE)])
    known = ledger(line)
    assert known.real_name is not None
    assert (known.real_name.goods_name, known.conflicts) == ("汽油", 1)
    assert {"R14", "R20"} <= set(rules_of(result))


def test_a_photo_that_was_corrected_away_belongs_to_nobody() -> None:
    line = pipeline()
    photo = {"photos": [{"sha256": "ab" * 32}]}
    feed_all(
        line,
        [
            record(real_name(FIRST)),
            record(inspection(FIRST, **photo), T0 + SECOND, event_id="w"),
            record(inspection(FIRST, corrects="w"), T0 + MINUTE),
        ],
    )
    result = feed_all(line, [record(real_name(NEXT), T0 + HOUR), record(inspection(NEXT, **photo), T0 + HOUR + SECOND)])
    assert feature(result, "photo_reused") is False


@pytest.mark.parametrize("wrong", [(0,), (1,), (0, 1), (1, 0), (0, 1, 2), (2, 1, 0)])
def test_a_photo_belongs_to_the_others_that_carried_it_when_one_is_corrected(wrong: tuple[int, ...]) -> None:
    """Some should have carried another photo: the last parcel is told as if they had."""
    told = []
    for corrected in (False, True):
        line, last = pipeline(), T0 + 9 * HOUR
        for number in range(4):
            right = "cd" if number in wrong else "ab"
            photo = [{"sha256": ("ab" if corrected else right) * 32}]
            waybill, at = f"SF{number:013d}", T0 + number * HOUR
            feed_all(line, [record(real_name(waybill), at)])
            feed_all(line, [record(inspection(waybill, photos=photo), at + MINUTE, event_id=f"i{number}")])
        for number in wrong if corrected else ():
            photo = [{"sha256": "cd" * 32}]
            feed_all(line, [record(inspection(f"SF{number:013d}", corrects=f"i{number}", photos=photo), last)])
        photos = [{"sha256": "ef" * 32}, {"sha256": "ab" * 32}]
        result = feed_all(
            line, [record(real_name(NEXT + "9"), last), record(inspection(NEXT + "9", photos=photos), last)]
        )
        told.append((feature(result, "photo_reused_from"), rules_of(result)))
    assert told[0] == told[1]
    assert "R10" in told[0][1]


def test_taking_back_from_a_profile_that_was_forgotten_writes_no_blank_one() -> None:
    line = pipeline()
    told = [record(real_name(FIRST), event_id="r"), record(inspection(FIRST), T0 + SECOND, event_id="w")]
    feed_all(line, told)
    state = line.cells["outlets"][0].state
    for key in [key for key in state if key[:1] in b"op"]:
        del state[key]
    line.cells["outlets"][0].stage.restore(state)
    corrected = [
        record(real_name(FIRST, outlet="O3", operator="E3", corrects="r"), T0 + MINUTE),
        record(inspection(FIRST, operator="E4", corrects="w"), T0 + MINUTE),
    ]
    feed_all(line, corrected)
    assert [key for key, value in state.items() if key[:1] in b"op" and not touched_ms(value)] == []


def test_every_photo_of_an_inspection_is_remembered_also_if_one_was_used_before() -> None:
    line = pipeline()
    used, new = {"sha256": "ab" * 32}, {"sha256": "cd" * 32}
    for number, photos in enumerate(([used], [used, new], [new])):
        waybill, at = f"SF{number:013d}", T0 + number * HOUR
        feed_all(line, [record(real_name(waybill), at)])
        result = feed_all(line, [record(inspection(waybill, photos=photos), at + MINUTE)])
    assert feature(result, "photo_reused_from") == FIRST


def test_many_corrections_are_kept_in_bounded_memory_and_the_last_one_stands() -> None:
    line = pipeline()
    events = [record(real_name(), event_id="e0")]
    events += [
        record(real_name(corrects=f"e{n - 1}", weight_g=900 + n), T0 + n, event_id=f"e{n}") for n in range(1, 60)
    ]
    result = feed_all(line, events)
    known = ledger(line)
    assert known.real_name is not None
    assert (known.real_name.weight_g, known.conflicts, len(known.versions)) == (959, 0, 24)
    assert feature(result, "sender_sends_7d") == 1
