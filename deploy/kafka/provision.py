"""Makes users, topics and access rights on a new cluster, and changes nothing on one that has them.

Runs once, as the administrator, in the worker's image. Reads the connection from the settings (`PARCELWARD_*`) and
the passwords of the others from the environment:
KAFKA_WORKER_PASSWORD, KAFKA_PLATFORM_PASSWORD, KAFKA_COURIER_PASSWORDS (`swift=...,orient=...`).
"""

import os
import sys
from collections.abc import Iterator

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from parcelward.cluster.admin import ensure_topics
from parcelward.cluster.client import client_options, unreachable
from parcelward.errors import UserError
from parcelward.settings import Settings, load_settings
from parcelward.topics import Topics

WORKER, PLATFORM = "worker", "platform"
ITERATIONS = 8192

READ, WRITE, CREATE = ACLOperation.READ, ACLOperation.WRITE, ACLOperation.CREATE
DESCRIBE, DESCRIBE_CONFIGS = ACLOperation.DESCRIBE, ACLOperation.DESCRIBE_CONFIGS
LITERAL, PREFIXED = ACLResourcePatternType.LITERAL, ACLResourcePatternType.PREFIXED


def courier_user(courier: str) -> str:
    """User name of a courier; also the prefix of its consumer groups."""
    return f"courier-{courier}"


def access_rights(topics: Topics, couriers: tuple[str, ...]) -> Iterator[ACL]:
    """List the access rights. The broker's configuration forbids everything else.

    A courier writes its intake and reads its refused records, the platform reads alerts, the worker does the rest.
    """
    for courier in couriers:
        user = courier_user(courier)
        yield from _allow(user, _topic(topics.intake(courier)), WRITE, DESCRIBE)
        yield from _allow(user, _topic(topics.rejected(courier)), READ, DESCRIBE)
        yield from _allow(user, _group(user), READ)
        # To write there is to move what lies in a wrong partition (setting move_misplaced).
        yield from _allow(WORKER, _topic(topics.intake(courier)), READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS)
        yield from _allow(WORKER, _topic(topics.rejected(courier)), WRITE, DESCRIBE, DESCRIBE_CONFIGS)
    yield from _allow(PLATFORM, _topic(topics.alerts), READ, DESCRIBE)
    yield from _allow(PLATFORM, _group(PLATFORM), READ)
    yield from _allow(WORKER, _topic(topics.alerts), READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS)
    # Screening topics, changelogs, the consumer group and the transactional ids all begin with the application's id.
    internal = ResourcePattern(ResourceType.TOPIC, topics.app_id, PREFIXED)
    yield from _allow(WORKER, internal, READ, WRITE, CREATE, DESCRIBE, DESCRIBE_CONFIGS)
    yield from _allow(WORKER, _group(topics.app_id), READ, DESCRIBE)
    transactions = ResourcePattern(ResourceType.TRANSACTIONAL_ID, topics.app_id, PREFIXED)
    yield from _allow(WORKER, transactions, WRITE, DESCRIBE)


def passwords(couriers: tuple[str, ...]) -> dict[str, str]:
    """Passwords by user, from the environment. Raises UserError naming the one that is missing."""
    found = {WORKER: _secret("KAFKA_WORKER_PASSWORD"), PLATFORM: _secret("KAFKA_PLATFORM_PASSWORD")}
    pairs = dict(pair.split("=", 1) for pair in _secret("KAFKA_COURIER_PASSWORDS").split(",") if "=" in pair)
    for courier in couriers:
        if not pairs.get(courier):
            raise UserError(f"KAFKA_COURIER_PASSWORDS has no password for courier {courier}; add {courier}=...")
        found[courier_user(courier)] = pairs[courier]
    return found


def provision(settings: Settings, secrets: dict[str, str]) -> None:
    """Set the users' passwords, make what is missing of topics and access rights. Safe to repeat. Raises UserError."""
    made = ensure_topics(settings)
    try:
        admin = KafkaAdminClient(**client_options(settings))
    except OSError as error:
        raise unreachable(settings, error) from None
    try:
        failed = admin.alter_user_scram_credentials(
            [
                UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_512, password, iterations=ITERATIONS)
                for user, password in secrets.items()
            ]
        )
        wrong = [user for user, error in failed.items() if error]
        if wrong:
            raise UserError(f"the broker refused the passwords of: {', '.join(wrong)}")
        refused = admin.create_acls(list(access_rights(settings.topics, settings.couriers)))["failed"]
        if refused:
            raise UserError(f"the broker refused {len(refused)} access rights, the first: {refused[0]}")
    finally:
        admin.close()
    print(f"{len(secrets)} users, {len(made)} new topics, access rights in place")  # noqa: T201 - a command speaks


def _allow(user: str, resource: ResourcePattern, *operations: ACLOperation) -> Iterator[ACL]:
    for operation in operations:
        yield ACL(f"User:{user}", "*", operation, ACLPermissionType.ALLOW, resource)


def _topic(name: str) -> ResourcePattern:
    return ResourcePattern(ResourceType.TOPIC, name, LITERAL)


def _group(name: str) -> ResourcePattern:
    return ResourcePattern(ResourceType.GROUP, name, PREFIXED)


def _secret(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise UserError(f"{name} is not set; run deploy/make-env.sh, or set it as your secret store does")
    return value


if __name__ == "__main__":
    try:
        settings = load_settings()
        provision(settings, passwords(settings.couriers))
    except UserError as error:
        print(f"provision: {error}", file=sys.stderr)  # noqa: T201 - a command speaks
        sys.exit(2)
