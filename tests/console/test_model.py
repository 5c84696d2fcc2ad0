"""The page of the model: a hint and no verdict, how right it was by people's decisions, and which release scored."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from parcelward.console.judging import judging_of
from parcelward.console.people.roles import Role
from parcelward.console.store.desk import DeskFilter, View, list_alerts
from parcelward.console.store.model_page import bands, factors, scores, versions_by_day
from parcelward.console.store.versions import Judged, RuleSaid, Said, ScoreSaid, Weight, judged_by_day, newest_judged
from parcelward.console.web.app import build_app
from parcelward.moments import china_day
from parcelward.settings import Settings
from tests.console.conftest import NOW_MS, Console, made_console
from tests.console.history import decide, documents

RELEASE = judging_of(Settings()).card


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """All open hints of the model are decided: each third is a false alarm."""
    for made in made_console(tmp_path_factory.mktemp("model") / "console.sqlite", 60):
        hints = [one for one in documents(made.platform) if "model" in one["rules"]]
        for number, document in enumerate(hints):
            decide(made.platform, document, "false_alarm" if number % 3 == 0 else "procedure_not_kept")
        yield made


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<svg.*?</svg>|<[^>]+>", " ", html, flags=re.DOTALL))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("a person decides", "ethnicity or belief; home region", "simulated traffic alone")),
        ("zh", ("由人判定", "民族、宗教信仰，籍贯、户籍所在地", "只用模拟数据")),
    ],
)
def test_it_says_what_the_model_is_and_never_sees(console: Console, language: str, said: tuple[str, ...]) -> None:
    browser = console.visit(Role.RULE_AUTHOR)
    browser.headers["accept-language"] = language
    page = browser.get("/model").text
    assert all(one in page for one in said)
    assert RELEASE is not None
    assert str(RELEASE.threshold) in page


def test_hints_and_scores_are_those_of_the_alerts(console: Console) -> None:
    lines = list_alerts(console.platform.database, DeskFilter(view=View.ALL), 1000).lines
    found = scores(console.platform.database)
    standing = [one for one in lines if one.score is not None and one.state != "withdrawn"]
    assert found.scored >= len(standing)
    assert found.hints == sum(found.bins)
    assert found.hints == sum("model" in one.rules for one in standing)


def test_a_band_with_few_decisions_gives_no_share(console: Console) -> None:
    by_score, together = bands(console.platform.database)
    assert [one.low for one in by_score] == sorted((one.low for one in by_score), reverse=True)
    assert sum(one.precision.m for one in by_score) == together.m
    assert 0 < together.n < together.m
    page = text_of(console.visit(Role.ANALYST).get("/model").text)
    few = next(one.precision for one in by_score if 0 < one.precision.m < 20)
    assert few.share is None
    assert f"too few to say: {few.n} of {few.m}" in page


def test_factors_are_what_raised_the_scores_of_hints_and_of_nothing_else() -> None:
    def one(rule: str, **weights: float) -> Judged:
        parts = tuple(Weight(feature, weight) for feature, weight in weights.items())
        return Judged("swift", NOW_MS, Said("p", score=ScoreSaid(0.5, 0.3, parts), findings=(RuleSaid(rule),)))

    said = [one("model", a=2.0, b=-9.0), one("model", a=4.0, c=1.0), one("R1", d=9.0)]
    count, found = factors(said)
    assert count == 2
    assert [(factor.feature, factor.alerts, factor.weight) for factor in found] == [("a", 2, 4.0), ("c", 1, 1.0)]


def test_each_day_names_the_versions_of_its_alerts(console: Console) -> None:
    assert RELEASE is not None
    by_day = judged_by_day(console.platform.database, NOW_MS, 3)
    assert sorted(by_day) == [china_day(NOW_MS) - 2, china_day(NOW_MS) - 1, china_day(NOW_MS)]
    counts = versions_by_day(by_day)
    assert counts.keys() == {RELEASE.version}
    assert counts[RELEASE.version][:2] == [0, 0]
    assert counts[RELEASE.version][2] == min(40, len(newest_judged(console.platform.database)))


def test_another_model_than_the_one_that_scored_is_told(console: Console) -> None:
    known = judging_of(console.platform.settings)
    assert known.card is not None
    other = replace(known, card=known.card.model_copy(update={"version": "2030.1.1"}))
    page = page_of(console, judging=other)
    assert "scored by another model" in page
    assert "scored by another model" not in page_of(console, judging=known)


def test_without_a_model_the_page_says_so(console: Console) -> None:
    assert "The console knows no model" in page_of(
        console, judging=replace(judging_of(console.platform.settings), card=None)
    )


def page_of(console: Console, **given: object) -> str:
    platform = console.platform
    app = build_app(platform.database, platform.topics, platform, now_ms=console.clock, **given)  # type: ignore[arg-type]
    return replace(console, app=app).visit(Role.AUDITOR).get("/model").text
