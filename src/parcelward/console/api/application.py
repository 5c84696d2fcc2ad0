"""Builds the API: an application of its own below `/api/v1`, and the OpenAPI document that describes it."""

from typing import Any

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException

from parcelward.console.api import alerts, cases, couriers, decisions, standing
from parcelward.console.api.asked import refuse_unknown
from parcelward.console.api.callers import SCHEME, authorise
from parcelward.console.api.problems import MEDIA_TYPE, Problem, ProblemError, ProblemReason, say_so
from parcelward.console.web.rights import ANYBODY

PATH = "/api/v1"
NAMED = "api_"
"""Begins the names of its routes in the table of rights."""
DESCRIPTION = """\
Alerts, cases and decisions of Parcelward's console, for the platform's own programs. Times are those of China, with
their offset. Every error is a problem (RFC 9457) with a reason code. A list goes on with `after`; a line may move
between two answers while alerts are worked on."""
TAGS = (
    ("alerts", "Alerts, and where they stand."),
    ("cases", "Alerts that belong together."),
    ("decisions", "What people decide, what became of it, and who decided what."),
    ("couriers", "Couriers in figures, and their instructions."),
    ("standing", "Counts and health."),
)
_KEYED = (ProblemReason.NO_KEY, ProblemReason.NOT_ALLOWED, ProblemReason.TOO_MANY_WRONG_KEYS)
_SENDING = (ProblemReason.ID_REUSED, ProblemReason.TOO_LARGE, ProblemReason.NOT_SENT)


def build_api() -> FastAPI:
    """Build the application; whoever mounts it puts the office into its state."""
    api = FastAPI(
        title="Parcelward console",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name.removeprefix(NAMED),
        dependencies=[Depends(authorise), Depends(refuse_unknown)],
    )
    for module in (alerts, cases, decisions, couriers, standing):
        api.include_router(module.router)
    for error in (ProblemError, RequestValidationError, HTTPException, Exception):
        api.add_exception_handler(error, say_so)
    document = describe(api)
    api.openapi = lambda: document  # type: ignore[method-assign]
    return api


def describe(api: FastAPI) -> dict[str, Any]:
    """Write the OpenAPI 3.1 document: what each route takes and gives, and the problems that it may answer with."""
    document = get_openapi(
        title=api.title,
        version=api.version,
        description=DESCRIPTION,
        routes=api.routes,
        tags=[{"name": name, "description": said} for name, said in TAGS],
        servers=[{"url": PATH}],
    )
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _describe(operation, path, method)
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"Problem": problem}
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _describe(operation: dict[str, Any], path: str, method: str) -> None:
    operation["summary"] = operation["operationId"].replace("_", " ").capitalize()
    found: list[ProblemReason] = [ProblemReason.INVALID, ProblemReason.FAULT]
    if NAMED + operation["operationId"] in ANYBODY:
        operation.pop("security", None)
    else:
        operation["security"] = [{SCHEME: []}]
        found += _KEYED
    if "{" in path:
        found.append(ProblemReason.NOT_FOUND)
    if method == "post":
        found += _SENDING
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for reason in sorted(found, key=lambda one: one.status):
        operation["responses"][str(reason.status)] = {"description": reason.meaning, "content": content}
