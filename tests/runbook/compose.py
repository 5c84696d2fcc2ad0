"""`docker` for tests: the services of deploy/compose.yaml as processes of this machine, by their own scripts.

It takes what docs/runbook.md tells to type: `compose up`, `down`, `stop`, `run`, `exec`, and `volume rm`. A service is
started anew when its settings have changed, one that runs to its end runs at each `up`. Paths of containers become
folders under one root, names of hosts ports of this machine. Prometheus and Grafana are left out.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.broker.deployed import kafka_home, rebased
from tests.patience import PATIENCE_S
from tests.ports import free_port

SERVICES = ("certificates", "kafka", "provision", "worker")
PORTS = ("9092", "19092", "9093", "9094")
HTTP = "http"
TOOLS = {
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
    "kafka-consumer-groups.sh": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
}


class Here:
    """One machine with the compose file under a root: `deploy/`, `volumes/`, and a process for each service."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known = root / "known.json"
        known: dict[str, Any] = json.loads(self._known.read_text()) if self._known.exists() else {}
        self.ports: dict[str, int] = known.get("ports") or {name: free_port() for name in (*PORTS, HTTP)}
        self.running: dict[str, tuple[int, str]] = known.get("running", {})
        self._compose = yaml.safe_load((root / "deploy" / "compose.yaml").read_text())["services"]

    def save(self) -> None:
        self._known.write_text(json.dumps({"ports": self.ports, "running": self.running}))

    def volume(self, name: str) -> Path:
        folder = self.root / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def environment(self, service: str) -> dict[str, str]:
        """Give what the compose file gives a service, with the values of deploy/.env, for this machine."""
        values = dict(
            line.split("=", 1) for line in (self.root / "deploy" / ".env").read_text().splitlines() if "=" in line
        )

        def filled(text: str) -> str:
            def value(match: re.Match[str]) -> str:
                found = values.get(match[1], "").strip("'")
                if not found and match[2] == ":?":
                    raise SystemExit(f"required variable {match[1]} is missing a value: {match[3]}")
                return found or match[3] or ""

            return re.sub(r"\$\{(\w+)(?:(:[?-])([^}]*))?\}", value, text)

        given = self._compose[service].get("environment", {})
        inside = {name: self.here(filled(str(value))) for name, value in given.items()}
        kept = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        return {"PATH": os.environ["PATH"], **kept, **inside}

    def here(self, text: str) -> str:
        """A text of a container for this machine: its paths and its addresses."""
        text = text.replace("/tmp/", f"{self.root}/tmp/")
        volumes = {"/certs/ca": "ca", "/certs/broker": "broker-key", "/var/lib/kafka/data": "kafka-data"}
        for path, name in volumes.items():
            text = text.replace(path, str(self.volume(name)))
        return text.replace("kafka:9092", f"localhost:{self.ports['9092']}")

    def up(self) -> None:
        for service in SERVICES:
            getattr(self, f"_up_{service}")(self.environment(service))
            self.save()

    def _up_certificates(self, environment: dict[str, str]) -> None:
        *program, ca, key, internal, host = self._compose["certificates"]["entrypoint"]
        script = str(self.root / "deploy" / "kafka" / Path(program[-1]).name)
        self._run("certificates", [program[0], script, self.here(ca), self.here(key), internal, host], environment)

    def _up_kafka(self, environment: dict[str, str]) -> None:
        deploy = self.root / "deploy" / "kafka"
        properties = self.root / "server.properties"
        text = rebased((deploy / "server.properties").read_text(), self.root / "-", self.ports)
        for path, name in (("-/ca", "ca"), ("-/broker", "broker-key"), ("-/data", "kafka-data")):
            text = text.replace(f"{self.root}/{path}", str(self.volume(name)))
        properties.write_text(text)
        environment |= {"KAFKA_HOME": str(kafka_home(self.root)), "KAFKA_PROPERTIES": str(properties)}
        self._start("kafka", ["/bin/bash", str(deploy / "start.sh")], environment)
        self._await("kafka", ["/bin/bash", "-c", f"</dev/tcp/127.0.0.1/{self.ports['9092']}"])

    def _up_provision(self, environment: dict[str, str], *words: str) -> None:
        script = str(self.root / "deploy" / "kafka" / "provision.py")
        self._run("provision", [sys.executable, script, *words], environment)

    def _up_worker(self, environment: dict[str, str]) -> None:
        # The image's own settings, and no model: what a worker says is not what is tried here.
        environment |= {"PARCELWARD_HTTP_PORT": str(self.ports[HTTP]), "PARCELWARD_MODEL": ""}
        self._start("worker", [sys.executable, "-m", "parcelward", "worker"], environment)

    def _start(self, service: str, command: list[str], environment: dict[str, str]) -> None:
        asked = json.dumps([command, environment], sort_keys=True)
        pid, before = self.running.get(service, (0, ""))
        if is_alive(pid) and asked == before:
            return
        self.stop(service)
        with (self.root / f"{service}.log").open("ab") as log:
            child = subprocess.Popen(
                command, env=environment, cwd=self.root, stdout=log, stderr=log, start_new_session=True,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self.running[service] = (child.pid, asked)

    def _run(self, service: str, command: list[str], environment: dict[str, str]) -> None:
        done = subprocess.run(
            command, env=environment, cwd=self.root, capture_output=True, text=True, check=False, timeout=PATIENCE_S,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        with (self.root / f"{service}.log").open("a") as log:
            log.write(done.stdout + done.stderr)
        print(done.stdout + done.stderr, end="")
        if done.returncode:
            raise SystemExit(f'service "{service}" didn\'t complete successfully: exit {done.returncode}')

    def _await(self, service: str, check: list[str]) -> None:
        end = time.monotonic() + PATIENCE_S
        while subprocess.run(check, check=False, capture_output=True).returncode:
            if not is_alive(self.running[service][0]) or time.monotonic() > end:
                raise SystemExit(f"container {service} is unhealthy")
            time.sleep(0.1)

    def stop(self, service: str) -> None:
        pid, _ = self.running.pop(service, (0, ""))
        if is_alive(pid):
            os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + PATIENCE_S
        while is_alive(pid) and time.monotonic() < end:
            time.sleep(0.05)
        self.save()

    def down(self) -> None:
        for service in reversed(SERVICES):
            self.stop(service)

    def execute(self, service: str, command: Sequence[str]) -> int:
        """A command in a container; what is typed next goes to it."""
        tools = self.root / "tools"
        environment = self.environment(service) | {"PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": ""}
        return subprocess.run(command, env=environment, cwd=self.root, check=False).returncode

    def provision(self, *words: str) -> None:
        """Provision once more."""
        self._up_provision(self.environment("provision"), *words)

    def remove_volumes(self, names: Sequence[str]) -> None:
        """Remove volumes, by the names that docker gives them."""
        for name in names:
            shutil.rmtree(self.volume(name.removeprefix("parcelward_")))


def is_alive(pid: int) -> bool:
    """True while a process runs; one that has ended and that nobody asks for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return bool(pid) and state not in "ZX"


COMPOSE = ("compose", "-f", "deploy/compose.yaml")


def plan(words: Sequence[str]) -> Callable[[Here], int | None]:
    """Read what `docker` is asked for. Raises SystemExit when it is not known here."""
    match tuple(words):
        case ("volume", "rm", *names):
            return lambda here: here.remove_volumes(names)
        case (a, b, c, "up", "-d", *more) if (a, b, c) == COMPOSE and set(more) <= {"--build"}:
            return Here.up
        case (a, b, c, "down") if (a, b, c) == COMPOSE:
            return Here.down
        case (a, b, c, "stop", service) if (a, b, c) == COMPOSE and service in SERVICES:
            return lambda here: here.stop(service)
        case (a, b, c, "run", "--rm", "provision", *more) if (a, b, c) == COMPOSE:
            return lambda here: here.provision(*more)
        case (a, b, c, "exec", service, *command) if (a, b, c) == COMPOSE and service in SERVICES:
            return lambda here: here.execute(service, command)
    raise SystemExit(f"docker {' '.join(words)}: not known here")


def main() -> int:
    """Do what `docker` is asked for; the exit code."""
    here = Here(Path(os.environ["COMPOSE_ROOT"]))
    here.save()
    return plan(sys.argv[1:])(here) or 0


if __name__ == "__main__":
    sys.exit(main())
