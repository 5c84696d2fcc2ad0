"""The evidence that a rule says would clear its finding does clear it."""

from typing import Any

import pytest

from parcelward.contract.alerts import Alert
from tests.builders import (
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
    scan,
)

MINE, OTHER = "SF0000000000001", "SF0000000000002"
PHOTO, NEW_PHOTO = [{"sha256": "ab" * 32}], [{"sha256": "cd" * 32}]
BEIJING = {"latitude": 39.9, "longitude": 116.4}
Event = tuple[dict[str, Any], int]
"""Data, and ms after T0. An event is corrected by its place in the list: its id is `e0`, `e1`."""
AGREEMENT: dict[str, Any] = {"kind": "agreement", "document_type": None, "document_number": None}


def inspected(waybill: str, at: int) -> tuple[Event, Event]:
    """A parcel, registered a minute before it was inspected."""
    return (real_name(waybill), at - MINUTE), (inspection(waybill), at)


CASES: dict[str, tuple[list[Event], Event]] = {
    "R1": ([(real_name(sender={"document_number": "123"}), 0)], (real_name(corrects="e0"), MINUTE)),
    "R1B": ([(real_name(sender={"name": None}), 0)], (real_name(corrects="e0"), MINUTE)),
    "R2": ([(inspection(), 0), (scan(OTHER), 2 * HOUR)], (real_name(), MINUTE)),
    "R3": ([(real_name(), 0), (scan(OTHER), 2 * HOUR)], (inspection(), MINUTE)),
    "R9": (
        [one for n in range(9) for one in inspected(f"SF00000001000{n:02}" if n < 8 else MINE, 2 * n * SECOND)],
        (inspection(), 5 * MINUTE),
    ),
    "R3B": (
        [(real_name(), 0), (inspection(started_at=moment(T0 + MINUTE), sealed_at=moment(T0 + SECOND)), 2 * MINUTE)],
        (inspection(started_at=moment(T0 + 3 * MINUTE), sealed_at=moment(T0 + 4 * MINUTE)), 4 * MINUTE),
    ),
    "R3C": ([(real_name(), 0), (inspection(result="not_done"), MINUTE)], (inspection(), 2 * MINUTE)),
    "R3D": ([(real_name(), 0), (inspection(opened=False), MINUTE)], (inspection(), 2 * MINUTE)),
    "R7": (
        [(real_name(OTHER, outlet="BJ-01", place=BEIJING), 0), (real_name(), HOUR)],
        (real_name(place=BEIJING, corrects="e1"), HOUR + MINUTE),
    ),
    "R10": (
        [
            *((real_name(OTHER), 0), (inspection(OTHER, photos=PHOTO), MINUTE)),
            *((real_name(), 2 * MINUTE), (inspection(photos=PHOTO), 3 * MINUTE)),
        ],
        (inspection(photos=NEW_PHOTO), 4 * MINUTE),
    ),
    "R11": (
        [(real_name(), 0), (inspection(photos=[PHOTO[0] | {"taken_at": moment(T0 - 2 * HOUR)}]), MINUTE)],
        (inspection(photos=[NEW_PHOTO[0] | {"taken_at": moment(T0 + MINUTE)}]), 2 * MINUTE),
    ),
    "R13": ([(real_name(), 0), (inspection(weight_g=5000), MINUTE)], (real_name(weight_g=5000, corrects="e0"), HOUR)),
    "R13B": ([(real_name(weight_g=19_000), 0)], (real_name(weight_g=900, corrects="e0"), MINUTE)),
    "R14": ([(real_name(goods={"name": "汽油"}), 0)], (real_name(corrects="e0"), MINUTE)),
    "R14B": (
        [(real_name(goods={"name": "蓄电池"}), 0)],
        (real_name(goods={"name": "蓄电池", "dangerous_declared": True}, corrects="e0"), MINUTE),
    ),
    "R14C": (
        [(real_name(goods={"name": "充电宝"}, transport_mode="air"), 0)],
        (real_name(goods={"name": "充电宝"}, transport_mode="road", corrects="e0"), MINUTE),
    ),
    "R15": (
        [(real_name(OTHER, goods={"name": "电子烟"}), 0), (real_name(goods={"name": "电子烟"}), HOUR)],
        (real_name(corrects="e1"), HOUR + MINUTE),
    ),
    "R15B": (
        [(real_name(goods={"name": "香烟5条"}), 0)],
        (real_name(goods={"name": "香烟1条"}, corrects="e0"), MINUTE),
    ),
    "R21": (
        [(real_name(sender=AGREEMENT), 0)],
        (real_name(sender=AGREEMENT | {"agreement_id": "A1"}, corrects="e0"), MINUTE),
    ),
    "F1": ([(real_name(), 0), (inspection(found_goods="汽油"), MINUTE)], (inspection(corrects="e1"), 2 * MINUTE)),
    "F2": (
        [(real_name(), 0), (inspection(found_goods="旧书籍"), MINUTE)],
        (real_name(goods={"name": "旧书籍"}, corrects="e0"), 2 * MINUTE),
    ),
    "S1": ([(real_name(), 0), (scan(decision="hold"), HOUR)], (scan(), 2 * HOUR)),
}


def alerts_for(rule: str) -> list[Alert]:
    """Alerts of the parcel whose finding is raised and cleared."""
    raising, clearing = CASES[rule]
    came, events = 0, []
    for n, (data, at) in enumerate((*raising, clearing)):
        came = max(came, at)
        events.append(record(data, T0 + at, T0 + came, event_id=f"e{n}"))
    return [alert for alert in alerts_of(feed_all(pipeline(), events)) if alert.waybill == MINE]


@pytest.mark.parametrize("rule", CASES)
def test_what_a_rule_says_would_clear_it_does(rule: str) -> None:
    alerts = alerts_for(rule)
    assert any(finding.rule == rule for alert in alerts[:-1] for finding in alert.findings)
    assert rule not in [finding.rule for finding in alerts[-1].findings]
    assert rule in [earlier.rule for earlier in alerts[-1].found_before]
    assert alerts[-1].changes != (), "it says what changed"
    assert all(change.before != change.after for change in alerts[-1].changes)


CHANGED = {
    "R3B": ("sealed_before_inspection", "true", "false", "先封装后验视：是 → 否"),
    "R7": ("travel_km", "1123", "0.0", "与上次现场读证的距离：1124公里 → 0公里"),
    "R10": ("photo_reused", "true", "false", "验视照片与本网点其他运单相同：是 → 否"),
    "R14B": ("dangerous_declared", "false", "true", "附有危险品申报：否 → 是"),
    "R14C": ("transport_mode", "air", "road", "运输方式：航空 → 公路"),
}


@pytest.mark.parametrize("rule", CHANGED)
def test_a_cleared_alert_names_the_values_that_its_finding_rested_on(rule: str) -> None:
    what, before, after, said = CHANGED[rule]
    newest = alerts_for(rule)[-1]
    (change,) = (change for change in newest.changes if change.what == what)
    assert (change.before or "").partition(".")[0] == before
    assert change.after == after
    assert change.text.zh == said
    # Declared, they are still asked about: then the summary is about that.
    assert (said in newest.summary.zh) is not bool(newest.findings)


def test_a_changed_name_of_goods_says_enough_about_what_was_found_in_it() -> None:
    assert [change.what for change in alerts_for("R14")[-1].changes] == ["goods_name"]
