"""The seed of a draw: nobody can choose it, neither by a share nor by how a public value is written."""

from datetime import date
from typing import Any

import pytest

from parcelward.draws.announcement import Commitment, Exclusion, rendered
from parcelward.draws.draw import Draw, differences, made
from parcelward.draws.pages import before_files
from parcelward.errors import UserError
from tests.draws import (
    ENTERS,
    FIRST_DAY,
    LOTTERY,
    PUBLIC,
    SHARES,
    announcement,
    outlet,
)


def draw(**changes: Any) -> Draw:
    return made(announcement(**changes), SHARES, PUBLIC)


def test_no_share_can_be_left_out_or_exchanged() -> None:
    given_ = announcement()
    for shares, words in (
        ((SHARES[0],), "the share of holder 1 is missing"),
        ((SHARES[0], "3" * 64), "hash that was not announced"),
        ((SHARES[0], SHARES[1][:-1]), "64 digits"),
    ):
        with pytest.raises(UserError, match=words):
            made(given_, shares, PUBLIC)
    with pytest.raises(UserError, match="public value is missing"):
        made(given_, SHARES, " ")


def test_each_source_moves_the_seed_and_the_order_of_revealing_does_not() -> None:
    usual = draw().seed
    assert made(announcement(), SHARES[::-1], PUBLIC).seed == usual
    assert made(announcement(), SHARES, f"{PUBLIC}1").seed != usual
    assert draw(period="2027-01").seed != usual
    assert made(announcement(public=None), SHARES, None).seed != usual


@pytest.mark.parametrize(
    "written",
    [
        "3 8 16 21 27 30 11",
        "红球：03、08、16、21、27、30；蓝球：11",
        "０３　08,16,21,27,30+11",
        "03-08-16-21-27-30|11\n",
    ],
)
def test_a_lottery_result_gives_one_seed_however_it_is_written(written: str) -> None:
    assert made(announcement(), SHARES, written) == draw()


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (f"{PUBLIC} 1", "has 8 numbers, and 7 were announced"),
        (f"2026140: {PUBLIC}", "has 8 numbers, and 7 were announced"),
        ("030816212730 11", "has 2 numbers, and 7 were announced"),
        ("red and blue", "has 0 numbers, and 7 were announced"),
        (PUBLIC.replace("3", "\u0663"), "digits 0 to 9"),
    ],
)
def test_a_public_value_of_other_numbers_than_were_announced_is_refused(written: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        made(announcement(), SHARES, written)


def test_a_beacon_enters_as_small_hexadecimal_digits_and_in_no_other_way() -> None:
    given_ = announcement(public=LOTTERY.model_copy(update={"form": "hexadecimal", "count": 8}))
    assert made(given_, SHARES, " 0aBC12ef\n").public_value == "0abc12ef"
    for written in ("0abc 12ef", "0x0abc12ef", "0abc12e", "0abc12eg", "0abc12ef0"):
        with pytest.raises(UserError, match="announced as 8 hexadecimal digits"):
            made(given_, SHARES, written)


def test_the_public_value_of_a_draw_says_what_entered_the_seed() -> None:
    found = draw()
    assert found.public_value == ENTERS
    assert differences(rendered(found), found) == []
    assert "按公布顺序取7个号码" in before_files(announcement())["notice.zh.md"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"shares": tuple(Commitment(holder=name, sha256="a" * 64) for name in "xy"), "public": None},
            f"share {'a' * 64} is listed twice",
        ),
        ({"shares": announcement().shares[:1], "public": None}, "a single share can be tried out"),
        ({"shares": (), "public": None}, "a single share can be tried out"),
        ({"public": LOTTERY.model_copy(update={"on": date(2026, 11, 23)})}, "must come after announced_on"),
        ({"public": LOTTERY.model_copy(update={"on": FIRST_DAY})}, "must be out before first_day"),
        ({"announced_on": FIRST_DAY}, "before first_day"),
        ({"visits": 11}, "the roll has 10 outlets"),
        ({"outlets": (outlet("swift/HZ-01"),) * 3, "exclusions": ()}, "outlet swift/HZ-01 is listed twice"),
        ({"exclusions": (Exclusion(inspector="I-99", courier="swift", outlet=None),)}, "I-99"),
        ({"exclusions": (Exclusion(inspector="I-00", courier="harbor", outlet=None),)}, "harbor"),
    ],
)
def test_an_announcement_from_which_no_honest_draw_can_follow_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        draw(**changes)
