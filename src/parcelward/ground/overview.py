"""All that was looked at, in lines for a person; no flaw: before its first start nothing of it is wrong."""

from collections.abc import Iterator

from parcelward.ground.facts import Facts
from parcelward.settings import Settings


def overview(settings: Settings, facts: Facts) -> Iterator[str]:
    """Say how much there is, whether a worker is there, and what waits for one.

    Of topics that only couriers write. In those of transactions some offsets hold no record, and would count as one.
    """
    group, found = settings.topics.app_id, facts.workers
    partitions = sum(one.partitions for one in facts.topics.values())
    yield f"looked at {_count(len(facts.topics), 'topic')} with {_count(partitions, 'partition')} on {settings.kafka}"
    if found is None:
        yield f"workers in group {group}: not known, this user may not ask"
    elif found:
        yield f"{_count(found, 'worker')} in group {group}"
    else:
        yield f"no worker is in group {group}"
    for topic, waiting in () if found else _waiting(settings, facts):
        yield f"{_count(waiting, 'record')} {'waits' if waiting == 1 else 'wait'} on {topic}"


def _waiting(settings: Settings, facts: Facts) -> Iterator[tuple[str, int]]:
    topics = settings.topics
    for topic in (of(courier) for of in (topics.intake, topics.answers) for courier in settings.couriers):
        waiting = 0
        for place, log in facts.logs.items():
            if place[0] == topic:
                position = facts.positions.get(place)
                waiting += log.end - (log.start if position is None else max(log.start, position.offset))
        if waiting > 0:
            yield topic, waiting


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
