"""A green channel lets named goods go on without delay, and nothing that is red."""

from pathlib import Path
from typing import Any

import pytest

from parcelward.contract.alerts import Action, Alert, Lane
from parcelward.screening.in_memory import Pipeline
from tests.builders import HOUR, T0, alerts_of, real_name, record
from tests.periods import (
    AGREEMENT,
    TO_SHANGHAI,
    accepted_at,
    alerts_until,
    corrected,
    drawn_of,
    first,
    line_under,
    period,
    rules_of_alert,
)


def channel(**changes: Any) -> dict[str, Any]:
    stated = {"names": ["救灾帐篷"], "classes": ["medicine"], "outlets": ["swift/HZ-01"]} | changes
    return period(
        green_channel=[{name: value for name, value in stated.items() if value is not None}],
        scope={"couriers": ["swift"]},
    )


def alert_about(line: Pipeline, goods: str, **changes: Any) -> Alert:
    line.feed(accepted_at(goods={"name": goods}, **changes))
    (alert,) = alerts_until(line, T0 + 5 * HOUR)
    return alert


@pytest.mark.parametrize("goods", ["医用口罩", "救灾帐篷"], ids=["by class", "by name"])
def test_in_a_green_channel_a_yellow_alert_holds_nothing_up_and_says_so(tmp_path: Path, goods: str) -> None:
    alert = alert_about(line_under(tmp_path, channel()), goods)

    assert alert.lane is Lane.YELLOW
    assert rules_of_alert(alert) == ["R4"]  # every rule still runs
    assert alert.action is Action.REQUEST_INFORMATION  # else: hold
    assert alert.controls[0].green_channel
    assert alert.card is not None
    assert (
        "该件适用管控期“进博会安保”（至2026年11月28日10:00）绿色通道，不得因本告警扣留、延误" in alert.card.next_step.zh
    )


@pytest.mark.parametrize(
    ("goods", "changes"),
    [("羽绒服", {}), ("医用口罩", {"outlet": "HZ-02"})],
    ids=["other goods", "another outlet"],
)
def test_a_green_channel_is_for_what_it_names(tmp_path: Path, goods: str, changes: dict[str, Any]) -> None:
    alert = alert_about(line_under(tmp_path, channel()), goods, **changes)

    assert not alert.controls[0].green_channel
    assert alert.action is Action.TRACE_AND_STOP


def test_a_green_channel_is_for_parcels_in_the_scope_of_its_period(tmp_path: Path) -> None:
    eased = period(
        green_channel=[{"classes": ["medicine"], "couriers": ["swift"]}],
        scope={"couriers": ["swift"], "to_regions": ["31"]},
    )
    line = line_under(tmp_path, eased, inspection_due="30m")
    masks = {"name": "医用口罩"}
    line.feed([record(real_name(goods=masks, **TO_SHANGHAI), at=T0)])
    line.feed([record(real_name("SF0000000000002", goods=masks, receiver={"region": "330106"}), at=T0)])

    alerts = {one.waybill[-1]: one for one in alerts_until(line, T0 + HOUR)}

    assert [one.green_channel for one in alerts["1"].controls] == [True]
    assert alerts["2"].controls == ()
    assert alerts["2"].action is Action.REINSPECT


def test_goods_that_were_corrected_go_through_no_channel(tmp_path: Path) -> None:
    line = line_under(tmp_path, channel())
    line.feed([*first(), corrected(T0 + HOUR, goods={"name": "医用口罩"})])

    assert not alerts_until(line, T0 + 5 * HOUR)[0].controls[0].green_channel


def test_red_stays_red_in_a_green_channel(tmp_path: Path) -> None:
    line = line_under(tmp_path, channel())

    (alert,) = alerts_of(line.feed([record(real_name(goods={"name": "医用口罩 汽油"}), at=T0)]))

    assert (alert.lane, alert.action) == (Lane.RED, Action.REFUSE)
    assert alert.controls[0].green_channel
    assert alert.card is not None
    assert "绿色通道" not in alert.card.next_step.zh


def test_a_random_check_in_a_green_channel_opens_nothing(tmp_path: Path) -> None:
    line = line_under(tmp_path, channel(), sampled_share=0.1)
    drawn = drawn_of(line, goods={"name": "医用口罩"}, sender=AGREEMENT)

    assert drawn
    for alert in drawn:
        assert (alert.lane, alert.action) == (Lane.GREEN_SAMPLED, Action.REQUEST_INFORMATION)
        assert alert.card is not None
        assert alert.card.next_step.zh.startswith("抽查：查看验视照片和记录；")
