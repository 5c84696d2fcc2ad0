"""`parcelward validate` and `parcelward schemas check` answer as a shell user sees it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parcelward.cli import app
from parcelward.errors import UserError

ALL = Path(__file__).parents[2] / "schemas" / "examples"
EXAMPLES = ALL / "real-name"
THEN = ["--at", "2026-11-23T10:00:00+08:00"]
"""Half an hour after the time of the examples."""
runner = CliRunner()


def line(name: str) -> str:
    return json.dumps(json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8")), ensure_ascii=False)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    file = tmp_path / "events.jsonl"
    lines = [
        line("valid/person"),
        "",
        line("invalid/wrong_type-weight-as-text"),
        "{",
        line("invalid/key_mismatch-subject"),
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_wrong_lines_are_named_with_reason_field_and_hint(mixed: Path) -> None:
    result = runner.invoke(app, ["validate", str(mixed), *THEN])
    assert result.exit_code == 1
    assert "line 3: wrong_type: data.weight_g: must be a whole number" in result.stdout
    assert "line 4: invalid_json: EOF while parsing an object at column 1" in result.stdout
    assert "line 5: key_mismatch: subject" in result.stdout
    assert "4 events: 1 would be accepted, 3 refused" in result.stdout
    assert "360426199101010071" not in result.stdout


def test_a_sound_file_exits_0_and_the_time_that_this_holds_for_is_named() -> None:
    result = runner.invoke(app, ["validate", "-", *THEN], input=(line("valid/person") + "\n").encode())
    assert result.exit_code == 0, result.stdout
    assert "1 would be accepted, 0 refused" in result.stdout
    assert "note: as of 2026-11-23T" in result.stderr


@pytest.mark.parametrize("at", ["2026-12-07T10:00:00+08:00", "2026-11-23T08:00:00+08:00", None])
def test_what_is_too_old_or_ahead_at_that_time_is_refused_as_in_production(at: str | None) -> None:
    event = json.loads(line("valid/person"))
    event["time"] = "2020-11-23T09:30:00+08:00" if at is None else event["time"]
    result = runner.invoke(app, ["validate", "-", *(["--at", at] if at else [])], input=json.dumps(event).encode())
    assert result.exit_code == 1
    assert "line 1: time_out_of_range: time: " in result.stdout
    assert ("which is now" in result.stderr) is (at is None)


def test_the_courier_is_checked_where_couriers_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    unset = runner.invoke(app, ["validate", "-", *THEN], input=line("valid/person").encode())
    assert "not checked: whether the courier has a topic" in unset.stderr
    monkeypatch.setenv("PARCELWARD_COURIERS", "orient")
    refused = runner.invoke(app, ["validate", "-", *THEN], input=line("valid/person").encode())
    assert (unset.exit_code, refused.exit_code) == (0, 1)
    assert "wrong_courier: data.courier: not among the couriers of the setting couriers" in refused.stdout
    assert "not checked" not in refused.stderr


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-11-23T01:30:04+08:00", "8 hours after arrival, over the limit of 10 minutes; is it China time written"),
        ("2026-11-23T02:30:00+08:00", "7 hours after arrival, over the limit of 10 minutes\n"),
        ("2026-11-23T09:19:55+08:00", "just over 10 minutes after arrival, over the limit of 10 minutes\n"),
    ],
)
def test_china_time_that_is_written_as_utc_is_recognised(at: str, said: str) -> None:
    told = runner.invoke(app, ["validate", "-", "--at", at], input=line("valid/person").encode())
    assert f"line 1: time_out_of_range: time: {said}" in told.stdout


def test_an_array_is_told_to_be_written_one_event_a_line() -> None:
    result = runner.invoke(app, ["validate", "-", *THEN], input=f"[{line('valid/person')}]".encode())
    assert "line 1: not_cloudevents: this is an array; write one event a line" in result.stdout


def test_an_event_without_its_version_is_told_so_in_words_of_a_file() -> None:
    event = json.loads(line("valid/person"))
    del event["specversion"]
    result = runner.invoke(app, ["validate", "-", *THEN], input=json.dumps(event).encode())
    assert (
        "line 1: not_cloudevents: specversion: required\n    An event in a file is a JSON object with" in result.stdout
    )
    assert "ce_" not in result.stdout


def test_all_unknown_fields_are_named_on_the_machine_that_they_come_from() -> None:
    event = json.loads(line("valid/person"))
    event["data"]["place"] = {"lat": 30.2, "lng": 120.1, "phonne": 1}
    result = runner.invoke(app, ["validate", "-", *THEN], input=json.dumps(event).encode())
    assert 'data.place: unknown field "lat", perhaps latitude was meant' in result.stdout
    assert 'data.place: unknown field "lng", perhaps longitude was meant' in result.stdout
    assert 'unknown field "phonne"' in result.stdout
    assert "data.place.longitude: required" in result.stdout
    assert "more" not in result.stdout


@pytest.mark.parametrize(
    ("example", "told"),
    [
        ("alert/valid/dangerous-goods", "This is what Parcelward sends to alerts"),
        ("rejected/valid/wrong-type", "This is what Parcelward sends to rejected.<courier>"),
        ("inspection.data/valid/passed", "These are the data of a cn.delivery.acceptance.inspection.v1"),
    ],
)
def test_another_message_of_the_contract_is_recognised(example: str, told: str) -> None:
    result = runner.invoke(app, ["validate", str(ALL / f"{example}.json")])
    assert result.exit_code == 1
    assert told in result.stdout


def test_the_courier_that_will_publish_can_be_named() -> None:
    result = runner.invoke(
        app, ["validate", "-", "--courier", "orient", *THEN], input=(line("valid/person") + "\n").encode()
    )
    assert result.exit_code == 1
    assert "wrong_courier" in result.stdout


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    result = runner.invoke(app, ["validate", str(tmp_path / "none.jsonl")])
    assert isinstance(result.exception, UserError)
    assert "none.jsonl: cannot be read" in str(result.exception)


@pytest.mark.parametrize(
    "example",
    [path for message in ("real-name", "inspection", "security-scan") for path in sorted((ALL / message).glob("*/*"))],
    ids=lambda path: f"{path.parts[-3]}/{path.stem}",
)
def test_an_example_of_the_contract_gets_the_answer_that_its_name_says(example: Path) -> None:
    result = runner.invoke(app, ["validate", str(example), *THEN])
    if example.parent.name == "valid":
        assert (result.exit_code, result.stdout) == (0, "1 event: 1 would be accepted, 0 refused\n")
    else:
        assert result.exit_code == 1
        assert result.stdout.splitlines()[-1] == f"    {example.stem.partition('-')[0]}: 1"


def test_the_courier_that_is_named_replaces_the_one_of_a_record_written_down() -> None:
    result = runner.invoke(
        app, ["validate", str(EXAMPLES / "valid" / "binary-mode.json"), "--courier", "orient", *THEN]
    )
    assert result.exit_code == 1
    assert "wrong_courier" in result.stdout


def test_a_file_without_an_event_is_no_sound_file(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    result = runner.invoke(app, ["validate", str(tmp_path / "empty.jsonl")])
    assert isinstance(result.exception, UserError)
    assert "holds no event" in str(result.exception)


def test_schemas_check_fails_on_drift(tmp_path: Path) -> None:
    assert runner.invoke(app, ["schemas", "check", "--folder", str(tmp_path)]).exit_code == 1
    assert runner.invoke(app, ["schemas", "write", "--folder", str(tmp_path)]).exit_code == 0
    assert runner.invoke(app, ["schemas", "check", "--folder", str(tmp_path)]).exit_code == 0


def test_a_correction_of_another_waybills_event_is_noted_and_so_is_one_of_an_event_elsewhere() -> None:
    events = [json.loads(line("valid/person")) for _ in range(4)]
    for number, (event, corrected) in enumerate(zip(events, (None, "e-0", "e-0", "e-9"), strict=True)):
        event["id"] = f"e-{number}"
        event["data"]["corrects"] = corrected
        event.pop("subject", None)
    events[1]["data"]["waybill"] = "SF0000000000002"
    text = "\n".join(map(json.dumps, events)).encode()
    result = runner.invoke(app, ["validate", "-", *THEN], input=text)
    assert result.exit_code == 0, result.stdout
    assert "note: line 2: corrects an event of another waybill" in result.stderr
    assert "line 3" not in result.stderr
    assert "corrections of events that are not in this file: 1" in result.stderr
