"""`parcelward report`: the account of the couriers' day, counted from the topics, and published for them."""

import time
from collections.abc import Sequence
from datetime import date
from secrets import token_bytes
from typing import Annotated

import typer
from rich.console import Console

from parcelward.audit.account import RUN_OUT_MS, Day, Screening, accounts_of
from parcelward.cli.account_table import print_accounts
from parcelward.cli.options import Kafka, settings_with
from parcelward.cluster.admin import ensure_topics
from parcelward.cluster.compacted import write_once
from parcelward.contract.accounts import ACCOUNT_TYPE, Account
from parcelward.controls import load_controls
from parcelward.errors import UserError
from parcelward.escaping import escaped
from parcelward.ground.plan import plan_accounts
from parcelward.identity.tokens import Tokeniser
from parcelward.intake.decode import Decoder, Limits
from parcelward.moments import CHINA, utc
from parcelward.replay.live import RecordedTopics
from parcelward.screening.duties import DutiesStage
from parcelward.settings import Settings
from parcelward.shipments.deadlines import Deadlines

SOURCE = "/parcelward"


def report(
    kafka: Kafka = None,
    day: Annotated[
        str | None,
        typer.Option("--date", help="Day in China's time, as 2026-11-23; default: yesterday.", show_default=False),
    ] = None,
    courier: Annotated[
        list[str] | None, typer.Option(help="Only this courier; may be given more than once.", show_default=False)
    ] = None,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a courier, for machines.")] = False,
    publish: Annotated[
        bool, typer.Option("--publish", help="Write the accounts where the couriers read them; a day is written once.")
    ] = False,
) -> None:
    """Count what became of every record that couriers sent on a day. Exits 1 if it does not add up to the last event.

    It reads the topics and asks no worker. Settings must be those of the workers; token keys are not needed.
    """
    now_ms = round(time.time() * 1000)
    chosen = Day.before(now_ms) if day is None else Day.of(_date(day))
    if chosen.start_ms > now_ms:
        raise UserError(f"--date {chosen.name} has not begun in China")
    settings = _only(settings_with(kafka), courier)
    accounts = count_accounts(settings, chosen, now_ms)
    print_accounts(accounts, f"{chosen.name}, China", "courier", as_json=json_lines)
    if publish:
        said = Console(stderr=True, highlight=False)
        for sentence in publish_accounts(settings, accounts, chosen):
            said.print(escaped(sentence), markup=False, soft_wrap=True)
    raise typer.Exit(0 if all(account.adds_up for account in accounts) else 1)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(f"--date {escaped(text)} is no date; write it like 2026-11-23") from None


def _only(settings: Settings, couriers: Sequence[str] | None) -> Settings:
    if unknown := sorted({*(couriers or ())} - {*settings.couriers}):
        known = ", ".join(settings.couriers)
        raise UserError(f"--courier {escaped(unknown[0])} is not among the couriers of the settings: {known}")
    return settings.model_copy(update={"couriers": tuple(couriers)}) if couriers else settings


def count_accounts(settings: Settings, day: Day, now_ms: int) -> list[Account]:
    """Count the day of each courier of the settings. Raises UserError."""
    since_ms = day.start_ms - RUN_OUT_MS
    with RecordedTopics(settings, follows=False) as past, RecordedTopics(settings, since_ms, follows=False) as live:
        found = accounts_of(day, past, live, screening_of(settings), now_ms)
    return [found[courier] for courier in settings.couriers]


def screening_of(settings: Settings) -> Screening:
    """The first stage as the settings make it."""
    topics, deadlines, limits = settings.topics, Deadlines.from_settings(settings), Limits.from_settings(settings)
    # Nothing that is made here is kept, or compared with what workers made: so their keys are not needed.
    tokeniser = Tokeniser({"account": token_bytes(32)}, "account")
    decoder, controls = Decoder(topics, limits, tokeniser.content_key), load_controls(settings)
    return Screening(
        lambda partitions: DutiesStage(
            decoder, tokeniser, topics, deadlines, partitions, settings.move_misplaced, controls
        ),
        decoder,
        controls.deadlines_of(deadlines),
        limits.max_event_ahead_ms,
    )


def publish_accounts(settings: Settings, accounts: Sequence[Account], day: Day) -> list[str]:
    """Write each account to its courier's topic, once, and say what was done.

    Raises UserError if one is not final, and writes none of them; and if one was published before with other figures,
    which stay.
    """
    if waiting := [account.courier for account in accounts if not account.final]:
        raise UserError(
            f"{day.name} is not final for {', '.join(waiting)}: publish a day from a quarter of an hour after its end, "
            "when all of it has been worked off; nothing was published"
        )
    if settings.manage_topics:
        ensure_topics(settings, plan_accounts)
    sentences, different = [], []
    for account in accounts:
        topic, value = settings.topics.accounts(account.courier), account.model_dump_json().encode()
        there = write_once(settings, topic, account.date.encode(), value, _headers(account, day))
        if there is None:
            sentences.append(f"{topic}: {day.name} published")
        elif there == value:
            sentences.append(f"{topic}: {day.name} was published before")
        else:
            different.append(account.courier)
    if different:
        raise UserError(
            f"{day.name} was published before with other figures for {', '.join(different)}; that account stays: "
            "`parcelward accounts COURIER` shows it"
        )
    return sentences


def _headers(account: Account, day: Day) -> list[tuple[str, bytes]]:
    attributes = {
        "specversion": "1.0",
        "id": f"{account.courier}/{account.date}",
        "source": SOURCE,
        "type": ACCOUNT_TYPE,
        "time": utc(day.end_ms).astimezone(CHINA).isoformat(),
        "subject": account.date,
    }
    return [
        *((f"ce_{name}", text.encode()) for name, text in attributes.items()),
        ("content-type", b"application/json"),
    ]
