"""Counts behind a finding, as they are drawn on the page of an alert: the very ones that were counted."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parcelward.console.people.roles import Role
from parcelward.console.store.alert_page import alert
from parcelward.console.store.alerts_of import alerts_of
from parcelward.console.store.desk import DeskFilter, View, list_alerts
from parcelward.console.store.lines import Line
from parcelward.console.web.documents import alert_in
from parcelward.console.web.profile_charts import ProfileChart, profile_charts
from parcelward.contract.alerts import Alert
from tests.console.conftest import Console, made_console

EXAMPLE = Path("schemas/examples/alert/valid/inspections-too-fast.json")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    yield from made_console(tmp_path_factory.mktemp("profiles") / "console.sqlite", 60)


def example(**card: Any) -> Alert:
    document = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    body = document.get("data", document)
    body["card"] |= card
    return Alert.model_validate_json(json.dumps(body))


def drawn_of(console: Console, document: Alert) -> list[ProfileChart]:
    return profile_charts(console.platform.database, document, "en")


def with_profiles(console: Console) -> list[tuple[Line, Alert]]:
    found = []
    for line in list_alerts(console.platform.database, DeskFilter(view=View.ALL), 500).lines:
        view = alert(console.platform.database, line.alert_id)
        document = None if view is None or view.alert is None else alert_in(view.alert)
        if document is not None and document.card is not None and document.card.profiles:
            found.append((line, document))
    assert found
    return found


def test_what_is_drawn_strong_adds_up_to_what_the_finding_says(console: Console) -> None:
    for _, document in [*with_profiles(console), (None, example())]:
        assert document.card is not None
        for one, profile in zip(drawn_of(console, document), document.card.profiles, strict=True):
            assert sum(bar.counted for bar in one.buckets) == profile.within
            if not one.estimated:
                assert sum(bar.amount for bar in one.buckets if bar.counted) == one.value
            assert sum(bar.amount for bar in one.filled) <= one.value or one.estimated
            assert one.begins_ms <= one.buckets[-1].at_ms < one.ends_ms
            assert one.window_x <= next(bar.x for bar in one.buckets if bar.counted)
            assert all(bar.x >= 0 and bar.x + bar.width <= 100 for bar in one.buckets)
            assert 2 <= len(one.ticks) <= 7


def test_the_limit_is_that_of_the_finding_and_the_title_is_in_words(console: Console) -> None:
    document = example()
    limits = {name: limit for one in document.findings for name, limit in one.thresholds.items()}
    assert document.card is not None
    for one, profile in zip(drawn_of(console, document), document.card.profiles, strict=True):
        assert one.limit == limits.get(profile.feature)
        assert "_" not in one.title


def test_a_page_lists_what_was_counted_and_leads_to_alerts_of_these_parcels(console: Console) -> None:
    other = list_alerts(console.platform.database, DeskFilter(view=View.ALL)).lines[0]
    document = example()
    assert document.card is not None
    profile = document.card.profiles[0].model_dump(mode="json")
    at = profile["begins_at"]
    profile["events"] = [
        {"at": at, "courier": other.courier, "waybill": other.waybill, "outlet": other.outlet},
        {"at": at, "courier": document.courier, "waybill": document.waybill, "outlet": document.outlet},
        {"at": at, "courier": other.courier, "waybill": "SF0000000000000", "outlet": None},
        {"at": at},
    ]
    (chart,) = drawn_of(console, example(profiles=[profile]))
    assert [(one.waybill, one.alert_id, one.own) for one in reversed(chart.events)] == [
        (other.waybill, other.alert_id, False),
        (document.waybill, None, True),
        ("SF0000000000000", None, False),
        (None, None, False),
    ]


def test_another_courier_s_waybill_of_the_same_number_is_no_match(console: Console) -> None:
    line = list_alerts(console.platform.database, DeskFilter(view=View.ALL)).lines[0]
    known = alerts_of(console.platform.database, {line.waybill})
    assert known[line.courier, line.waybill] == line.alert_id
    assert ("elsewhere", line.waybill) not in known
    assert alerts_of(console.platform.database, set()) == {}


def test_the_page_says_each_profile_with_its_window(console: Console) -> None:
    line, document = with_profiles(console)[0]
    assert document.card is not None
    page = console.visit(Role.ANALYST).get(f"/alerts/{line.alert_id}").text
    assert page.count('<div class="profile">') == len(document.card.profiles)
    values = re.findall(r'<span class="figure">([\d,]+)</span>', page)
    assert [int(one.replace(",", "")) for one in values] == [one.value for one in document.card.profiles]


def test_a_feature_of_a_later_version_is_drawn_under_its_name(console: Console) -> None:
    document = example()
    assert document.card is not None
    profile = document.card.profiles[0].model_dump(mode="json") | {"feature": "something_new_1h"}
    (chart,) = drawn_of(console, example(profiles=[profile]))
    assert (chart.title, chart.limit) == ("something_new_1h", None)


def test_an_older_alert_has_no_profiles(console: Console) -> None:
    assert drawn_of(console, example(profiles=[])) == []
