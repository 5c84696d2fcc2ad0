"""Files that a command makes are readable by their owner only, whatever the user's umask is."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S


@pytest.mark.parametrize(
    ("words", "mode"),
    [
        (("simulate", "--events", "3", "--out", "made/events.jsonl"), 0o600),
        (("schemas", "write", "--folder", "made"), 0o644),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_holds_values_is_private_and_what_is_released_is_not(
    tmp_path: Path, words: tuple[str, ...], mode: int
) -> None:
    (tmp_path / "made").mkdir()
    subprocess.run(
        [sys.executable, "-m", "parcelward", *words], cwd=tmp_path, umask=0o022, check=True, timeout=PATIENCE_S,
        capture_output=True,
    )  # fmt: skip
    files = [path for path in (tmp_path / "made").rglob("*") if path.is_file()]
    assert files
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {mode}
