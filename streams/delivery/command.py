"""`parcelward deliver`: signed webhooks for platforms without Kafka."""

import asyncio
import logging
import random
import sys
from importlib.metadata import version
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

from parcelward.cli.options import TIME, Kafka, moment_ms, settings_with
from parcelward.cluster.admin import ensure_topics
from parcelward.contract.deliveries import Outcome
from parcelward.counts import DELIVERY_DECLARED, DELIVERY_STOPPED, DELIVERY_UP
from parcelward.delivery.book import Book
from parcelward.delivery.signing import Signer, read_secrets
from parcelward.errors import UserError
from parcelward.ground.plan import plan_delivery
from parcelward.logs import configure_logging
from parcelward.metrics import Metrics
from parcelward.moments import duration_ms
from parcelward.settings import Settings
from parcelward.settings_page import shown_settings
from streams.delivery.clock import Clock
from streams.delivery.endpoint import Endpoint
from streams.delivery.run import STOP_S, Count, Run
from streams.delivery.source import Source, Start
from streams.http import http_app, served
from streams.lifecycle import END_S, end_within, stop_on_signals

log = logging.getLogger(__name__)

LIBRARIES = ("aiokafka", "kafka", "asyncio", "aiohttp")


def deliver(
    kafka: Kafka = None,
    once: Annotated[
        bool, typer.Option("--once", help="Deliver what is there now, and end; what must wait longer is left.")
    ] = False,
    undelivered: Annotated[
        bool, typer.Option("--undelivered", help="Send again what was given up for this receiver, and end.")
    ] = False,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", help=f"Send again what came since {TIME}, and end; nothing is kept.", show_default=False
        ),
    ] = None,
    partition: Annotated[
        int | None, typer.Option(min=0, help="With --offset: of this partition only.", show_default=False)
    ] = None,
    offset: Annotated[
        int | None, typer.Option(min=0, help="Send again from this offset on, and end.", show_default=False)
    ] = None,
) -> None:
    """Send alerts as signed webhooks, until SIGTERM or Ctrl-C. Exit code 1: some were not delivered."""
    settings = settings_with(kafka)
    signer = signer_of(settings)
    start = start_of(settings, undelivered, from_, partition, offset)
    once = once or undelivered or start.name is None
    configure_logging(settings.log_level)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.ERROR)
    if settings.manage_topics:
        ensure_topics(settings, plan_delivery)
    log_start(settings)
    try:
        count, is_gone = asyncio.run(_deliver(settings, start, signer, once))
    except UserError:
        raise
    except Exception as error:
        log.critical("stopped by an error", exc_info=error)
        sys.exit(1)
    if once:
        _tell(count, is_gone, settings.webhook_name, start.name is not None)


def log_start(settings: Settings) -> None:
    """Log the version and every setting; secrets are replaced."""
    log.info("delivering", extra={"version": version("parcelward"), "settings": shown_settings(settings)})


def signer_of(settings: Settings) -> Signer:
    """Make what signs. Raises UserError when address or secrets are missing or wrong."""
    if not settings.webhook_url:
        raise UserError("setting webhook_url (environment PARCELWARD_WEBHOOK_URL) says not where to deliver; set it")
    if settings.webhook_secrets is None:
        raise UserError(
            "setting webhook_secrets is not set, and a receiver could not tell a webhook from a forged one; see "
            "docs/delivery.md"
        )
    return Signer(read_secrets(settings.webhook_secrets.get_secret_value()))


def start_of(
    settings: Settings, undelivered: bool, from_: str | None, partition: int | None, offset: int | None
) -> Start:
    """Say where to read. Raises UserError for options that contradict each other."""
    topics = tuple(settings.topic_prefix + name for name in settings.webhook_topics)
    if (partition is None) != (offset is None):
        raise UserError("--partition and --offset go together; give both, or --from")
    if sum((undelivered, from_ is not None, offset is not None)) > 1:
        raise UserError("--undelivered, --from and --offset do not go together; give one of them")
    if offset is not None and len(topics) > 1:
        raise UserError("--offset is of one topic; set webhook_topics to that one")
    now_ms = round(Clock().now_s() * 1000)
    name = settings.topics.delivery_id(settings.webhook_name)
    if undelivered:
        return Start((settings.topics.undelivered,), settings.topics.undelivered_id(settings.webhook_name), 0)
    if from_ is not None or offset is not None:
        return Start(topics, None, moment_ms("--from", from_) or 0, partition, offset)
    return Start(topics, name, now_ms - duration_ms(settings.webhook_begin))


async def _deliver(settings: Settings, start: Start, signer: Signer, once: bool) -> tuple[Count, bool]:
    registry = CollectorRegistry()
    metrics = Metrics(registry, endpoints=(settings.webhook_name,), declared=DELIVERY_DECLARED)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    stop = asyncio.Event()

    def begin_to_stop() -> None:
        metrics.set(DELIVERY_UP, False, settings.webhook_name)
        end_within(3 * STOP_S + END_S, 1)

    stop_on_signals(stop, begin_to_stop)
    source, clock = Source(settings, start), Clock()
    book = Book(settings.webhook_waiting, random.SystemRandom().random)
    try:
        async with Endpoint(settings, clock.now_s) as endpoint:
            run = Run(settings, source, book, endpoint, signer, clock, metrics, once)
            metrics.set(DELIVERY_STOPPED, False, settings.webhook_name)
            metrics.set(DELIVERY_UP, True, settings.webhook_name)
            if once:
                await source.open()
                return await run.run(stop), book.is_gone
            async with served(settings, http_app(registry, lambda: run.checks)):
                await source.open()
                return await run.run(stop), book.is_gone
    finally:
        end_within(END_S, 1)
        await source.close()


def _tell(count: Count, is_gone: bool, name: str, is_kept: bool) -> None:
    parts = [f"{count.delivered:,} delivered"]
    if count.passed_over:
        parts.append(f"{count.passed_over:,} not for this receiver")
    if count.undelivered:
        how = "given up, see `undelivered`" if is_kept else "could not be read; nothing is kept"
        parts.append(f"{count.undelivered:,} {how}")
    if count.left:
        why = ", ".join(f"{times:,} {outcome}" for outcome, times in sorted(count.left_for.items()))
        parts.append(f"{count.left:,} left for a later attempt" + (f" ({why})" if why else ""))
    typer.echo("; ".join(parts), err=True)
    if is_gone:
        raise UserError(
            f"the receiver {name} answered 410 {Outcome.GONE}: it wants no more webhooks; ask who runs it, or correct "
            "webhook_url"
        )
    if count.left or count.undelivered:
        raise typer.Exit(1)
