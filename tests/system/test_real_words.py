"""Goods names no one here wrote, through the whole service: dangerous goods must alert, ordinary goods must not."""

import csv
from pathlib import Path

import pytest

from tests.contract.test_goods_real_words import DANGEROUS_CLASSES, DANGEROUS_GROUPS, PARCEL_TYPICAL, REALLY_DANGEROUS
from tests.system.events import real_name
from tests.system.service import await_true

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
MOST_CHARACTERS = 200  # the contract's limit of a goods name


def names(file, column):
    path = DATA / file
    if not path.exists():
        pytest.skip(f"no {path.name}: the folder ../shared/data is absent")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [(row, row[column].strip()[:MOST_CHARACTERS]) for row in rows if row[column].strip()]


def test_dangerous_goods_names_alert_and_ordinary_ones_do_not(start_service):
    dangerous: dict[str, tuple[str, str]] = {}
    for column in ("name_zh", "name_en"):
        for row, name in names("gb12268-2025/gb12268_2025_table1.csv", column):
            dangerous[f"DG{len(dangerous):06d}"] = (row["un_number"], name)
    ordinary: dict[str, str] = {}
    for row, name in names("goods-names-zh/nice_goods_zh.csv", "item_name"):
        usual = row["nice_class"] not in DANGEROUS_CLASSES and row["group_code"] not in DANGEROUS_GROUPS
        if usual and int(row["nice_class"]) <= 34:
            ordinary[f"OK{len(ordinary):06d}"] = name
    service = start_service()
    parcels = {waybill: name for waybill, (_, name) in dangerous.items()} | ordinary
    service.publish([real_name(waybill, goods={"name": name}) for waybill, name in parcels.items()])
    await_true(lambda: service.taken() == len(parcels), "all parcels are taken")
    await_true(lambda: service.metric("parcelward_screened_total") == len(parcels), "all parcels are screened")

    alerted = {
        alert["waybill"]
        for alert in service.alerts()
        if any(one["rule"].startswith("R14") for one in alert["findings"])
    }
    typical = {waybill for waybill, (number, _) in dangerous.items() if number in PARCEL_TYPICAL}
    flagged = {waybill for waybill in ordinary if waybill in alerted}
    wrongly = {waybill for waybill in flagged if not REALLY_DANGEROUS.search(ordinary[waybill])}
    known = len(typical & alerted) / len(typical)
    print(
        f"\nthrough the whole service: {len(parcels)} parcels; of {len(dangerous)} GB 12268 names (zh and en) "
        f"{len(set(dangerous) & alerted) / len(dangerous):.1%} alert by a goods rule, of {len(typical)} "
        f"parcel-typical ones {known:.1%}; of {len(ordinary)} ordinary names {len(flagged) / len(ordinary):.2%} alert, "
        f"{len(wrongly) / len(ordinary):.2%} wrongly"
    )
    assert known >= 0.95
    assert len(wrongly) / len(ordinary) < 0.005
