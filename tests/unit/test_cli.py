"""The command line: every subcommand is there, help is fast, a user's mistake is one sentence."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from parcelward import cli
from parcelward.errors import UserError


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
