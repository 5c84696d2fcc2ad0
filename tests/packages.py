"""The packages as they really are, and the imports between them, read from the source.

A package here is what an arrow in a drawing goes from and to: a folder of `parcelward` ("rules"), a module at its root
("settings"), the stream engine ("streams.engine") and the service around it ("streams").
"""

import ast
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
CORE = ROOT / "src" / "parcelward"
STREAMS = ROOT / "streams"


class When(StrEnum):
    """Time at which an import takes place."""

    AT_IMPORT = "at import"
    IN_FUNCTION = "in a function"
    FOR_TYPES = "for types only"


class Import(NamedTuple):
    """One module of ours that imports another."""

    importer: str
    imported: str
    when: When

    def __str__(self) -> str:
        return f"{self.importer} imports {self.imported} {self.when}"


@cache
def modules() -> dict[str, Path]:
    """Every module of ours, `parcelward.rules.check` or `parcelward.rules` for its `__init__.py`, and its file."""
    return {module_name(path): path for folder in (CORE, STREAMS) for path in sorted(folder.rglob("*.py"))}


def module_name(path: Path) -> str:
    """Dotted name of a module."""
    parts = path.relative_to(CORE.parent if path.is_relative_to(CORE) else ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def package_of(module: str) -> str:
    """Name of the package that a module is in."""
    first, *inner = module.split(".")
    if first == "parcelward":
        return inner[0] if inner else first
    return f"{first}.{inner[0]}" if inner and (STREAMS / inner[0]).is_dir() else first


def packages() -> frozenset[str]:
    """Names of all packages."""
    return frozenset(map(package_of, modules()))


@cache
def imports() -> tuple[Import, ...]:
    """Imports of our modules by our modules, those within a package too."""
    return tuple(one for name, path in modules().items() for one in imports_in(name, path.read_text()))


def package_imports() -> dict[tuple[str, str], set[When]]:
    """Find which package imports which other one, and when."""
    found: dict[tuple[str, str], set[When]] = {}
    for one in imports():
        ends = package_of(one.importer), package_of(one.imported)
        if ends[0] != ends[1]:
            found.setdefault(ends, set()).add(one.when)
    return found


def imports_in(module: str, source: str) -> list[Import]:
    """Modules of ours that a module with this source imports."""
    known = modules()
    found = {
        Import(module, name, when)
        for node, when in _import_nodes(ast.parse(source).body, When.AT_IMPORT)
        for name in _targets(node, known)
    }
    return sorted(one for one in found if one.imported != module)


def _import_nodes(body: Iterable[ast.AST], when: When) -> Iterator[tuple[ast.Import | ast.ImportFrom, When]]:
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, when
            continue
        inner = when
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            inner = When.IN_FUNCTION
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            inner = When.FOR_TYPES
        yield from _import_nodes(ast.iter_child_nodes(node), inner)


def _targets(node: ast.Import | ast.ImportFrom, known: Collection[str]) -> Iterator[str]:
    """Modules of ours that a statement imports: `from parcelward.rules import check` gives `parcelward.rules.check`."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        inner = [f"{node.module}.{alias.name}" for alias in node.names]
        names = [name if name in known else name.rpartition(".")[0] for name in inner]
    return (name for name in names if name in known)
