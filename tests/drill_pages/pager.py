"""A real Prometheus and Alertmanager on loopback, and the webhook that stands for somebody's pager."""

import json
import shutil
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.drill_pages.quickened import quickened
from tests.patience import PATIENCE_S
from tests.ports import free_port

RULES = Path(__file__).parents[2] / "deploy" / "prometheus"
PROGRAMS = ("prometheus", "prometheus-alertmanager")
TEMPLATE = Path("/usr/share/prometheus/alertmanager/default.tmpl")
"""Debian's Alertmanager reads it at this place only, also where its package is merely unpacked."""


def missing_programs() -> list[str]:
    """Programs that are not on this machine, of Debian's packages of the same names, or the file that one needs."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    return missing if missing or TEMPLATE.exists() else [str(TEMPLATE)]


@dataclass
class Pager:
    """The alerts that have arrived at the webhook: by their labels, whether they fire, and since when."""

    targets_file: Path
    prometheus: str
    pages: dict[tuple[tuple[str, str], ...], tuple[str, float]] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def scrape(self, ports: Sequence[int]) -> None:
        """Make the workers on these ports the targets."""
        written = self.targets_file.with_suffix(".new")
        written.write_text(json.dumps([{"targets": [f"127.0.0.1:{port}" for port in ports]}]))
        written.rename(self.targets_file)

    def note(self, alerts: Sequence[dict[str, Any]]) -> None:
        """Take a notification of Alertmanager in."""
        with self._changed:
            for alert in alerts:
                key = tuple(sorted(alert["labels"].items()))
                if self.pages.get(key, ("", 0.0))[0] != alert["status"]:
                    self.pages[key] = alert["status"], time.monotonic()
            self._changed.notify_all()

    def value(self, expression: str) -> float | None:
        """Ask Prometheus for the value of an expression; None when it has none, or does not answer yet."""
        try:
            query = urllib.parse.urlencode({"query": expression})
            with urllib.request.urlopen(f"{self.prometheus}/api/v1/query?{query}", timeout=5) as answer:  # noqa: S310 - ours
                result = json.load(answer)["data"]["result"]
        except OSError:
            return None
        return float(result[0]["value"][1]) if result else None

    def firing(self) -> list[str]:
        """Names of the alerts that fire."""
        found = {dict(key)["alertname"] for key, (status, _) in self.pages.items() if status == "firing"}
        return sorted(found)

    def fires(self, **labels: str) -> bool:
        """Tell whether an alert with these labels fires."""
        wanted = labels.items()
        return any(wanted <= dict(key).items() for key, (status, _) in self.pages.items() if status == "firing")

    def await_page(self, *, fires: bool, **labels: str) -> float:
        """Wait until an alert with these labels fires, or does not any more; returns the seconds that took."""
        begun = time.monotonic()
        with self._changed:
            arrived = self._changed.wait_for(lambda: self.fires(**labels) is fires, PATIENCE_S)
        if not arrived:
            raise AssertionError(f"within {PATIENCE_S:.0f} s {labels} did not become {fires}; firing: {self.firing()}")
        return time.monotonic() - begun


@contextmanager
def running_pager(folder: Path, by: float) -> Iterator[Pager]:
    """Run Prometheus, with the rules of deploy/ `by` times as quick, Alertmanager and the webhook inside the block."""
    prometheus, alertmanager = free_port(), free_port()
    pager = Pager(folder / "targets.json", f"http://127.0.0.1:{prometheus}")
    pager.scrape([])
    with ExitStack() as running:
        webhook = running.enter_context(_webhook(pager))
        _write_settings(folder, by, alertmanager, webhook)
        running.enter_context(
            _program(
                folder,
                "prometheus-alertmanager",
                "--config.file=alertmanager.yml",
                "--storage.path=alertmanager",
                f"--web.listen-address=127.0.0.1:{alertmanager}",
                "--cluster.listen-address=",
            )
        )
        running.enter_context(
            _program(
                folder,
                "prometheus",
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                f"--web.listen-address=127.0.0.1:{prometheus}",
                "--rules.alert.resend-delay=1s",
            )
        )
        pager.await_page(fires=True, alertname="ParcelwardNoWorker")  # all of it works, and nothing is there to scrape
        yield pager


def _write_settings(folder: Path, by: float, alertmanager: int, webhook: int) -> None:
    files = yaml.safe_load((RULES / "prometheus.yml").read_text())["rule_files"]
    for name in files:
        (folder / name).write_text(yaml.safe_dump(quickened(RULES / name, by)))
    scrape = {
        "job_name": "targets",
        "file_sd_configs": [{"files": ["targets.json"], "refresh_interval": "1s"}],
    }
    settings = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": files,
        "scrape_configs": [scrape],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    url = f"http://127.0.0.1:{webhook}/"
    route = {"receiver": "pager", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s"}
    receivers = [{"name": "pager", "webhook_configs": [{"url": url, "send_resolved": True}]}]
    (folder / "alertmanager.yml").write_text(yaml.safe_dump({"route": route, "receivers": receivers}))


@contextmanager
def _webhook(pager: Pager) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            pager.note(body["alerts"])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="webhook")
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _program(folder: Path, name: str, *arguments: str) -> Iterator[None]:
    program = shutil.which(name)
    assert program is not None, name
    with (folder / f"{name}.log").open("wb") as log:
        child = subprocess.Popen([program, *arguments], cwd=folder, stdout=log, stderr=log)
    try:
        yield
        assert child.poll() is None, (folder / f"{name}.log").read_text()[-2000:]
    finally:
        child.terminate()
        child.wait(PATIENCE_S)
