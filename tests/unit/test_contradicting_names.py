"""Real names that contradict each other on a waybill: all goods are judged, and it is said where they differ."""

from typing import Any

import pytest

from parcelward.contract.alerts import Alert
from parcelward.features.table import INDEX
from tests.builders import HOUR, MINUTE, SECOND, T0, alerts_of, pipeline, real_name, record

LIGHTER: dict[str, Any] = {"goods": {"name": "打火机"}}


def last_alert(*told: tuple[dict[str, Any], int, str]) -> Alert:
    line = pipeline()
    alerts = []
    for n, (data, at, name) in enumerate(told):
        alerts += alerts_of(line.feed([record(data, at, T0 + HOUR // 4 + n, name)]))
    return alerts[-1]


def rules(alert: Alert) -> dict[str, str]:
    return {finding.rule: finding.reason.en for finding in alert.findings}


@pytest.mark.parametrize("later", [0, SECOND, MINUTE])
@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("b", "a")])
@pytest.mark.parametrize("dangerous_first", [False, True])
def test_danger_counts_in_whichever_of_contradicting_goods_names(
    later: int, one: str, other: str, dangerous_first: bool
) -> None:
    told = [(real_name(), T0, one), (real_name(**LIGHTER), T0 + later, other)]
    alert = last_alert(*(reversed(told) if dangerous_first else told))
    found = rules(alert)
    assert {"R14", "R20"} <= set(found)
    assert "goods.name" in found["R20"]
    assert "打火机" in found["R14"]
    assert alert.card is not None
    assert set((alert.card.goods.declared or "").split(" / ")) == {"羽绒服", "打火机"}


def test_a_correction_of_the_dangerous_name_clears_it() -> None:
    told = [(real_name(), T0, "a"), (real_name(**LIGHTER), T0 + MINUTE, "b")]
    assert "R14" not in rules(last_alert(*told, (real_name(corrects="b"), T0 + 2 * MINUTE, "c")))
    assert "R14" in rules(last_alert(*told, (real_name(corrects="a", weight_g=950), T0 + 2 * MINUTE, "c")))


def test_it_is_said_in_which_fields_records_contradict_each_other() -> None:
    other = real_name(weight_g=2000, sender={"phone": "13700007777"})
    reason = rules(last_alert((real_name(), T0, "a"), (other, T0 + MINUTE, "b")))["R20"]
    assert "in weight_g, sender.phone;" in reason


def test_a_contradiction_is_counted_once_in_the_profiles() -> None:
    line = pipeline()
    for n, data in enumerate((real_name(), real_name(**LIGHTER))):
        line.feed([record(data, T0 + n, event_id=f"e{n}")])
    row = line.feed([record(real_name("SF0000000000002"), T0 + MINUTE)]).rows[-1].row
    assert row[INDEX["sender_sends_7d"]] == 2
