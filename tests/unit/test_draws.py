"""Double random: the drawn follow from what was announced and the seed, by lots that anybody can count again."""

import random
from collections import Counter
from datetime import timedelta
from hashlib import sha256
from itertools import combinations, permutations, product
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelward.draws.announcement import Exclusion, rendered
from parcelward.draws.draw import Draw, differences, free_for, made, read_announcement, read_draw
from parcelward.draws.lists import OutletLine, announcement_of
from parcelward.draws.lots import chances, drawn
from parcelward.draws.pages import after_files, before_files
from parcelward.draws.pairing import paired
from parcelward.draws.seeds import seed_of
from parcelward.draws.visits import Results, VisitResult, results_of
from parcelward.errors import UserError
from tests.draws import (
    ENTERS,
    EXCLUSIONS,
    FIRST_DAY,
    INSPECTORS,
    OUTLETS,
    PLAN,
    PUBLIC,
    SHARES,
    announcement,
    files,
    outlet,
)

PAGE = (Path(__file__).parents[2] / "docs" / "double-random.md").read_text()


def draw(**changes: Any) -> Draw:
    return made(announcement(**changes), SHARES, PUBLIC)


# -- lots --------------------------------------------------------------------------------------------------------------


def test_a_second_program_written_from_the_page_draws_the_same() -> None:
    """As short as the page says that it is: the seed, the tickets, the smallest hashes."""
    found = draw(visits=10)
    lines = ["parcelward-draw-1", "2026-12", f"holder 0\t{SHARES[0]}", f"holder 1\t{SHARES[1]}", f"public\t{ENTERS}"]
    seed = sha256("".join(line + "\n" for line in lines).encode()).hexdigest()
    tickets = [
        (sha256(f"{seed}|2026-12|outlet|{code}|{number}".encode()).hexdigest(), code)
        for code, weight in found.tickets.items()
        for number in range(1, weight + 1)
    ]
    in_order = list(dict.fromkeys(code for _, code in sorted(tickets)))
    assert [visit.outlet.code for visit in found.visits] == in_order
    assert found.seed == seed


def test_the_vector_of_the_page_holds() -> None:
    seed = seed_of("2026-12", [], ENTERS)
    tickets = {"orient/SH-01": 26, "swift/HZ-01": 2, "swift/HZ-02": 8}
    lines = [f"{lot.hash} {lot.code}|{lot.ticket}" for lot in drawn(seed, "2026-12", tickets, 3)]
    assert "\n".join(f"    {line}" for line in (seed, *lines)) in PAGE


def test_the_first_drawn_is_each_outlet_as_often_as_its_tickets_say() -> None:
    tickets = {"a": 1, "b": 2, "c": 5, "d": 12}
    repeats, total = 4000, sum(tickets.values())
    first = Counter(drawn(f"{seed}", "p", tickets, 1)[0].code for seed in range(repeats))
    expected = {code: repeats * weight / total for code, weight in tickets.items()}
    assert sum((first[code] - wanted) ** 2 / wanted for code, wanted in expected.items()) < 11.3  # 99 % of chi2(3)


def test_the_chance_of_being_among_those_drawn_is_as_estimated() -> None:
    tickets = {f"{number}": 1 + number % 13 for number in range(40)}
    repeats, estimated = 1000, chances(tickets, 10)
    found = Counter(lot.code for seed in range(repeats) for lot in drawn(f"{seed}", "p", tickets, 10))
    assert sum(estimated.values()) == pytest.approx(10)
    for code, chance in estimated.items():
        assert abs(found[code] / repeats - chance) < 4 * sqrt(chance * (1 - chance) / repeats) + 0.01, code


def test_tickets_follow_tier_and_waiting_time_and_nothing_else() -> None:
    given_ = announcement()
    waits = {0: 1, 29: 1, 30: 2, 359: 12, 360: 13, 5000: 13}
    for days, times in waits.items():
        for tier, base in given_.tickets.items():
            one = outlet("swift/HZ-01", tier, FIRST_DAY - timedelta(days=days))
            assert given_.tickets_of(one) == base * times, (days, tier)
    assert given_.tickets_of(outlet("swift/HZ-01", "B")) == 26  # where nobody has been: as after the longest wait
    assert set(OutletLine.model_fields) == {"courier", "outlet", "tier", "last_visit"}


# -- inspectors --------------------------------------------------------------------------------------------------------


def by_definition(asked: dict[str, list[str]], most: int) -> dict[str, tuple[str, ...]]:
    """The rule of the page, by trying all."""

    def completable(visits: list[str], fixed: dict[str, list[str]]) -> bool:
        choices = [[pair for pair in combinations(asked[one], 2) if {*fixed.get(one, ())} <= {*pair}] for one in visits]
        return any(
            max(Counter(name for pair in chosen for name in pair).values(), default=0) <= most
            for chosen in product(*choices)
        )

    possible: list[str] = []
    for visit in asked:
        if completable([*possible, visit], {}):
            possible.append(visit)
    fixed: dict[str, list[str]] = {visit: [] for visit in asked}
    for visit in possible:
        for inspector in asked[visit]:
            if len(fixed[visit]) < 2 and completable(possible, fixed | {visit: [*fixed[visit], inspector]}):
                fixed[visit].append(inspector)
    return {visit: tuple(names) for visit, names in fixed.items()}


@given(st.lists(st.lists(st.sampled_from("ABCDE"), unique=True, max_size=5), max_size=4), st.integers(1, 3))
def test_two_are_paired_exactly_as_the_rule_says(asked: list[list[str]], most: int) -> None:
    visits = {f"v{number}": names for number, names in enumerate(asked)}
    assert paired(visits, most) == by_definition(visits, most)


def test_nobody_goes_where_they_have_an_interest_and_nobody_goes_too_often() -> None:
    bound = (
        Exclusion(inspector="I-01", courier="swift", outlet=None),
        Exclusion(inspector="I-02", courier="orient", outlet="SH-01"),
    )
    outlets = (*(outlet(f"swift/HZ-{number:02}") for number in range(20)), outlet("orient/SH-01", "D"))
    given_ = announcement(outlets=outlets, visits=15, most_visits=6, exclusions=bound, shares=())
    for number in range(8):
        found = made(given_, [], f"{PUBLIC[:-2]}{number}")
        load = Counter(one for visit in found.visits for one in visit.inspectors)
        assert max(load.values()) <= 6
        for visit in found.visits:
            assert len({*visit.inspectors}) == 2
            assert {*visit.inspectors} <= {*free_for(found.announcement, visit.outlet)}
            assert visit.outlet.courier != "swift" or "I-01" not in visit.inspectors
            assert visit.outlet.code != "orient/SH-01" or "I-02" not in visit.inspectors


def test_a_visit_for_which_nobody_is_left_says_so() -> None:
    found = draw(inspectors=("I-00", "I-01", "I-02"), visits=3, most_visits=1)
    assert [len(visit.inspectors) for visit in found.visits] == [2, 0, 0]


# -- lists and files ---------------------------------------------------------------------------------------------------


def test_the_order_of_input_lines_changes_nothing(tmp_path: Path) -> None:
    def shuffled(text: str, seed: int) -> str:
        head, *lines = text.splitlines(keepends=True)
        random.Random(seed).shuffle(lines)
        return "".join([head, *lines])

    drawn_: set[bytes] = set()
    for seed in range(5):
        lists = {"outlets": OUTLETS, "inspectors": INSPECTORS, "exclusions": EXCLUSIONS}
        plan = files(tmp_path, **{name: shuffled(text, seed) for name, text in lists.items()})
        listed = announcement_of(plan).model_copy(update={"files": {}})  # the hashes of the files do differ
        drawn_.add(rendered(made(listed, [], PUBLIC)))
    assert len(drawn_) == 1


def test_lists_in_toml_are_the_same_as_in_csv(tmp_path: Path) -> None:
    plan = files(tmp_path)
    before = announcement_of(plan)
    head, *lines = OUTLETS.splitlines()
    names = head.split(",")
    tables = ""
    for line in lines:
        cells = [f'{name} = "{cell}"' for name, cell in zip(names, line.split(","), strict=True) if cell]
        tables += "[[outlet]]\n" + "\n".join(cells) + "\n"
    (tmp_path / "outlets.toml").write_text(tables)
    plan.write_text(PLAN.replace("outlets.csv", "outlets.toml"))
    assert announcement_of(plan).outlets == before.outlets


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"outlets": OUTLETS.replace(",D,", ",E,")}, r"outlets.csv, line 3: tier: must be 'A', 'B', 'C' or 'D'"),
        ({"outlets": OUTLETS.replace("2026-03-01", "1.3.2026")}, r"outlets.csv, line 3: last_visit: must be a day"),
        ({"outlets": OUTLETS.replace("2026-03-01", "2026-12-01")}, r"HZ-02: last_visit must lie before first_day"),
        ({"outlets": OUTLETS.replace("last_visit", "sender_region")}, r"must name the columns courier, outlet, tier"),
        ({"outlets": OUTLETS.replace("HZ-02", "HZ 02")}, r"outlets.csv, line 3: outlet: must be a code"),
        ({"outlets": OUTLETS.replace("swift,HZ-02", "HZ-02")}, r"outlets.csv, line 3: 3 cells instead of 4"),
        ({"outlets": OUTLETS.splitlines()[0]}, r"outlets.csv lists nobody and nothing"),
        ({"inspectors": INSPECTORS.replace("I-02", "王小明")}, r"inspectors.csv, line 3: inspector: must be a code"),
        ({"inspectors": INSPECTORS.replace("I-02", "13800001234")}, r"line 3: inspector: is a phone number"),
        ({"exclusions": EXCLUSIONS.replace("relative", "家属")}, r"exclusions.csv, line 3: reason: must be"),
        (
            {"exclusions": EXCLUSIONS + "I-03,orient,,other\nI-04,orient,SH-01,dispute\n"},
            "outlet orient/SH-01 has 1 inspectors without a conflict",
        ),
        ({"plan": PLAN.replace("visits = 2\nmost", "most")}, r"write either visits or percent"),
        ({"plan": PLAN.replace("most_visits = 2", "most_visits = 2\nmany = 1")}, r"plan.toml: many: unknown"),
        ({"plan": PLAN.replace("most_visits = 2", "most_visits = 0")}, r"most_visits: .*greater than or equal to 1"),
        (
            {"plan": PLAN.replace("\nvisits = 2", "\nvisits = 4").replace("most_visits = 2", "most_visits = 1")},
            "8 places",
        ),
    ],
)
def test_a_list_that_is_not_right_is_refused_with_its_line(tmp_path: Path, changed: dict[str, str], words: str) -> None:
    with pytest.raises(UserError, match=words) as error:
        announcement_of(files(tmp_path, **changed))
    assert "王小明" not in str(error.value)
    assert "13800001234" not in str(error.value)


def test_a_share_of_the_roll_is_rounded_up(tmp_path: Path) -> None:
    assert announcement_of(files(tmp_path, plan=PLAN.replace("\nvisits = 2", "\npercent = 26"))).visits == 2


def test_one_changed_byte_of_a_draw_is_detected() -> None:
    content = rendered(draw())
    assert differences(content, read_draw(content, "draw.json")) == []
    assert differences(content + b"\n", read_draw(content + b"\n", "draw.json"))
    chance = random.Random(1)
    for position in chance.sample(range(len(content)), 300):
        changed = bytearray(content)
        changed[position] = ord("0") if content[position] != ord("0") else ord("7")
        try:
            other = read_draw(bytes(changed), "draw.json")
        except UserError:
            continue
        assert differences(bytes(changed), other), (position, content[position - 20 : position + 20])


def test_a_draw_can_be_read_again_as_it_was() -> None:
    given_ = announcement()
    assert read_announcement(rendered(given_), "announcement.json") == given_
    assert read_draw(rendered(draw()), "draw.json") == draw()


# -- results and what is published -------------------------------------------------------------------------------------

HEADINGS = "courier,outlet,visited_on,result,found,parcels_checked,parcels_wrong\n"


def results(*lines: str) -> Results:
    return results_of(draw(visits=10), "0" * 64, (HEADINGS + "\n".join(lines)).encode(), "visits.csv")


def test_results_come_back_by_outlet_and_the_others_are_open() -> None:
    found = results(
        "swift,HZ-03,2026-12-05,corrected,procedure_not_kept,20,3", "swift,HZ-04,2026-12-06,not_reachable,,,"
    )
    assert [(one.outlet, one.parcels_checked, one.parcels_wrong) for one in found.outcomes if one.found] == [
        ("HZ-03", 20, 3)
    ]
    assert len(found.open) == 8


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("swift,HZ-99,2026-12-05,no_problem,,,", "line 2: outlet swift/HZ-99 was not drawn"),
        ("swift,HZ-03,2026-11-30,no_problem,,,", "visited_on must lie in the period, 2026-12-01 to 2026-12-31"),
        ("swift,HZ-03,2026-12-05,fine,,,", "line 2: result: must be"),
        ("swift,HZ-03,2026-12-05,corrected,,20,3", "found must say what was wrong"),
        ("swift,HZ-03,2026-12-05,no_problem,false_identity,20,0", "and yet something was found"),
        ("swift,HZ-03,2026-12-05,no_problem,,20,1", "and yet something was found"),
        ("swift,HZ-03,2026-12-05,corrected,false_identity,2,3", "parcels_wrong is more than parcels_checked"),
        ("swift,HZ-03,2026-12-05,not_reachable,,2,0", "and yet parcels were checked"),
        ("swift,HZ-03,2026-12-05,no_problem,,many,0", "parcels_checked"),
        ("swift,HZ-03,,no_problem,,1,0", "visited_on: required"),
        ("swift,HZ-03,2026-12-05,no_problem,,,\nswift,HZ-03,2026-12-06,no_problem,,,", "line 3: .* a result already"),
    ],
)
def test_a_result_that_cannot_be_so_is_refused_with_its_line(line: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        results(line)


def test_before_the_draw_lists_and_method_are_published_and_no_reason_of_anybody() -> None:
    texts = before_files(announcement())
    notice = texts["notice.zh.md"]
    for words in (
        "检查对象名录库的快递网点共10个",
        "实行回避",
        "民族、籍贯",
        "2026年11月29日产生的公开随机数",
        "# 关于开展2026年12月快递网点",
        "A级1个号",
    ):
        assert words in notice
    assert not any(share in text for share in SHARES for text in texts.values())
    assert "former_employer" not in rendered(announcement()).decode() + "".join(texts.values())


def test_after_the_visits_the_results_are_published_in_the_words_of_an_office() -> None:
    found = results(
        "swift,HZ-03,2026-12-05,corrected,procedure_not_kept,20,3", "swift,HZ-04,2026-12-06,no_problem,,12,"
    )
    texts = after_files(draw(visits=10), found)
    page = texts["results.zh.md"]
    assert "已取得检查结果2个，现场抽验邮件快件32件，其中有问题3件。另有8个网点尚未取得检查结果" in page
    assert "# 2026年12月快递网点“双随机、一公开”抽查结果公示" in page
    assert "| 发现问题已责令改正 | 1 |" in page
    assert "swift,HZ-03,2026-12-05,发现问题已责令改正,未按规定收寄验视或者过机安检,20,3" in texts["results.zh.csv"]
    assert "I-0" not in page + texts["results.zh.csv"]


def test_each_result_is_published_in_the_words_of_the_page() -> None:
    assert all(f"| `{one.value}` | {one.chinese} |" in PAGE for one in VisitResult)
    assert VisitResult.NOT_REACHABLE.chinese == "通过登记的住所（经营场所）无法联系"


def test_the_order_of_pairs_needs_no_luck() -> None:
    """A full staffing is found where there is one, in whatever order inspectors are asked."""
    for order in permutations(["A", "B", "C"]):
        assert all(
            len(pair) == 2 for pair in paired({"v1": list(order), "v2": ["A", "B"], "v3": ["C", "A"]}, 2).values()
        )
