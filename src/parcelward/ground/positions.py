"""Flaws on positions: against the logs that they are in, and against the state that belongs to them."""

from collections.abc import Iterator

from parcelward.flow import FLOW, FlowStage
from parcelward.footing import Bounds, records_gone
from parcelward.ground.facts import Facts, Place, Position
from parcelward.ground.flaw import Code, Flaw, Severity
from parcelward.settings import Settings

STOP, WARN = Severity.STOP, Severity.WARN
RUNBOOK = "docs/runbook.md"


def _sources(settings: Settings, stage: FlowStage) -> Iterator[tuple[str, int]]:
    for topic in settings.topics.sources(stage, settings.couriers):
        for number in range(settings.partitions):
            yield topic, number


def off_the_log(settings: Settings, facts: Facts) -> Iterator[Flaw]:
    """Find positions that their log does not reach: records are gone, or the log is not the one it was."""
    for stage in FLOW:
        for place in _sources(settings, stage):
            log, position = facts.logs.get(place), facts.positions.get(place)
            if log is None:
                continue
            if position is None:
                if stage.reads_intake:
                    yield from _never_read(place, log, facts)
                continue
            topic = facts.topics.get(place[0])
            footing = position.footing
            if footing is not None and topic is not None and footing.topic != topic.id:
                yield _topic_made_anew(place, position)
            elif position.offset > log.end:
                yield _beyond_end(place, position, log)
            elif gone := records_gone(position.offset, log, transactional=stage.fed):
                yield gap(settings, place, position.offset, log, gone)


def gap(settings: Settings, place: Place, position: int, log: Bounds, gone: int) -> Flaw:
    """Say that records are gone before they were read, at most so many.

    One offset before an empty log stops nobody: after quiet days it may be the end of a transaction, no record.
    """
    doubtful = not records_gone(position, log, transactional=True)
    if doubtful:
        return Flaw(
            Code.GAP,
            WARN,
            f"offset {position} of topic {place[0]}, partition {place[1]}, was deleted before it was read: a record, "
            "or only the end of a transaction",
            f'nothing, if nothing was sent then ({RUNBOOK}, "Records are gone")',
        )
    stop = settings.gaps == "stop"
    mend = (
        f'see {RUNBOOK}, "Records are gone", then set gaps (environment PARCELWARD_GAPS) to go_on to pass over them'
        if stop
        else f'they are passed over and counted, because gaps is go_on ({RUNBOOK}, "Records are gone")'
    )
    return Flaw(
        Code.GAP,
        STOP if stop else WARN,
        f"{gone} records of topic {place[0]}, partition {place[1]}, offsets {position} to {log.start - 1}, were "
        "deleted before they were read and are not screened",
        mend,
    )


def _never_read(place: Place, log: Bounds, facts: Facts) -> Iterator[Flaw]:
    if log.start > 0 and facts.positions:
        yield Flaw(
            Code.NEVER_READ,
            WARN,
            f"the first {log.start} records of topic {place[0]}, partition {place[1]}, were deleted before a worker "
            "read any",
            "ask the courier to publish them again, if they had to be screened",
        )


def _topic_made_anew(place: Place, position: Position) -> Flaw:
    return Flaw(
        Code.TOPIC_MADE_ANEW,
        STOP,
        f"topic {place[0]} was deleted and made again since position {position.offset} of partition {place[1]} was "
        "committed, so records before it would be passed over",
        f'set the position, see {RUNBOOK}, "A topic was made anew"',
    )


def _beyond_end(place: Place, position: Position, log: Bounds) -> Flaw:
    return Flaw(
        Code.POSITION_BEYOND_END,
        STOP,
        f"the committed position {position.offset} of topic {place[0]}, partition {place[1]}, lies beyond the end of "
        f"its log, {log.end}: the topic was made anew, or its leader has lost records",
        f'see {RUNBOOK}, "A topic was made anew"',
    )


def off_the_state(settings: Settings, facts: Facts) -> Iterator[Flaw]:
    """Find positions without their state, and state without positions: either way parcels would count anew."""
    for stage in FLOW:
        changelog = settings.topics.changelog(stage.name)
        for number in range(settings.partitions):
            log = facts.logs.get((changelog, number))
            sources = [(topic, number) for topic in settings.topics.sources(stage, settings.couriers)]
            found = [facts.positions[place] for place in sources if place in facts.positions]
            if log is None:
                continue
            if not found:
                if (stage.name, number) in facts.live_states:
                    yield _positions_gone(settings, stage, number)
                continue
            yield from _state_gone(facts, changelog, number, log, found)


def _positions_gone(settings: Settings, stage: FlowStage, number: int) -> Flaw:
    return Flaw(
        Code.POSITIONS_GONE,
        STOP,
        f"no position of group {settings.topics.app_id} is committed for partition {number} of stage {stage.name}, but "
        "its state is there, and from the beginning everything would count twice",
        f'set the positions with kafka-consumer-groups --reset-offsets ({RUNBOOK}, "Positions are gone")',
    )


def _state_gone(facts: Facts, changelog: str, number: int, log: Bounds, positions: list[Position]) -> Iterator[Flaw]:
    footings = [one.footing for one in positions if one.footing is not None]
    mend = f'see {RUNBOOK}, "The state is gone"'
    where = f"the changelog {changelog}, partition {number},"
    topic = facts.topics.get(changelog)
    if not footings:
        if log.end == 0:
            yield Flaw(
                Code.STATE_UNPROVEN,
                WARN,
                f"{where} is empty although positions are committed, and whether it ever held anything is not known",
                f"if it was deleted, {mend}; it goes with the next commit",
            )
        return
    newest = max(footings, key=lambda one: one.written)
    if topic is not None and all(one.changelog != topic.id for one in footings):
        wrong = "was deleted and made again since positions were committed"
    elif log.end < newest.written:
        wrong = f"ends at {log.end}, but was written up to {newest.written}"
    elif log.start > newest.start:
        wrong = f"begins at {log.start}, but began at {newest.start} when positions were committed"
    else:
        return
    yield Flaw(
        Code.STATE_GONE, STOP, f"{where} {wrong}: state is gone, and parcels that come again would count anew", mend
    )


def of_other_partitions(settings: Settings, facts: Facts) -> Iterator[Flaw]:
    """Find state that was made with another number of partitions: keys would be looked for in the wrong one."""
    others = {
        footing.partitions
        for position in facts.positions.values()
        if (footing := position.footing) is not None and footing.partitions != settings.partitions
    }
    for partitions in sorted(others):
        yield Flaw(
            Code.PARTITIONS,
            STOP,
            f"the state was made with {partitions} partitions, but the setting partitions is {settings.partitions}: "
            "what is known of a waybill would be looked for in the wrong one",
            "use another topic_prefix with topics of its own, or start over "
            f'({RUNBOOK}, "Another number of partitions")',
        )


def couriers_left_out(settings: Settings, facts: Facts) -> Iterator[Flaw]:
    """Find couriers whose events were read once, and are not any more: nobody would miss them."""
    for courier in sorted(facts.other_couriers):
        topic, group = settings.topics.intake(courier), settings.topics.app_id
        yield Flaw(
            Code.COURIER_LEFT_OUT,
            WARN,
            f"group {group} has read topic {topic}, but courier {courier} is not in the setting couriers (environment "
            "PARCELWARD_COURIERS), so what it sends is not screened",
            "add it; if it is gone for good, forget its positions with kafka-consumer-groups --delete-offsets "
            f"--group {group} --topic {topic}",
        )


def all_of_positions(settings: Settings, facts: Facts) -> Iterator[Flaw]:
    """Every flaw on positions and state."""
    yield from off_the_log(settings, facts)
    yield from off_the_state(settings, facts)
    yield from of_other_partitions(settings, facts)
    yield from couriers_left_out(settings, facts)
