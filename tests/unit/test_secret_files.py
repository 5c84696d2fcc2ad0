"""Secrets from files: what is read, and what is refused."""

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from parcelward.cli import app
from parcelward.errors import UserError
from parcelward.secret_files import secret
from parcelward.settings import load_settings

NAME = "PARCELWARD_SASL_PASSWORD"


def secret_file(folder: Path, content: str, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_text(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("content", "read"), [("hush", "hush"), ("hush\n", "hush"), ("hush\r\n", "hush"), ("hush \n\n", "hush \n")]
)
def test_one_newline_at_the_end_is_no_part_of_a_secret(tmp_path: Path, content: str, read: str) -> None:
    assert secret(NAME, {f"{NAME}_FILE": str(secret_file(tmp_path, content))}) == read


def test_a_secret_may_come_from_the_environment_or_not_at_all() -> None:
    assert secret(NAME, {NAME: "hush"}) == "hush"
    assert secret(NAME, {NAME: "hush", f"{NAME}_FILE": ""}) == "hush"
    assert secret(NAME, {}) is None


def test_two_sources_are_refused(tmp_path: Path) -> None:
    path = secret_file(tmp_path, "hush")
    with pytest.raises(UserError, match=f"both {NAME} and {NAME}_FILE are set"):
        secret(NAME, {NAME: "hush", f"{NAME}_FILE": str(path)})


@pytest.mark.parametrize(
    ("content", "named"), [("", "is empty"), ("\n", "is empty"), ("a" * 70_000, "is too large for a secret")]
)
def test_a_file_that_holds_no_secret_is_named(tmp_path: Path, content: str, named: str) -> None:
    with pytest.raises(UserError, match=f"{NAME}_FILE names .*secret, which {named}"):
        secret(NAME, {f"{NAME}_FILE": str(secret_file(tmp_path, content))})


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: No such file"):
        secret(NAME, {f"{NAME}_FILE": str(tmp_path / "none")})
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"cannot be read: it is no UTF-8"):
        secret(NAME, {f"{NAME}_FILE": str(tmp_path / "bytes")})


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o440, False), (0o644, True)])
def test_a_file_that_everybody_may_read_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, warned: bool
) -> None:
    with caplog.at_level(logging.WARNING):
        assert secret(NAME, {f"{NAME}_FILE": str(secret_file(tmp_path, "hush", mode))}) == "hush"
    assert ("which everybody on this machine may read" in caplog.text) is warned
    assert "hush" not in caplog.text


def test_every_secret_setting_may_lie_in_a_file_and_stays_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys"
    keys.write_text('{"k1": "quiet"}\n')
    keys.chmod(0o600)
    monkeypatch.setenv(f"{NAME}_FILE", str(secret_file(tmp_path, "hush\n")))
    monkeypatch.setenv("PARCELWARD_TOKEN_KEYS_FILE", str(keys))
    monkeypatch.setenv("PARCELWARD_TOKEN_KEY", "k1")
    settings = load_settings()
    assert settings.sasl_password == SecretStr("hush")
    assert settings.token_keys == {"k1": SecretStr("quiet")}
    shown = CliRunner().invoke(app, ["config"]).output
    assert "hush" not in shown
    assert "quiet" not in shown
    assert "k1: (secret)\tthe file of a secret" in shown
    assert f"{NAME}\t(secret)\tthe file of a secret" in shown


def test_a_setting_that_is_no_secret_has_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARCELWARD_KAFKA_FILE", "/nowhere")
    with pytest.raises(UserError, match="there is no setting kafka_file"):
        load_settings()


def test_a_secret_in_both_places_is_refused_by_every_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "hush")
    monkeypatch.setenv(f"{NAME}_FILE", str(secret_file(tmp_path, "hush")))
    with pytest.raises(UserError, match="are set; unset one of them"):
        load_settings()
