"""`parcelward control`: an officer makes a key, checks a period, signs it, and sees what is in force."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from parcelward.cli.control import app
from parcelward.errors import UserError
from tests.builders import DAY, T0, moment
from tests.periods import ENDS, KEY_UNTIL, period, written


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a period, and settings that name a folder of periods and no key yet."""
    (tmp_path / "control").mkdir()
    (tmp_path / "control" / "expo.yaml").write_bytes(written(period()))
    (tmp_path / "parcelward.toml").write_text('control_periods = "control"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> str:
    result = CliRunner().invoke(app, words)
    if result.exception is not None:
        raise result.exception
    return result.stdout


def signed(office: Path, until: int = KEY_UNTIL, *passphrase: str) -> None:
    said = run("keygen", "key.pem", "--id", "duty-2026", "--until", moment(until), *passphrase)
    with (office / "parcelward.toml").open("a") as settings:
        settings.write(said[said.index("[control_keys]") :])
    run("sign", "control/expo.yaml", "--key", "key.pem", "--id", "duty-2026", *passphrase)


def test_a_key_is_made_a_period_signed_and_shown(office: Path) -> None:
    assert "not signed yet" in run("check", "control/expo.yaml")

    signed(office)

    assert stat.S_IMODE((office / "key.pem").stat().st_mode) == 0o600
    assert "sound, and signed with key duty-2026" in run("check", "control/expo.yaml")
    assert run("show", "--at", moment(T0)).startswith("in force 2026-11-23 09:00 to 2026-11-28 10:00 UTC+8  CIIE")
    assert run("show", "--at", moment(T0 - DAY)).startswith("next")
    assert run("show", "--at", moment(ENDS)).startswith("ended")


def test_a_period_is_said_in_plain_lines(office: Path) -> None:
    assert run("check", "control/expo.yaml").splitlines()[:5] == [
        "ciie-2026 version 1: 进博会安保 / CIIE (major_event)",
        "parcels whose first record arrives from 2026-11-23 09:00 on and before 2026-11-28 10:00 (UTC+8)",
        "for: to 31",
        "scan due within 4 hours",
        "demands a security scan of every parcel",
    ]


def test_show_writes_json_for_programs(office: Path) -> None:
    signed(office)

    said: dict[str, Any] = json.loads(run("show", "--at", moment(T0), "--json"))

    assert (said["id"], said["version"], said["state"]) == ("ciie-2026", 1, "in_force")


def test_a_passphrase_protects_the_key(office: Path) -> None:
    (office / "phrase").write_text("open sesame\n")
    signed(office, KEY_UNTIL, "--passphrase", "phrase")

    assert b"ENCRYPTED" in (office / "key.pem").read_bytes()
    with pytest.raises(UserError, match="its passphrase is missing or wrong"):
        run("sign", "control/expo.yaml", "--key", "key.pem", "--id", "duty-2026")


def test_a_key_that_ends_before_the_period_signs_nothing(office: Path) -> None:
    with pytest.raises(UserError, match="has expired then"):
        signed(office, ENDS - 1000)

    assert not (office / "control" / "expo.yaml.sig").exists()


def test_a_key_is_never_written_over_another(office: Path) -> None:
    signed(office)

    with pytest.raises(UserError, match=r"cannot write key\.pem"):
        run("keygen", "key.pem", "--id", "duty-2026", "--until", moment(KEY_UNTIL))
