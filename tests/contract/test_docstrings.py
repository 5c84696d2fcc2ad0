"""Docstrings: how they begin, and that their examples are true."""

import ast
import doctest
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("src", "streams", "tests") for path in (ROOT / folder).rglob("*.py"))
NOUN_CLAUSE = re.compile(r"(What|Whatever|Who|Whom|Whose|Whoever|Which|Whether|How|Why|When|Where|That|Of)\b")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def docstrings(path: Path) -> list[tuple[int, str]]:
    """Line and text of every docstring of a file."""
    nodes = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, nodes)]
    return [(getattr(node, "lineno", 1), text) for node in found if (text := ast.get_docstring(node))]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_docstring_begins_with_a_verb_or_names_the_thing(path: Path) -> None:
    assert [f"line {line}: {text}" for line, text in docstrings(path) if NOUN_CLAUSE.match(text)] == []


@pytest.mark.parametrize("opening", ["Whether it fits.", "What is left.", "Of a person's parcel.", "How far it is."])
def test_a_noun_clause_is_recognised(opening: str) -> None:
    assert NOUN_CLAUSE.match(opening)


@pytest.mark.parametrize("opening", ["Tell whether it fits.", "Offsets by topic.", "A parcel.", "Whole batches."])
def test_other_openings_are_not_taken_for_one(opening: str) -> None:
    assert not NOUN_CLAUSE.match(opening)


def modules_with_examples() -> list[str]:
    """Names of the modules, tests apart, with an example in a docstring."""
    product = [path for path in SOURCES if not path.is_relative_to(ROOT / "tests") and ">>> " in path.read_text()]
    found = [path for path in product if any(">>> " in text for _, text in docstrings(path))]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removeprefix("src.") for path in found]


@pytest.mark.parametrize("module", modules_with_examples())
def test_the_examples_in_docstrings_are_true(module: str) -> None:
    failed, tried = doctest.testmod(import_module(module))
    assert tried
    assert not failed
