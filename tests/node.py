"""Packages of the npm registry for tests with clients that are written in JavaScript."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGES = ("@asyncapi/specs@6.11.1", "ajv@8.20.0", "cloudevents@10.0.0", "kafkajs@2.2.4")
FOLDER = Path(__file__).parents[1] / "build" / "node"
INSTALL_S = 240


def run_node(
    script: str, *arguments: str, stdin: str = "", packages: tuple[str, ...] = PACKAGES, folder: Path = FOLDER
) -> str:
    """Run a script with the packages, and return what it printed. Skips the test where they cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not on this machine")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests in two processes may want them at once
        _install(npm, packages, folder)
    ran = subprocess.run(
        [node, "-e", script, *arguments],
        check=False,
        capture_output=True,
        text=True,
        input=stdin,
        cwd=folder,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _install(npm: str, packages: tuple[str, ...], folder: Path) -> None:
    if all((folder / "node_modules" / package.rpartition("@")[0]).is_dir() for package in packages):
        return
    install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", str(folder)]
    try:
        subprocess.run([*install, *packages], check=True, capture_output=True, timeout=INSTALL_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm could not install {', '.join(packages)} ({type(error).__name__})")
