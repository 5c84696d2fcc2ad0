"""Files of control periods: what they may say, who may sign them, and what keeps a worker from starting."""

import re
import shutil
import subprocess
from base64 import b64decode
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from parcelward.cli.doctor import examine, judged_by
from parcelward.controls import ControlError, load_controls
from parcelward.controls.folder import known_to
from parcelward.controls.reading import period_of
from parcelward.controls.signature import key_bytes, keys_of, new_key, signature_line
from parcelward.errors import UserError
from parcelward.ground.flaw import Code
from parcelward.rules import RulePack, load_pack
from parcelward.screening.build import build_stages
from parcelward.settings import Settings
from tests.builders import DAY, T0, moment, settings
from tests.packages import ROOT
from tests.periods import ENDS, KEY, KEY_UNTIL, keys, period, put, under, written

PACK = load_pack(None)


def read(content: dict[str, Any] | bytes, chosen: Settings | None = None) -> Any:
    chosen = chosen or settings()
    raw = content if isinstance(content, bytes) else written(content)
    return period_of(raw, "expo.yaml", chosen, known_to(chosen, PACK))


def loaded(folder: Path, pack: RulePack = PACK, **changes: Any) -> Any:
    return load_controls(settings(control_periods=folder, **({"control_keys": keys()} | changes)), pack)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown key": ({"tigten": {}}, "unknown key 'tigten'; did you mean 'tighten'"),
    "a time without a zone": ({"from": "2026-11-03T00:00:00"}, "its zone, as in 2026-11-03T00:00:00+08:00"),
    "an end before the begin": ({"until": moment(T0 - 9 * DAY)}, "it ends before it begins"),
    "a period of half a year": ({"until": moment(T0 + 180 * DAY)}, "it lasts longer than 93 days"),
    "a first version that replaces": ({"takes_effect": moment(T0)}, "the first version takes effect when it begins"),
    "a second version without a time": ({"version": 2}, "'takes_effect' is missing"),
    "an end before a version counts": (
        {"version": 2, "takes_effect": moment(ENDS + DAY)},
        "a version cannot end before it takes effect",
    ),
    "a law without such an article": ({"legal_basis": "邮政法 第三百条"}, "邮政法 has 87 articles"),
    "a person's number": (
        {"issued_by": {"zh": "值班员13800001234", "en": "an officer"}},
        "never a person",
    ),
    "a setting that no period tightens": ({"tighten": {"ledger_keep": "1d"}}, "unknown key 'ledger_keep'"),
    "a looser deadline": ({"tighten": {"inspection_due": "40m"}}, "not stricter than the setting (30 minutes)"),
    "the same deadline": ({"tighten": {"inspection_due": "30m"}}, "not stricter than the setting"),
    "a deadline that nobody can keep": ({"tighten": {"inspection_due": "1m"}}, "shorter than 5 minutes"),
    "a scan after the waybill is forgotten": ({"tighten": {"scan_due": "40d"}}, "not stricter than ledger_keep"),
    "a deadline for a scan that is not demanded": ({"duties": None}, "add 'scan' to 'duties'"),
    "a scan at no time": ({"tighten": None}, "say by when"),
    "fewer random checks": ({"tighten": {"sampled_share": 0.0}, "duties": None}, "must be more than the setting"),
    "too many random checks": ({"tighten": {"sampled_share": 0.5}, "duties": None}, "at most 0.1"),
    "a duty that is none": ({"duties": ["strip_search"]}, "none of scan, inspect_letters"),
    "a rule that the pack does not have": ({"raise": ["R999"]}, "'R999' is no rule"),
    "a courier that is none of ours": ({"scope": {"couriers": ["swfit"]}}, "did you mean 'swift'?"),
    "a sender's home": ({"scope": {"from_regions": ["65"]}}, "never a person, or where a sender lives"),
    "a sender's document": ({"scope": {"document_token": ["x"]}}, "never a person"),
    "a region of three digits": ({"scope": {"to_regions": ["310"]}}, "the first 2, 4 or 6 digits"),
    "goods that the lexicon does not have": ({"scope": {"goods": ["medicin"]}}, "did you mean 'medicine'?"),
    "a scope that names nothing": ({"scope": {}}, "to mean every parcel, write 'scope: all'"),
    "a channel for everybody": ({"green_channel": [{"classes": ["medicine"]}]}, "give couriers or outlets"),
    "a channel for everything": ({"green_channel": [{"couriers": ["swift"]}]}, "give names or classes"),
    "a period that changes nothing": ({"tighten": None, "duties": None}, "it changes nothing"),
}


@pytest.mark.parametrize(("changes", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_is_refused_with_the_line_and_what_is_wrong(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=re.escape(says)) as refused:
        read(period(**changes))

    assert re.match(r"expo\.yaml:[1-9]\d*:[1-9]\d*: control period", str(refused.value))


def test_an_error_names_the_line() -> None:
    text = written(period()).replace(b"scan_due: 4h", b"scan_due: 4 hours")

    with pytest.raises(UserError, match=r"expo\.yaml:17:13: control period ciie-2026: must be a duration") as refused:
        read(text)

    assert "  |   scan_due: 4 hours\n  | ............^" in str(refused.value)


def test_the_settings_say_what_is_stricter() -> None:
    chosen = settings(scan_due="6h", sampled_share=0.05)

    assert read(period(duties=None), chosen).tighten.scan_due == 4 * 3_600_000
    assert read(period(tighten=None), chosen).tighten.scan_due == 6 * 3_600_000  # demanded, at the usual time
    with pytest.raises(UserError, match=r"more than the setting \(0.05\)"):
        read(period(tighten={"sampled_share": 0.01}), chosen)


def test_a_signed_folder_is_loaded(tmp_path: Path) -> None:
    controls = loaded(put(tmp_path / "control", period(), period(id="other")))

    assert [one.id for one in controls.periods] == ["ciie-2026", "other"]


def unsigned(folder: Path) -> None:
    next(folder.glob("*.sig")).unlink()


def changed(folder: Path) -> None:
    file = next(folder.glob("*.yaml"))
    file.write_bytes(file.read_bytes() + b"\n")


def signed_by_nobody(folder: Path) -> None:
    next(folder.glob("*.sig")).write_bytes(b"duty-2026 AAAA\n")


def signed_by_a_stranger(folder: Path) -> None:
    file = next(folder.glob("*.yaml"))
    Path(f"{file}.sig").write_bytes(signature_line(file.read_bytes(), "duty-2026", new_key()))


def signed_by_an_unknown_key(folder: Path) -> None:
    file = next(folder.glob("*.yaml"))
    Path(f"{file}.sig").write_bytes(signature_line(file.read_bytes(), "other", KEY))


def without_its_file(folder: Path) -> None:
    next(folder.glob("*.yaml")).unlink()


def version_left_out(folder: Path) -> None:
    put(folder, period(version=3, takes_effect=moment(T0 + DAY)))


def version_that_goes_back(folder: Path) -> None:
    put(folder, *(period(version=number, takes_effect=moment(T0 + DAY)) for number in (2, 3)))


def twice(folder: Path) -> None:
    put(folder.parent / "second", period())
    for file in (folder.parent / "second").iterdir():
        (folder / f"again-{file.name}").write_bytes(file.read_bytes())


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (unsigned, "it is not signed"),
        (changed, "the file was changed after it was signed"),
        (signed_by_nobody, "this is no signature"),
        (signed_by_a_stranger, "the signature is wrong"),
        (signed_by_an_unknown_key, "signed with key other, which the setting control_keys does not have"),
        (without_its_file, "which is not there; put that file back"),
        (version_left_out, "version 2 is missing"),
        (version_that_goes_back, "does not take effect after the version before"),
        (twice, "is there twice"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_nobody_has_signed_who_may_is_not_loaded(tmp_path: Path, spoil: Any, says: str) -> None:
    folder = put(tmp_path / "control", period())
    spoil(folder)

    with pytest.raises(ControlError, match=re.escape(says)) as refused:
        loaded(folder)

    assert "; " in str(refused.value)  # it says how to mend it
    assert "\n" not in str(refused.value)


def test_an_expired_key_puts_nothing_in_force(tmp_path: Path) -> None:
    folder = put(tmp_path / "control", period())

    with pytest.raises(ControlError, match="has expired then, and the period lasts until"):
        loaded(folder, control_keys=keys(until=ENDS - 1))
    assert loaded(folder, control_keys=keys(until=ENDS)).periods


def test_a_signature_that_cannot_be_read_is_not_called_missing(tmp_path: Path) -> None:
    folder = put(tmp_path / "control", period())
    (signature,) = folder.glob("*.sig")
    signature.unlink()
    signature.mkdir()

    with pytest.raises(ControlError, match=r"\.sig: cannot read the signature \(Is a directory\); "):
        loaded(folder)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "AAAA until 2027-01-01T00:00:00+08:00"], ids=["empty", "no key", "a short key"]
)
def test_a_key_that_is_none_is_named(text: str) -> None:
    with pytest.raises(UserError, match=r"control_keys .*key 'duty-2026'.*`parcelward control keygen`"):
        keys_of({"duty-2026": text})


@pytest.mark.parametrize("name", ["nowhere", "n" * 300], ids=["missing", "a name too long"])
def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ControlError, match="PARCELWARD_CONTROL_PERIODS"):
        loaded(tmp_path / name)


def test_a_worker_does_not_start_with_a_period_that_is_not_signed_and_doctor_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(tmp_path / "control", period())
    unsigned(folder)
    chosen = settings(**under(tmp_path / "other"), kafka="127.0.0.1:1").model_copy(update={"control_periods": folder})
    monkeypatch.setattr("parcelward.cli.doctor.settings_with", lambda _kafka: chosen)

    with pytest.raises(ControlError, match="it is not signed"):
        build_stages(chosen)
    (flaw,) = (one for one in examine(None).flaws if one.code is Code.CONTROL_PERIODS)

    assert "it is not signed" in flaw.wrong
    assert flaw.mend == "sign it with `parcelward control sign`"
    assert KEY_UNTIL > ENDS


def test_doctor_names_the_periods_that_are_in_force(tmp_path: Path) -> None:
    folder = put(tmp_path / "control", period())
    chosen = settings(**under(tmp_path / "other"), model=None).model_copy(update={"control_periods": folder})
    judgement = build_stages(chosen).judgement
    assert judged_by(judgement, ENDS - 1).endswith("no model, control periods in force: ciie-2026 version 1")
    assert judged_by(judgement, ENDS).endswith("no model, control periods in force: none")


def test_the_example_of_the_document_is_sound() -> None:
    page = (ROOT / "docs" / "control-periods.md").read_text()
    example = page.split("<!-- example -->")[1].split("```yaml\n")[1].split("```")[0]

    assert read(example.encode()).name == "ciie-2026 version 1"
    changes = page.split("## Ending it early")[1].split("```yaml\n")[1].split("```")[0]
    again = yaml.safe_load(example) | yaml.safe_load(changes)
    times = {name: one.isoformat() for name, one in again.items() if isinstance(one, datetime)}
    assert read(again | times).takes_effect_ms is not None


def test_openssl_proves_what_was_signed(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl here")
    file, private, public, signature = (tmp_path / name for name in ("expo.yaml", "duty.pem", "duty.pub", "signature"))
    file.write_bytes(written(period()))
    private.write_bytes(key_bytes(KEY, None))
    signature.write_bytes(b64decode(signature_line(file.read_bytes(), "duty-2026", KEY).split()[1]))
    subprocess.run([openssl, "pkey", "-in", str(private), "-pubout", "-out", str(public)], check=True)
    proof = [openssl, "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", file, "-sigfile", signature]

    assert subprocess.run([*map(str, proof)], check=False, capture_output=True).returncode == 0
