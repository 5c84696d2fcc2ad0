"""The documents point to things that are there: files, sections, commands, targets."""

import re
from pathlib import Path

import pytest

from parcelward.cli import COMMANDS
from parcelward.contract.fields import DocumentType
from tests import rights_table
from tests.bench import sizing

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text()


def anchors(document: Path) -> set[str]:
    """Anchors of a Markdown file's headings, as the usual renderers make them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        there = document if not path else document.parent / path
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_targets_exist(document: Path) -> None:
    text = document.read_text()
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    code = "\n".join([*re.findall(r"`([^`\n]+)`", text), *re.findall(r"^ {4,}(.+)$", text, flags=re.MULTILINE)])
    assert set(re.findall(r"(?:^|[\s=])parcelward ([a-z]+)\b", code)) <= COMMANDS.keys()
    assert set(re.findall(r"^(?:\S+=\S+ )?make ([a-z]+)\b", code, flags=re.MULTILINE)) <= targets


def test_couriers_read_each_documents_chinese_name_and_form() -> None:
    page = (ROOT / "docs" / "couriers.md").read_text()
    rows = [f"| `{document.value}` | {document.chinese} | {document.form} |" for document in DocumentType]
    assert [row for row in rows if row not in page] == []


def test_the_first_screen_says_what_it_is_and_shows_one_command() -> None:
    without_output = re.sub(r"<!-- demo output -->.*<!-- /demo output -->", "", README, flags=re.DOTALL)
    first_screen = "\n".join(without_output.splitlines()[:40])
    for part in ("courier ─►", "make demo", "make test", "| `src/parcelward/` |", "| `tests/` |"):
        assert part in first_screen, part


def test_every_folder_is_on_the_map() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    mapped = {name.strip("/").split("/")[0] for name in re.findall(r"^\| `([\w/]+/)` \|", README, flags=re.MULTILINE)}
    assert folders - {"build", "dist"} == mapped


def test_the_sizing_table_is_what_its_command_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "sizing.md").read_text()
    (result,) = re.findall(r"make sizing RESULT=(\S+)", page)
    monkeypatch.setattr("sys.argv", ["sizing", str(ROOT / result)])
    sizing.main()
    assert capsys.readouterr().out in page


def test_the_tests_that_pin_the_hot_path_exist() -> None:
    page = (ROOT / "docs" / "hot-path.md").read_text()
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), flags=re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", page))
    assert len(named) > 20
    assert named <= defined


def test_the_table_of_rights_is_current() -> None:
    page = rights_table.PAGE.read_text()
    assert rights_table.written(page) == page, "run python -m tests.rights_table"
