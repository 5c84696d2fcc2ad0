"""Stored states of alerts and cases are read as they were meant, and go on as they would have then."""

from pathlib import Path

import pytest

from parcelward.formats import format_of
from tests.fixtures.lives import FILES, later, line_with, read


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_stored_state_of_alerts_and_cases_goes_on_as_it_would_have(path: Path) -> None:
    states, come, expected = read(path)
    assert later(line_with(states), come) == expected
    told = {topic for topic, *_ in expected}
    assert told >= {"referrals", "cases", "instructions.swift"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_stored_record_says_the_format_that_the_file_is_named_after(path: Path) -> None:
    states, *_ = read(path)
    formats = {format_of(bytes.fromhex(value)) for state in states.values() for value in state.values()}
    assert formats == {int(path.stem.removeprefix("lives-"))}
    assert {key[:1] for key in states["cases"]} >= {"c", "b"}
