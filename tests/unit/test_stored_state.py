"""Records of an earlier version are read as they were meant: its changelog, its state on disk, records under way."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from parcelward.counts import STAGES
from parcelward.formats import NEWEST, format_of
from parcelward.screening.build import build_stages
from parcelward.shipments.shipment import Shipment
from parcelward.stage import Batch, Send
from streams.engine.state import Bounds
from streams.engine.state_on_disk import DiskState, DiskStates
from tests.fixtures.going_on import FOLDERS, carry_on, go_on, restored, settings_of, states_of
from tests.fixtures.stored import STATE, STOPS, read_about, read_records, read_sends, unpack_state

WRITTEN = int(str(Shipment.__struct_config__.tag))
"""Format in which the first stage writes a record of its state."""


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    """A stored state."""
    return Path(request.param)


def said(sends: Iterable[Send]) -> dict[str, tuple[str, str, set[str]]]:
    """Give what the last revision of each alert says: waybill, lane, rules; the model apart, which speaks later now.

    What else an alert says has changed since, and rules look closer than they did: then and now are compared by what
    was found then.
    """
    last: dict[str, Any] = {}
    raised_by_rules = set()
    for alert in (json.loads(one.value or b"") for one in sends):
        last[alert["alert_id"]] = alert
        if any(finding["rule"] != "model" for finding in alert["findings"]):
            raised_by_rules.add(alert["alert_id"])
    return {
        alert_id: (alert["waybill"], alert["lane"], {finding["rule"] for finding in alert["findings"]} - {"model"})
        for alert_id, alert in last.items()
        if alert_id in raised_by_rules
    }


def assert_nothing_is_missing(now: Iterable[Send], then: Iterable[Send]) -> None:
    """Each alert of then has the same id now, and says at least as much."""
    ours = said(now)
    for alert_id, (waybill, lane, rules) in said(then).items():
        assert ours[alert_id][:2] == (waybill, lane)
        assert ours[alert_id][2] >= rules


def test_a_restored_changelog_goes_on_as_it_would_have(folder: Path) -> None:
    about, settings = read_about(folder), settings_of(folder)
    states = states_of(settings, read_records(folder / "changelog.jsonl.xz"))
    pipeline = restored(settings, build_stages(settings), states)
    result = go_on(settings, pipeline, read_records(folder / "after.jsonl.xz"), about.quiet_ms)
    expected = read_sends(folder / "expected.jsonl.xz")
    alerts = [one for one in expected if one.topic == settings.topics.alerts]
    assert_nothing_is_missing(result.alerts, alerts)
    assert result.rejected == expected[len(alerts) :]


def test_a_state_folder_holds_what_the_changelog_says(folder: Path, tmp_path: Path) -> None:
    about, settings = read_about(folder), settings_of(folder)
    states = states_of(settings, read_records(folder / "changelog.jsonl.xz"))
    unpack_state(folder / STATE, tmp_path)
    disk = DiskStates(tmp_path, lambda: about.changelog_ids)
    taken = disk.open((stage, number) for stage in STAGES for number in range(settings.partitions))
    assert taken.keys() == states.keys()
    for (stage, number), state in taken.items():
        assert isinstance(state, DiskState)
        end = about.ends[f"{settings.topics.changelog(stage)}-{number}"]
        state.forget_unless_current(Bounds(0, end))
        assert (dict(state.items()), state.written) == (states[stage, number], end - 1)
    disk.give_up(taken)
    disk.close()


def test_a_state_folder_takes_what_is_written_now(folder: Path, tmp_path: Path) -> None:
    """Records of then and of now lie beside each other, and both are read."""
    about, settings = read_about(folder), settings_of(folder)
    stages, records = build_stages(settings), read_records(folder / "after.jsonl.xz")
    unpack_state(folder / STATE, tmp_path)
    disk = DiskStates(tmp_path, lambda: about.changelog_ids)
    taken = disk.open([("duties", number) for number in range(settings.partitions)])
    for (_, number), state in taken.items():
        stage, known = stages.make["duties"](settings.partitions), dict(state.items())
        stage.restore(state)
        outcome = stage.step(Batch([one for one in records if one.partition == number]), state)
        state.write(outcome.updates, state.written + 1)
        stages.make["duties"](settings.partitions).restore(state)
        assert {key: format_of(value) for key, value in state.items()} == {
            **{key: format_of(value) for key, value in known.items()},
            **{key: WRITTEN for key, value in outcome.updates.items() if value is not None},
        }
        assert known.keys() & outcome.updates.keys()
    disk.give_up(taken)
    disk.close()


@pytest.mark.parametrize("kind", ["changelog", "between"])
def test_the_newest_of_the_stored_records_has_the_format_that_the_folder_is_named_after(
    folder: Path, kind: str
) -> None:
    values = [one.value for one in read_records(folder / f"{kind}.jsonl.xz") if one.value is not None]
    formats = [format_of(value) or 0 for value in values]
    assert max(formats) == int(folder.name.removeprefix("state-"))
    assert len(values) > 400


def test_there_is_a_stored_state_of_every_format() -> None:
    assert [folder.name for folder in FOLDERS] == [f"state-{number}" for number in range(NEWEST + 1)]


@pytest.mark.parametrize("stop", STOPS)
def test_records_under_way_are_worked_off(folder: Path, stop: str) -> None:
    settings = settings_of(folder)
    states: Mapping[Any, Any] = states_of(settings, read_records(folder / "changelog.jsonl.xz"))
    pipeline = restored(settings, build_stages(settings), states)
    result = carry_on(settings, pipeline, read_records(folder / "under-way" / f"{stop}.jsonl.xz"))
    expected = read_sends(folder / "under-way" / "expected.jsonl.xz")
    assert_nothing_is_missing(result.alerts, expected)
    assert len(expected) > 5
