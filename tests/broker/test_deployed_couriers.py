"""A courier's engineer follows docs/couriers.md, word for word, on a machine of their own and the Kafka of deploy/.

Only the package is installed there, without the worker's libraries. What the page shows as a command is run as it is
printed; the address of Kafka alone is another one.
"""

import json
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from parcelward.publisher import Publisher
from tests.broker.deployed import PASSWORDS, Cluster
from tests.broker.deployed_worker import fetched, worker
from tests.patience import PATIENCE_S
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "couriers.md").read_text()
HOST = "kafka.example.org:19092"
USER = "courier-swift"
PREFIX = "couriers-page."  # topics of its own, as for the test of the worker
MOST_PACKAGES, MOST_MB = 25, 80
WORKERS = {"faust-streaming", "aiokafka", "numpy", "onnxruntime", "rocksdict", "aiohttp", "cel-expr-python", "jgo"}

INSTALL, CONNECT, WRITE, SEND, LOOK, PYTHON, *REFUSED = re.findall(
    r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
)
(EXAMPLE,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Machine:
    """A courier's folder with what operations sent, and a shell in it."""

    folder: Path
    environment: dict[str, str]

    def run(self, script: str) -> "subprocess.CompletedProcess[str]":
        """Run a script of bash; its own output ends with the commands of it that failed."""
        return subprocess.run(
            ["bash", "-c", f"trap 'echo \"FAILED $BASH_COMMAND\"' ERR\n{script}"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )

    def follow(self, *blocks: str, fails: tuple[str, ...] = ()) -> str:
        """Run blocks of the page in a new terminal; what they printed. Each command succeeds, but for `fails`."""
        entered = CONNECT.partition("parcelward")[0] if CONNECT not in blocks else ""
        script = "\n".join([". env/bin/activate", entered, *blocks]).replace(HOST, self.environment["KAFKA_HERE"])
        done = self.run(script)
        said = done.stdout + done.stderr
        assert re.findall(r"^FAILED (.*)$", done.stdout, re.MULTILINE) == list(fails), said
        return said


def uv(*arguments: str) -> str:
    """Run uv; it takes packages from its cache, or else from the registry."""
    return subprocess.run(
        [Path(sys.executable).with_name("uv"), *arguments], capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture(scope="module")
def machine(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine on which nothing but the package was installed, as the page says."""
    folder = tmp_path_factory.mktemp("courier")
    (folder / "parcelward").symlink_to(ROOT)
    (folder / "ca.pem").write_bytes((cluster.folder / "ca" / "ca.pem").read_bytes())
    (folder / "password").write_text(PASSWORDS[USER] + "\n")
    (folder / "send.py").write_text(EXAMPLE)
    here = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": os.environ.get("HOME", str(folder)),
        "PARCELWARD_TOPIC_PREFIX": PREFIX,
        "KAFKA_HERE": f"localhost:{cluster.port}",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_COMPILE": "1",
    }
    # pip finds the libraries there, in the versions of the lock: without that, it takes twenty seconds.
    uv("venv", "--quiet", "--seed", "--python", sys.executable, str(folder / "env"))
    python, lock = str(folder / "env" / "bin" / "python"), str(ROOT / "requirements.lock")
    uv("pip", "install", "--quiet", "--python", python, "--constraint", lock, "-r", str(ROOT / "pyproject.toml"))
    made = Machine(folder, here)
    installed = made.run(INSTALL)
    assert "FAILED" not in installed.stdout, installed.stdout + installed.stderr
    assert (folder / "env" / "bin" / "parcelward").exists()
    return made


@pytest.fixture(scope="module")
def accepted(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], None]]:
    """A worker screens; the call waits until it has accepted so many events."""
    assert cluster.provision(PARCELWARD_TOPIC_PREFIX=PREFIX).returncode == 0
    port, log_path = free_port(), tmp_path_factory.mktemp("worker") / "worker.log"
    with worker(cluster, PREFIX, port, log_path) as child:

        def await_accepted(count: int) -> None:
            deadline, found = time.monotonic() + PATIENCE_S, -1.0
            while found < count and time.monotonic() < deadline:
                assert child.poll() is None, log_path.read_text()[-3000:]
                found = _consumed(port)
                time.sleep(0.1)
            assert found == count, log_path.read_text()[-3000:]

        yield await_accepted


def _consumed(port: int) -> float:
    try:
        exposed = fetched(port, "metrics")
    except OSError:
        return -1  # it is starting
    samples = (sample for family in text_string_to_metric_families(exposed) for sample in family.samples)
    return sum(sample.value for sample in samples if sample.name == "parcelward_events_consumed_total")


def send_broken(cluster: Cluster, event: dict[str, Any]) -> None:
    """The courier's own software: it writes weights as text, checks nothing, and cuts a record off."""
    data = event["data"] | {"weight_g": "1250"}
    key, whole = data["waybill"].encode(), event | {"id": "broken-structured", "data": data}
    attributes = [(f"ce_{name}", said.encode()) for name, said in event.items() if name != "data"]
    with Publisher(cluster.settings(USER, PREFIX)) as publisher:
        publisher.publish_unchecked("swift", key, json.dumps(data).encode(), attributes)
        publisher.publish_unchecked("swift", key, json.dumps(whole).encode())
        publisher.publish_unchecked("swift", key, b'{"specversion": "1.0", ')


def await_refused(machine: Machine, count: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while f"{count} refused records" not in machine.follow("parcelward rejected swift"):
        assert time.monotonic() < deadline


def test_the_package_is_small_and_has_none_of_the_workers_libraries(machine: Machine) -> None:
    environment = machine.folder / "env"
    listed = json.loads(uv("pip", "list", "--python", str(environment / "bin" / "python"), "--format", "json"))
    names = {package["name"] for package in listed} - {"pip", "setuptools"}
    assert "parcelward" in names
    assert not names & WORKERS
    assert len(names) <= MOST_PACKAGES, sorted(names)
    files = (file for file in environment.rglob("*") if file.is_file() and not file.is_symlink())
    size = sum(file.stat().st_size for file in files if "site-packages/pip" not in str(file))
    assert size <= MOST_MB * 1_000_000


@pytest.mark.parametrize(
    ("command", "extra"),
    [("worker", "worker"), ("screen events.jsonl", "worker"), ("broker --home kafka", "broker")],
    ids=["worker", "screen", "broker"],
)
def test_a_command_that_needs_more_says_what_to_install(machine: Machine, command: str, extra: str) -> None:
    told = machine.run(f"env/bin/parcelward {command}")
    assert f"parcelward[{extra}]" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_page_leads_to_the_first_event_and_brings_refused_ones_back(
    machine: Machine, cluster: Cluster, accepted: Callable[[int], None]
) -> None:
    accepted(0)
    assert "0 refused records" in machine.follow(CONNECT)
    assert "2 events: 2 would be accepted, 0 refused" in machine.follow(WRITE)
    assert "2 published and acknowledged" in machine.follow(SEND)
    accepted(2)
    assert "0 refused records" in machine.follow(LOOK)

    events = machine.folder / "events.jsonl"
    first = json.loads(events.read_text().splitlines()[0])
    events.write_text(events.read_text() + '{"id": "a broken line\n')
    told = machine.follow(PYTHON)
    assert "invalid_json" in told
    assert "because they break the contract: 1" in told
    accepted(4)

    send_broken(cluster, first | {"id": "broken", "data": first["data"] | {"waybill": "TRY0002"}})
    await_refused(machine, 3)
    group, look, repair, mend, spool = REFUSED
    counted = machine.follow(group)
    assert "data.weight_g: must be a whole number" in counted
    assert "2 refused records" in machine.follow(look)
    repaired = machine.follow(repair, fails=(repair.strip(),))
    assert "2 events in mend.jsonl" in repaired
    assert "invalid_json: the value is not JSON" in repaired
    mended = machine.follow(mend, fails=("parcelward validate mend.jsonl --courier swift",))
    assert "2 events: 2 would be accepted, 0 refused" in mended
    assert "2 published and acknowledged" in mended
    accepted(6)
    assert "0 refused records" in machine.follow(spool)
    left = {path.name for path in machine.folder.iterdir()}
    assert left == {"parcelward", "ca.pem", "password", "env", "send.py", "events.jsonl", "spool"}
    assert stat.S_IMODE(events.stat().st_mode) == 0o600
