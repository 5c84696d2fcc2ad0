"""`parcelward screen`: a file of events through the stages, without Kafka."""

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from parcelward.cli import app
from parcelward.connection_settings import DEMO_KEY
from parcelward.errors import UserError
from parcelward.intake.decode import Decoder, Event, Limits
from parcelward.intake.event_file import arriving_record
from parcelward.intake.refusal import Rejected
from parcelward.screening.build import build_stages
from parcelward.screening.rehearsal import Rehearsal
from parcelward.stage import Record
from parcelward.topics import Topics
from tests.builders import DAY, HOUR, MINUTE, T0, feed_all, inspection, moment, pipeline, real_name, record, type_of
from tests.builders import settings as builder_settings

ROOT = Path(__file__).parents[2]
RULES_ONLY = {"PARCELWARD_MODEL": "", "PARCELWARD_SAMPLED_SHARE": "0"}
PETROL = {"name": "汽油"}


def event(data: Mapping[str, Any], at: int = T0, **more: Any) -> dict[str, Any]:
    sent = {"specversion": "1.0", "id": f"e-{data['waybill']}-{at}-{type_of(data).duty}", "source": "/couriers/swift"}
    return sent | {"type": type_of(data).value, "time": moment(at)} | more | {"data": dict(data)}


def line(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False)


def screened(*lines: str, options: tuple[str, ...] = (), **environment: str) -> Result:
    text = "".join(one + "\n" for one in lines).encode()
    return CliRunner().invoke(app, ["screen", "-", *options], input=text, env=RULES_ONLY | environment)


def arriving(text: str, after_ms: int = 0) -> Record:
    found = arriving_record(text.encode(), Topics(), offset=1, after_ms=after_ms)
    assert isinstance(found, Record)
    return found


def decoded(text: str) -> Event:
    found = Decoder(Topics(), Limits()).decode(arriving(text))
    assert isinstance(found, Event), found
    return found


def test_alerts_are_printed_as_a_worker_would_publish_them() -> None:
    answer = screened(line(event(real_name(goods=PETROL))), options=("--json",))
    assert answer.exit_code == 0
    (published,) = feed_all(pipeline(), [record(real_name(goods=PETROL))]).alerts
    (told,) = map(json.loads, answer.stdout.splitlines())
    expected = json.loads(published.value or b"")
    for told_apart in ("evidence",):
        told.pop(told_apart), expected.pop(told_apart)
    assert told == expected


def test_without_json_alerts_and_refusals_are_readable_lines() -> None:
    answer = screened("nonsense", line(event(real_name(goods=PETROL))))
    assert answer.exit_code == 0
    assert "line 1: invalid_json: " in answer.stdout
    assert " RED " in answer.stdout
    assert "R14" in answer.stdout
    assert "2 lines until" in answer.stderr


@pytest.mark.parametrize("until", [T0 + 30 * MINUTE - 1, T0 + 30 * MINUTE])
def test_a_deadline_fires_at_until_and_not_before(until: int) -> None:
    answer = screened(line(event(real_name())), options=("--json", "--until", moment(until)))
    assert len(answer.stdout.splitlines()) == (until >= T0 + 30 * MINUTE)


def test_a_silent_couriers_deadline_fires_before_what_another_sends_later() -> None:
    orient = event(real_name("OR0000000000001", courier="orient"))
    petrol = event(real_name(goods=PETROL), T0 + HOUR)
    told = map(json.loads, screened(line(petrol), line(orient), options=("--json",)).stdout.splitlines())
    assert [(alert["courier"], alert["raised_at"][11:16]) for alert in told] == [
        ("orient", "02:30"),
        ("swift", "03:00"),
    ]


def test_lines_that_arrive_after_until_are_left_out_and_counted() -> None:
    until = ("--json", "--until", moment(T0 + MINUTE))
    answer = screened(line(event(real_name(goods=PETROL), T0 + 2 * MINUTE)), options=until)
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert "1 line arrives after 2026-11-23T10:01:00+08:00, left out" in answer.stderr


def test_a_line_that_lies_far_after_the_rest_is_named_since_deadlines_go_by_it() -> None:
    sound = [line(event(real_name(f"SF000000000000{number}"), at=T0 + number)) for number in range(3)]
    ahead = line(event(inspection("SF0000000000009"), at=T0 + 8 * HOUR))
    told = screened(*sound, ahead)
    assert "note: line 4 lies 8 hours after the rest; deadlines are fired up to there" in told.stderr
    two = screened(*sound, ahead, line(event(inspection("SF0000000000010"), at=T0 + 8 * HOUR)))
    assert "note: line 4 and 1 more lie 8 hours after the rest" in two.stderr
    assert "lies" not in screened(*sound).stderr
    assert "lies" not in screened(*sound, ahead, options=("--until", moment(T0 + DAY))).stderr


def test_times_are_those_of_china_or_of_the_zone_that_is_asked_for() -> None:
    told = line(event(real_name(goods=PETROL), T0))
    assert "by 10:30:00 UTC+8" in " ".join(screened(told).stdout.split()).replace("2026-11-23 ", "")
    assert "by 02:30:00 UTC " in " ".join(screened(told, options=("--tz", "UTC")).stdout.split()).replace(
        "2026-11-23 ", ""
    )


def test_a_file_without_any_readable_line_names_no_time() -> None:
    said = screened("{}").stderr
    assert "1 line: 1 refused" in said
    assert "1970" not in said


def test_an_event_arrives_at_its_time_or_when_its_attribute_says() -> None:
    body = event(real_name(), T0)
    assert arriving(line(body)).timestamp == T0
    assert arriving(line(body | {"receivedtime": moment(T0 + DAY)})).timestamp == T0 + DAY
    assert arriving(line(body | {"receivedtime": None})).timestamp == T0
    assert arriving("{", after_ms=T0 + 5).timestamp == T0 + 5


@pytest.mark.parametrize("place", ["first", "within", "last"])
@pytest.mark.parametrize("given", [moment(T0 + HOUR), None])
def test_the_attribute_changes_neither_identity_nor_content_of_an_event(place: str, given: str | None) -> None:
    body = event(real_name(), T0)
    with_it = {
        "first": {"receivedtime": given, **body},
        "within": {**dict([*body.items()][:2]), "receivedtime": given, **dict([*body.items()][2:])},
        "last": {**body, "receivedtime": given},
    }[place]
    plain, stamped = decoded(line(body)), decoded(line(with_it))
    assert (stamped.identity, stamped.content, stamped.data) == (plain.identity, plain.content, plain.data)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (line(event(real_name(receivedtime=moment(T0)))), "unknown_field"),
        (
            line(event(real_name())).replace('"data"', '"receivedtime": null, "receivedtime": null, "data"'),
            "duplicate_f",
        ),
        (line(event(real_name(), receivedtime="yesterday")), "invalid_value"),
        (line(event(real_name(), receivedtime=moment(T0 + 8 * DAY))), "time_out_of_range"),
    ],
)
def test_what_is_wrong_about_the_attribute_is_refused(text: str, reason: str) -> None:
    (told,) = map(json.loads, screened(text, options=("--json",)).stdout.splitlines())
    assert told["rejected"].startswith(reason)
    assert told["line"] == 1
    assert isinstance(told["detail"], str)


def test_a_broken_attribute_does_not_pass_as_absent() -> None:
    found = arriving_record(line(event(real_name(), receivedtime=17)).encode(), Topics(), offset=1, after_ms=0)
    assert isinstance(found, Rejected)


def test_an_empty_file_says_so() -> None:
    answer = screened("", options=("--json",))
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert "stdin holds no event" in answer.stderr


@pytest.mark.parametrize("name", ["none.jsonl", "."])
def test_a_file_that_cannot_be_read_is_one_sentence(name: str, tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["screen", str(tmp_path / name)], env=RULES_ONLY)
    assert isinstance(answer.exception, UserError)
    assert "cannot be read" in str(answer.exception)


def test_the_demo_key_and_a_courier_nobody_reads_are_named() -> None:
    answer = screened(line(event(real_name(courier="sf-express"))), PARCELWARD_SECURITY_PROTOCOL="SASL_SSL")
    assert "public demo key" in answer.stderr
    assert "sf-express" in answer.stderr
    assert DEMO_KEY not in answer.output
    own = screened(
        line(event(real_name())), PARCELWARD_TOKEN_KEYS='{"k1": "%s"}' % ("ab" * 32), PARCELWARD_TOKEN_KEY="k1"
    )
    assert "demo key" not in own.stderr


def test_a_line_that_our_own_code_fails_on_is_refused_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    stages = build_stages(builder_settings())
    monkeypatch.setattr("parcelward.shipments.ledger.hide_numbers", lambda text: 1 / 0 if text == "破" else text)
    lines = [event(real_name("SF0000000000002", goods={"name": "破"})), event(real_name(goods=PETROL))]
    numbered = [(number, line(body).encode()) for number, body in enumerate(lines, 1)]
    refused, alert = Rehearsal(numbered, stages, Topics()).outcomes()
    assert refused == (1, "unexpected", "our own code failed: ZeroDivisionError")
    assert json.loads(alert)["waybill"] == "SF0000000000001"  # type: ignore[arg-type]


def test_the_attribute_is_nothing_to_a_worker() -> None:
    """A structured record that carries it is accepted, as any extension attribute is."""
    text = line(event(inspection(), receivedtime=moment(T0))).encode()
    assert isinstance(
        Decoder(Topics(), Limits()).decode(Record("intake.swift", 0, 0, T0, b"SF0000000000001", text)), Event
    )


def test_the_page_for_couriers_has_commands_that_run_in_any_folder(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "couriers.md").read_text()
    (written,) = [
        block for block in re.findall(r"^```bash\n(.*?)^```", page, re.M | re.S) if "events.jsonl <<" in block
    ]
    (screened,) = re.findall(r"^ +export PARCELWARD_MODEL=.*\n(?: +parcelward screen .*\n)+", page, re.M)
    (tmp_path / "parcelward").symlink_to(ROOT)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-ec", written + textwrap.dedent(screened)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "2 lines until" in done.stderr
    assert "no model" not in done.stderr


def test_a_model_that_is_not_in_this_folder_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.jsonl").write_text("{}\n")
    result = CliRunner().invoke(app, ["screen", "events.jsonl"])
    said = str(result.exception)
    assert isinstance(result.exception, UserError)
    assert f"no model at models/current in {tmp_path} (the path is relative to the current folder)" in said
    assert "PARCELWARD_MODEL=/path/to/models/current" in said
