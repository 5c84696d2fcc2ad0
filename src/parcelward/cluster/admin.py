"""Makes and checks the topics of one installation, on the local broker or on an existing cluster."""

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from kafka import TopicPartition
from kafka.admin import ConfigResource, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from parcelward.cluster.client import client_options, require_answer, unreachable
from parcelward.errors import UserError
from parcelward.flow import FLOW
from parcelward.footing import short_id
from parcelward.ground.check import refuse
from parcelward.ground.facts import TopicFacts
from parcelward.ground.plan import INTERNAL, TopicPlan, plan_accounts, plan_delivery, plan_topics
from parcelward.ground.topics import WAITS, misfits
from parcelward.settings import Settings

log = logging.getLogger(__name__)

PATIENCE_S = 15.0
"""So long a request is tried again while a broker is away: the others elect new leaders and a controller meanwhile."""
PAUSE_S = 0.5
OFFSETS_KEPT = "offsets.retention.minutes"

T = TypeVar("T")


def ensure_topics(settings: Settings, plan: Callable[[Settings], list[TopicPlan]] = plan_topics) -> list[str]:
    """Create what is missing of the planned topics and return its names. Waits until every partition has a leader.

    Raises UserError when no broker answers, when creating is refused, or when an existing topic does not fit, naming it
    and the fix:

    - Another number of partitions: keys would be looked for in the wrong partition's state.
    - An intake topic without the broker's time: a courier could forge arrivals.
    - A rejected topic with too small a limit: a refused record would not fit into it.
    - A changelog that is not only compacted: state would be deleted.
    - Fewer copies than the setting `replication`, or a leader that lacks records: acknowledged records could be lost.
    """
    plans = plan(settings)

    def ensure(admin: Any) -> list[str]:
        existing = set(admin.list_topics())
        missing = [plan for plan in plans if plan.name not in existing]
        if missing:
            with contextlib.suppress(TopicAlreadyExistsError):  # another process made it in the meantime
                admin.create_topics({plan.name: _as_request(plan) for plan in missing})
            admin.wait_for_topics([plan.name for plan in missing])
        _check(settings, admin, [plan for plan in plans if plan.name in existing])
        return [plan.name for plan in missing]

    return administered(settings, "creating_topics", ensure)


def delete_topics(settings: Settings) -> None:
    """Delete every topic of this installation that exists. Raises UserError when the cluster refuses."""
    planned = {plan.name for plan in (*plan_topics(settings), *plan_accounts(settings), *plan_delivery(settings))}

    def delete(admin: Any) -> None:
        if found := sorted(planned & set(admin.list_topics())):
            admin.delete_topics(found)

    administered(settings, "deleting_topics", delete)


def committed_positions(admin: Any, settings: Settings) -> dict[TopicPartition, Any]:
    """Ask for every position that the workers' group has committed: offset and metadata, on whatever topic."""
    group = settings.topics.app_id
    return {tp: one for tp, one in admin.list_group_offsets({group: None})[group].items() if one.offset >= 0}


def changelog_ids(settings: Settings) -> dict[str, str]:
    """Return each stage's changelog id, by stage: Kafka's own id of the topic, which changes when it is made again."""
    names = {settings.topics.changelog(stage.name): stage.name for stage in FLOW}

    def ask(admin: Any) -> dict[str, str]:
        return {names[topic["name"]]: str(topic["topic_id"]) for topic in admin.describe_topics(list(names))}

    return administered(settings, "describing_the_changelogs", ask)


def administered(settings: Settings, doing: str, request: Callable[[Any], T]) -> T:
    """Ask the cluster, again and again while a broker is away; `doing` is the log's code for it.

    `request` may be repeated after it was done in part. Raises UserError, one sentence, for what Kafka refuses.
    """
    end = time.monotonic() + PATIENCE_S
    require_answer(settings)
    while True:
        try:
            admin = KafkaAdminClient(**client_options(settings))
        except (KafkaError, OSError) as error:
            raise unreachable(settings, error) from None
        try:
            return request(admin)
        except KafkaError as error:
            if not error.retriable or time.monotonic() > end:
                raise UserError(f"{doing.replace('_', ' ')} on {settings.kafka} failed: {error}") from None
            log.info("trying again", extra={"doing": doing, "error": type(error).__name__})
        finally:
            admin.close()
        time.sleep(PAUSE_S)


def _as_request(plan: TopicPlan) -> dict[str, Any]:
    return {"num_partitions": plan.partitions, "replication_factor": plan.replication, "configs": plan.config}


def _check(settings: Settings, admin: Any, plans: list[TopicPlan]) -> None:
    if plans:
        refuse(list(misfits(settings, plans, topics_of(admin, plans))))


def topics_of(admin: Any, plans: Sequence[TopicPlan]) -> dict[str, TopicFacts]:
    """Ask for these topics, as far as they exist; of their configuration for the entries that are checked."""
    named = {plan.name: plan for plan in plans}
    there = [topic for topic in admin.describe_topics(list(named)) if topic["partitions"]]
    asked = [ConfigResource("TOPIC", topic["name"], _asked(named[topic["name"]])) for topic in there]
    found = admin.describe_configs(asked, config_filter="all")["topic"] if asked else {}
    return {
        topic["name"]: TopicFacts(
            name=topic["name"],
            id=short_id(str(topic["topic_id"])),
            partitions=len(topic["partitions"]),
            copies=_copies(topic["partitions"]),
            config={entry: of.get("value") for entry, of in found.get(topic["name"], {}).items()},
            operations=None
            if topic.get("authorized_operations") is None
            else frozenset(topic["authorized_operations"]),
        )
        for topic in there
    }


def _asked(plan: TopicPlan) -> list[str]:
    return [*{*plan.required, *plan.promised, *(() if plan.compacted else WAITS)}]


def described_group(admin: Any, group: str) -> dict[str, Any]:
    """Describe a group, with what this user may do with it."""
    found: dict[str, Any] = admin.describe_groups([group], include_authorized_operations=True)[group]
    return found


def _is_no_riddle(record: logging.LogRecord) -> bool:
    """Leave out that kafka-python cannot read what our workers' members say of themselves: nobody asks for it.

    It would warn at each check, and put the whole group with it.
    """
    return not str(record.msg).startswith(("Unable to decode member_metadata", "Unable to decode member_assignment"))


logging.getLogger("kafka.admin._groups").addFilter(_is_no_riddle)


def internal_copies(admin: Any) -> dict[str, int]:
    """Ask for the least copies of Kafka's own topics that this user may see."""
    existing = set(admin.list_topics())
    names = [name for name in INTERNAL if name in existing]
    found = admin.describe_topics(names) if names else ()
    return {topic["name"]: _copies(topic["partitions"]) for topic in found if topic["partitions"]}


def positions_kept_ms(admin: Any) -> int | None:
    """Ask how long brokers keep the positions of a group without members (ms); None where this user may not ask."""
    broker = str(admin.describe_cluster()["brokers"][0]["broker_id"])
    try:
        asked = [ConfigResource("BROKER", broker, [OFFSETS_KEPT])]
        found = admin.describe_configs(asked, config_filter="all")["broker"][broker]
    except KafkaError:  # no right to describe the cluster's configuration
        return None
    kept = found.get(OFFSETS_KEPT, {}).get("value")
    return None if kept is None else int(kept) * 60_000


def _copies(partitions: list[dict[str, Any]]) -> int:
    return min(len(partition["replica_nodes"]) for partition in partitions)
