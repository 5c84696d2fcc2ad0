"""Every page, every form and every route of the API, asked for as every role and as nobody."""

from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount

from parcelward.console.api.application import PATH
from parcelward.console.people.roles import Role
from parcelward.console.store.case_desk import CaseFilter, list_cases
from parcelward.console.store.desk import DeskFilter, list_alerts
from parcelward.console.web.rights import ANYBODY, RIGHTS
from parcelward.draws.announcement import rendered, sha256
from tests.console.conftest import Console
from tests.console.draw_files import GOING_ON, write_draws

EXPECTED = {
    "/desk": "analyst supervisor auditor rule_author",
    "/desk/news": "analyst supervisor auditor rule_author",
    "/alerts/{alert_id}": "analyst supervisor auditor rule_author",
    "/alerts/{alert_id}/news": "analyst supervisor auditor rule_author",
    "/cases/{case_id}": "analyst supervisor auditor rule_author",
    "/cases/{case_id}/news": "analyst supervisor auditor rule_author",
    "/looking/{about}": "analyst supervisor auditor rule_author",
    "/desk/decide": "analyst supervisor",
    "/desk/views": "analyst supervisor auditor rule_author",
    "/alerts/{alert_id}/decide": "analyst supervisor",
    "/cases/{case_id}/decide": "analyst supervisor",
    "/cases/{case_id}/decide-some": "analyst supervisor",
    "/couriers": "analyst supervisor auditor rule_author",
    "/couriers/credit": "analyst supervisor auditor rule_author",
    "/rules": "analyst supervisor auditor rule_author",
    "/rules/{rule_id}": "analyst supervisor auditor rule_author",
    "/model": "analyst supervisor auditor rule_author",
    "/checks": "analyst supervisor auditor rule_author",
    "/checks/draws/{number}": "supervisor auditor",
    "/duty": "analyst supervisor auditor",
    "/audit": "analyst supervisor auditor",
    "/audit.csv": "supervisor auditor",
    "/parcels": "courier",
    "/": "courier analyst supervisor auditor rule_author",
    "/design": "courier analyst supervisor auditor rule_author",
    "/logout": "courier analyst supervisor auditor rule_author",
    "/login": "everybody",
    "/language/{chosen}": "everybody",
    "/login/provider": "everybody",
    "/login/return": "everybody",
    "/health": "everybody",
    "/api/v1/alerts": "analyst supervisor auditor rule_author",
    "/api/v1/alerts/{alert_id}": "analyst supervisor auditor rule_author",
    "/api/v1/cases": "analyst supervisor auditor rule_author",
    "/api/v1/cases/{case_id}": "analyst supervisor auditor rule_author",
    "/api/v1/cases/{case_id}/alerts": "analyst supervisor auditor rule_author",
    "/api/v1/counts": "analyst supervisor auditor rule_author",
    "/api/v1/courier-days": "analyst supervisor auditor rule_author",
    "/api/v1/alerts/{alert_id}/decisions": "analyst supervisor",
    "/api/v1/cases/{case_id}/decisions": "analyst supervisor",
    "/api/v1/decisions/{decision_id}": "analyst supervisor",
    "/api/v1/decisions": "analyst supervisor auditor",
    "/api/v1/instructions": "courier",
    "/api/v1/health": "everybody",
}
"""The roles that may use each path, written here once more: a change of the table in the source must be meant."""
MAY = (200, 204, 303, 400, 422)
"""Answers to somebody who may use a route; a form that says nothing is refused for that."""
OF_A_PROVIDER = ("/login/provider", "/login/return")
"""Paths that are not there without a provider of identities."""


def routes(console: Console) -> Iterator[tuple[str, str, str]]:
    """Method, path and name of each route."""
    for path, route in all_routes(console.app.routes):
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield method, path, route.name


def all_routes(routes: object, below: str = "") -> Iterator[tuple[str, APIRoute]]:
    """Path and route of each, those of what is mounted among them."""
    for route in routes:  # type: ignore[attr-defined]
        if isinstance(route, APIRoute):
            yield below + route.path, route
        elif isinstance(route, Mount):
            yield from all_routes(route.routes, below + route.path)
        elif inner := getattr(getattr(route, "original_router", None), "routes", None):
            yield from all_routes(inner, below)


def test_every_route_has_its_rights_and_nothing_else_has(console: Console) -> None:
    found = list(routes(console))
    assert {name for _, _, name in found} == ANYBODY | RIGHTS.keys()
    assert {path for _, path, _ in found} == EXPECTED.keys()


@pytest.mark.parametrize("role", [*Role, None], ids=str)
def test_a_role_may_use_its_routes_and_no_other(console: Console, role: Role | None) -> None:
    alert_id = list_alerts(console.platform.database, DeskFilter()).lines[0].alert_id
    case_id = list_cases(console.platform.database, CaseFilter()).lines[0].case_id
    draws = write_draws(console.app.state.office.judging.draws)
    number = sha256(rendered(draws[GOING_ON]))[:16]
    for method, path, _ in sorted(routes(console)):
        if path.startswith(PATH):
            continue
        browser = console.client() if role is None else console.visit(role)
        known = {"alert_id": alert_id, "case_id": case_id, "about": alert_id, "rule_id": "R1", "number": number}
        url = path.format(**known, chosen="en")
        query = "?mark=0" if path == "/desk/news" else "?revision=1" if path.endswith("}/news") else ""
        form = {"csrf": csrf_of(browser)} if role is not None and method == "POST" else None
        answer = browser.request(method, url + query, data=form)
        allowed = EXPECTED[path] == "everybody" or (role is not None and role.value in EXPECTED[path].split())
        said = f"{role} {method} {path}: {answer.status_code}"
        if path in OF_A_PROVIDER:
            assert answer.status_code == 404, said
        elif allowed:
            assert answer.status_code in (*MAY, 401, 429), said
        elif role is None:
            assert answer.status_code == 303, said
            assert answer.headers["location"].startswith("/login"), said
        else:
            assert answer.status_code == 403, said


@pytest.mark.parametrize("role", [*Role, None], ids=str)
def test_a_key_may_use_the_routes_of_its_role_and_no_other(console: Console, role: Role | None) -> None:
    ids = {
        "alert_id": list_alerts(console.platform.database, DeskFilter()).lines[0].alert_id,
        "case_id": list_cases(console.platform.database, CaseFilter()).lines[0].case_id,
        "decision_id": "none",
    }
    program = console.program(role)
    for method, path, _ in (one for one in sorted(routes(console)) if one[1].startswith(PATH)):
        answer = program.request(method, path.removeprefix(PATH).format(**ids))
        allowed = EXPECTED[path] == "everybody" or (role is not None and role.value in EXPECTED[path].split())
        right = (200, 404, 422) if allowed else (401,) if role is None else (403,)
        assert answer.status_code in right, f"{role} {method} {path}: {answer.text}"


def test_a_session_opens_no_route_of_the_api_and_a_key_opens_no_page(console: Console) -> None:
    assert console.visit(Role.SUPERVISOR).get(f"{PATH}/alerts").status_code == 401
    assert console.program(Role.SUPERVISOR).get("http://console/desk").headers["location"].startswith("/login")


def csrf_of(browser: object) -> str:
    text = browser.get("/design").text  # type: ignore[attr-defined]
    return str(text.split('name="csrf" value="')[1].split('"')[0])


def test_nobody_learns_which_pages_exist(console: Console) -> None:
    assert console.client().get("/nothing").status_code == 404
    assert "waybill" not in console.client().get("/nothing").text


@pytest.mark.parametrize("role", [Role.ANALYST, Role.SUPERVISOR])
def test_a_form_of_another_session_is_refused(console: Console, role: Role) -> None:
    browser, other = console.visit(role), console.visit(role)
    assert browser.post("/logout", data={"csrf": csrf_of(other)}).status_code == 403
    assert browser.post("/logout").status_code == 403
    assert browser.get("/desk").status_code == 200


def test_a_courier_reads_its_own_parcels_alone(console: Console) -> None:
    page = console.visit(Role.COURIER).get("/parcels").text
    others = [courier for courier in console.platform.settings.couriers if courier != "swift"]
    assert "swift" in page
    assert not any(f"{other}/" in page or f"· {other}" in page for other in others)
    assert "k1." not in page
