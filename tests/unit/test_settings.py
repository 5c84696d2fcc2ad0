"""Settings come from arguments, environment and file in that order, and a wrong one is named."""

from datetime import timedelta
from pathlib import Path

import pytest

from parcelward.errors import UserError
from parcelward.settings import load_settings
from parcelward.settings_page import REDACTED, describe_settings, shown_value


@pytest.fixture(autouse=True)
def _no_settings_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for setting in describe_settings():
        monkeypatch.delenv(setting.environment, raising=False)
    monkeypatch.delenv("PARCELWARD_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


def test_defaults_are_enough() -> None:
    assert load_settings().topics.intake("swift") == "intake.swift"


def test_environment_wins_over_file_and_arguments_over_both(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "parcelward.toml").write_text('kafka = "file:1"\npartitions = 7\nreplication = 3\n')
    monkeypatch.setenv("PARCELWARD_PARTITIONS", "8")
    settings = load_settings(replication=2)
    assert (settings.kafka, settings.partitions, settings.replication) == ("file:1", 8, 2)


def test_couriers_are_a_comma_separated_list_and_durations_iso_8601(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARCELWARD_COURIERS", "swift, orient")
    monkeypatch.setenv("PARCELWARD_INSPECTION_DUE", "PT5S")
    settings = load_settings()
    assert settings.couriers == ("swift", "orient")
    assert settings.inspection_due == timedelta(seconds=5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARTITIONS", "many"),
        ("PARTITIONS", "0"),
        ("TOPIC_PREFIX", "Test"),
        ("COURIERS", ""),
        ("COURIERS", "swift,,orient"),
        ("COURIERS", "swift,Bad Name"),
        ("COURIERS", "swift,swift"),
        ("LEDGER_KEEP", "1800"),
        ("INSPECTION_DUE", "-PT5S"),
        ("TOKEN_KEYS", "{}"),
    ],
)
def test_wrong_setting_is_named_with_its_environment_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"PARCELWARD_{name}", value)
    with pytest.raises(UserError, match=f"setting {name.lower()} .environment PARCELWARD_{name}."):
        load_settings()


def test_json_setting_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARCELWARD_TOKEN_KEYS", "k1=abc")
    with pytest.raises(UserError, match=r"^setting token_keys \(environment PARCELWARD_TOKEN_KEYS\): must be JSON"):
        load_settings()


def test_the_wrong_entry_of_a_list_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARCELWARD_COURIERS", "swift,,Bad Name")
    with pytest.raises(UserError, match=r"PARCELWARD_COURIERS., entry 2: String should match"):
        load_settings()


@pytest.mark.parametrize("due", ["INSPECTION_DUE", "REAL_NAME_DUE", "SCAN_DUE"])
def test_a_waybill_is_kept_longer_than_every_deadline(monkeypatch: pytest.MonkeyPatch, due: str) -> None:
    monkeypatch.setenv("PARCELWARD_LEDGER_KEEP", "P2D")
    monkeypatch.setenv(f"PARCELWARD_{due}", "P1D")
    assert load_settings().ledger_keep == timedelta(days=2)
    monkeypatch.setenv(f"PARCELWARD_{due}", "P2D")
    with pytest.raises(UserError, match=f"setting ledger_keep .*must be longer than {due.lower()}"):
        load_settings()
    monkeypatch.delenv("PARCELWARD_LEDGER_KEEP")
    monkeypatch.setenv(f"PARCELWARD_{due}", "P40D")
    with pytest.raises(UserError, match="setting ledger_keep"):
        load_settings()


def test_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "parcelward.toml").write_text("partition = 7\n")
    with pytest.raises(UserError, match="there is no setting partition"):
        load_settings()


def test_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "parcelward.toml").write_text("partitions: 7\n")
    with pytest.raises(UserError, match=r"settings file parcelward\.toml is not readable"):
        load_settings()


@pytest.mark.parametrize("content", [b"partitions: 7\n", b"\xff\xfe"])
def test_another_file_that_is_no_toml_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.toml").write_bytes(content)
    monkeypatch.setenv("PARCELWARD_CONFIG", "other.toml")
    with pytest.raises(UserError, match=r"settings file other\.toml is not readable"):
        load_settings()


def test_missing_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARCELWARD_CONFIG", "/nowhere.toml")
    with pytest.raises(UserError, match=r"/nowhere\.toml"):
        load_settings()


def test_secrets_are_never_shown() -> None:
    settings = load_settings(sasl_password="hunter2-hunter2", token_keys={"k1": "0123456789abcdef0123"})
    shown = [shown_value(getattr(settings, setting.name)) for setting in describe_settings()]
    assert f"k1: {REDACTED}" in shown
    assert not [value for value in shown if "hunter2" in value or "0123456789abcdef" in value]


@pytest.mark.parametrize("name", [one.name for one in describe_settings() if one.takes.startswith("duration")])
def test_a_plain_number_is_a_duration_in_seconds(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    seconds = 4.5 + (31 * 86_400 if name == "referral_keep" else 0)
    monkeypatch.setenv(f"PARCELWARD_{name.upper()}", str(seconds))
    shorter = {"inspection_due": "PT1S", "real_name_due": "PT1S"} if name == "ledger_keep" else {}
    assert getattr(load_settings(**shorter), name) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("6h", 21_600), ("2d", 172_800), ("PT30M", 1800), ("00:30:00", 1800)],
)
def test_a_duration_is_written_as_people_write_it(monkeypatch: pytest.MonkeyPatch, text: str, seconds: int) -> None:
    monkeypatch.setenv("PARCELWARD_INSPECTION_DUE", text)
    assert load_settings().inspection_due == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"PARCELWARD_KAFAK": "x"}, "environment PARCELWARD_KAFAK: there is no setting kafak; did you mean kafka?"),
        ({"PARCELWARD_ZZZZZZ": "x"}, "environment PARCELWARD_ZZZZZZ: there is no setting zzzzzz; `parcelward config`"),
        ({"PARCELWARD_INSPECTION_DUE": "soon"}, "seconds (90), 30m, 6h, 2d, ISO 8601 (PT30M) or HH:MM:SS"),
    ],
    ids=["misspelt", "unknown", "not-a-duration"],
)
def test_an_environment_that_means_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], said: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError) as refused:
        load_settings()
    assert said in str(refused.value)


def test_a_misspelt_setting_in_a_file_names_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('kafak = "x"')
    monkeypatch.setenv("PARCELWARD_CONFIG", str(file))
    with pytest.raises(UserError, match=r"mine.toml: there is no setting kafak; did you mean kafka\?"):
        load_settings()
