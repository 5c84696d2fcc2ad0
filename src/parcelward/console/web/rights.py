"""Rights: which roles may use which page. What is not here, nobody may use; a test tries all of them as everybody."""

from collections.abc import Mapping

from parcelward.console.people.roles import Role

EVERYBODY = frozenset(Role)
DESK = frozenset((Role.ANALYST, Role.SUPERVISOR, Role.AUDITOR, Role.RULE_AUTHOR))
"""They read every alert. A courier reads what its own parcels are asked, and nothing else."""
DECIDE = frozenset((Role.ANALYST, Role.SUPERVISOR))
LOOK_BACK = DECIDE | {Role.AUDITOR}
"""They see what people did. Who writes rules has no need to know who decided."""

ANYBODY = frozenset(("login", "log_in", "language", "health"))
"""Routes that need no log-in."""
RIGHTS: Mapping[str, frozenset[Role]] = {
    "start": EVERYBODY,
    "log_out": EVERYBODY,
    "design": EVERYBODY,
    "desk": DESK,
    "desk_news": DESK,
    "decide_many": DECIDE,
    "alert": DESK,
    "alert_news": DESK,
    "decide_alert": DECIDE,
    "case": DESK,
    "decide_case": DECIDE,
    "decide_members": DECIDE,
    "couriers": DESK,
    "credit": DESK,
    "duty": LOOK_BACK,
    "audit": LOOK_BACK,
    "audit_file": frozenset((Role.SUPERVISOR, Role.AUDITOR)),
    "parcels": frozenset((Role.COURIER,)),
}
"""Roles by the name of the route."""


def may(role: Role | None, route: str) -> bool:
    """Tell whether a role (None: nobody is logged in) may use a route.

    >>> may(Role.COURIER, "desk"), may(None, "login"), may(Role.ANALYST, "a route that nobody entered here")
    (False, True, False)
    """
    return route in ANYBODY or (role is not None and role in RIGHTS.get(route, ()))
