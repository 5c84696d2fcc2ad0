"""deploy/make-env.sh writes secrets for courier codes that can be topic and user names, and for no others."""

import shutil
import subprocess
from pathlib import Path

import pytest

from parcelward.contract.patterns import COURIER_PATTERN

SCRIPT = Path(__file__).parents[2] / "deploy" / "make-env.sh"


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The script's answer; it writes beside itself, so a copy runs."""
    copy = shutil.copy(SCRIPT, folder)
    return subprocess.run(["sh", copy, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "couriers", ["Bad Name!", "a", "swift,,orient", "swift,swift", "swift\norient", "9lives", ",swift"]
)
def test_what_is_no_courier_code_is_refused_and_nothing_written(tmp_path: Path, couriers: str) -> None:
    answer = run(tmp_path, couriers)
    assert answer.returncode == 2
    assert "courier" in answer.stderr
    assert not (tmp_path / ".env").exists()


def test_a_courier_code_is_what_the_contract_says() -> None:
    assert SCRIPT.read_text().count(COURIER_PATTERN.strip("^$")) == 2


def test_help_writes_nothing(tmp_path: Path) -> None:
    answer = run(tmp_path, "--help")
    assert (answer.returncode, answer.stdout.splitlines()[0]) == (0, "usage: deploy/make-env.sh [courier,courier,...]")
    assert not (tmp_path / ".env").exists()


def test_each_courier_gets_a_password(tmp_path: Path) -> None:
    assert run(tmp_path, "swift,orient-2").returncode == 0
    lines = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text().splitlines() if "=" in line)
    passwords = dict(pair.split("=") for pair in lines["KAFKA_COURIER_PASSWORDS"].split(","))
    assert list(passwords) == ["swift", "orient-2"]
    assert len(set(passwords.values())) == 2
    assert run(tmp_path, "swift").returncode == 2  # secrets are never overwritten
