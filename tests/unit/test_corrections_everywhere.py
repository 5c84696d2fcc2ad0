"""A correction replaces what it corrects in the ledger, in every profile and in what is found, in whatever order."""

import itertools
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from parcelward.expiry import touched_ms
from parcelward.features.table import INDEX
from parcelward.screening.build import Stages, build_stages
from parcelward.screening.in_memory import Pipeline, Result
from parcelward.shipments.shipment import Shipment, decode_shipment, ledger_key
from parcelward.stage import Record
from tests.builders import (
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
    settings,
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


# -- any events and corrections, in any order ----------------------------------------------------------------------

# Of three partitions, the two outlets lie in different ones.
DOCUMENTS, PHONES, OUTLETS = (GOOD_ID, OTHER_ID), ("13800001234", "13700007777", None), ("HZ-01", "HZ-03")
GOODS = ("羽绒服", "汽油", "电子烟1支")
ALONE = {"R1", "R3B", "R3C", "R3D", "R11", "R13", "R14", "R20", "R21", "F1", "F2"}
KINDS = ({"kind": "person"}, {"kind": "organisation"}, {"kind": "agreement", "agreement_id": "AG-1"})
LATER = (0, SECOND, 7 * MINUTE, 55 * MINUTE)
"""A correction is made so long after what it corrects, in ms."""
REAL_NAMES = st.fixed_dictionaries(
    {
        "outlet": st.sampled_from(OUTLETS),
        "operator": st.sampled_from(("E1", "E2")),
        "sender": st.builds(
            lambda kind, person: kind | person,
            st.sampled_from(KINDS),
            st.fixed_dictionaries(
                {
                    "document_number": st.sampled_from(DOCUMENTS),
                    "phone": st.sampled_from(PHONES),
                    "name": st.sampled_from(("王一", "王二")),
                }
            ),
        ),
        "goods": st.fixed_dictionaries({"name": st.sampled_from(GOODS)}),
        "weight_g": st.integers(100, 2000),
        "verify_method": st.sampled_from(("nfc", "manual")),
        "place": st.sampled_from(({"latitude": 30.27, "longitude": 120.15}, BEIJING)),
    }
)
TIMES = st.sampled_from([T0 + n * MINUTE for n in (-3 * 24 * 60, -45, 0, 2, 30, 58)]).map(moment)
INSPECTIONS = st.fixed_dictionaries(
    {"operator": st.sampled_from(("E1", "E2")), "opened": st.booleans()},
    optional={
        "weight_g": st.integers(100, 2000),
        "started_at": TIMES,
        "sealed_at": TIMES,
        "photos": st.lists(st.builds(lambda at: {"sha256": "ab" * 32, "taken_at": at}, TIMES), max_size=2),
        "found_goods": st.sampled_from(("打火机", "羽绒服", "书籍")),
        "result": st.sampled_from(("passed", "not_done", "refused_prohibited")),
    },
)
AGAIN = st.tuples(st.lists(INSPECTIONS, max_size=2), st.sampled_from((0, MINUTE)), st.sampled_from(LATER))
"""Another inspection of the same parcel, and how long after the first it was."""
CHAINS = st.tuples(
    st.lists(REAL_NAMES, min_size=1, max_size=4), st.lists(INSPECTIONS, max_size=3), AGAIN, st.integers(0, 50)
)


@cache
def stages() -> Stages:
    return build_stages(settings(inspection_due=30 * HOUR // SECOND, move_misplaced=False))


@cache
def deadline_stages() -> Stages:
    return build_stages(settings())


def run(told: Sequence[tuple[dict[str, Any], int, str]], partitions: int = 1) -> tuple[list[Any], list[Any]]:
    """Feed events, then a parcel of everybody; give what is known and what is read."""
    line = Pipeline(stages(), settings().topics, partitions, keep_rows=True)
    last: dict[str, list[str]] = {}
    for k, (data, at, event_id) in enumerate(told):
        result = line.feed([record(data, at, T0 + 4 * HOUR + k, event_id)])
        for alert in alerts_of(result):
            last[alert.waybill] = sorted({finding.rule for finding in alert.findings} & ALONE)
    known = []
    for waybill in sorted({data["waybill"] for data, _, _ in told}):
        one = ledger(line, waybill)
        entries = [None if entry is None else entry.__class__.__name__ for entry in (one.real_name, one.inspection)]
        told_of = [
            {name: getattr(entry, name) for name in entry.__struct_fields__ if name != "arrival_ms"}
            for entry in (one.real_name, one.inspection)
            if entry is not None
        ]
        known.append((waybill, entries, told_of, one.conflicts, last.get(waybill, [])))
    read = []
    for n, (document, phone, outlet) in enumerate(itertools.product(DOCUMENTS, PHONES, OUTLETS)):
        probe = real_name(f"XX{n:013d}", outlet=outlet, sender={"document_number": document, "phone": phone})
        result = line.feed([record(probe, T0 + 3 * HOUR + n, T0 + 5 * HOUR + n)])
        seen = line.feed([record(inspection(f"XX{n:013d}", outlet=outlet), T0 + 3 * HOUR + n, T0 + 6 * HOUR + n)])
        read += [one.row for one in (*result.rows, *seen.rows)]
    return known, read


@pytest.mark.parametrize("partitions", [1, 3])
def test_a_parcel_whose_outlet_was_corrected_is_counted_where_it_was_accepted(partitions: int) -> None:
    line = Pipeline(stages(), settings().topics, partitions, keep_rows=True)
    (wrong, right), photos = OUTLETS, [{"sha256": "ab" * 32}]
    corrected = feed_all(
        line,
        [
            record(real_name(outlet=wrong), event_id="w"),
            record(real_name(outlet=right, corrects="w"), T0 + MINUTE),
            record(inspection(outlet=right, photos=photos), T0 + 2 * MINUTE),
        ],
    )
    values = ("outlet_items_1d", "operator_items_1d", "operator_inspections_10min", "photo_reused")
    assert [feature(corrected, name) for name in values] == [None] * 4, "the profiles may lie in another partition"
    read = []
    for waybill, outlet, at in ((NEXT, right, T0 + 3 * MINUTE), (SECOND_ONE, wrong, T0 + 4 * MINUTE)):
        told = [
            record(real_name(waybill, outlet=outlet), at),
            record(inspection(waybill, outlet=outlet, photos=photos), at),
        ]
        result = feed_all(line, told)
        read.append([feature(result, name) for name in values])
    assert read == [[2, 2, 2, True], [1, 1, 1, False]]


@examples(deadline=None, max_examples=25)
@given(st.lists(CHAINS, min_size=1, max_size=4), st.randoms(use_true_random=False), st.sampled_from([1, 3]))
def test_corrections_leave_what_the_right_values_would_have_left(
    chains: Sequence[Any], rng: Any, partitions: int
) -> None:
    """Events and chains of corrections of waybills that share people and outlets, in any order."""
    told, right = [], []
    for number, (accepted, inspected, (again, apart, later), minute) in enumerate(chains):
        waybill, at = f"SF{number:013d}", T0 + minute * MINUTE
        where = {"outlet": accepted[-1]["outlet"]}  # one that inspects what another accepted is another matter
        first = ("i", inspection, [one | where for one in inspected], at)
        # Marked otherwise: two that say the same are one inspection, sent twice.
        second = ("j", inspection, [one | where | {"mark_applied": False} for one in again], at + apart)
        for kind, make, versions, done in (("r", real_name, accepted, at), first, second):
            for n, changes in enumerate(versions):
                told_before = {"corrects": f"{waybill}{kind}{n - 1}"} if n else {}
                told.append((make(waybill, **changes, **told_before), done + n * later + n, f"{waybill}{kind}{n}"))
            if versions:
                right.append((make(waybill, **versions[-1]), done, f"{waybill}{kind}0"))
    rng.shuffle(told)
    assert run(told, partitions) == run(right)


@examples(deadline=None, max_examples=30)
@given(
    st.permutations(range(3)),
    st.tuples(*[st.sampled_from((0, 20 * MINUTE, HOUR, 3 * HOUR))] * 3),
    st.sampled_from(("chain", "apart")),
)
def test_what_is_overdue_in_the_end_depends_on_when_it_was_done_alone(
    order: Sequence[int], times: Sequence[int], told_as: str
) -> None:
    line = Pipeline(deadline_stages(), settings().topics)
    line.feed([record(real_name())])
    line.feed([], {"intake.swift": T0 + 31 * MINUTE})
    for k, n in enumerate(order):
        corrects = {"corrects": f"i{n - 1}"} if n and told_as == "chain" else {}
        data = inspection(weight_g=900 + n, **corrects)
        line.feed([record(data, T0 + times[n], T0 + 4 * HOUR + k, f"i{n}")])
    done = times[0] if told_as == "chain" else min(times)
    assert bool(ledger(line).overdue) is (done > 30 * MINUTE)
