"""Flaws on the ground of a worker, each from facts alone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from parcelward.errors import UserError
from parcelward.footing import Bounds, Footing, footing_of, records_gone, short_id
from parcelward.ground.check import check_ground, refuse
from parcelward.ground.facts import Certificate, ClockFacts, Facts, Machine, Position, TopicFacts
from parcelward.ground.flaw import Code, Flaw, Severity, in_order
from parcelward.ground.overview import overview
from parcelward.ground.plan import plan_topics
from parcelward.settings import Settings

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
SETTINGS = Settings(couriers=("swift",), partitions=1)
INTAKE, SENDERS = "intake.swift", "screening.senders"
DUTIES_LOG, OUTLETS_LOG = "screening-duties-changelog", "screening-outlets-changelog"
ALLOWED = frozenset({"READ", "WRITE", "DESCRIBE", "DESCRIBE_CONFIGS"})
RIGHT = ClockFacts(-0.01, 0.01, 0.0)


def footing(topic: str, changelog: str, **changes: Any) -> Footing:
    return Footing(topic, changelog, 1, 0, 50)._replace(**changes)


def topics(settings: Settings = SETTINGS) -> dict[str, TopicFacts]:
    """The topics as planned; the id of each is its name."""
    return {
        plan.name: TopicFacts(
            plan.name, plan.name, plan.partitions, plan.replication,
            {"retention.ms": str(7 * DAY_MS), "retention.bytes": "-1", **plan.config}, ALLOWED,
        )
        for plan in plan_topics(settings)
    }  # fmt: skip


def healthy(**changes: Any) -> Facts:
    """An installation that has read 40 records of intake and is at the end of everything."""
    logs = {(name, 0): Bounds(0, 60) for name in topics()}
    positions = {
        (INTAKE, 0): Position(40, footing(INTAKE, DUTIES_LOG)),
        (SENDERS, 0): Position(60, footing(SENDERS, "screening-senders-changelog")),
        ("screening.outlets", 0): Position(60, footing("screening.outlets", OUTLETS_LOG)),
    }
    return replace(
        Facts(topics(), logs, positions, clocks={1: RIGHT}, group_operations=ALLOWED), **changes
    )  # fmt: skip


def altered(name: str, **config: str) -> Facts:
    """One entry of one topic is different."""
    known = topics()
    entries = {key.replace("_", "."): value for key, value in config.items()}
    known[name] = replace(known[name], config={**known[name].config, **entries})
    return healthy(topics=known)


def with_topic(name: str, **changes: Any) -> Facts:
    known = topics()
    return healthy(topics=known | {name: replace(known[name], **changes)})


def with_log(name: str, start: int, end: int) -> Facts:
    return healthy(logs={**healthy().logs, (name, 0): Bounds(start, end)})


def with_position(name: str, position: Position | None) -> Facts:
    known = {place: one for place, one in healthy().positions.items() if place[0] != name}
    return healthy(positions=known | ({(name, 0): position} if position else {}))


def only(flaws: list[Flaw]) -> Flaw:
    (found,) = flaws
    return found


def test_a_healthy_installation_has_no_flaw() -> None:
    assert check_ground(SETTINGS, healthy()) == []
    assert check_ground(SETTINGS, healthy(), running=True) == []
    refuse([])


def test_a_new_installation_has_no_flaw() -> None:
    new = healthy(logs={(name, 0): Bounds(0, 0) for name in topics()}, positions={})
    assert check_ground(SETTINGS, new) == []


def test_a_person_is_told_that_no_worker_is_there_and_what_waits_and_it_is_no_flaw() -> None:
    away = healthy(workers=0)
    assert list(overview(SETTINGS, away))[1:] == [
        "no worker is in group screening",
        "20 records wait on intake.swift",
        "60 records wait on answers.swift",
    ]
    assert check_ground(SETTINGS, away) == []
    first, *rest = overview(SETTINGS, healthy(workers=2))
    assert first.startswith(f"looked at {len(topics())} topics with {len(topics())} partitions on ")
    assert rest == ["2 workers in group screening"], "they read it"


def test_before_the_first_start_all_that_is_there_waits() -> None:
    logs = {(INTAKE, 0): Bounds(3, 4), ("answers.swift", 0): Bounds(0, 0), ("screening.senders", 0): Bounds(0, 9)}
    new = healthy(workers=0, positions={}, logs=logs)
    assert list(overview(SETTINGS, new))[1:] == ["no worker is in group screening", "1 record waits on intake.swift"]


def test_who_may_not_ask_for_the_workers_is_told_so() -> None:
    assert "not known" in list(overview(SETTINGS, healthy()))[1]


STOP, WARN = Severity.STOP, Severity.WARN
FOUND = [
    (Code.GAP, STOP, with_log(INTAKE, 45, 60), "5 records of topic intake.swift, partition 0, offsets 40 to 44"),
    (Code.GAP, STOP, with_log(SENDERS, 62, 62), "2 records of topic screening.senders"),
    (Code.POSITION_BEYOND_END, STOP, with_log(INTAKE, 0, 39), "position 40 of topic intake.swift"),
    (
        Code.TOPIC_MADE_ANEW,
        STOP,
        with_position(INTAKE, Position(40, footing("another", DUTIES_LOG))),
        "made again since position 40",
    ),
    (Code.TOPIC_MADE_ANEW, STOP, healthy(known_ids={INTAKE: "another"}), "while the worker ran"),
    (
        Code.STATE_GONE,
        STOP,
        with_position(INTAKE, Position(40, footing(INTAKE, "another"))),
        "screening-duties-changelog, partition 0, was deleted and made again",
    ),
    (Code.STATE_GONE, STOP, with_log(OUTLETS_LOG, 0, 49), "ends at 49, but was written up to 50"),
    (Code.STATE_GONE, STOP, with_log(OUTLETS_LOG, 3, 60), "begins at 3, but began at 0"),
    (
        Code.POSITIONS_GONE,
        STOP,
        replace(with_position(INTAKE, None), live_states=frozenset({("duties", 0)})),
        "is committed for partition 0 of stage duties",
    ),
    (Code.PARTITIONS, STOP, with_topic(INTAKE, partitions=3), "topic intake.swift has 3 partitions"),
    (
        Code.PARTITIONS,
        STOP,
        with_position(INTAKE, Position(40, footing(INTAKE, DUTIES_LOG, partitions=4))),
        "the state was made with 4 partitions",
    ),
    (Code.TOPIC_SETTINGS, STOP, altered(INTAKE, message_timestamp_type="CreateTime"), "forge arrival times"),
    (Code.TOPIC_SETTINGS, STOP, altered(DUTIES_LOG, delete_retention_ms="60000"), "would not hear of what was deleted"),
    (Code.RETENTION_SHORT, STOP, altered(SENDERS, retention_ms=str(HOUR_MS)), "keeps its records for 1 hours"),
    (Code.RETENTION_SHORT, WARN, altered(INTAKE, retention_bytes="1000"), "keeps at most 1000 bytes"),
    (Code.RETENTION_SHORT, WARN, healthy(positions_kept_ms=DAY_MS), "forget positions 1 days after the last worker"),
    (Code.COPIES, STOP, with_topic(INTAKE, copies=0), "topic intake.swift has 0 copies"),
    (Code.COPIES, WARN, healthy(internal={"__consumer_offsets": 0}), "topic __consumer_offsets has 0 copies"),
    (Code.CLOCK, STOP, healthy(clocks={1: ClockFacts(3600, 3601, 0)}), "3600 s ahead of that of broker 1"),
    (Code.CLOCK, STOP, healthy(clocks={1: RIGHT, 2: ClockFacts(-61, -60, 0)}), "60 s behind that of broker 2"),
    (Code.CLOCK_UNKNOWN, WARN, healthy(clocks={}), "the brokers' clock is not known"),
    (Code.RIGHTS, STOP, with_topic(INTAKE, operations=frozenset({"READ", "DESCRIBE"})), "may not write topic intake"),
    (Code.RIGHTS, STOP, healthy(group_operations=frozenset()), "may not read and describe group screening"),
    (Code.RIGHTS, STOP, with_topic(INTAKE, config={}), "of topic intake.swift may not be read"),
    (
        Code.COURIER_LEFT_OUT,
        WARN,
        healthy(other_couriers=frozenset({"harbor"})),
        "has read topic intake.harbor, but courier harbor is not in the setting couriers",
    ),
    (
        Code.NEVER_READ,
        WARN,
        replace(with_log(INTAKE, 5, 60), positions=with_position(INTAKE, None).positions),
        "the first 5 records of topic intake.swift",
    ),
    (
        Code.STATE_UNPROVEN,
        WARN,
        replace(with_log(DUTIES_LOG, 0, 0), positions=with_position(INTAKE, Position(40)).positions),
        "is empty although positions are committed",
    ),
    (Code.KEPT_TOO_LONG, WARN, altered(INTAKE, segment_ms=str(7 * DAY_MS)), "on a quiet topic"),
    (Code.KEPT_TOO_LONG, WARN, altered(DUTIES_LOG, max_compaction_lag_ms=str(2**63 - 1)), "stays in the changelog"),
    (Code.CERTIFICATE, WARN, healthy(certificates=(Certificate("k1:9092", 20),)), "k1:9092 expires in 20 days"),
    (Code.CERTIFICATE, WARN, healthy(certificates=(Certificate("k1:9092", -1),)), "k1:9092 has expired"),
    (Code.DISK, STOP, healthy(machine=Machine(1 << 20, 1 << 30)), "has 1 MiB free"),
    (Code.DISK, WARN, healthy(machine=Machine(1 << 30, 100 << 30)), "1% of it"),
    (Code.FILES, WARN, healthy(machine=Machine(files=100)), "may open 100 files"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "severity", "facts", "words"), FOUND, ids=lambda one: str(one)[:40])
def test_what_does_not_fit_is_found_alone_and_says_how_to_mend_it(
    code: Code, severity: Severity, facts: Facts, words: str
) -> None:
    found = only(check_ground(SETTINGS, facts))
    assert (found.code, found.severity) == (code, severity)
    assert words in found.wrong
    assert found.mend
    if severity is Severity.STOP:
        with pytest.raises(UserError, match=r"; "):
            refuse([found])
    else:
        refuse([found])


def test_every_kind_of_flaw_is_provoked() -> None:
    elsewhere = {Code.SETTINGS, Code.KAFKA, Code.RULES_OR_MODEL, Code.TOPIC_MISSING, Code.TOKEN_KEYS, Code.OTHER}
    elsewhere |= {Code.CONTROL_PERIODS}
    assert {code for code, *_ in FOUND} == set(Code) - elsewhere


def test_a_missing_topic_stops_a_worker_that_may_not_make_it() -> None:
    some = {name: topic for name, topic in topics().items() if name != INTAKE}
    mine = SETTINGS.model_copy(update={"manage_topics": False})
    assert only(check_ground(mine, healthy(topics=some))).severity is Severity.STOP
    assert only(check_ground(SETTINGS, healthy(topics=some))).severity is Severity.WARN
    assert only(check_ground(SETTINGS, healthy(topics=some), running=True)).severity is Severity.STOP


def test_a_gap_is_passed_where_the_setting_says_go_on() -> None:
    going_on = SETTINGS.model_copy(update={"gaps": "go_on"})
    found = only(check_ground(going_on, with_log(INTAKE, 45, 60)))
    assert (found.code, found.severity) == (Code.GAP, Severity.WARN)


def test_a_clock_that_goes_wrong_stops_no_worker_that_runs() -> None:
    found = only(check_ground(SETTINGS, healthy(clocks={1: ClockFacts(3600, 3601, 0)}), running=True))
    assert (found.code, found.severity) == (Code.CLOCK, Severity.WARN)
    assert found.wrong.endswith("so no deadline fires")


@pytest.mark.parametrize("keep", [timedelta(days=7, minutes=10), timedelta(days=7) - timedelta(seconds=5)])
def test_a_waybill_is_kept_for_as_long_as_its_events_may_come_again(keep: timedelta) -> None:
    found = only(check_ground(SETTINGS.model_copy(update={"ledger_keep": keep}), healthy()))
    assert (found.code, found.severity) == (Code.SETTINGS, Severity.STOP)
    longer = SETTINGS.model_copy(update={"ledger_keep": timedelta(days=7, minutes=11)})
    assert check_ground(longer, healthy()) == []


def test_positions_that_were_set_by_hand_prove_nothing_about_the_state() -> None:
    assert check_ground(SETTINGS, with_position(INTAKE, Position(40))) == []


def test_a_courier_that_joins_makes_no_state_suspicious() -> None:
    two = Settings(couriers=("swift", "harbor"), partitions=1)
    facts = healthy(topics=topics(two), logs={**healthy().logs, ("intake.harbor", 0): Bounds(0, 10)})
    assert check_ground(two, facts) == []


def test_what_stops_a_worker_comes_first_and_then_what_harms_most() -> None:
    warned = Flaw(Code.GAP, Severity.WARN, "a", "b")
    copies, clock = (Flaw(code, Severity.STOP, "a", "b") for code in (Code.COPIES, Code.CLOCK))
    assert in_order([warned, clock, copies]) == [copies, clock, warned]


def test_one_offset_before_an_empty_intake_stops_nobody() -> None:
    """Workers write records that lay wrong into intake, in transactions: after quiet days only their end was left."""
    facts = healthy(
        logs={**healthy().logs, (INTAKE, 0): Bounds(12, 12)},
        positions={**healthy().positions, (INTAKE, 0): Position(11)},
    )
    found = only(check_ground(SETTINGS, facts))
    assert (found.code, found.severity) == (Code.GAP, Severity.WARN)


def test_the_mark_of_a_transactions_end_is_no_record() -> None:
    assert records_gone(20, Bounds(21, 21), transactional=True) == 0
    assert records_gone(20, Bounds(21, 21), transactional=False) == 1
    assert records_gone(20, Bounds(21, 25), transactional=True) == 1
    assert records_gone(20, Bounds(22, 22), transactional=True) == 2
    assert records_gone(20, Bounds(20, 20), transactional=False) == 0


@pytest.mark.parametrize("note", [None, "", "1", "by hand", "2 a b 1 2 3", "1 a b 1 2 x", "1 a b 1 2"])
def test_a_note_that_is_not_ours_is_none(note: str | None) -> None:
    assert footing_of(note) is None


def test_an_id_is_written_as_kafkas_own_tools_do() -> None:
    assert short_id("d59ddca1-4964-4d41-b2bb-e325b7470342") == "1Z3coUlkTUGyu-Mlt0cDQg"
