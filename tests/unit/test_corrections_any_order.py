"""Any events and corrections, in any order, leave what the right values would have left."""

import itertools
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from parcelward.features.table import INDEX
from parcelward.screening.build import Stages, build_stages
from parcelward.screening.in_memory import Pipeline, Result
from parcelward.shipments.shipment import Shipment, decode_shipment, ledger_key
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
    real_name,
    record,
    settings,
)

FIRST, SECOND_ONE, NEXT = (f"SF{n:013d}" for n in (1, 2, 3))
OTHER_ID = "110101197608056897"
BEIJING = {"latitude": 39.9, "longitude": 116.4}


def ledger(line: Pipeline, waybill: str = FIRST) -> Shipment:
    return decode_shipment(line.cells["duties"][0].state[ledger_key("swift", waybill)])


def feature(result: Result, name: str) -> object:
    return result.rows[-1].row[INDEX[name]]


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
