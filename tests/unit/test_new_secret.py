"""deploy/new-secret.sh changes one secret in deploy/.env and nothing else."""

import json
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for script in ("make-env.sh", "new-secret.sh"):
        shutil.copy(DEPLOY / script, tmp_path)
    assert run(tmp_path, "make-env.sh", "swift,swift-express,orient").returncode == 0
    return tmp_path


def run(folder: Path, script: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", str(folder / script), *words], capture_output=True, text=True, check=False)


def values(folder: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (folder / ".env").read_text().splitlines() if "=" in line)


def couriers(folder: Path) -> dict[str, str]:
    return dict(pair.split("=") for pair in values(folder)["KAFKA_COURIER_PASSWORDS"].split(","))


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before | after if before.get(name) != after.get(name)}


@pytest.mark.parametrize(
    ("who", "variable"),
    [
        ("worker", "KAFKA_WORKER_PASSWORD"),
        ("platform", "KAFKA_PLATFORM_PASSWORD"),
        ("console", "KAFKA_CONSOLE_PASSWORD"),
        ("grafana", "GRAFANA_ADMIN_PASSWORD"),
    ],
)
def test_one_password_is_new(folder: Path, who: str, variable: str) -> None:
    before = values(folder)
    assert run(folder, "new-secret.sh", who).returncode == 0
    after = values(folder)
    assert changed(before, after) == {variable}
    assert re.fullmatch("[0-9a-f]{64}", after[variable])
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600


def test_the_administrators_former_password_stays_beside_the_new_one(folder: Path) -> None:
    before = values(folder)
    assert run(folder, "new-secret.sh", "admin").returncode == 0
    after = values(folder)
    assert after["KAFKA_ADMIN_PASSWORD_OLD"] == before["KAFKA_ADMIN_PASSWORD"] != after["KAFKA_ADMIN_PASSWORD"]
    assert changed(before, after) == {"KAFKA_ADMIN_PASSWORD", "KAFKA_ADMIN_PASSWORD_OLD"}


def test_a_password_that_is_made_twice_before_it_is_in_force_locks_nobody_out(folder: Path) -> None:
    known = [values(folder)["KAFKA_ADMIN_PASSWORD"]]
    for _ in range(2):
        assert run(folder, "new-secret.sh", "admin").returncode == 0
        assert values(folder)["KAFKA_ADMIN_PASSWORD_OLD"].split(",") == known
        known.insert(0, values(folder)["KAFKA_ADMIN_PASSWORD"])


@pytest.mark.parametrize("courier", ["swift", "swift-express", "orient", "harbor"])
def test_one_couriers_password_is_new(folder: Path, courier: str) -> None:
    before = couriers(folder)
    assert run(folder, "new-secret.sh", f"courier-{courier}").returncode == 0
    assert changed(before, couriers(folder)) == {courier}


def test_a_token_key_comes_beside_the_old_one_and_is_used_when_told_so(folder: Path) -> None:
    before = values(folder)
    assert run(folder, "new-secret.sh", "token-key", "k2").returncode == 0
    both = values(folder)
    old, new = (json.loads(each["TOKEN_KEYS"].strip("'")) for each in (before, both))
    assert (list(new), new["k1"], both["TOKEN_KEY"]) == (["k1", "k2"], old["k1"], "k1")
    assert new["k2"] != new["k1"]
    assert run(folder, "new-secret.sh", "use-token-key", "k2").returncode == 0
    assert changed(both, values(folder)) == {"TOKEN_KEY"}


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("token-key", "k1"), "there is a key k1 already"),
        (("use-token-key", "k9"), "there is no key k9"),
        (("token-key", "K 1"), "a key id has 1 to 8"),
        (("token-key",), "a key id has 1 to 8"),
        (("worker", "platform"), "takes nothing after it"),
        (("nobody",), "usage:"),
        ((), "usage:"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_named_and_nothing_written(folder: Path, words: tuple[str, ...], named: str) -> None:
    before = (folder / ".env").read_text()
    answer = run(folder, "new-secret.sh", *words)
    assert answer.returncode == 2
    assert named in answer.stderr
    assert (folder / ".env").read_text() == before
    assert not (folder / ".env.new").exists()


def test_without_secrets_there_is_nothing_to_change(tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "new-secret.sh", tmp_path)
    assert "run deploy/make-env.sh" in run(tmp_path, "new-secret.sh", "worker").stderr
