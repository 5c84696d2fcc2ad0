"""Two people who have the same alert or case open see each other; who only reads is in nobody's way."""

from parcelward.console.people.looking import SEEN_MS, Looking
from parcelward.console.people.roles import Role
from tests.console.conftest import Console


def test_who_may_decide_is_seen_by_the_others_until_the_page_is_left(console: Console) -> None:
    analyst, supervisor, auditor = map(console.visit, (Role.ANALYST, Role.SUPERVISOR, Role.AUDITOR))
    assert "Also looking" not in analyst.get("/looking/an-alert").text
    assert "Also looking at it: 林晓" in supervisor.get("/looking/an-alert").text
    assert "Also looking at it: 周敏" in analyst.get("/looking/an-alert").text
    assert "Also looking" not in supervisor.get("/looking/another").text
    assert "何审" not in auditor.get("/looking/an-alert").text + analyst.get("/looking/an-alert").text
    console.clock.ahead_ms += SEEN_MS + 1000
    assert "Also looking" not in supervisor.get("/looking/an-alert").text


def test_what_nobody_looks_at_any_more_is_forgotten(console: Console) -> None:
    looking = Looking(console.platform.database)
    looking.note("left", "k1.somebody", 1_000)
    looking.note("other", "k1.somebody", 1_001 + SEEN_MS)
    assert looking.others("left", "k1.else") == []


def test_an_id_that_none_can_be_is_not_kept(console: Console) -> None:
    assert console.visit(Role.ANALYST).get(f"/looking/{'x' * 65}").status_code == 404
