"""The drills: each types the commands of one procedure, and looks whether the service does what the page says."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from pydantic import SecretStr

from parcelward.broker.java import artifacts, java_command
from parcelward.cluster.client import client_options, consumer_options
from parcelward.cluster.entrance import is_let_in
from parcelward.publisher import Publisher
from parcelward.settings import Settings
from tests.patience import PATIENCE_S
from tests.runbook.compose import HTTP, TOOLS, Here
from tests.system.events import real_name

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "runbook.md"
TOOLS_ARTIFACT = "org.apache.kafka:kafka-tools:4.1.0"


def commands(title: str, page: str | None = None) -> list[str]:
    """The indented blocks of the section or paragraph whose heading is `title`, in their order."""
    lines = (PAGE.read_text() if page is None else page).splitlines()
    begin = next(number for number, line in enumerate(lines) if re.match(rf"(### |\*\*){re.escape(title)}", line))
    blocks: list[list[str]] = [[]]
    for line in lines[begin + 1 :]:
        if re.match(r"#|\*\*", line):
            break
        if line.startswith("    "):
            blocks[-1].append(line[4:])
        elif blocks[-1]:
            blocks.append([])
    return ["\n".join(block) for block in blocks if block]


class Machine:
    """A machine on which somebody types what the runbook says."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(ROOT / "deploy", root / "deploy", ignore=shutil.ignore_patterns(".env"))
        (root / "tmp").mkdir()
        self._number = 0
        self._make_programs()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _start(self) -> None:
        self.type("deploy/make-env.sh swift,orient\ndocker compose -f deploy/compose.yaml up -d --build")
        self.await_true(self.is_ready, "the worker is ready")

    def _make_programs(self) -> None:
        from jgo.maven import MavenContext, PythonResolver

        (self.root / "bin").mkdir()
        (self.root / "tools").mkdir()
        python = f"PYTHONPATH={ROOT / 'src'}:{ROOT} {shlex.quote(sys.executable)}"
        _program(self.root / "bin" / "docker", f"{python} -m tests.runbook.compose")
        java = java_command()
        java[-1] += os.pathsep + os.pathsep.join(artifacts(MavenContext(resolver=PythonResolver()), TOOLS_ARTIFACT))
        for name, main in TOOLS.items():
            _program(self.root / "tools" / name, shlex.join([*java, main]))

    def type(self, text: str) -> str:
        """Type commands at a terminal; returns what they print. A command that fails ends it."""
        here = Here(self.root)
        done = subprocess.run(
            ["/bin/bash", "-e"], input=here.here(text), cwd=self.root, text=True, check=False, timeout=PATIENCE_S,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={"PATH": f"{self.root / 'bin'}:{os.environ['PATH']}", "COMPOSE_ROOT": str(self.root)},
        )  # fmt: skip
        assert done.returncode == 0, f"{text}\n{done.stdout}"
        return done.stdout

    def follow(self, title: str, **changes: str) -> str:
        """Type what a procedure says; what is for Kafka's own tools, in its container, as that section says."""
        (enter,) = commands("Kafka's own tools")
        said = ""
        for block in commands(title):
            for old, new in changes.items():
                block = re.sub(rf"\b{old}\b", new, block)
            said += self.type(block if block.startswith(("docker", "deploy")) else f"{enter}\n{block}\n")
        return said

    def _stop(self) -> None:
        self.type("docker compose -f deploy/compose.yaml down")

    def secrets(self) -> dict[str, str]:
        """The values in deploy/.env."""
        lines = (self.root / "deploy" / ".env").read_text().splitlines()
        found = dict(line.split("=", 1) for line in lines if "=" in line)
        couriers = dict(pair.split("=") for pair in found["KAFKA_COURIER_PASSWORDS"].split(","))
        passwords = {f"courier-{courier}": password for courier, password in couriers.items()}
        return found | passwords | {
            user: found[f"KAFKA_{user.upper()}_PASSWORD"] for user in ("admin", "worker", "platform")
        }  # fmt: skip

    def settings(self, user: str, password: str | None = None) -> Settings:
        """The settings of somebody who logs in, with the password of deploy/.env if no other is given."""
        here = Here(self.root)
        return Settings(
            kafka=f"localhost:{here.ports['19092']}",
            security_protocol="SASL_SSL",
            sasl_username=user,
            sasl_password=SecretStr(password or self.secrets()[user]),
            ssl_cafile=here.volume("ca") / "ca.pem",
            couriers=("swift", "orient"),
            token_keys={"k1": SecretStr("0" * 64)},
            token_key="k1",
        )

    def lets_in(self, user: str, password: str) -> bool:
        return is_let_in(client_options(self.settings(user, password)))

    def page(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{Here(self.root).ports[HTTP]}/{path}", timeout=5) as answer:
            return str(answer.read().decode())

    def is_ready(self) -> bool:
        try:
            return bool(self.page("ready"))
        except OSError:  # not 200
            return False

    def await_true(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.1)
        log = self.root / "worker.log"
        raise AssertionError(f"did not happen: {what}\n{log.read_text()[-3000:] if log.exists() else ''}")

    def screen(self, count: int = 4) -> set[str]:
        """Publish parcels with petrol as the courier swift, and wait until the platform has read their alerts."""
        waybills = {f"SF{self._number + number:06d}" for number in range(count)}
        self._number += count
        sender = {"kind": "person", "document_type": "resident_id", "document_number": "11010519491231002X"}
        with Publisher(self.settings("courier-swift")) as publisher:
            for waybill in sorted(waybills):
                publisher.publish(real_name(waybill, goods={"name": "汽油"}, sender=sender | {"name": "王小明"}))
        self.await_true(lambda: waybills <= {alert["waybill"] for alert in self.alerts()}, f"alerts of {waybills}")
        return waybills

    def alerts(self) -> list[dict[str, Any]]:
        """All alerts, as the platform reads them."""
        consumer = KafkaConsumer(**consumer_options(self.settings("platform")))
        try:
            parts = [TopicPartition("alerts", number) for number in range(4)]
            consumer.assign(parts)
            ends = consumer.end_offsets(parts)
            found = []
            while any(consumer.position(part) < ends[part] for part in parts):
                found += [json.loads(one.value) for some in consumer.poll(timeout_ms=200).values() for one in some]
            return found
        finally:
            consumer.close()


def change_a_password(machine: Machine, user: str) -> None:
    """The new password works, the old one does not, and the service goes on."""
    old = machine.secrets()[user]
    machine.screen()
    machine.follow("Change a password", worker=user)
    assert machine.secrets()[user] != old
    assert not machine.lets_in(user, old)
    assert machine.lets_in(user, machine.secrets()[user])
    machine.screen()
    assert machine.type("docker compose -f deploy/compose.yaml run --rm provision").endswith("0 changes\n")


def renew_the_certificates(machine: Machine) -> None:
    """Everybody gets in with the new certificate, and nobody with the old one."""
    ca = Here(machine.root).volume("ca") / "ca.pem"
    old = machine.root / "old.pem"
    shutil.copy(ca, old)
    machine.follow("Renew the certificates")
    assert ca.read_bytes() != old.read_bytes()
    settings = machine.settings("platform").model_copy(update={"ssl_cafile": old})
    assert not is_let_in(client_options(settings))
    machine.screen()


def change_the_token_key(machine: Machine) -> None:
    """Tokens of both keys are known; new ones are of the new key; a resent event counts once."""
    before = machine.screen()
    machine.follow("Change the token key")
    keys = json.loads(machine.secrets()["TOKEN_KEYS"].strip("'"))
    assert (list(keys), machine.secrets()["TOKEN_KEY"]) == (["k1", "k2"], "k2")
    ids = {alert["waybill"]: alert["alert_id"] for alert in machine.alerts()}
    machine.screen()
    after = {alert["waybill"]: alert["alert_id"] for alert in machine.alerts()}
    assert {waybill: after[waybill] for waybill in before} == {waybill: ids[waybill] for waybill in before}


def start_over(machine: Machine) -> None:
    """A changelog was lost: what intake holds is screened again, under the same ids."""
    waybills = machine.screen()
    before = {alert["waybill"]: alert["alert_id"] for alert in machine.alerts()}
    count = len(machine.alerts())
    machine.type("docker compose -f deploy/compose.yaml stop worker")
    delete_topics(machine, "screening-duties-changelog")
    machine.type("docker compose -f deploy/compose.yaml up -d")
    said = "parcelward: the changelog screening-duties-changelog, partition 0, was deleted and made again"
    machine.await_true(lambda: said in (machine.root / "worker.log").read_text(), "the worker misses its state")
    machine.follow("To start over on purpose")
    machine.await_true(lambda: len(machine.alerts()) >= 2 * count, "every alert came again")
    assert {alert["waybill"]: alert["alert_id"] for alert in machine.alerts()} == before
    assert waybills <= before.keys()
    machine.screen()


def delete_topics(machine: Machine, *names: str) -> None:
    """Lose topics."""
    admin = KafkaAdminClient(**client_options(machine.settings("admin")))
    try:
        admin.delete_topics(list(names))
    finally:
        admin.close()


DRILLS: dict[str, Callable[[Machine], None]] = {
    "the administrator's password": lambda machine: change_a_password(machine, "admin"),
    "the worker's password": lambda machine: change_a_password(machine, "worker"),
    "a courier's password": lambda machine: change_a_password(machine, "courier-swift"),
    "the certificates": renew_the_certificates,
    "the token key": change_the_token_key,
    "a lost changelog": start_over,
}


def _program(path: Path, command: str) -> None:
    path.write_text(f'#!/bin/bash\nexec env {command} "$@"\n')
    path.chmod(0o755)
