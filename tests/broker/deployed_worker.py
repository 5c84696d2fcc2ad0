"""The worker on the Kafka of deploy/, with the rights it is given there."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.broker.deployed import PASSWORDS, Cluster
from tests.patience import PATIENCE_S


@contextmanager
def worker(cluster: Cluster, topic_prefix: str, port: int, log_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`parcelward worker` as deploy/compose.yaml runs it."""
    environment = {**os.environ, **cluster.environment()} | {
        "PARCELWARD_SASL_USERNAME": "worker",
        "PARCELWARD_SASL_PASSWORD": PASSWORDS["worker"],
        "PARCELWARD_TOPIC_PREFIX": topic_prefix,
        "PARCELWARD_MANAGE_TOPICS": "false",
        "PARCELWARD_MODEL": "",
        "PARCELWARD_HTTP_PORT": str(port),
        "PARCELWARD_STATE_DIR": str(log_path.parent / "state"),
    }
    with log_path.open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "parcelward", "worker"],
            env=environment,
            cwd=cluster.folder,
            stdout=log,
            stderr=log,
            umask=0o022,
        )
    try:
        yield child
    finally:
        child.terminate()
        child.wait(PATIENCE_S)


def fetched(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=PATIENCE_S) as answer:
        body: bytes = answer.read()
    return body.decode()
