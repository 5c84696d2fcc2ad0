"""A file of the tests reads in one sitting and a function fits a screen, as in the code that they test."""

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]
FILES = {path.relative_to(TESTS).as_posix(): path.read_text() for path in TESTS.rglob("*.py")}
FILE_LINES, FUNCTION_LINES = 400, 60


def test_every_file_of_the_tests_reads_in_one_sitting() -> None:
    lines = {name: len(text.splitlines()) for name, text in FILES.items()}
    assert {name: count for name, count in lines.items() if count > FILE_LINES} == {}


def test_every_function_of_the_tests_fits_a_screen() -> None:
    lines = {
        f"{name}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for name, text in FILES.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: count for name, count in lines.items() if count > FUNCTION_LINES} == {}
