"""Files that are served: scripts of others as they were released, and nothing from elsewhere."""

import hashlib
import re
from pathlib import Path

import parcelward.console.web
from parcelward.console.people.roles import Role
from tests.console.conftest import Console

FOLDER = Path(parcelward.console.web.__file__).parent
VENDOR = FOLDER / "static" / "vendor"
ROW = re.compile(r"^\| `(.+?)` \|.*\| `([0-9a-f]{64})` \|$", re.MULTILINE)
FIRST_VISIT_BYTES, LATER_BYTES = 500_000, 60_000


def test_scripts_of_others_are_the_released_ones_with_their_licence() -> None:
    table = (VENDOR / "README.md").read_text()
    rows = dict(ROW.findall(table))
    scripts = {path.name for path in VENDOR.iterdir() if path.suffix not in (".md", ".LICENSE")}
    assert rows.keys() == scripts
    for name, digest in rows.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name
        assert (VENDOR / f"{name.split('.')[0]}.LICENSE").is_file()


def test_no_page_loads_anything_from_elsewhere_or_runs_what_stands_in_it() -> None:
    for path in (FOLDER / "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"""(src|href|action)=["'](https?:)?//""", text), path.name
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), path.name
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path.name
        assert "|safe" not in text.replace(" ", ""), path.name


def test_a_page_is_small(console: Console) -> None:
    browser = console.visit(Role.ANALYST)
    page = browser.get("/desk?view=all")
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    assert len(files) >= 4
    sizes = [len(browser.get(one.replace("&amp;", "&")).content) for one in files]
    assert len(page.content) + sum(sizes) <= FIRST_VISIT_BYTES


def test_files_are_kept_by_browsers_under_a_mark_that_changes_with_them(console: Console) -> None:
    answer = console.client().get("/static/design.css")
    assert "immutable" in answer.headers["cache-control"]
    assert re.search(r"/static/design\.css\?[0-9a-f]{12}", console.client().get("/login").text)
