"""The private names of libraries that the engine uses: all are listed here, and the pinned versions have them."""

import ast
import inspect
from importlib import import_module
from pathlib import Path

import pytest

STREAMS = Path(__file__).parents[2] / "streams"

NAMES = {
    "aiokafka.consumer.consumer": ["_coordinator", "_fetcher", "_max_poll_records", "_subscription"],
    "aiokafka.consumer.fetcher": [
        "_consumer_record",
        "_partition_records",
        "_proc_fetch_request",
        "_topic_partition",
        "_tp",
        "_update_position",
    ],
    "aiokafka.record.default_records": ["_DefaultRecordBatchPy", "_buffer"],
    "faust.app.base": ["_create_directories", "_new_transport"],
    "faust.tables.manager": ["_changelogs", "_recovery", "_update_channels"],
    "faust.tables.recovery": ["_wait"],
    "faust.transport.consumer": [
        "_acked",
        "_acked_index",
        "_active_partitions",
        "_add_gap",
        "_get_active_partitions",
        "_new_consumer_thread",
        "_new_offset",
        "_read_offset",
        "_thread",
    ],
    "faust.transport.drivers.aiokafka": [
        "_assignor",
        "_consumer",
        "_create_worker_consumer",
        "_ensure_consumer",
        "_fetch_records",
        "_seek_wait",
    ],
    "mode.services": ["_crashed"],
}
"""By the module that defines them. docs/hot-path.md says why each is needed, and which test holds its behaviour."""

TREES = [ast.parse(path.read_text()) for path in sorted(STREAMS.rglob("*.py"))]


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def used() -> set[str]:
    """Private names that the engine imports, reads or writes."""
    nodes = [node for tree in TREES for node in ast.walk(tree)]
    imported = {one.name for node in nodes if isinstance(node, ast.ImportFrom) for one in node.names}
    return set(filter(is_private, imported | {node.attr for node in nodes if isinstance(node, ast.Attribute)}))


def own() -> set[str]:
    """Private names that the engine gives to its own functions, fields and modules' objects."""
    found = set()
    for node in (node for tree in TREES for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            inner = [part for one in targets for part in ast.walk(one)]
            found |= {part.attr for part in inner if isinstance(part, ast.Attribute)}
            found |= {part.id for part in inner if isinstance(part, ast.Name)}
    return set(filter(is_private, found))


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in NAMES.items() for name in names])
def test_a_private_name_that_the_engine_uses_is_there(module: str, name: str) -> None:
    assert name in inspect.getsource(import_module(module))


def test_every_private_name_of_a_library_is_listed() -> None:
    listed = {name for names in NAMES.values() for name in names}
    exit_at_once = {"_exit"}  # os._exit, which is documented
    assert used() - own() - exit_at_once <= listed
    assert listed <= used() | own(), "no longer needed"
