"""The channels: each topic of an installation, with its plan, its messages, and the users that may write or read it."""

import inspect
from collections.abc import Iterator
from typing import NamedTuple

from parcelward.cluster.rights import (
    ACCOUNTS,
    CONSOLE,
    DELIVER,
    GROUP,
    PLATFORM,
    TOPIC,
    WORKER,
    Access,
    Right,
    courier_user,
    wanted_rights,
)
from parcelward.contract.schema_files import MESSAGES, Message
from parcelward.flow import FLOW
from parcelward.ground.plan import TopicPlan, plan_accounts, plan_delivery, plan_topics
from parcelward.settings import Settings
from parcelward.topics import Topics

COURIER = "{courier}"
"""Stands for the code of any courier in an address and in the name of its user."""
SETTINGS = Settings.model_construct(couriers=(COURIER,))
"""Everything as it is if nobody sets anything: neither the environment nor a file is read."""


class Role(NamedTuple):
    """One kind of user of the secured Kafka: its name in the document, the user's, and what it is there for."""

    name: str
    user: str
    meaning: str


ROLES = (
    Role(
        "courier", courier_user(COURIER), "A courier: sends its events and its answers, and reads what is meant for it."
    ),
    Role("platform", PLATFORM, "The joint security control platform: its analysts and supervisors read and decide."),
    Role("worker", WORKER, "Parcelward's workers: they screen what comes in, and write everything that follows."),
    Role("accounts", ACCOUNTS, "Ops: counts the couriers' days, and writes nothing but the accounts."),
    Role("deliver", DELIVER, "Ops: sends what is on topics to platforms without Kafka, and writes what it gave up."),
    Role(
        "console", CONSOLE, "The console: shows the platform's people what is on topics, and writes what they decide."
    ),
)
_WRITES, _READS = "WRITE", "READ"


class Channel(NamedTuple):
    """One topic: its address, what it holds, its plan, its messages in the contract, and names of roles."""

    address: str
    meaning: str
    plan: TopicPlan
    messages: tuple[Message, ...]
    writers: tuple[str, ...]
    readers: tuple[str, ...]

    @property
    def id(self) -> str:
        """The address without the courier."""
        return self.address.removesuffix(f".{COURIER}")

    @property
    def is_inner(self) -> bool:
        """True for a topic of the workers alone, which no message of the contract is on."""
        return not self.messages


def channels() -> list[Channel]:
    """Every topic, in the order in which `Topics` defines them."""
    plans = {plan.name: plan for plan in (*plan_topics(SETTINGS), *plan_accounts(SETTINGS), *plan_delivery(SETTINGS))}
    rights = {(right.user, right.operation, right.name) for right in _rights() if right.kind == TOPIC}
    return [
        Channel(
            address,
            meaning,
            plans[address],
            tuple(
                message for message in MESSAGES if address.replace(COURIER, "<courier>") in message.topic.split(", ")
            ),
            tuple(role.name for role in ROLES if (role.user, _WRITES, address) in rights),
            tuple(role.name for role in ROLES if (role.user, _READS, address) in rights),
        )
        for address, meaning in _named(SETTINGS.topics)
        if address in plans
    ]


def groups() -> dict[str, str]:
    """The consumer group of each role that joins one; of several, the first by name."""
    users = {role.user: role.name for role in ROLES}
    joined = sorted(
        ((right.name, right.user) for right in _rights() if (right.kind, right.operation) == (GROUP, _READS)),
        reverse=True,
    )
    found = {users[user]: name for name, user in joined}
    return dict(sorted(found.items()))


def _rights() -> frozenset[Right]:
    return wanted_rights(SETTINGS, Access())


def _named(topics: Topics) -> Iterator[tuple[str, str]]:
    """Name and meaning of each topic: properties name one, methods one for each courier or each stage."""
    of_each = {"courier": [COURIER], "stage": [stage.name for stage in FLOW]}
    for name, member in vars(Topics).items():
        meaning = " ".join((inspect.getdoc(member) or "").split())
        if isinstance(member, property) and isinstance(found := getattr(topics, name), str):
            yield found, meaning
        elif inspect.isfunction(member):
            _, *parameters = inspect.signature(member).parameters
            for value in of_each.get(parameters[0], ()) if len(parameters) == 1 else ():
                yield member(topics, value), meaning
