"""The order of the desk: the graver, then what is due soonest; what nobody can be in time for comes behind it."""

from parcelward.console.store.case_desk import CaseFilter
from parcelward.console.store.desk import DeskFilter, View, list_alerts
from parcelward.console.store.ranks import SEVERITY_RANKS
from parcelward.console.web.desk_rows import groups_of, shown_cases
from parcelward.console.web.wanted import Wanted
from parcelward.contract.alerts import Lane
from tests.console.conftest import Console


def test_rows_are_in_the_order_of_their_urgency_whatever_they_are(console: Console) -> None:
    store = console.platform.database
    cases, alerts = shown_cases(store, CaseFilter()), list_alerts(store, DeskFilter(), 500).lines
    groups = groups_of(View.DUE, cases, alerts)
    assert [group.name for group in groups] == ["red", "shift"]
    assert sum(len(group.rows) for group in groups) == len(cases) + len(alerts)
    assert cases
    for group in groups:
        keys = [(SEVERITY_RANKS[one.severity], one.due_ms is None, one.due_ms or 0) for one in group.rows]
        assert keys == sorted(keys)
        assert all((one.lane is Lane.RED) == (group.name == "red") for one in group.rows)


def test_what_is_over_has_no_urgency(console: Console) -> None:
    store = console.platform.database
    lines = list_alerts(store, DeskFilter(view=View.ALL), 50).lines
    (group,) = groups_of(View.ALL, [], lines)
    assert tuple(group.rows) == lines


def test_an_outlet_and_a_rule_are_found_as_pages_write_them() -> None:
    wanted = Wanted({"outlet": "harbor/DL-0411-603", "rule": "r 14"})
    assert (wanted.courier, wanted.outlet, wanted.rule) == ("harbor", "DL-0411-603", "R14")
    assert Wanted({"outlet": "DL-1", "courier": "swift", "rule": "model"}).fields == {
        "courier": "swift",
        "outlet": "DL-1",
        "rule": "model",
    }
