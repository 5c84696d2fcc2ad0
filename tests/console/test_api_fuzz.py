"""The API under fire: what its own document allows, and what it does not, as every role and as nobody.

Nothing is a fault of the server (5xx), and each answer is as the document says.
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode

from parcelward.console.people.roles import Role
from parcelward.console.store.case_desk import CaseFilter, list_cases
from parcelward.console.store.desk import DeskFilter, View, list_alerts
from tests.console.conftest import Console, made_console

EXAMPLES = 6
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
FEW = settings(
    max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)  # fmt: skip


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("parcelward.console.people.attempts.MOST_OF_AN_ADDRESS", 10**9)  # else 429 is all it sees
        patched.setattr("parcelward.console.sending.QUIET_S", 0.0)
        yield from made_console(tmp_path_factory.mktemp("fuzz") / "console.sqlite", 40)


@pytest.fixture(scope="module")
def operations(console: Console) -> list[Any]:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", console.app)
    return [one.ok() for one in schema.get_all_operations()]  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def ids(console: Console) -> dict[str, list[str]]:
    """Ids that are there: nobody guesses them."""
    store = console.platform.database
    alerts = list_alerts(store, DeskFilter(view=View.ALL), 20).lines
    return {
        "alert_id": [one.alert_id for one in alerts],
        "case_id": [one.case_id for one in list_cases(store, CaseFilter(view=View.ALL), 20).lines],
    }


@pytest.mark.parametrize("role", [*Role, None], ids=str)
def test_no_request_is_a_fault_and_each_answer_is_as_the_document_says(
    console: Console, operations: list[Any], ids: dict[str, list[str]], role: Role | None
) -> None:
    headers = {} if role is None else {"Authorization": f"Bearer {console.key(role)}"}
    seen = {ask(one, mode, headers, ids) for one in operations for mode in MODES}
    statuses = set().union(*seen)
    assert statuses >= (
        {200, 401} if role is None else {200, 403, 422} if role is Role.COURIER else {200, 403, 404, 422}
    )


def ask(operation: Any, mode: GenerationMode, headers: dict[str, str], ids: dict[str, list[str]]) -> frozenset[int]:
    """Ask one route some times; gives the statuses of the answers."""
    numbers, statuses = count(), set()

    @seed(17)
    @FEW
    @given(case=operation.as_strategy(generation_mode=mode))
    def once(case: Case[Any]) -> None:
        if mode is GenerationMode.POSITIVE:
            _fit(case, ids, next(numbers))
        answer = case.call(headers=headers)
        statuses.add(answer.status_code)
        case.validate_response(answer)

    with suppress(Unsatisfiable):  # of a route without parameters nothing can be wrong
        once()
    return frozenset(statuses)


def _fit(case: Case[Any], ids: dict[str, list[str]], number: int) -> None:
    """Ask for what is there, and with no cursor: it belongs to one list."""
    (case.query or {}).pop("after", None)
    for name, there in ids.items():
        if number % 3 and name in (case.path_parameters or {}):
            case.path_parameters[name] = there[number % len(there)]
