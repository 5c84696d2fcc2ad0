"""Every `extra=` of the source uses fields that `logs.FIELDS` declares, and its line keeps all of them."""

import ast
import asyncio
import gc
import json
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from aiokafka.errors import KafkaConnectionError as AsyncConnectionError
from aiokafka.structs import TopicPartition
from kafka.errors import KafkaConnectionError
from prometheus_client import CollectorRegistry

import streams.worker
from parcelward.cluster import admin
from parcelward.contract.deliveries import Outcome as Gone
from parcelward.counts import DELIVERY_DECLARED
from parcelward.delivery.answers import Answer
from parcelward.delivery.book import Book, Item
from parcelward.delivery.message import Message
from parcelward.delivery.progress import Tried
from parcelward.delivery.signing import Signer
from parcelward.intake.refusal import set_aside
from parcelward.logs import FIELDS, JsonFormatter
from parcelward.metrics import Metrics
from parcelward.screening.build import build_stages
from parcelward.settings import Settings
from parcelward.stage import Batch, Outcome, Record
from streams.delivery import command
from streams.delivery.clock import Clock
from streams.delivery.run import Run
from streams.delivery.source import Source, Start
from streams.engine.assignment import Assignment
from streams.engine.partition import StagePartition
from streams.engine.producer import FencedError, Member, StoppedError
from streams.engine.state import Bounds
from streams.engine.state_on_disk import DiskState, DiskStates
from streams.engine.transactions import Transactions
from streams.lifecycle import stop_on_signals
from tests.engine_kit.counting import counting_plan
from tests.engine_kit.remembering import RememberingProducer

ROOT = Path(__file__).parents[2]
SOURCES = [*sorted((ROOT / "src").rglob("*.py")), *sorted((ROOT / "streams").rglob("*.py"))]
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
ADDED_BY_THE_FORMATTER = {"error", "trace", "cause"}
SETTINGS = Settings(couriers=("swift",), partitions=1, replication=3, model=None)
INTAKE = SETTINGS.topics.intake("swift")
NOTHING: Any = SimpleNamespace(**dict.fromkeys(("assigned", "given_up", "restored", "batch_done"), lambda *_: None))


class Line(NamedTuple):
    """One call in the source that logs with `extra=`."""

    place: str
    message: str
    extra: ast.expr


def functions(tree: ast.AST) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def logging_calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOG_METHODS:
            yield node


def lines_of(tree: ast.AST, place: str) -> Iterator[Line]:
    for call in logging_calls(tree):
        for keyword in call.keywords:
            if keyword.arg == "extra":
                yield Line(f"{place}:{call.lineno}", ast.literal_eval(call.args[0]), keyword.value)
            assert keyword.arg is not None, f"{place}:{call.lineno} hides its extra fields behind **"


TREES = {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in SOURCES}
FUNCTIONS = {name: found for tree in TREES.values() for name, found in functions(tree).items()}
LINES = [line for place, tree in TREES.items() for line in lines_of(tree, place)]


def keys_of(extra: ast.expr) -> set[str]:
    """Names of the fields: of a dict display, of several joined by `|`, of what a function of ours returns."""
    match extra:
        case ast.Dict(keys=keys) if all(isinstance(key, ast.Constant) for key in keys):
            return {ast.literal_eval(key) for key in keys if key}
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return keys_of(left) | keys_of(right)
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)) if name in FUNCTIONS:
            returned = [node.value for node in ast.walk(FUNCTIONS[name]) if isinstance(node, ast.Return)]
            return set().union(*(keys_of(value) for value in returned if value))
    raise AssertionError(f"extra={ast.unparse(extra)} cannot be read; write the fields out")


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.place} {line.message}")
def test_every_field_that_the_source_logs_is_declared(line: Line) -> None:
    assert keys_of(line.extra) <= set(FIELDS), line.place


def test_every_declared_field_is_logged_somewhere() -> None:
    assert set().union(*(keys_of(line.extra) for line in LINES)) == set(FIELDS)


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ('log.info("x", extra={"stage": 1, "other": 2})', {"stage", "other"}),
        ('log.error("x", extra=position(record) | {"stage": 1})', {"topic", "partition", "offset", "stage"}),
        ('self._log.warning("x", extra=logs.position(record))', {"topic", "partition", "offset"}),
        ('log.info("x", extra=fields)', None),
        ('log.info("x", extra={name: 1})', None),
        ('log.info("x", extra={"stage": 1, **more})', None),
        ('log.info("x", extra=dict(stage=1))', None),
        ('log.info("x", **told)', None),
    ],
)
def test_the_fields_of_a_call_are_found_however_they_are_written(call: str, found: set[str] | None) -> None:
    if found is None:
        with pytest.raises(AssertionError, match=r"cannot be read|hides"):
            [keys_of(line.extra) for line in lines_of(ast.parse(call), "here")]
        return
    (line,) = lines_of(ast.parse(call), "here")
    assert keys_of(line.extra) == found


# each of them, logged for real


def administered(patch: pytest.MonkeyPatch, client: Any, request: Callable[[], object]) -> None:
    patch.setattr(admin, "KafkaAdminClient", lambda **_: client)
    patch.setattr(admin, "require_answer", lambda settings: None)
    patch.setattr(admin, "PAUSE_S", 0.0)
    request()


def a_broker_goes_away(patch: pytest.MonkeyPatch, folder: Path) -> None:
    fails = [KafkaConnectionError("gone")]

    def list_topics() -> list[str]:
        if fails:
            raise fails.pop()
        return []

    client = SimpleNamespace(list_topics=list_topics, close=lambda: None)
    administered(patch, client, lambda: admin.delete_topics(SETTINGS))


def the_worker_starts(patch: pytest.MonkeyPatch, folder: Path) -> None:
    streams.worker.log_start(SETTINGS, build_stages(SETTINGS).judgement)


def the_worker_serves(patch: pytest.MonkeyPatch, folder: Path) -> None:
    async def at_once(*_: object) -> None:
        """Nothing is run."""

    for name in ("run_app", "keep_gauges"):
        patch.setattr(streams.worker, name, at_once)
    app = SimpleNamespace(assignment=SimpleNamespace(fail=None))
    patch.setattr(streams.worker, "build_app", lambda *_: app)
    patch.setattr(streams.worker, "watch", lambda *_: threading.Event())
    for name in ("stop_on_signals", "end_within"):
        patch.setattr(streams.worker, name, lambda *_: None)
    patch.setattr(gc, "set_threshold", lambda *_: None)
    settings = SETTINGS.model_copy(update={"http_port": 0})
    ground: Any = SimpleNamespace(clock=None, topic_ids={})
    asyncio.run(streams.worker._run(settings, build_stages(settings), ground, Metrics(CollectorRegistry())))


def a_signal_comes(patch: pytest.MonkeyPatch, folder: Path) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    async def scenario() -> None:
        stop = asyncio.Event()
        stop_on_signals(stop)
        signal.raise_signal(signal.SIGTERM)
        await stop.wait()

    asyncio.run(scenario())
    for number, handler in before.items():
        signal.signal(number, handler)


def with_partition(act: Callable[[Assignment, StagePartition], Any]) -> None:
    """Take over one partition of the counting stage, bring it to its position, and do something with it."""

    async def scenario() -> None:
        plan = counting_plan(SETTINGS, set_aside=partial(set_aside, SETTINGS.topics))
        assignment = Assignment(SETTINGS, [plan], NOTHING, connect=lambda *_: RememberingProducer())
        await assignment.take_over([(INTAKE, 0)], Member("member", 1))
        (partition,) = assignment
        partition.apply_changelog([], partition.must_reach or 0)
        partition.restore()
        assignment.reposition([partition])
        await act(assignment, partition)

    asyncio.run(scenario())


def the_worker_screens(patch: pytest.MonkeyPatch, folder: Path) -> None:
    async def nothing_more(assignment: Assignment, partition: StagePartition) -> None:
        """It screens from here on."""

    with_partition(nothing_more)


def another_worker_takes_over(patch: pytest.MonkeyPatch, folder: Path) -> None:
    async def fenced(source: object) -> None:
        raise FencedError

    async def process(assignment: Assignment, partition: StagePartition) -> None:
        patch.setattr(partition, "process", fenced)
        asyncio.get_running_loop().call_soon(partition.give_up)
        await assignment.process(partition, partition.deliver(10))

    with_partition(process)


def records_are_gone(patch: pytest.MonkeyPatch, folder: Path) -> None:
    assignment = Assignment(SETTINGS.model_copy(update={"gaps": "go_on"}), [counting_plan(SETTINGS)], NOTHING)
    assignment.pass_gap(TopicPartition(INTAKE, 0), 20, Bounds(25, 30))


def a_record_is_poisoned(patch: pytest.MonkeyPatch, folder: Path) -> None:
    async def process(assignment: Assignment, partition: StagePartition) -> None:
        partition.process_chained(Batch([Record(INTAKE, 0, 0, 0, b"SF1", b"poison")]), Outcome())

    with_partition(process)


def a_batch_takes_too_long(patch: pytest.MonkeyPatch, folder: Path) -> None:
    async def finish(assignment: Assignment, partition: StagePartition) -> None:
        with partition.working():
            await partition.finish(0.0)

    with_partition(finish)


def a_worker_stops_during_a_takeover(patch: pytest.MonkeyPatch, folder: Path) -> None:
    async def scenario() -> None:
        producer = RememberingProducer()
        assignment = Assignment(SETTINGS, [counting_plan(SETTINGS)], NOTHING, connect=lambda *_: producer)

        async def start(_: object) -> None:
            await assignment.finish()
            raise StoppedError

        patch.setattr(producer, "start", start)
        await assignment.take_over([(INTAKE, 0)], Member("member", 1))

    asyncio.run(scenario())


def a_connection_does_not_end(patch: pytest.MonkeyPatch, folder: Path) -> None:
    async def scenario() -> None:
        producer = RememberingProducer()
        transactions = Transactions(SETTINGS, {1}, Member("member", 1), connect=lambda *_: producer)
        await transactions.open((), ())

        async def stop() -> None:
            raise AsyncConnectionError

        patch.setattr(producer, "stop", stop)
        await transactions.close()

    asyncio.run(scenario())


def with_state(folder: Path, act: Callable[[DiskState], object]) -> None:
    states = DiskStates(folder, lambda: {"duties": "id of the changelog"})
    (state,) = states.open([("duties", 0)]).values()
    assert isinstance(state, DiskState)
    act(state)
    states.give_up({("duties", 0): state})
    states.close()


def a_state_is_ahead(patch: pytest.MonkeyPatch, folder: Path) -> None:
    def check(state: DiskState) -> None:
        state.write({b"a": b"1"}, 5)
        state.forget_unless_current(Bounds(0, 3))

    with_state(folder, check)


def a_state_does_not_close(patch: pytest.MonkeyPatch, folder: Path) -> None:
    def close(state: DiskState) -> None:
        database = state._database
        state.__dict__["_database"] = SimpleNamespace(close=(folder / "away").read_bytes)
        state.close()
        database.close()

    with_state(folder, close)


def deliveries_start(patch: pytest.MonkeyPatch, folder: Path) -> None:
    command.log_start(SETTINGS)


def a_receiver_is_gone(patch: pytest.MonkeyPatch, folder: Path) -> None:
    async def attempt() -> None:
        async def gone(*_: object) -> Answer:
            return Answer(Gone.GONE, 410)

        metrics = Metrics(CollectorRegistry(), endpoints=("platform",), declared=DELIVERY_DECLARED)
        book, signer = Book(1, lambda: 0.0), Signer([b"0" * 24])
        endpoint: Any = SimpleNamespace(send=gone)
        run = Run(SETTINGS, Source(SETTINGS, FROM_THE_START), book, endpoint, signer, Clock(), metrics, once=False)
        book.add(Item(Record("alerts", 0, 7, 0, b"SF1", b"{}"), Message("alerts:a:1", b"{}"), Tried()))
        run._begin_attempts()
        await asyncio.gather(*run._in_flight)

    asyncio.run(attempt())


def records_are_deleted_before_they_are_delivered(patch: pytest.MonkeyPatch, folder: Path) -> None:
    Source(SETTINGS, FROM_THE_START)._miss(TopicPartition("alerts", 0), 5)


FROM_THE_START = Start(("alerts",), None, 0)
HAPPENS: dict[str, Callable[[pytest.MonkeyPatch, Path], None]] = {
    "trying again": a_broker_goes_away,
    "starting": the_worker_starts,
    "serving metrics": the_worker_serves,
    "signal received": a_signal_comes,
    "screening": the_worker_screens,
    "records are gone": records_are_gone,
    "fenced": another_worker_takes_over,
    "our own code failed on a record": a_record_is_poisoned,
    "a batch in work was abandoned": a_batch_takes_too_long,
    "told to stop while partitions were taken over": a_worker_stops_during_a_takeover,
    "a connection was left as it is": a_connection_does_not_end,
    "delivering": deliveries_start,
    "not delivered": a_receiver_is_gone,
    "the receiver wants no more; nothing is sent any more": a_receiver_is_gone,
    "records were deleted before they were delivered": records_are_deleted_before_they_are_delivered,
    "state on disk is read anew": a_state_is_ahead,
    "state on disk was not closed in order": a_state_does_not_close,
}


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.message)
def test_a_line_that_is_logged_for_real_keeps_all_its_fields(
    line: Line, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    HAPPENS[line.message](monkeypatch, tmp_path)
    (record, *_) = [record for record in caplog.records if record.message == line.message]
    assert record.pathname.endswith(line.place.partition(":")[0])
    logged = json.loads(JsonFormatter().format(record))
    fields = set(logged) - {"time", "level", "logger", "message"}
    assert fields - ADDED_BY_THE_FORMATTER == keys_of(line.extra) - ADDED_BY_THE_FORMATTER, (
        "`dropped` counts the others"
    )
