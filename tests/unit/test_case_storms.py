"""Storms in their short form: a person reads a line for each thing that happened. `tests.bench.case_lines` has more."""

from tests.bench.case_lines import HANDHELD, IN_20_S, Storm, faked_parcel, measure, written


def test_one_handheld_that_is_off_line_is_one_line_beside_that_of_the_detonator() -> None:
    lines = measure(Storm(HANDHELD, IN_20_S), model=False)
    assert (lines.parcels, lines.red, lines.with_cases, lines.hidden) == (31, 31, 2, 0)


def test_inspections_faked_with_one_photo_are_one_line() -> None:
    lines = measure(Storm(written(*(faked_parcel(number) for number in range(40))), {}), model=False)
    assert lines.red == 39
    assert (lines.with_cases, lines.hidden) == (1, 0)
