"""The demo's words: its summary, its hints, why its worker ended; and what it refuses before Kafka starts."""

import io
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import CoordinatorNotAvailableError, GroupAuthorizationFailedError
from rich.console import Console

from parcelward.audit import Audit
from parcelward.demo import backlog as backlog_module
from parcelward.demo import run as run_module
from parcelward.demo.backlog import Backlog
from parcelward.demo.findings import Clean, Findings, Found
from parcelward.demo.look import look_lines, missing_secrets, settings_file
from parcelward.demo.recount import Recount
from parcelward.demo.run import Wish, run
from parcelward.demo.summary import print_summary
from parcelward.demo.worker import SupervisedWorker
from parcelward.errors import UserError
from parcelward.process.own_command import own_command
from parcelward.process.stopping import Stop
from parcelward.settings import Settings, load_settings

WISH = Wish(seconds=3, kafka=None, rate=60, language="en", seed=1)


def summary(audit: Audit | None = None, **changes: Any) -> str:
    given: dict[str, Any] = {
        "alerted_waybills": 9, "latencies_ms": [], "alerts_by_rule": {"R3": 2, "model": 7}, "from_deadlines": 0,
        "alerts_by_pattern": {"R3": 2, "R22": 7}, "found": {"R3": Found(1, 1, 1, 1, 1)},
        "clean": Clean(400, 1, 3, {"R3": 1, "R22": 3}),
    }  # fmt: skip
    written, audit = io.StringIO(), audit or Audit(events=1000, screened=990, rejected=10, alerts=9)
    print_summary(Console(file=written, width=160), Recount(1000, audit, Findings(**(given | changes))), restarts=0)
    return written.getvalue()


def cells(text: str, first: str) -> list[str]:
    row = next(line for line in text.splitlines() if line.strip().startswith(first + " "))
    return row.split()


def test_summary_says_how_many_alerts_are_on_clean_waybills_and_whose_they_are() -> None:
    said = summary()
    assert re.search(r"alerts on clean waybills +│ +4 of 400 \(1\.0%\)", said)
    assert "by rules / by the model only" in said
    assert "1 / 3" in said
    assert cells(said, "R3") == ["R3", "R3", "2", "2", "1", "1", "1", "1", "1", "1"]
    assert cells(said, "R22") == ["R22", "model", "7", "7", "3"]
    assert "0 of 0 (0.0%)" in summary(clean=Clean(0, 0, 0, {}))
    assert "0 lost: each of 1,000 acknowledged events is accounted for" in said


def test_summary_names_what_is_off() -> None:
    audit = Audit(rejected_for={"tombstone": 2})
    audit.note("lost", 3, "screening.outlets/1 key b'swift/A'")
    said = summary(audit)
    assert "3 lost, 0 counted twice, 0 different from a replay, 0 waybills with two alert ids" in said
    assert "lost 3: screening.outlets/1 key b'swift/A'" in said
    assert "rejected for: tombstone 2" in said


@pytest.mark.parametrize(
    ("called_as", "typed"),
    [
        (".venv/bin/parcelward", ".venv/bin/parcelward"),
        ("{folder}/.venv/bin/parcelward", ".venv/bin/parcelward"),
        ("/opt/some where/parcelward", "'/opt/some where/parcelward'"),
        ("{folder}/on-path/parcelward", "parcelward"),
        ("parcelward", "parcelward"),
    ],
    ids=["by-make", "inside", "elsewhere", "on-the-path", "bare"],
)
def test_hints_name_the_command_as_it_can_be_typed(
    called_as: str, typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = tmp_path / "on-path" / "parcelward"
    on_path.parent.mkdir()
    on_path.touch(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert own_command(called_as.format(folder=tmp_path)) == typed


def test_a_module_run_by_python_is_named_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/usr/lib/py/bin/python3.11")
    monkeypatch.setenv("PATH", "/nowhere")
    assert own_command("/x/parcelward/__main__.py") == "/usr/lib/py/bin/python3.11 -m parcelward"


def test_the_settings_file_says_all_that_is_not_a_default_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.toml"
    given = load_settings(
        kafka="k:1", topic_prefix="demo-1.", couriers="swift,orient", partitions="2", inspection_due="PT6S",
        sampled_share="0.005", manage_topics=False, model="", rule_pack='some "where"/包.yaml',
        acknowledge_due={"critical": "6s"}, case_budget_of={"swift": 7},
    )  # fmt: skip
    file.write_text(settings_file(given))
    monkeypatch.setenv("PARCELWARD_CONFIG", str(file))
    assert load_settings() == given
    secret = load_settings(token_keys={"k1": "planted-secret"}, sasl_password="planted-secret", token_key="k1")
    assert "planted" not in settings_file(secret)
    assert "token_key =" in settings_file(secret)
    assert missing_secrets(secret) == ["PARCELWARD_SASL_PASSWORD", "PARCELWARD_TOKEN_KEYS"]
    assert missing_secrets(given) == []


def test_lines_to_paste_name_the_settings_file_and_a_courier_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["parcelward"])
    assert look_lines(load_settings(couriers="orient,swift"), Path("a folder/s.toml")) == [
        "PARCELWARD_CONFIG='a folder/s.toml' parcelward alerts --from-start",
        "PARCELWARD_CONFIG='a folder/s.toml' parcelward referrals",
        "PARCELWARD_CONFIG='a folder/s.toml' parcelward cases",
        "PARCELWARD_CONFIG='a folder/s.toml' parcelward rejected orient",
        "PARCELWARD_CONFIG='a folder/s.toml' parcelward replay",
    ]


def test_last_words_are_the_whole_sentence_of_the_worker_or_its_last_line(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    worker = SupervisedWorker({}, 1, log)
    assert worker.last_words() == "it said nothing"
    log.write_text('{"message": "starting"}\nparcelward: bad.yaml:3:5: no name\n  |   - id: R1\n  | ....^\n')
    assert worker.last_words() == "bad.yaml:3:5: no name\n  |   - id: R1\n  | ....^"
    log.write_text('{"message": "starting"}\n{"message": "stopped by an error"}\n\n')
    assert worker.last_words() == '{"message": "stopped by an error"}'


def test_unsound_rule_pack_is_refused_with_its_place_before_kafka_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = tmp_path / "bad.yaml"
    pack.write_text("version: x\nrules:\n  - id: R1\n    expr: foo &\n")
    monkeypatch.setenv("PARCELWARD_RULE_PACK", str(pack))
    monkeypatch.setattr(run_module, "LocalBroker", lambda *_: pytest.fail("Kafka was started"))
    with pytest.raises(UserError, match=r"bad\.yaml:3:5: rule R1: 'name' is missing"):
        run(WISH, Console(file=io.StringIO()), Stop())


class Cluster:
    """Both clients of a backlog; asks for the group's positions meet `answers` in turn."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers

    def list_group_offsets(self, group: str) -> dict[str, Any]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {group: dict.fromkeys(self.partitions, SimpleNamespace(offset=answer))}

    def assign(self, partitions: list[Any]) -> None:
        self.partitions = partitions

    def end_offsets(self, partitions: list[Any]) -> dict[Any, int]:
        return dict.fromkeys(partitions, 5)


def backlog_of(answers: list[Any], monkeypatch: pytest.MonkeyPatch) -> Backlog:
    cluster = Cluster(answers)
    monkeypatch.setattr(backlog_module, "KafkaAdminClient", lambda **_: cluster)
    monkeypatch.setattr(backlog_module, "KafkaConsumer", lambda **_: cluster)
    return Backlog(Settings())


def test_a_busy_coordinator_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    backlog = backlog_of([CoordinatorNotAvailableError("busy"), 5], monkeypatch)
    assert not backlog.is_empty()
    assert backlog.trouble is not None
    assert "busy" in backlog.trouble
    assert backlog.is_empty()
    assert backlog.trouble is None


def test_a_refusal_that_will_not_change_is_not_taken_for_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        backlog_of([GroupAuthorizationFailedError("no")], monkeypatch).is_empty()
