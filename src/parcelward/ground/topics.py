"""Flaws on topics: partitions, copies, settings, and how long records are kept."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from parcelward.flow import FLOW
from parcelward.ground.facts import Facts, TopicFacts
from parcelward.ground.flaw import Code, Flaw, Severity
from parcelward.ground.plan import TopicPlan
from parcelward.moments import DAY_MS, HOUR_MS, duration_ms
from parcelward.settings import Settings

STOP, WARN = Severity.STOP, Severity.WARN
FOREVER_MS = -1
WAITS = ("retention.ms", "retention.bytes")
"""Entries that say how long a topic keeps its records."""


def misfits(
    settings: Settings, plans: Iterable[TopicPlan], topics: Mapping[str, TopicFacts], *, made_at_start: bool = False
) -> Iterator[Flaw]:
    """Find topics that are missing or are not what a worker needs. A wrong one would lose records or miscount them.

    `made_at_start`: a worker that starts makes those that are missing.
    """
    for plan in plans:
        topic = topics.get(plan.name)
        if plan.optional:
            continue
        if topic is None:
            yield Flaw(
                Code.TOPIC_MISSING,
                WARN if made_at_start else STOP,
                f"topic {plan.name} does not exist on {settings.kafka}, or may not be described",
                "a worker makes it when it starts"
                if made_at_start
                else "create it, or set manage_topics (environment PARCELWARD_MANAGE_TOPICS) to true",
            )
            continue
        if topic.partitions != plan.partitions:
            yield Flaw(
                Code.PARTITIONS,
                STOP,
                f"topic {plan.name} has {topic.partitions} partitions, but the setting partitions is {plan.partitions}",
                "set it to what the topics have, or use another topic_prefix",
            )
        if topic.copies < plan.replication:
            yield Flaw(
                Code.COPIES,
                STOP,
                f"topic {plan.name} has {topic.copies} copies, but the setting replication is {plan.replication}",
                "add some with kafka-reassign-partitions, or set replication to what the topics have",
            )
        yield from _unfit_entries(plan, topic)


def _unfit_entries(plan: TopicPlan, topic: TopicFacts) -> Iterator[Flaw]:
    wrong = {}
    for entry in plan.required:
        is_, planned = topic.config.get(entry), plan.config[entry]
        if is_ is None:
            yield Flaw(
                Code.RIGHTS,
                STOP,
                f"{entry} of topic {plan.name} may not be read",
                "allow this user DescribeConfigs on it",
            )
            return
        if int(is_) < int(planned) if planned.isdigit() else is_ != planned:
            wrong[entry] = is_
    if wrong:
        yield Flaw(Code.TOPIC_SETTINGS, STOP, _has(plan, wrong, plan.required), _altered(plan, wrong))


def _has(plan: TopicPlan, wrong: Mapping[str, object], why: Mapping[str, str]) -> str:
    return f"topic {plan.name} has " + " and ".join(f"{entry} {is_}: {why[entry]}" for entry, is_ in wrong.items())


def _altered(plan: TopicPlan, entries: Iterable[str]) -> str:
    wanted = ",".join(f"{entry}={plan.config[entry]}" for entry in entries)
    return f"set it with kafka-configs --alter --topic {plan.name} --add-config {wanted}"


def kept_too_short(settings: Settings, plans: Iterable[TopicPlan], facts: Facts) -> Iterator[Flaw]:
    """Find topics that may delete records before workers that were away have read them."""
    away = duration_ms(settings.workers_away)
    for plan in plans:
        topic = facts.topics.get(plan.name)
        if topic is None or plan.compacted or not _is_source(settings, plan.name):
            continue
        kept, most = (_number(topic.config.get(entry)) for entry in WAITS)
        if kept is not None and FOREVER_MS < kept < away:
            yield Flaw(
                Code.RETENTION_SHORT,
                STOP,
                f"topic {plan.name} keeps its records for {_span(kept)}, but workers may be away for {_span(away)} "
                "(setting workers_away), and what is deleted meanwhile is never screened",
                f"set it with kafka-configs --alter --topic {plan.name} --add-config retention.ms={away}, or set "
                "workers_away to what you can promise",
            )
        if most is not None and most > FOREVER_MS:
            yield Flaw(
                Code.RETENTION_SHORT,
                WARN,
                f"topic {plan.name} keeps at most {most} bytes of each partition, so a storm may delete records before "
                "they are read",
                f"remove it with kafka-configs --alter --topic {plan.name} --delete-config retention.bytes",
            )


def positions_kept_too_short(settings: Settings, facts: Facts) -> Iterator[Flaw]:
    """Find that Kafka may forget positions while workers are away: they would then refuse to go on."""
    away, kept = duration_ms(settings.workers_away), facts.positions_kept_ms
    if kept is not None and kept < away:
        yield Flaw(
            Code.RETENTION_SHORT,
            WARN,
            f"the brokers forget positions {_span(kept)} after the last worker has left, but workers may be away for "
            f"{_span(away)} (setting workers_away)",
            f"set offsets.retention.minutes of the brokers to {-(-away // 60_000)} or more",
        )


def kept_too_long(plans: Iterable[TopicPlan], facts: Facts) -> Iterator[Flaw]:
    """Find topics that keep personal values for longer than is promised."""
    for plan in plans:
        topic = facts.topics.get(plan.name)
        if topic is None:
            continue
        wrong = {}
        for entry in plan.promised:
            is_ = _number(topic.config.get(entry))
            if is_ is not None and (is_ == FOREVER_MS or is_ > int(plan.config[entry])):
                wrong[entry] = is_
        if wrong:
            yield Flaw(Code.KEPT_TOO_LONG, WARN, _has(plan, wrong, plan.promised), _altered(plan, wrong))


def made_anew(facts: Facts) -> Iterator[Flaw]:
    """Find topics that were deleted and made again while the worker ran."""
    for name, known in facts.known_ids.items():
        topic = facts.topics.get(name)
        if topic is not None and topic.id != known:
            yield Flaw(
                Code.TOPIC_MADE_ANEW,
                STOP,
                f"topic {name} was deleted and made again while the worker ran",
                'see docs/runbook.md, "A topic was made anew", before you start it again',
            )


def few_copies(settings: Settings, facts: Facts) -> Iterator[Flaw]:
    """Find Kafka's own topics with too few copies. They are not ours to refuse; some users may not see them."""
    for name, copies in facts.internal.items():
        if copies < settings.replication:
            yield Flaw(
                Code.COPIES,
                WARN,
                f"Kafka's own topic {name} has {copies} copies, fewer than the setting replication, and positions or "
                "transactions may be lost with a broker",
                "add some with kafka-reassign-partitions",
            )


def _is_source(settings: Settings, name: str) -> bool:
    return any(name in settings.topics.sources(stage, settings.couriers) for stage in FLOW)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.lstrip("-").isdigit() else None


def _span(ms: int) -> str:
    """Write a duration with the largest unit that leaves no rest.

    >>> _span(3 * DAY_MS), _span(90_000)
    ('3 days', '90 s')
    """
    if ms % DAY_MS == 0:
        return f"{ms // DAY_MS} days"
    return f"{ms // HOUR_MS} hours" if ms % HOUR_MS == 0 else f"{timedelta(milliseconds=ms).total_seconds():g} s"


def all_of_topics(settings: Settings, plans: Sequence[TopicPlan], facts: Facts, *, running: bool) -> Iterator[Flaw]:
    """Every flaw on topics."""
    yield from misfits(settings, plans, facts.topics, made_at_start=settings.manage_topics and not running)
    yield from kept_too_short(settings, plans, facts)
    yield from positions_kept_too_short(settings, facts)
    yield from kept_too_long(plans, facts)
    yield from made_anew(facts)
    yield from few_copies(settings, facts)
