"""Logs are JSON lines, and no personal value gets into them whoever logs it and however."""

import asyncio
import io
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import GroupAuthorizationFailedError, GroupCoordinatorNotAvailableError

from parcelward.logs import FIELDS, PLAIN, clean, configure_logging, describe, position
from parcelward.rules import load_pack
from parcelward.screening.build import build_stages
from parcelward.settings import Settings
from parcelward.settings_page import shown_settings
from parcelward.stage import Record
from streams.worker import log_start

CANARIES = {
    "document": "360426199101010071",
    "phone": "13800001234",
    "spaced phone": "138 0000 1234",
    "name": "王小明",
    "latin name": "Canary Wang",
}
ours = logging.getLogger("parcelward.screening.duties")
library = logging.getLogger("aiokafka.consumer")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Logging of the process, sent to a buffer and put back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, sys.excepthook, logging.raiseExceptions
    stream = io.StringIO()
    configure_logging("DEBUG", stream)
    yield stream
    logging.captureWarnings(False)
    root.handlers[:], root.level, sys.excepthook, logging.raiseExceptions = before


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def raise_and_log(canary: str) -> None:
    try:
        raise ValueError(f"bad sender {canary}")
    except ValueError:
        ours.exception("record failed")


def raise_chain_and_log(canary: str) -> None:
    try:
        try:
            raise KeyError(canary)
        except KeyError as error:
            raise RuntimeError(canary) from error
    except RuntimeError as error:
        library.error("Agent crashed: %r", error, exc_info=error)


def uncaught(canary: str) -> None:
    error = ValueError(canary)
    sys.excepthook(ValueError, error, None)


def asyncio_lost_task(canary: str) -> None:
    async def fail() -> None:
        raise ValueError(canary)

    async def main() -> None:
        task = asyncio.get_running_loop().create_task(fail())
        await asyncio.wait([task])
        asyncio.get_running_loop().call_exception_handler(
            {"message": "Task exception was never retrieved", "future": task, "exception": task.exception()}
        )

    asyncio.run(main())


LEAKS: dict[str, Callable[[str], object]] = {
    "exception message": raise_and_log,
    "chained exceptions": raise_chain_and_log,
    "uncaught exception": uncaught,
    "asyncio task": asyncio_lost_task,
    "exception as argument": lambda canary: library.error("Crashed reason=%r", ValueError(canary)),
    "exception in the text": lambda canary: library.error(f"Crashed reason={ValueError(canary)!r}"),
    "exception as message": lambda canary: library.error(ValueError(canary)),
    "bytes": lambda canary: library.warning("cannot read %r", canary.encode()),
    "object": lambda canary: library.warning("event %s", SimpleNamespace(value=canary)),
    "exception in a list": lambda canary: library.warning("errors %s", [ValueError(canary)]),
    "unknown field": lambda canary: ours.info("event", extra={"sender": canary}),
    "free text in a field": lambda canary: ours.info("event", extra={"reason": f"because {canary}"}),
    "value of a setting": lambda canary: ours.info("event", extra={"settings": {"kafka": canary}}),
    "name of a setting": lambda canary: ours.info("event", extra={"settings": {canary: "PT30M"}}),
    "setting that is no text": lambda canary: ours.info("event", extra={"settings": {"kafka": [canary]}}),
    "setting within a setting": lambda canary: ours.info("event", extra={"settings": {"kafka": {"host": canary}}}),
    "setting among others": lambda canary: ours.info("event", extra={"settings": {"kafka": f"k1:9092, {canary}"}}),
    "field of another type": lambda canary: ours.info("event", extra={"offset": canary}),
    "second line": lambda canary: library.info("record\n%s", canary),
    "arguments that do not fit": lambda canary: library.info("%d", ValueError(canary)),
}


@pytest.mark.parametrize("canary", CANARIES.values(), ids=CANARIES)
@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_a_personal_value_does_not_reach_the_log(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str], leak: Callable[[str], object], canary: str
) -> None:
    leak(canary)
    logged = lines(stream)
    assert logged
    text = stream.getvalue() + capsys.readouterr().err
    assert canary not in text
    assert json.dumps(canary)[1:-1] not in text
    assert repr(canary.encode())[2:-1] not in text


@pytest.mark.parametrize("name", ["document", "phone", "spaced phone", "name"])
def test_a_value_put_into_a_text_by_a_library_is_blanked_where_it_can_be_recognised(
    stream: io.StringIO, name: str
) -> None:
    library.warning("sender %s at the counter", CANARIES[name])
    (line,) = lines(stream)
    assert CANARIES[name] not in stream.getvalue()
    assert str(line["message"]).startswith("sender ")
    assert str(line["message"]).endswith("at the counter")


def test_a_line_holds_time_level_logger_message_and_its_fields(stream: io.StringIO) -> None:
    ours.warning(
        "serving", extra={"rule_pack": "acceptance-1", "stage": "outlets", "partition": 3, "model": "2026.11.1"}
    )
    (line,) = lines(stream)
    assert str(line.pop("time")).endswith("+00:00")
    assert line == {
        "level": "WARNING",
        "logger": "parcelward.screening.duties",
        "message": "serving",
        "rule_pack": "acceptance-1",
        "stage": "outlets",
        "partition": 3,
        "model": "2026.11.1",
    }


def test_dropped_fields_are_counted(stream: io.StringIO) -> None:
    ours.info("event", extra={"phone": "13800001234", "name_": "x", "document": 360426, "stage": "duties"})
    (line,) = lines(stream)
    assert line["dropped"] == 3
    assert line["stage"] == "duties"


SECRETS: Any = {"sasl_password": "hunter2-hunter2-hunter2", "token_keys": {"k1": "canary-key-0123456789abcdef"}}


def test_the_start_line_holds_every_setting_and_no_secret(stream: io.StringIO) -> None:
    settings = Settings(
        **SECRETS, token_key="k1", kafka="k1.example:9093,k2.example:9093", rule_pack="/etc/my packs/a.yaml"
    )
    log_start(settings, build_stages(Settings(model=None)).judgement)
    (line,) = lines(stream)
    assert "dropped" not in line
    assert (line["message"], line["version"], line["rule_pack"]) == ("starting", version("parcelward"), "acceptance-1")
    assert line["rule_pack_hash"] == load_pack(None).hash
    told = line["settings"]
    assert isinstance(told, dict)
    assert told == shown_settings(settings) | {"rule_pack": "(not shown)"}, "a text with spaces may be a name"
    assert (told["kafka"], told["token_keys"]) == ("k1.example:9093,k2.example:9093", "k1: (secret)")
    assert "hunter2" not in stream.getvalue()
    assert "canary-key" not in stream.getvalue()


def test_settings_that_were_not_redacted_are_dropped_whole(stream: io.StringIO) -> None:
    ours.info("starting", extra={"settings": dict(Settings(**SECRETS))})
    (line,) = lines(stream)
    assert line["dropped"] == 1
    assert "settings" not in line


@pytest.mark.parametrize(
    "value", ["", "0.001", "PT30M", "k1:9092,k2:9092", "k1: (secret), k2: (secret)", "/var/lib/pw", "a=b;c@d", "true"]
)
def test_the_value_of_a_setting_is_plain(value: str) -> None:
    assert PLAIN.fullmatch(value)


@pytest.mark.parametrize("value", ["two words", "王小明", "a\nb", "x" * 1001, " x", ":  x"])
def test_a_sentence_is_not(value: str) -> None:
    assert not PLAIN.fullmatch(value)


def test_an_exception_is_shown_as_class_cause_and_place(stream: io.StringIO) -> None:
    raise_chain_and_log("x")
    (line,) = lines(stream)
    assert (line["error"], line["cause"]) == ("RuntimeError", "KeyError")
    trace = line["trace"]
    assert isinstance(trace, list)
    assert trace[-1].startswith("unit/test_logs.py:")
    assert trace[-1].endswith(" raise_chain_and_log")


def test_library_messages_keep_what_ops_need(stream: io.StringIO) -> None:
    library.info("Revoking previously assigned partitions %s for group %s", {("intake.swift", 3)}, "screening")
    (line,) = lines(stream)
    assert line["message"] == "Revoking previously assigned partitions [['intake.swift', 3]] for group screening"


def test_warnings_become_log_lines(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old call", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(False)
    (line,) = lines(stream)
    assert line["logger"] == "py.warnings"


def test_the_level_is_respected() -> None:
    code = "import logging, parcelward.logs as l; l.configure_logging('WARNING'); logging.info('no'); 1/0"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    (line,) = [json.loads(line) for line in run.stderr.splitlines()]
    assert (line["error"], line["level"], run.returncode) == ("ZeroDivisionError", "CRITICAL", 1)


def test_a_record_is_named_by_its_position_only() -> None:
    record = Record("intake.swift", 3, 81234, 0, b"SF1", b"{}")
    assert position(record) == {"topic": "intake.swift", "partition": 3, "offset": 81234}
    assert set(position(record)) <= set(FIELDS)


def test_no_exception_describes_as_nothing() -> None:
    assert describe(None) == {}


def test_a_long_message_is_cut() -> None:
    assert len(clean("x" * 1000)) == 300


def test_a_new_cluster_without_a_coordinator_is_no_error(stream: io.StringIO) -> None:
    coordinator = logging.getLogger("aiokafka.consumer.group_coordinator")
    for error in (GroupCoordinatorNotAvailableError(), GroupAuthorizationFailedError("g")):
        coordinator.error("Group Coordinator Request failed: %s", error)
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["level"], first["message"]) == ("INFO", "the group has no coordinator yet; asking again")
    assert second["level"] == "ERROR"
