"""The Kubernetes manifests fit together and fit the worker: its settings, its pages, its image."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from parcelward.audit.account import SETTLED_MS
from parcelward.connection_settings import ENV_PREFIX
from parcelward.console_settings import ConsoleSettings
from parcelward.moments import MINUTE_MS
from parcelward.settings import Settings, load_settings
from parcelward.webhook_settings import WebhookSettings
from streams.delivery.run import STOP_S as DELIVER_STOP_S
from streams.engine.assignment import FINISH_S
from streams.engine.transactions import CLOSE_S
from streams.lifecycle import END_S, START_S, STOP_S

DEPLOY = Path(__file__).parents[2] / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()

manifests: dict[str, dict[str, Any]] = {
    manifest["kind"]: manifest
    for manifest in map(yaml.safe_load, map(Path.read_text, (DEPLOY / "kubernetes").glob("*.yaml")))
}
OPTIONAL = DEPLOY / "kubernetes" / "optional"
deliver: dict[str, Any] = yaml.safe_load((OPTIONAL / "deliver.yaml").read_text())["spec"]
CONSOLE = (OPTIONAL / "console.yaml").read_text()
config: dict[str, str] = manifests["ConfigMap"]["data"]
stateful = manifests["StatefulSet"]["spec"]
pod = stateful["template"]["spec"]
(worker,) = pod["containers"]
from_secret = {entry["name"]: entry["valueFrom"]["secretKeyRef"] for entry in worker["env"]}


def test_there_is_one_of_each_kind_under_one_name() -> None:
    assert set(manifests) == {"ConfigMap", "StatefulSet", "Service", "PodDisruptionBudget", "CronJob"}
    assert {manifest["metadata"]["name"] for manifest in manifests.values()} == {"parcelward"}
    assert stateful["serviceName"] == "parcelward"
    assert worker["envFrom"] == [{"configMapRef": {"name": "parcelward"}}]


def test_settings_are_those_of_the_worker_and_no_secret_is_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(isinstance(value, str) for value in config.values()), "Kubernetes takes text only"
    for name, value in (config | dict.fromkeys(from_secret, '{"k1": "' + 64 * "0" + '"}')).items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    secret = {
        f"{ENV_PREFIX}{name.upper()}"
        for name, field in Settings.model_fields.items()
        if "Secret" in str(field.annotation) and name not in WebhookSettings.model_fields | ConsoleSettings.model_fields
    }
    assert set(from_secret) == secret
    assert not secret & set(config)
    assert settings.token_key in settings.token_keys
    assert not settings.manage_topics


def test_no_variable_comes_from_the_service_links() -> None:
    """Kubernetes would set PARCELWARD_PORT and others for the service; a worker refuses settings that do not exist."""
    assert pod["enableServiceLinks"] is False


def test_everything_selects_the_pods() -> None:
    labels = stateful["template"]["metadata"]["labels"]
    assert stateful["selector"]["matchLabels"] == labels
    assert manifests["Service"]["spec"]["selector"] == labels
    assert manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels


def test_pages_are_asked_for_where_they_are() -> None:
    port = int(config["PARCELWARD_HTTP_PORT"])
    assert worker["ports"] == [{"name": "http", "containerPort": port}]
    assert manifests["Service"]["spec"]["ports"] == [{"name": "http", "port": port, "targetPort": "http"}]
    assert stateful["template"]["metadata"]["annotations"]["prometheus.io/port"] == str(port)
    assert f"EXPOSE {port}" in DOCKERFILE
    assert config["PARCELWARD_HTTP_HOST"] == "0.0.0.0"  # noqa: S104 - inside its own network
    paths = {name: worker[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {name: (get["path"], get["port"]) for name, get in paths.items()} == {
        "startup": ("/health", "http"),
        "liveness": ("/health", "http"),
        "readiness": ("/ready", "http"),
    }


def test_folders_that_settings_name_are_mounted() -> None:
    mounted = {mount["mountPath"]: mount["name"] for mount in worker["volumeMounts"]}
    (claim,) = stateful["volumeClaimTemplates"]
    assert mounted[config["PARCELWARD_STATE_DIR"]] == claim["metadata"]["name"], "each worker has a state of its own"
    ca = Path(config["PARCELWARD_SSL_CAFILE"])
    (secret,) = (volume["secret"] for volume in pod["volumes"] if volume["name"] == mounted[str(ca.parent)])
    assert secret["items"] == [{"key": ca.name, "path": ca.name}]
    assert set(mounted.values()) == {claim["metadata"]["name"], *(volume["name"] for volume in pod["volumes"])}


def test_it_runs_as_the_user_of_the_image_with_no_more_rights_than_it_needs() -> None:
    user = f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}"
    assert f"USER {user}" in DOCKERFILE
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    assert worker["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }


def test_a_worker_has_the_time_that_it_takes_to_end() -> None:
    assert pod["terminationGracePeriodSeconds"] >= START_S + FINISH_S + CLOSE_S + STOP_S + END_S


def test_the_job_of_the_accounts_is_a_command_of_its_own_user_after_midnight_in_china() -> None:
    job = manifests["CronJob"]["spec"]
    accounts = job["jobTemplate"]["spec"]["template"]["spec"]
    (counting,) = accounts["containers"]
    assert (job["schedule"], job["timeZone"], counting["args"]) == (
        "20 0 * * *",
        "Asia/Shanghai",
        ["report", "--publish"],
    )
    assert 20 * MINUTE_MS > SETTLED_MS, "else the day is not final"
    named = {entry["name"]: entry.get("value") for entry in counting["env"]}
    assert named == {"PARCELWARD_SASL_USERNAME": "accounts", "PARCELWARD_SASL_PASSWORD": None}, "no token key"
    assert counting["image"] == worker["image"]
    assert counting["envFrom"] == worker["envFrom"]
    assert counting["securityContext"] == worker["securityContext"]
    assert accounts["enableServiceLinks"] is accounts["automountServiceAccountToken"] is False
    labels = manifests["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    assert labels != stateful["selector"]["matchLabels"], "it is no worker"


def test_what_delivers_is_one_process_of_its_own_user_with_secrets_from_files() -> None:
    assert (deliver["replicas"], deliver["strategy"]) == (1, {"type": "Recreate"})
    template = deliver["template"]
    (sending,) = template["spec"]["containers"]
    assert sending["args"] == ["deliver"]
    assert sending["image"] == worker["image"]
    assert sending["envFrom"] == worker["envFrom"]
    assert sending["securityContext"] == worker["securityContext"]
    named = {entry["name"]: entry["value"] for entry in sending["env"]}
    assert named.pop("PARCELWARD_SASL_USERNAME") == "deliver"
    folders = {mount["mountPath"] for mount in sending["volumeMounts"]}
    for name, value in named.items():
        setting = name.removeprefix(ENV_PREFIX).removesuffix("_FILE").lower()
        assert setting in Settings.model_fields
        assert not name.endswith("_FILE") or str(Path(value).parent) in folders
    assert template["metadata"]["labels"] == deliver["selector"]["matchLabels"]
    assert template["metadata"]["labels"] != stateful["selector"]["matchLabels"], "it is no worker"
    assert template["spec"]["enableServiceLinks"] is template["spec"]["automountServiceAccountToken"] is False
    assert template["spec"]["terminationGracePeriodSeconds"] >= 3 * DELIVER_STOP_S + END_S
    paths = {name: sending[f"{name}Probe"]["httpGet"]["path"] for name in ("liveness", "readiness")}
    assert paths == {"liveness": "/health", "readiness": "/ready"}


def test_consoles_are_several_processes_of_their_own_user_on_one_postgresql() -> None:
    console = yaml.safe_load(CONSOLE)["spec"]
    template = console["template"]
    (serving,) = template["spec"]["containers"]
    assert console["replicas"] > 1
    assert serving["args"] == ["console"]
    assert serving["image"] == worker["image"]
    assert serving["envFrom"] == worker["envFrom"]
    assert serving["securityContext"] == worker["securityContext"]
    assert template["metadata"]["labels"] == console["selector"]["matchLabels"]
    assert template["metadata"]["labels"] not in (
        stateful["selector"]["matchLabels"],
        deliver["selector"]["matchLabels"],
    )
    assert template["spec"]["enableServiceLinks"] is template["spec"]["automountServiceAccountToken"] is False
    named = {entry["name"]: entry["value"] for entry in serving["env"]}
    assert named["PARCELWARD_SASL_USERNAME"] == "console"
    assert {name.removeprefix(ENV_PREFIX).removesuffix("_FILE").lower() for name in named} <= set(Settings.model_fields)
    mounted = {mount["mountPath"]: mount["name"] for mount in serving["volumeMounts"]}
    files = {name: Path(value) for name, value in named.items() if value.startswith("/run/")}
    assert files.keys() >= {"PARCELWARD_SASL_PASSWORD_FILE", "PARCELWARD_CONSOLE_DATABASE_FILE"}
    assert {str(path.parent) for path in files.values()} < set(mounted)
    assert set(mounted.values()) == {volume["name"] for volume in template["spec"]["volumes"]}
    for secret in ("sasl-password", "console-database"):
        assert f"--from-file={secret}" in CONSOLE


def test_the_console_is_reached_by_tls_alone_and_asked_whether_it_can_read_its_database() -> None:
    console = yaml.safe_load(CONSOLE)["spec"]
    (serving,) = console["template"]["spec"]["containers"]
    named = {entry["name"]: entry["value"] for entry in serving["env"]}
    metrics = named["PARCELWARD_CONSOLE_METRICS_PORT"]
    assert serving["ports"] == [
        {"name": "https", "containerPort": Settings().console_port},
        {"name": "metrics", "containerPort": int(metrics)},
    ]
    assert console["template"]["metadata"]["annotations"]["prometheus.io/port"] == metrics
    probes = {name: serving[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {(probe["port"], probe["scheme"]) for probe in probes.values()} == {("https", "HTTPS")}
    paths = {name: probe["path"] for name, probe in probes.items()}
    assert paths == {"startup": "/health", "liveness": "/login", "readiness": "/health"}
    service = yaml.safe_load((OPTIONAL / "console-service.yaml").read_text())["spec"]
    assert service["selector"] == console["selector"]["matchLabels"]
    assert service["ports"] == [{"name": "https", "port": 443, "targetPort": "https"}]


def test_a_console_with_sqlite_is_a_matter_of_taking_out_comments() -> None:
    claim = yaml.safe_load((OPTIONAL / "console-volume.yaml").read_text())
    pod = yaml.safe_load(CONSOLE.replace("# - {name: database", "- {name: database"))["spec"]["template"]["spec"]
    (serving,) = pod["containers"]
    home = {entry["name"]: entry["value"] for entry in serving["env"]}["PARCELWARD_CONSOLE_HOME"]
    assert {"name": "database", "mountPath": home} in serving["volumeMounts"]
    named = {"name": "database", "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}
    assert named in pod["volumes"]
    assert home in DOCKERFILE
