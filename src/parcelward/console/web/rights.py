"""Rights: which roles may use which page, and which route of the API. What is not here, nobody may use; a test tries
all of them as everybody.
"""

from collections.abc import Mapping

from parcelward.console.people.roles import Role

EVERYBODY = frozenset(Role)
DESK = frozenset((Role.ANALYST, Role.SUPERVISOR, Role.AUDITOR, Role.RULE_AUTHOR))
"""They read every alert. A courier reads what its own parcels are asked, and nothing else."""
DECIDE = frozenset((Role.ANALYST, Role.SUPERVISOR))
LOOK_BACK = DECIDE | {Role.AUDITOR}
"""They see what people did. Who writes rules has no need to know who decided."""

ANYBODY = frozenset(("login", "log_in", "go_to_provider", "come_back", "language", "health", "api_health"))
"""Routes that need neither a log-in nor a key."""
RIGHTS: Mapping[str, frozenset[Role]] = {
    "start": EVERYBODY,
    "log_out": EVERYBODY,
    "design": EVERYBODY,
    "desk": DESK,
    "desk_news": DESK,
    "decide_many": DECIDE,
    "change_views": DESK,
    "alert": DESK,
    "alert_news": DESK,
    "looking": DESK,
    "decide_alert": DECIDE,
    "case": DESK,
    "case_news": DESK,
    "decide_case": DECIDE,
    "decide_members": DECIDE,
    "couriers": DESK,
    "credit": DESK,
    "rules": DESK,
    "rule": DESK,
    "model": DESK,
    "checks": DESK,
    "draw": frozenset((Role.SUPERVISOR, Role.AUDITOR)),
    "duty": LOOK_BACK,
    "audit": LOOK_BACK,
    "audit_file": frozenset((Role.SUPERVISOR, Role.AUDITOR)),
    "parcels": frozenset((Role.COURIER,)),
    "api_alerts": DESK,
    "api_alert": DESK,
    "api_decide_alert": DECIDE,
    "api_cases": DESK,
    "api_case": DESK,
    "api_case_alerts": DESK,
    "api_decide_case": DECIDE,
    "api_counts": DESK,
    "api_courier_days": DESK,
    "api_fate": DECIDE,
    "api_decisions": LOOK_BACK,
    "api_instructions": frozenset((Role.COURIER,)),
}
"""Roles by the name of the route."""


def may(role: Role | None, route: str) -> bool:
    """Tell whether a role (None: nobody is logged in) may use a route.

    >>> may(Role.COURIER, "desk"), may(None, "login"), may(Role.ANALYST, "a route that nobody entered here")
    (False, True, False)
    """
    return route in ANYBODY or (role is not None and role in RIGHTS.get(route, ()))
