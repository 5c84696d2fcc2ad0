"""The pages of rules: alerts, decisions and versions are those of the topics, and no figure stands on too little."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from parcelward.console.judging import judging_of
from parcelward.console.people.roles import Role
from parcelward.console.store.desk import DeskFilter, View, count_views, list_alerts
from parcelward.console.store.rules_page import (
    RuleDays,
    RuleEnds,
    decided,
    false_alarms,
    hit_outlets,
    precision,
    rule_days,
)
from parcelward.console.store.versions import newest_judged, runs_where
from parcelward.console.web.app import build_app
from parcelward.console.web.rule_names import NAMES
from parcelward.outcomes.intervals import Stratum, weighted_share
from parcelward.rules import load_pack
from parcelward.settings import Settings
from tests.console.conftest import NOW_MS, Console, made_console
from tests.console.history import decide, documents

PACK = load_pack(None)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """All open alerts of rule R1 are decided: three of four are right."""
    for made in made_console(tmp_path_factory.mktemp("rules") / "console.sqlite", 60):
        for number, document in enumerate(some(made, "R1")):
            decide(made.platform, document, "false_alarm" if number % 4 == 0 else "false_identity")
        yield made


def some(console: Console, rule: str) -> list[dict[str, object]]:
    return [one for one in documents(console.platform) if rule in one["rules"]]


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<svg.*?</svg>|<[^>]+>", " ", html, flags=re.DOTALL))


def row_of(page: str, rule: str) -> str:
    (row,) = (one for one in page.split("<tr>") if f'href="/rules/{rule}"' in one)
    return row.partition("</tr>")[0]


def test_a_rule_says_how_many_alerts_it_has_and_how_many_are_open(console: Console) -> None:
    browser = console.visit(Role.RULE_AUTHOR)
    counts = count_views(console.platform.database, DeskFilter(rule="R9"))
    row = row_of(browser.get("/rules").text, "R9")
    assert f'<a href="/desk?rule=R9">{counts[View.DUE].number}</a>' in row
    assert "inspections too fast" in text_of(row)
    lines = list_alerts(console.platform.database, DeskFilter(view=View.ALL, rule="R9"), 200).lines
    days = rule_days(console.platform.database, 0)["R9"]
    assert days.alerts.total() == sum("R9" in one.rules for one in lines if one.state != "withdrawn")


def test_a_share_of_three_cases_is_not_given(console: Console) -> None:
    row = text_of(row_of(console.visit(Role.ANALYST).get("/rules").text, "R1"))
    ends = decided(console.platform.database, NOW_MS).by_rule["R1"]
    assert ends.decided.total() < 20
    assert f"too few to say: {ends.right.total()} of {ends.decided.total()}" in row
    assert "%" not in row


def test_precision_is_weighed_by_lane_as_outcomes_counts_it() -> None:
    """100 red alerts, all decided and 90 right; 900 yellow ones, 30 decided and 3 right: 18 %, not 72 %."""
    days = RuleDays(Counter({7: 900, 8: 100}), Counter({8: 100}))
    ends = RuleEnds(Counter({True: 100, False: 30}), Counter({True: 90, False: 3}))
    said = precision(days, ends, 7)
    assert (said.n, said.m, round(said.share or 0, 2)) == (93, 130, 0.18)
    assert said == weighted_share([Stratum(100, 100, 90), Stratum(900, 30, 3)])
    assert precision(days, None, 7).share is None


def test_one_rule_shows_its_law_its_limits_and_where_it_finds_most(console: Console) -> None:
    browser = console.visit(Role.RULE_AUTHOR)
    page = browser.get("/rules/R9").text
    said = text_of(page)
    assert "Postal Law art. 25, 59, 75" in said
    assert "(limit 60)" in said
    outlets = hit_outlets(console.platform.database, "R9")
    assert [f"{one.courier}/{one.outlet}" for one in outlets.outlets] == re.findall(r"rule=R9\">(\w+/[\w-]+)<", page)
    listed = list_alerts(console.platform.database, DeskFilter(view=View.ALL, rule="R9"), 200).lines
    assert outlets.alerts == sum(one.state != "withdrawn" for one in listed)
    browser.headers["accept-language"] = "zh"
    said = text_of(browser.get("/rules/R9").text)
    assert "验视过快" in said
    assert "邮政法 第二十五条" in said


def test_false_alarms_lead_to_their_alerts_and_name_nobody_who_decided(console: Console) -> None:
    page = console.visit(Role.RULE_AUTHOR).get("/rules/R1").text
    found = false_alarms(console.platform.database, "R1", NOW_MS)
    assert len(found) == decided(console.platform.database, NOW_MS).by_rule["R1"].outcomes["false_alarm"] > 0
    assert all(f'href="/alerts/{one.alert_id}"' in page and one.waybill in page for one in found)
    people = {one.token for one in console.people.values()} | {one.shown for one in console.people.values()}
    assert not any(one in page for one in people - {console.people[Role.RULE_AUTHOR].shown})


def test_another_pack_than_the_one_that_judged_is_told(console: Console, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("version: own-1\nextends: built-in\nwithout: [R9]\nrules: []\n")
    judging = judging_of(Settings(rule_pack=own))
    app = build_app(
        console.platform.database, console.platform.topics, console.platform, now_ms=console.clock, judging=judging
    )
    page = replace(console, app=app).visit(Role.AUDITOR).get("/rules").text
    assert "judged by another pack" in page
    assert "not in the pack that the console reads" in row_of(page, "R9")
    assert "judged by another pack" not in console.visit(Role.AUDITOR).get("/rules").text


def test_a_pack_that_cannot_be_read_is_told_and_figures_stay(console: Console, tmp_path: Path) -> None:
    judging = judging_of(Settings(rule_pack=tmp_path / "none.yaml", model=tmp_path / "none"))
    assert judging.pack is None
    assert judging.card is None
    app = build_app(
        console.platform.database, console.platform.topics, console.platform, now_ms=console.clock, judging=judging
    )
    browser = replace(console, app=app).visit(Role.ANALYST)
    assert "A file could not be read" in browser.get("/rules").text
    assert browser.get("/rules/R9").status_code == 200


def test_what_runs_where_is_what_the_newest_alerts_say(console: Console) -> None:
    there = runs_where(newest_judged(console.platform.database))
    assert {(one.pack, one.hash) for one in there} == {(PACK.version, PACK.hash)}
    assert [one.courier for one in there] == sorted(console.platform.settings.couriers)
    lines = list_alerts(console.platform.database, DeskFilter(view=View.ALL, courier="swift"), 200).lines
    assert next(one for one in there if one.courier == "swift").newest_ms == max(one.raised_ms or 0 for one in lines)


@pytest.mark.parametrize("rule", ["R999", "model", "%3Cscript%3E"])
def test_a_rule_that_nobody_knows_is_not_found(console: Console, rule: str) -> None:
    assert console.visit(Role.ANALYST).get(f"/rules/{rule}").status_code == 404


def test_each_built_in_rule_has_a_name_in_words() -> None:
    assert {rule.name for rule in PACK.rules} | {"model", "sampled"} == NAMES.keys()
