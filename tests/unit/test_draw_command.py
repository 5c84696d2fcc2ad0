"""`parcelward draw` from the first secret to the published results, as an authority types it."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from parcelward.cli.draw import app
from parcelward.errors import UserError
from tests.draws import PLAN, PUBLIC, files


def run(*words: Any) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(result.exception, UserError):
        raise result.exception
    return result


def drawn(folder: Path) -> Path:
    """A draw with one share and a public value; returns the file."""
    hashed = run("share", folder / "secret").stdout.strip()
    plan = files(folder, plan=f'{PLAN}share = [{{ holder = "某市邮政管理局", sha256 = "{hashed}" }}]\n')
    assert run("announce", plan, "--out", folder / "before").exit_code == 0
    made = run(
        "make",
        folder / "before/announcement.json",
        "--seed",
        folder / "secret",
        "--public",
        PUBLIC,
        "--out",
        folder / "drawn",
    )
    assert made.exit_code == 0
    return folder / "drawn/draw.json"


def test_nothing_is_drawn_before_the_public_value_is_out(tmp_path: Path) -> None:
    hashed = run("share", tmp_path / "secret").stdout.strip()
    share = f'share = [{{ holder = "某市邮政管理局", sha256 = "{hashed}" }}]\n'
    later = PLAN.replace("2026-", "2126-")
    assert run("announce", files(tmp_path, plan=later + share), "--out", tmp_path / "before").exit_code == 0
    shown = tmp_path / "before/announcement.json"
    with pytest.raises(UserError, match="comes out on 2126-11-29"):
        run("make", shown, "--seed", tmp_path / "secret", "--public", PUBLIC, "--out", tmp_path / "drawn")
    assert not (tmp_path / "drawn").exists()


def test_a_draw_is_announced_made_repeated_and_its_results_published(tmp_path: Path) -> None:
    draw = drawn(tmp_path)
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
    before = {path.name for path in (tmp_path / "before").iterdir()}
    assert before == {"announcement.json", "notice.zh.md", "outlets.zh.csv", "inspectors.zh.csv"}
    secret = (tmp_path / "secret").read_text().strip()
    assert not any(secret in path.read_text() for path in (tmp_path / "before").iterdir())
    same = run(
        "verify", draw, "--announcement", tmp_path / "before/announcement.json", "--plan", tmp_path / "plan.toml"
    )
    assert (same.exit_code, "repeated: 2 of 4 outlets" in same.stdout) == (0, True)
    courier, outlet = (tmp_path / "drawn/draw.zh.csv").read_text("utf-8-sig").splitlines()[1].split(",")[1:3]
    visits = tmp_path / "visits.csv"
    visits.write_text(
        "courier,outlet,visited_on,result,found,parcels_checked,parcels_wrong\n"
        f"{courier},{outlet},2026-12-08,no_problem,,15,0\n"
    )
    with pytest.raises(UserError, match="1 of 2 visits have no result yet"):
        run("results", draw, visits, "--out", tmp_path / "after")
    assert not (tmp_path / "after").exists()  # it would name who is still to be visited
    ended = run("results", draw, visits, "--out", tmp_path / "after", "--final")
    assert "1 of 2 visits have a result" in ended.stdout
    assert {path.name for path in (tmp_path / "after").iterdir()} == {
        "results.json", "results.zh.md", "results.zh.csv", "draw.json"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["outlets", "inspectors", "exclusions"])
def test_one_changed_byte_of_a_list_is_detected(tmp_path: Path, name: str) -> None:
    draw = drawn(tmp_path)
    path = tmp_path / f"{name}.csv"
    path.write_text(path.read_text() + "\n")
    changed = run("verify", draw, "--plan", tmp_path / "plan.toml")
    assert (changed.exit_code, changed.stdout.splitlines()) == (
        1,
        [f"differs: the file of {name} is another one than was announced"],
    )


def test_another_announcement_is_detected_and_none_is_drawn_from(tmp_path: Path) -> None:
    draw, other = drawn(tmp_path), tmp_path / "before/announcement.json"
    other.write_text(other.read_text().replace('"tier": "A"', '"tier": "D"'))
    assert run("verify", draw, "--announcement", other).exit_code == 1
    other.write_text(other.read_text() + " ")
    with pytest.raises(UserError, match="was changed since it was written"):
        run("make", other, "--seed", tmp_path / "secret", "--public", PUBLIC, "--out", tmp_path / "again")


def test_a_secret_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("mine")
    with pytest.raises(UserError, match="cannot be made"):
        run("share", tmp_path / "secret")
