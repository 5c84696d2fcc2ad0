"""The note at a committed position says what is open after it, so that a restart sends again only that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelward.delivery.progress import NOTE_BYTES, Progress, Tried

TRIED = Tried(3, 1_800_000_000, 1_800_000_300)


def read(progress: Progress, *offsets: int) -> list[int]:
    """Offsets that are still to be delivered."""
    return [offset for offset in offsets if progress.begin(offset) is not None]


def test_all_done_needs_no_note() -> None:
    progress = Progress(10)
    assert read(progress, 10, 11, 13) == [10, 11, 13], "markers of transactions take offsets, too"
    for offset in (11, 10, 13):
        progress.end(offset)
    assert (progress.position(), progress.note({})) == (14, "")


def test_one_that_is_open_holds_back_the_position_and_no_more() -> None:
    progress = Progress(0)
    read(progress, *range(100))
    for offset in set(range(100)) - {3, 70}:
        progress.end(offset)
    assert progress.position() == 3
    after = Progress(3, progress.note({3: TRIED}))
    assert [
        (offset, after.begin(offset)) for offset in range(3, 103) if offset in (3, 70, 100) or after.begin(offset)
    ] == [
        (3, TRIED),
        (70, Tried()),
        (100, Tried()),
        (101, Tried()),
        (102, Tried()),
    ]


def test_a_note_is_kept_while_what_it_names_is_read_again() -> None:
    """The command may be killed again before it has read as far as it was."""
    first = Progress(0)
    read(first, *range(50))
    for offset in set(range(50)) - {1, 40}:
        first.end(offset)
    second = Progress(1, first.note({1: TRIED, 40: TRIED}))
    assert read(second, 1, 2, 3) == [1]
    third = Progress(second.position(), second.note({1: TRIED}))
    assert read(third, *range(1, 60)) == [1, 40, *range(50, 60)]
    second.end(1)
    assert second.position() == 4
    fourth = Progress(4, second.note({}))
    assert fourth.begin(40) == TRIED


def test_a_note_that_does_not_fit_sends_again_and_leaves_nothing_out() -> None:
    progress = Progress(0)
    read(progress, *range(3000))
    for offset in range(1, 3000, 2):
        progress.end(offset)
    note = progress.note(dict.fromkeys(range(0, 3000, 2), TRIED))
    assert len(note) <= NOTE_BYTES
    left = read(Progress(0, note), *range(3000))
    assert set(range(0, 3000, 2)) <= set(left)
    assert 1 not in left


@pytest.mark.parametrize("note", ["", "2;a;b", "1;x;", "1", "anything;at;all", "1;5;1.2.3.4.5"])
def test_a_note_of_another_form_says_nothing(note: str) -> None:
    assert read(Progress(5, note), 5, 6, 7) == [5, 6, 7]


@given(st.data())
def test_after_any_restarts_every_record_is_done_at_least_once_and_what_is_done_is_not_forgotten(
    data: st.DataObject,
) -> None:
    done: set[int] = set()
    position, note = 0, ""
    for _ in range(data.draw(st.integers(1, 5))):
        progress = Progress(position, note)
        upto = data.draw(st.integers(position, 60))
        begun = {offset for offset in range(position, upto) if progress.begin(offset) is not None}
        assert not begun & done, "sent again although it was noted"
        for offset in data.draw(st.sets(st.sampled_from(sorted(begun)) if begun else st.nothing())):
            progress.end(offset)
            done.add(offset)
        position, note = progress.position(), progress.note({})
        assert set(range(position)) <= done
