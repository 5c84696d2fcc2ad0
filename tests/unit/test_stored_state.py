"""Records of an earlier version are read as they were meant: its changelog, its state on disk, records under way."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from parcelward.alerts.alert import FOLLOWED_UP
from parcelward.formats import NEWEST, format_of
from parcelward.screening.build import build_stages
from parcelward.shipments.shipment import Shipment
from parcelward.stage import Batch, Send
from streams.engine.state import Bounds
from streams.engine.state_on_disk import DiskState, DiskStates
from tests.fixtures.going_on import FOLDERS, carry_on, go_on, restored, settings_of, states_of
from tests.fixtures.stored import STATE, STOPS, expected_of, read_about, read_records, read_sends, unpack_state

WRITTEN = int(str(Shipment.__struct_config__.tag))
"""Format in which the first stage writes a record of its state."""
SCORE_DIGITS = 6
"""A score may differ in its last digits on another machine."""


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    """A stored state."""
    return Path(request.param)


def said(send: Send) -> dict[str, Any]:
    """Give what is sent with the numbers rounded; an alert is read, without what later versions add to it."""
    alert: Any = json.loads(send.value or b"", parse_float=lambda text: round(float(text), SCORE_DIGITS))
    alert.get("card", {}).pop("profiles", None)
    headers = [header for header in send.headers if header != FOLLOWED_UP]
    return {"topic": send.topic, "key": send.key, "headers": headers, "value": alert}


def test_a_restored_changelog_goes_on_as_it_would_have(folder: Path) -> None:
    about, settings = read_about(folder), settings_of(folder)
    states = states_of(settings, read_records(folder / "changelog.jsonl.xz"))
    pipeline = restored(settings, build_stages(settings), states)
    result = go_on(settings, pipeline, read_records(folder / "after.jsonl.xz"), about.quiet_ms)
    expected = read_sends(folder / "expected.jsonl.xz")
    alerts = [one for one in expected if one.topic == settings.topics.alerts]
    assert list(map(said, result.alerts)) == list(map(said, alerts))
    assert result.rejected == expected[len(alerts) :]


def test_a_state_folder_holds_what_the_changelog_says(folder: Path, tmp_path: Path) -> None:
    about, settings = read_about(folder), settings_of(folder)
    states = states_of(settings, read_records(folder / "changelog.jsonl.xz"))
    unpack_state(folder / STATE, tmp_path)
    disk = DiskStates(tmp_path, lambda: about.changelog_ids)
    taken = disk.open((stage, number) for stage in about.changelog_ids for number in range(settings.partitions))
    assert taken.keys() == {place for place in states if place[0] in about.changelog_ids}
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
    expected = read_sends(expected_of(folder, stop))
    assert list(map(said, result.alerts)) == list(map(said, expected))
    assert len(expected) > 5
