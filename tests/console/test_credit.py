"""The credit view counts as the command does from the topics, and the couriers' days are drawn as accounts say."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import pytest

import tests.console.conftest as made
from parcelward.console.people.roles import Role
from parcelward.console.store.answer_days import AnswerDay, answer_days
from parcelward.console.store.courier_days import Day
from parcelward.console.store.judged_alerts import judged_alerts
from parcelward.console.web.credit_rows import FIGURES, credit_rows
from parcelward.console.web.day_charts import HEAD, HEIGHT, day_charts
from parcelward.console.web.rendering import ENVIRONMENT
from parcelward.moments import DAY_MS, china_day
from parcelward.outcomes.credit import Credit, Times, credit_views
from parcelward.outcomes.intervals import Figure
from parcelward.outcomes.records import AlertHead, ReferralHead, read_alert, read_referral
from parcelward.outcomes.verdicts import judged
from parcelward.stage import Record
from tests.console.accounts import account
from tests.console.conftest import NOW_MS, Console
from tests.console.forms import press, unclaimed
from tests.console.platform import Platform

NEWEST = date(2026, 11, 26)
COURIERS = ("harbor", "orient", "swift")


class Heard(Platform):
    """A platform that keeps what the command `parcelward outcomes` would read from the topics."""

    alerts: list[AlertHead]
    referrals: list[ReferralHead]

    def _project(self, records: Iterable[Record]) -> None:
        kept = list(records)
        vars(self).setdefault("alerts", []).extend(
            read_alert(one.value or b"") for one in kept if one.topic == self.topics.alerts
        )
        vars(self).setdefault("referrals", []).extend(
            read_referral(one.value or b"") for one in kept if one.topic == self.topics.referrals
        )
        super()._project(kept)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """An hour, in which couriers answer, and after which people decide."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "Platform", Heard)
        for one in made.made_console(tmp_path_factory.mktemp("credit") / "console.sqlite", 60):
            for outcome in ("procedure_not_kept", "false_alarm", "dangerous_goods"):
                line, chosen = unclaimed(one), {"outcome": outcome, "parcel": "release"}
                press(one.visit(Role.SUPERVISOR), f"/alerts/{line.alert_id}", "outcome", **chosen)
            yield one


def test_the_credit_view_counts_as_the_command_does(console: Console) -> None:
    platform = console.platform
    assert isinstance(platform, Heard)
    told = judged(platform.alerts, platform.referrals)
    shown = [one for courier in COURIERS for one in judged_alerts(platform.database, courier)]
    assert {one.alert_id: one for one in shown} == {one.alert_id: one for one in told}
    assert credit_views(shown, (), 0.002) == credit_views(told, (), 0.002)
    assert sum(one.answered_ms is not None for one in shown) > 0
    assert sum(one.known for one in shown) == 3


def test_of_many_alerts_the_newest_are_looked_at_and_the_page_says_so(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parcelward.console.web.pages.credit.NEWEST", 5)
    monkeypatch.setattr(
        "parcelward.console.web.pages.credit.judged_alerts", lambda store, courier: judged_alerts(store, courier, 5)
    )
    page = console.visit(Role.ANALYST).get("/couriers/credit?courier=swift").text
    assert "From the 5 alerts and random checks that moved last" in page


def test_too_few_are_said_and_no_share_is_given(console: Console) -> None:
    page = console.visit(Role.RULE_AUTHOR).get("/couriers/credit?courier=swift").text
    assert "too few to say" in page
    assert "There is no total score" in page
    assert "swift/" in page
    assert "orient/" not in page
    assert console.visit(Role.ANALYST).get("/couriers/credit?courier=%3Cscript%3E").status_code == 200


def test_a_figure_is_drawn_with_its_interval_and_what_it_rests_on() -> None:
    few, enough = Figure(1, 3), Figure(9, 30, 0.3, 0.1667, 0.4787)
    views = [
        Credit(by, name, few, enough, few, Times(3, 5), few, few, few)
        for by, name in (("outlet", "swift/A"), ("courier", "swift"))
    ]
    courier, outlet = credit_rows(views)
    assert (courier.name, outlet.name) == ("swift", "swift/A")
    assert dict(zip(FIGURES, courier.figures, strict=True))["confirmed"] == enough
    template = ENVIRONMENT.from_string('{% import "parts/shares.html" as shares with context %}{{ shares.share(one) }}')
    drawn, not_drawn = (
        template.render(one=one, t=lambda key, **values: f"{key} {sorted(values.values())}") for one in (enough, few)
    )
    assert '<rect class="from-to" x="16.7" width="31.2"' in drawn
    assert ">30%</span>" in drawn
    assert "share_few [1, 3]" in not_drawn
    assert "<svg" not in not_drawn


def days_of(sent: list[int | None]) -> list[Day]:
    first = NEWEST - timedelta(days=len(sent) - 1)
    return [Day(first + timedelta(days=n), one, refused=10) for n, one in enumerate(sent) if one is not None]


def test_a_day_without_an_account_is_a_gap_and_a_bad_day_stands_out() -> None:
    charts = day_charts(days_of([1000, 1010, None, 990, 400]), NEWEST)
    sent = charts[0]
    assert [(one.kind, one.value) for one in sent.bars] == [
        ("day", 1000), ("day", 1010), ("missing", None), ("day", 990), ("worse", 400),
    ]  # fmt: skip
    assert (sent.usual, sent.missing, sent.stands_out) == (1000, 1, True)
    assert sent.bars[1].height == HEIGHT
    assert sent.bars[4].y == pytest.approx(HEAD + HEIGHT - sent.bars[4].height)
    assert [one.name for one in charts] == ["sent", "refused", "late", "overdue"]


def test_answer_times_are_drawn_where_there_are_any() -> None:
    newest = (NEWEST - date(1970, 1, 1)).days
    charts = day_charts(days_of([5, 5]), NEWEST, {newest: AnswerDay(3, 600_000), newest + 5: AnswerDay(1, 1)})
    assert (charts[-1].name, [one.value for one in charts[-1].bars]) == ("answers", [None, 10])
    assert charts[-1].missing == 1
    assert {one.kind for one in charts[-1].bars} == {"day", "newest"}


def test_answers_are_counted_on_the_day_on_which_they_came(console: Console) -> None:
    found = {one: answer_days(console.platform.database, one, NOW_MS - DAY_MS) for one in COURIERS}
    assert all(days.keys() <= {china_day(NOW_MS)} for days in found.values())
    assert sum(day.answered for days in found.values() for day in days.values()) > 0
    assert all(day.median_ms > 0 for days in found.values() for day in days.values())


def test_each_drawing_of_the_couriers_says_in_words_what_it_shows(console: Console) -> None:
    for back in range(4):
        document = account("swift", NEWEST - timedelta(days=back), 1000 if back else 400)
        console.platform.publish(console.platform.topics.accounts("swift"), document["date"], document)
    page = console.visit(Role.ANALYST).get("/couriers").text
    said = re.findall(r'<svg class="day-chart"[^>]+aria-label="([^"]+)"', page)
    assert said[0] == "swift: Sent, 2026-11-23 to 2026-11-26, 1,000 at most"
    assert "look at it" in page
