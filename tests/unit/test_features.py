"""A feature says itself with which evidence it is known and whether a profile gives it; its place says nothing."""

import json
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from parcelward.alerts.snapshot import OF_ACCEPTANCE, OF_INSPECTION, Snapshot, take_snapshot, with_snapshot
from parcelward.features import row as row_module
from parcelward.features.goods_names import DECLARED, GoodsFeatures
from parcelward.features.order import filled_by_name
from parcelward.features.table import FEATURES, INDEX, OF_SENDER, EvidenceKind, Row, Value
from parcelward.model import views
from parcelward.screening.outlets import ShipmentRow
from parcelward.shipments.shipment import First, Shipment
from tests.builders import MINUTE, T0, feed_all, inspection, moment, pipeline, real_name, record, scan
from tests.courier_traffic import traffic
from tests.shuffled_table import screened

NAMES = list(INDEX)
OTHER_ID = "110101197608056897"

STORED_WITH_ACCEPTANCE = [
    "sender_sends_1h",
    "sender_sends_1d",
    "sender_sends_7d",
    "sender_phones_7d",
    "sender_names_7d",
    "sender_outlets_1d",
    "sender_outlets_7d",
    "sender_receivers_7d",
    "sender_goods_7d",
    "sender_weight_spread",
    "sender_e_cigarettes_1d",
    "sender_known_days",
    "phone_documents_1d",
    "phone_documents_7d",
    "travel_km",
    "travel_kmh",
    "sender_is_operator",
    "sender_is_staff",
    "staff_sends_1d",
    "staff_share_1d",
    "operator_items_1d",
    "operator_manual_share_1d",
    "outlet_items_1h",
    "outlet_items_1d",
    "outlet_items_7d",
    "outlet_walk_in_items_1d",
    "outlet_vague_share_1d",
    "outlet_top_goods_share_1d",
    "outlet_hour_share_7d",
    "outlet_overdue_1d",
]
STORED_WITH_INSPECTION = [
    "operator_gap_s",
    "operator_fast_gaps_1h",
    "operator_inspections_10min",
    "photo_reused_from",
    "photo_reused",
]
"""Alert records hold values in this order: names are only ever added at the end."""


def names_at(positions: tuple[int, ...]) -> list[str]:
    return [NAMES[position] for position in positions]


def test_alert_records_written_before_are_read_as_they_were_meant() -> None:
    assert names_at(OF_ACCEPTANCE) == STORED_WITH_ACCEPTANCE
    assert names_at(OF_INSPECTION) == STORED_WITH_INSPECTION


def test_profile_numbers_are_given_once_and_each_value_is_stored_with_one_evidence() -> None:
    numbers = sorted(feature.profile for feature in FEATURES if feature.profile)
    assert numbers == list(range(1, len(numbers) + 1))
    assert sorted((*OF_ACCEPTANCE, *OF_INSPECTION)) == [at for at, feature in enumerate(FEATURES) if feature.profile]


def test_a_snapshot_older_than_a_feature_leaves_its_value_as_measured() -> None:
    shipment = Shipment(0, 0, "swift", "SF1", "A", 0, 0, firsts=First.NOTHING)
    before: Row = [f"then {name}" for name in NAMES]
    now: Row = [f"now {name}" for name in NAMES]
    taken = take_snapshot(shipment, before)
    older = Snapshot(taken.acceptance, taken.inspection, taken.of_acceptance[:-1], taken.of_inspection)
    row = dict(zip(NAMES, with_snapshot(shipment, now, older), strict=True))
    frozen = names_at((*OF_ACCEPTANCE[:-1], *OF_INSPECTION))
    assert row == {name: f"{'then' if name in frozen else 'now'} {name}" for name in NAMES}


def test_the_models_views_leave_out_what_they_always_left_out() -> None:
    assert set(STORED_WITH_ACCEPTANCE[:16]) <= OF_SENDER
    assert {
        "inspection_delay_s",
        "inspection_duration_s",
        "inspection_opened",
        "inspection_mark",
        "inspection_upload_delay_s",
        "operator_gap_s",
        "operator_fast_gaps_1h",
        "operator_inspections_10min",
        "photos",
        "photo_age_min",
        "found_mismatch",
        "weight_change",
    } <= views.OF_INSPECTION


@pytest.fixture(scope="module")
def passes() -> list[ShipmentRow]:
    """Passes with every combination of evidence, of persons and of agreement customers."""
    number = "SF{:013}".format
    agreement = {"sender": {"kind": "agreement", "document_number": None, "document_type": None, "phone": None}}
    photo = {"photos": [{"sha256": "ab" * 32, "taken_at": moment(T0)}]}
    wide = {"goods": {"name": "电子烟2支", "declared_value_cny": 90.0}, "transport_mode": "road"}
    more = [
        record(inspection(number(1), found_goods="汽油", found_category="02", **photo)),
        record(inspection(number(2), **photo), T0 + MINUTE),
        record(scan(number(3)), T0 + 2 * MINUTE),
        record(real_name(number(4), **agreement), T0 + 3 * MINUTE),
        *[record(real_name(number(n), operator_document=OTHER_ID, **wide), T0 + n * MINUTE) for n in range(10, 40)],
    ]
    return feed_all(pipeline(), traffic(3, waybills=80)).rows + feed_all(pipeline(), more).rows


KNOWN: dict[EvidenceKind, Callable[[Shipment], bool]] = {
    EvidenceKind.ACCEPTANCE: lambda shipment: shipment.real_name is not None,
    EvidenceKind.SENDER: lambda shipment: (
        shipment.real_name is not None
        and (shipment.real_name.document_token or shipment.real_name.phone_token) is not None
    ),
    EvidenceKind.INSPECTION: lambda shipment: shipment.inspection is not None,
    EvidenceKind.SCAN: lambda shipment: shipment.scan is not None,
}


def known_in(passes: list[ShipmentRow]) -> set[str]:
    """Names of the features that are known in any of these passes."""
    return {name for one in passes for name, value in zip(NAMES, one.row, strict=True) if value is not None}


@pytest.mark.parametrize("evidence", KNOWN)
def test_a_feature_is_unknown_without_its_evidence(evidence: EvidenceKind, passes: list[ShipmentRow]) -> None:
    without = known_in([one for one in passes if not KNOWN[evidence](one.shipment)])
    assert without, "traffic has no such passes"
    assert {one.name for one in FEATURES if one.evidence is evidence} & without == set()
    assert {one.name for one in FEATURES if one.evidence is EvidenceKind.ANY} - without == set()


def test_a_feature_of_the_acceptance_needs_no_other_evidence(passes: list[ShipmentRow]) -> None:
    accepted = known_in([one for one in passes if one.shipment.inspection is None and one.shipment.scan is None])
    assert {
        one.name for one in FEATURES if one.evidence in (EvidenceKind.ACCEPTANCE, EvidenceKind.SENDER)
    } - accepted == set()


def test_each_group_of_values_lands_under_its_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each function that gives a group of values is replaced by a function that gives the names of the group."""

    def saying(said: Any) -> Callable[..., Any]:
        return lambda *_: said

    for group in ("who", "duties", "sender", "pace", "outlet", "photos", "weight"):
        monkeypatch.setattr(row_module, f"_{group}", saying(getattr(row_module, f"_{group.upper()}")))
    monkeypatch.setattr(row_module, "_acceptor", saying((row_module._STAFF, row_module._WORK)))
    of_found: Any = (DECLARED, "found_danger_severity", "found_danger_terms", "found_removed", "found_mismatch", None)
    goods = GoodsFeatures._make(of_found)
    monkeypatch.setattr(row_module, "goods_features", saying(goods))
    shipment: Any = SimpleNamespace(
        real_name=SimpleNamespace(
            goods_name="",
            all_goods="goods_name",
            other_goods=(),
            contradicted=("waybill_conflict_fields",),
            dangerous_declared="dangerous_declared",
            sender_kind="person",
        ),
        inspection=SimpleNamespace(found_goods=None, found_category="found_category"),
        firsts=First.NOTHING,
        scan=SimpleNamespace(decision="scan_decision", judged_ms=4000),
        trigger_event_ms=0,
    )
    some: Any = object()
    row = row_module.measure(shipment, some, some, some, some, some, None)
    measured = {"scan_judged_s": 4.0, "found_listed": True}
    assert row == [measured.get(name, name) for name in NAMES]


def test_a_row_has_a_value_for_each_feature_whatever_is_known(passes: list[ShipmentRow]) -> None:
    assert {len(one.row) for one in passes} == {len(FEATURES)}


def values(*names: str) -> Callable[[], Row]:
    return filled_by_name(*names)(lambda: [*names])


def test_values_are_put_in_their_places_by_name() -> None:
    assert values(*NAMES)() == values(*reversed(NAMES))() == values(*sorted(NAMES))() == NAMES


def test_values_given_in_the_tables_order_are_not_moved() -> None:
    """The shipped table: nothing is rearranged, which would cost a row a quarter more."""

    def make() -> list[Value]:
        return [*NAMES]

    assert filled_by_name(*NAMES)(make) is make
    assert row_module.measure.__name__ == "measure"


@pytest.mark.parametrize(
    "names", [NAMES[1:], [*NAMES, "travel_km"], [*NAMES, "colour"]], ids=["lacks", "twice", "unknown"]
)
def test_a_row_that_does_not_give_each_feature_once_is_refused_at_import(names: list[str]) -> None:
    with pytest.raises(ValueError, match=r"look at: (sender_kind|travel_km|colour)$"):
        filled_by_name(*names)


def screened_over_shuffled_table(seed: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.shuffled_table", str(seed)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    out: dict[str, Any] = json.loads(done.stdout)
    return out


def test_where_a_line_stands_in_the_table_changes_nothing() -> None:
    shipped, moved = json.loads(json.dumps(screened())), screened_over_shuffled_table(11)
    assert len(shipped["alerts"]) > 100
    assert sum(here != there for here, there in zip(shipped.pop("order"), moved.pop("order"), strict=True)) > 40
    assert moved == shipped
