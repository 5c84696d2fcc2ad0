"""The users of an installation, their rights and their quotas as they should be; nothing here talks to Kafka."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parcelward.contract.fields import CourierCode
from parcelward.errors import UserError
from parcelward.ground.plan import plan_topics
from parcelward.settings import Settings
from parcelward.webhook_settings import ReceiverName, TopicName

WORKER, PLATFORM, ACCOUNTS, DELIVER, CONSOLE = "worker", "platform", "accounts", "deliver", "console"
TOPIC, GROUP, TRANSACTIONAL_ID = "topic", "group", "transactional id"
USER = re.compile(f"{WORKER}|{PLATFORM}|{ACCOUNTS}|{DELIVER}|{CONSOLE}|courier-.+")
"""Users that provisioning makes and removes. It leaves all others alone."""

Quota = dict[str, float]
"""Limits by Kafka's own names."""


class Right(NamedTuple):
    """One operation that a user may do; `begins`: on every resource whose name begins with `name`."""

    user: str
    operation: str
    kind: str
    name: str
    begins: bool = False


class Limits(BaseModel):
    """Limits of one courier at each broker; absent: as much as it can."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    producer_byte_rate: Annotated[float, Field(gt=0)] | None = None
    consumer_byte_rate: Annotated[float, Field(gt=0)] | None = None
    request_percentage: Annotated[float, Field(gt=0)] | None = None

    def quota(self) -> Quota:
        """The limits that are set."""
        return {name: float(value) for name in Limits.model_fields if (value := getattr(self, name)) is not None}


class Reader(BaseModel):
    """Consumer groups of a user beside the one that has its name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    groups: tuple[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")], ...] = ()


class Courier(Limits, Reader):
    """The entry of one courier: limits of its own, and more groups."""


class Deliver(BaseModel):
    """Topics that `parcelward deliver` may send, and its receivers by name (`webhook_name` of each process)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    receivers: tuple[ReceiverName, ...] = ("platform",)
    topics: tuple[TopicName, ...] = ("alerts",)


class Access(BaseModel):
    """The file access.toml: quotas of couriers, named groups, and what is delivered by webhook."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    every_courier: Limits = Limits()
    courier: dict[CourierCode, Courier] = {}
    platform: Reader = Reader()
    deliver: Deliver = Deliver()


def read_access(path: Path, couriers: tuple[str, ...]) -> Access:
    """Read access.toml. Raises UserError naming the file and the entry that is wrong."""
    try:
        access = Access.model_validate(tomllib.loads(path.read_text()))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise UserError(f"{path}, {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    for courier in access.courier:
        if courier not in couriers:
            raise UserError(f"{path} names the courier {courier}, which the setting couriers does not; take it out")
    return access


def courier_user(courier: str) -> str:
    """User name of a courier; that of its consumer group, too."""
    return f"courier-{courier}"


def wanted_rights(settings: Settings, access: Access) -> frozenset[Right]:
    """List the rights. The broker's configuration forbids everything else. Raises UserError for a group of two users.

    A courier writes its intake and its answers, reads its refused records, its accounts and its instructions. The
    platform reads alerts, referrals and cases, and writes decisions. The worker does the rest. Who counts the accounts
    reads what they are counted from, and writes nothing else. Who delivers webhooks reads what is delivered, and writes
    what was not. The console reads what the platform and the couriers do, and writes decisions; it joins no group.
    """
    return frozenset(_rights(settings, access))


def _rights(settings: Settings, access: Access) -> Iterator[Right]:
    topics = settings.topics
    for plan in plan_topics(settings):
        done = ["READ"] * plan.read + ["WRITE"] * (plan.written or plan.name == topics.clock)
        yield from _allow(WORKER, TOPIC, plan.name, *done, "DESCRIBE", "DESCRIBE_CONFIGS")
    yield from _allow(WORKER, GROUP, topics.app_id, "READ", "DESCRIBE")
    # One id for each partition, by its number.
    for operation in ("WRITE", "DESCRIBE"):
        yield Right(WORKER, operation, TRANSACTIONAL_ID, f"{topics.app_id}-", begins=True)
    for courier in settings.couriers:
        user = courier_user(courier)
        yield from _allow(user, TOPIC, topics.intake(courier), "WRITE", "DESCRIBE")
        yield from _allow(user, TOPIC, topics.rejected(courier), "READ", "DESCRIBE")
        yield from _allow(user, TOPIC, topics.accounts(courier), "READ", "DESCRIBE")
        yield from _allow(user, TOPIC, topics.instructions(courier), "READ", "DESCRIBE")
        yield from _allow(user, TOPIC, topics.answers(courier), "WRITE", "DESCRIBE")
        for counted in (topics.intake(courier), topics.rejected(courier)):
            yield from _allow(ACCOUNTS, TOPIC, counted, "READ", "DESCRIBE")
        yield from _allow(ACCOUNTS, TOPIC, topics.accounts(courier), "READ", "WRITE", "DESCRIBE")
    for between in topics.passes:
        yield from _allow(ACCOUNTS, TOPIC, between, "READ", "DESCRIBE")
    yield from _allow(ACCOUNTS, TOPIC, topics.alerts, "DESCRIBE")
    yield from _allow(ACCOUNTS, GROUP, topics.app_id, "DESCRIBE")
    for read in (topics.alerts, topics.referrals, topics.cases, topics.refused_decisions):
        yield from _allow(PLATFORM, TOPIC, read, "READ", "DESCRIBE")
    yield from _allow(PLATFORM, TOPIC, topics.decisions, "READ", "WRITE", "DESCRIBE")
    # Whoever decides is told if a worker has read it.
    yield from _allow(PLATFORM, GROUP, topics.app_id, "DESCRIBE")
    yield from _to_deliver(settings, access.deliver)
    yield from _of_console(settings)
    owners = {topics.app_id: WORKER} | {right.name: DELIVER for right in _to_deliver(settings, access.deliver)}
    for user, group in _groups(settings, access):
        if (owner := owners.setdefault(group, user)) != user:
            raise UserError(f"the group {group} would belong to {owner} and to {user}; give it another name")
        yield from _allow(user, GROUP, group, "READ")


def _to_deliver(settings: Settings, deliver: Deliver) -> Iterator[Right]:
    topics = settings.topics
    for topic in deliver.topics:
        yield from _allow(DELIVER, TOPIC, settings.topic_prefix + topic, "READ", "DESCRIBE")
    yield from _allow(DELIVER, TOPIC, topics.undelivered, "READ", "WRITE", "DESCRIBE")
    for receiver in deliver.receivers:
        for name in (topics.delivery_id(receiver), topics.undelivered_id(receiver)):
            yield from _allow(DELIVER, GROUP, name, "READ", "DESCRIBE")
            yield from _allow(DELIVER, TRANSACTIONAL_ID, name, "WRITE", "DESCRIBE")


def _of_console(settings: Settings) -> Iterator[Right]:
    topics = settings.topics
    compacted = (topics.referrals, topics.cases, *map(topics.accounts, settings.couriers))
    letters = (*map(topics.instructions, settings.couriers), *map(topics.answers, settings.couriers))
    for read in (topics.alerts, topics.refused_decisions, *letters, *compacted):
        yield from _allow(CONSOLE, TOPIC, read, "READ", "DESCRIBE")
    for read in compacted:  # how long deletions are kept says for how long it may be away without missing one
        yield from _allow(CONSOLE, TOPIC, read, "DESCRIBE_CONFIGS")
    yield from _allow(CONSOLE, TOPIC, topics.decisions, "READ", "WRITE", "DESCRIBE")


def _groups(settings: Settings, access: Access) -> Iterator[tuple[str, str]]:
    """User and group; the users' own first, so that nobody else is given one of these."""
    named = {courier_user(courier): access.courier.get(courier, Reader()) for courier in settings.couriers}
    named[PLATFORM] = access.platform
    for user in named:
        yield user, f"{settings.topic_prefix}{user}"
    for user, reader in named.items():
        for group in reader.groups:
            yield user, f"{settings.topic_prefix}{group}"


def wanted_quotas(settings: Settings, access: Access) -> dict[str, Quota]:
    """The quota of each courier's user."""
    return {
        courier_user(courier): access.every_courier.quota() | access.courier.get(courier, Courier()).quota()
        for courier in settings.couriers
    }


def is_ours(right: Right, settings: Settings) -> bool:
    """True for a right that provisioning may have given for this installation, now or in an earlier version."""
    if not USER.fullmatch(right.user):
        return False
    prefix = re.escape(settings.topic_prefix)
    names = {
        TOPIC: r"(intake|rejected|accounts|instructions|answers)\..+|alerts|decisions|refused\.decisions|referrals"
        r"|cases|undelivered|screening([.-].*)?",
        GROUP: "[^.]+",
        TRANSACTIONAL_ID: "(screening|deliver)(-.*)?",
    }
    return right.kind in names and re.fullmatch(f"{prefix}({names[right.kind]})", right.name) is not None


def _allow(user: str, kind: str, name: str, *operations: str) -> Iterator[Right]:
    for operation in operations:
        yield Right(user, operation, kind, name)
