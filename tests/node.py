"""Packages of the npm registry for tests with clients that are written in JavaScript."""

import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGES = ("ajv@8.20.0", "cloudevents@10.0.0", "kafkajs@2.2.4")
FOLDER = Path(__file__).parents[1] / "build" / "node"
INSTALL_S = 240


def run_node(script: str, *arguments: str, stdin: str = "") -> str:
    """Run a script with the packages, and return what it printed. Skips the test where they cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not on this machine")
    if not all((FOLDER / "node_modules" / package.partition("@")[0]).is_dir() for package in PACKAGES):
        FOLDER.mkdir(parents=True, exist_ok=True)
        install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", str(FOLDER)]
        try:
            subprocess.run([*install, *PACKAGES], check=True, capture_output=True, timeout=INSTALL_S)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"npm could not install {', '.join(PACKAGES)} ({type(error).__name__})")
    ran = subprocess.run(
        [node, "-e", script, *arguments],
        check=False,
        capture_output=True,
        text=True,
        input=stdin,
        cwd=FOLDER,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
