"""`parcelward worker`: the streaming service itself."""

import asyncio
import gc
import logging
import sys
import threading
from importlib.metadata import version

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

from parcelward.cluster.admin import ensure_topics
from parcelward.counts import BUILD_INFO, GONE, MODEL_INFO, MODEL_LOADED, PARTITIONS, RULE_PACK_INFO, WORKER_UP
from parcelward.errors import UserError
from parcelward.logs import configure_logging
from parcelward.metrics import Metrics
from parcelward.screening.build import Stages, build_stages
from parcelward.screening.judge import Judgement
from parcelward.settings import Settings, load_settings
from parcelward.settings_page import shown_settings
from streams.app import build_app
from streams.ground import Ground, watch
from streams.http import http_app, served
from streams.lifecycle import END_S, end_within, run_app, stop_on_signals
from streams.lingering import linger
from streams.reporting import MetricsRecorder, Readiness, keep_gauges
from streams.stages import screening_plans

log = logging.getLogger(__name__)

LIBRARIES = ("faust", "mode", "aiokafka", "kafka", "asyncio", "aiohttp")
YOUNG_OBJECTS = 300_000
"""Allocations between two garbage collections: more than the records of all batches in work.

Nearly all objects that a collection would look at are such records, and none of them is garbage.
"""


def worker() -> None:
    """Screen shipments until SIGTERM or Ctrl-C; then finish what is in work, leave the group and exit with 0.

    Exits with 2 when something it was given is missing or wrong (the last line says what), with 1 when it fails for
    another reason: start it again then; whatever it had not committed is done again.
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    _tame_libraries(settings)
    metrics = _new_metrics(settings)
    try:
        stages, ground = _prepare(settings, metrics)
        asyncio.run(_run(settings, stages, ground, metrics))
    except UserError as error:
        linger(settings, metrics, error)
        raise
    except Exception as error:
        log.critical("stopped by an error", exc_info=error)
        sys.exit(1)


def _prepare(settings: Settings, metrics: Metrics) -> tuple[Stages, Ground]:
    stages = build_stages(settings)
    _show_judgement(metrics, stages.judgement)
    log_start(settings, stages.judgement)
    if settings.manage_topics:
        ensure_topics(settings)
    return stages, Ground(settings)


def log_start(settings: Settings, judgement: Judgement) -> None:
    """Log the versions of what runs and judges, and every setting; secrets are replaced."""
    log.info(
        "starting",
        extra={
            "version": version("parcelward"),
            "rule_pack": judgement.pack.version,
            "rule_pack_hash": judgement.pack.hash,
            "model": judgement.model.version if judgement.model else "none",
            "settings": shown_settings(settings),
        },
    )


def _tame_libraries(settings: Settings) -> None:
    """Let libraries log only trouble, and each kind once in a while. Below INFO they would print records."""
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.INFO if settings.log_level == "DEBUG" else logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(OnceInAWhile(LIBRARIES))
    threading.excepthook = _log_thread


def _log_thread(args: threading.ExceptHookArgs) -> None:
    error = args.exc_value
    if not isinstance(error, asyncio.CancelledError):  # the consumer's thread ends with it when its broker is away
        log.error("a thread ended by an error", exc_info=error if error is not None else False)


class OnceInAWhile(logging.Filter):
    """Lets each message of some loggers through once in `PAUSE_S`: clients retry and log ten times a second."""

    PAUSE_S = 10.0

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._names = names
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to let a message through."""
        if record.name.partition(".")[0] not in self._names:
            return True
        kind = (record.name, str(record.msg))
        passes = record.created - self._last.get(kind, float("-inf")) >= self.PAUSE_S
        if passes:
            self._last[kind] = record.created
        return passes


def _new_metrics(settings: Settings) -> Metrics:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    metrics = Metrics(registry, couriers=settings.couriers)
    metrics.show_only(BUILD_INFO, version("parcelward"))
    metrics.set(PARTITIONS, settings.partitions)
    return metrics


def _show_judgement(metrics: Metrics, judgement: Judgement) -> None:
    metrics.show_only(RULE_PACK_INFO, judgement.pack.version, judgement.pack.hash)
    metrics.expect_rules([rule.id for rule in judgement.pack.rules])
    metrics.set(MODEL_LOADED, judgement.model is not None)
    metrics.show_only(MODEL_INFO, judgement.model.version if judgement.model else None)


async def _run(settings: Settings, stages: Stages, ground: Ground, metrics: Metrics) -> None:
    gc.set_threshold(YOUNG_OBJECTS, 20, 100)
    recorder = MetricsRecorder(metrics, {settings.topics.intake(courier): courier for courier in settings.couriers})
    app = build_app(settings, screening_plans(settings, stages), recorder)
    app.assignment.clock, app.assignment.topic_ids = ground.clock, ground.topic_ids
    app.assignment.on_gap = lambda stage, records: metrics.add(GONE, stage, by=records)
    readiness = Readiness(app, ground)
    stop = asyncio.Event()
    stop_on_signals(stop, lambda: metrics.set(WORKER_UP, False))
    async with served(settings, http_app(metrics.registry, readiness.checks)) as port:
        log.info("serving metrics", extra={"port": port})
        metrics.set(WORKER_UP, True)
        gauges = asyncio.ensure_future(keep_gauges(app, metrics, readiness))
        watching = watch(ground, metrics, settings.check_every.total_seconds(), app.assignment.fail)
        try:
            await run_app(app, stop)
        except BaseException as error:
            lingering_s = settings.linger.total_seconds()
            end_within(*((END_S + lingering_s, 2) if isinstance(error, UserError) else (END_S, 1)))
            raise
        finally:
            gauges.cancel()
            watching.set()
    log.info("stopped in good order")
    end_within(END_S, 0)
