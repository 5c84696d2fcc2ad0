"""The command line: every subcommand is there, help is fast, a user's mistake is one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest
from kafka.errors import KafkaTimeoutError
from typer.testing import CliRunner

from parcelward import cli
from parcelward.cli.alerts import known_rule
from parcelward.cluster.client import unreachable
from parcelward.contract.reasons import Reason
from parcelward.errors import UserError
from parcelward.rules import load_pack
from parcelward.settings import load_settings


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_subcommand_exists_and_explains_itself(name: str) -> None:
    answer = CliRunner().invoke(cli.app, [name, "--help"], prog_name="parcelward")
    assert answer.exit_code == 0, answer.output
    assert f"parcelward {name}" in answer.output


def test_help_lists_the_subcommands_without_importing_them() -> None:
    code = (
        "import sys; from parcelward.cli import main; sys.argv = ['parcelward', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('kafka', 'pydantic', 'numpy', 'faust') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"
    assert all(name in said for name in cli.COMMANDS)


def test_unknown_subcommand_is_refused() -> None:
    assert CliRunner().invoke(cli.app, ["scren"]).exit_code == 2


def test_user_error_is_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise UserError("the file is missing; give another")

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "parcelward: the file is missing; give another\n"


def test_version_is_printed() -> None:
    answer = CliRunner().invoke(cli.app, ["--version"])
    assert (answer.exit_code, answer.stdout.split()[0]) == (0, "parcelward")


@pytest.mark.parametrize("words", [[], ["alerts"], ["rules", "list"]], ids=" ".join)
def test_a_flag_shows_no_value_in_its_help(words: list[str]) -> None:
    assert "<bool>" not in CliRunner().invoke(cli.app, [*words, "--help"]).output


def test_help_breaks_no_reason_code_at_80_columns() -> None:
    shown = CliRunner().invoke(cli.app, ["rejected", "--help"], env={"COLUMNS": "80"}).output
    assert [reason for reason in Reason if reason not in shown] == []


def test_config_names_the_source_of_each_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('kafka = "file:1"\npartitions = 7\n')
    monkeypatch.setenv("PARCELWARD_CONFIG", str(file))
    monkeypatch.setenv("PARCELWARD_KAFKA", "environment:1")
    answer = CliRunner().invoke(cli.app, ["config"])
    rows = {row[0]: row[1:3] for row in (line.split("\t") for line in answer.stdout.splitlines())}
    assert rows["PARCELWARD_KAFKA"] == ["environment:1", "environment"]
    assert rows["PARCELWARD_PARTITIONS"] == ["7", str(file)]
    assert rows["PARCELWARD_HTTP_PORT"][1] == "default"


def test_a_rule_that_does_not_exist_is_refused_with_those_that_do() -> None:
    answer = CliRunner().invoke(cli.app, ["alerts", "--rule", "R99"])
    assert isinstance(answer.exception, UserError)
    assert all(rule.id in str(answer.exception) for rule in load_pack(None).rules)
    assert [known_rule(rule, load_settings()) for rule in ("r14", "MODEL")] == ["R14", "model"]


def test_a_folder_named_like_the_package_does_not_hide_it(tmp_path: Path) -> None:
    """As in the folder above a clone."""
    (tmp_path / "parcelward").mkdir()
    code = [sys.executable, "-c", "import parcelward.errors, streams"]
    assert subprocess.run(code, cwd=tmp_path, check=False).returncode == 0


def test_a_kafka_that_speaks_but_does_not_let_us_in_is_told_from_none(unused_port: int) -> None:
    settings = load_settings(kafka=f"127.0.0.1:{unused_port}")
    assert str(unreachable(settings, ConnectionRefusedError())).startswith("no Kafka answers at")
    assert "security_protocol" in str(unreachable(settings, KafkaTimeoutError()))
