"""The oracle is green on what an undisturbed installation leaves, and red on everything that is tampered with."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any
from zlib import crc32

import msgspec
import pytest
from msgspec.structs import replace

from parcelward.audit import Audit
from parcelward.audit.lives import Lives, is_passed_on
from parcelward.cases.referral import MARK_BYTES, decode_referral
from parcelward.cases.referral import encode as encode_referral
from parcelward.intake.refusal import set_aside
from parcelward.profiles.outlets import decode_outlet
from parcelward.profiles.senders import sends_counted
from parcelward.replay.check import check
from parcelward.replay.compare import EVERYTHING
from parcelward.screening.duties import DutiesStage
from parcelward.shipments.shipment import decode_shipment, encode
from parcelward.stage import Batch, Outcome, Record
from tests.chaos.recorded import SETTINGS, STAGES, Topics, audit_of, recorded
from tests.courier_traffic import COURIERS

NAMES = SETTINGS.topics
DUTIES, SENDERS, OUTLETS, REFERRALS, IN_CASES = map(
    NAMES.changelog, ("duties", "senders", "outlets", "referrals", "cases")
)
INSTRUCTIONS, ANSWERS, NOTES = NAMES.instructions("swift"), NAMES.answers("swift"), NAMES.into("cases")
A_WAYBILL = b"swift/"


@pytest.fixture(scope="module")
def sound() -> Topics:
    return recorded()


def copied(topics: Topics) -> Topics:
    """The same topics, to be tampered with."""
    other = copy(topics)
    other.records = defaultdict(list, {topic: list(log) for topic, log in topics.records.items()})
    return other


def last_of(held: Topics, topic: str, key_begins: bytes = b"") -> tuple[int, Record]:
    found = [(at, one) for at, one in enumerate(held.records[topic]) if (one.key or b"").startswith(key_begins)]
    assert found, "the traffic must have left one, or nothing is tested"
    return found[-1]


def drop(held: Topics, topic: str, key_begins: bytes = b"") -> None:
    del held.records[topic][last_of(held, topic, key_begins)[0]]


def drop_a_counted_parcel(held: Topics) -> None:
    """Drop the newest record of a profile that had counted one parcel more than the record before it."""
    counted: dict[bytes | None, int] = {}
    newest: dict[bytes | None, tuple[int, int]] = {}
    for at, one in enumerate(held.records[SENDERS]):
        count = sends_counted(one.value) if one.value else 0
        newest[one.key] = (at, count - counted.get(one.key, 0))
        counted[one.key] = count
    del held.records[SENDERS][max(at for at, more in newest.values() if more > 0)]


def repeat(held: Topics, topic: str, key_begins: bytes = b"") -> None:
    held.records[topic].append(last_of(held, topic, key_begins)[1])


def change(held: Topics, topic: str, key_begins: bytes, how: Callable[[bytes], bytes]) -> None:
    at, record = last_of(held, topic, key_begins)
    assert record.value is not None
    held.records[topic][at] = record._replace(value=how(record.value))


def another_id(value: bytes) -> bytes:
    return json.dumps(json.loads(value) | {"alert_id": "00000000-0000-5000-8000-000000000000"}).encode()


def another_lane(value: bytes) -> bytes:
    alert = json.loads(value)
    return json.dumps(alert | {"lane": "yellow" if alert["lane"] == "red" else "red"}).encode()


def one_event_more(value: bytes) -> bytes:
    shipment = decode_shipment(value)
    shipment.events += 1
    return encode(shipment)


def one_event_less(value: bytes) -> bytes:
    shipment = decode_shipment(value)
    shipment.events -= 1
    return encode(shipment)


def one_parcel_more(value: bytes) -> bytes:
    profile = decode_outlet(value)
    profile.items_7d.add(profile.items_7d.newest)
    return encode(profile)


def one_send_twice(value: bytes) -> bytes:
    profile = msgspec.msgpack.decode(value)
    profile[2].append(profile[2][-1])  # format, touched_ms, sends
    return encode(profile)


def another_touch(value: bytes) -> bytes:
    profile = msgspec.msgpack.decode(value)
    profile[1] += 1
    return encode(profile)


def without_an_earlier_revision(held: Topics) -> None:
    revised = next(one for one in held.records[NAMES.alerts] if json.loads(one.value or b"")["revision"] == 2)
    alert_id = json.loads(revised.value or b"")["alert_id"]
    held.records[NAMES.alerts] = [
        one
        for one in held.records[NAMES.alerts]
        if (json.loads(one.value or b"")["alert_id"], json.loads(one.value or b"")["revision"]) != (alert_id, 1)
    ]


def another_detail(held: Topics) -> None:
    at, record = last_of(held, NAMES.rejected("swift"))
    headers = [(name, b"because" if name == "pw_detail" else value) for name, value in record.headers]
    held.records[NAMES.rejected("swift")][at] = record._replace(headers=headers)


def forget_a_waybill(held: Topics) -> None:
    _, record = last_of(held, DUTIES, A_WAYBILL)
    held.records[DUTIES].append(record._replace(value=None))


def with_second_id(held: Topics) -> None:
    _, record = last_of(held, NAMES.alerts)
    held.records[NAMES.alerts].append(record._replace(value=another_id(record.value or b"")))


def one_answer_more(held: Topics) -> None:
    _, record = last_of(held, ANSWERS)
    held.records[ANSWERS].append(record._replace(offset=record.offset + 1))


def forget_an_alert(held: Topics) -> None:
    """The live run has nothing of an alert that is on the topic."""
    alert = held.records[NAMES.alerts][0]
    name, waybill = json.loads(alert.value or b"")["alert_id"], alert.key or b"-"
    for topic, log in held.records.items():
        if topic not in (NAMES.alerts, NAMES.decisions, *map(NAMES.answers, COURIERS)) and topic not in NAMES.passes:
            held.records[topic] = [one for one in log if name.encode() not in (one.key or b"") + (one.value or b"")]
    assert waybill


def drop_passed_on(held: Topics) -> None:
    log = held.records[NAMES.decisions]
    del log[max(at for at, one in enumerate(log) if is_passed_on(one))]


def drop_moved(held: Topics) -> None:
    """Drop from its right partition what lies in a wrong one, too."""
    log = held.records[NAMES.decisions]
    right = [crc32(one.key or b"") % held.partitions == one.partition for one in log]
    astray = {
        one.value
        for one, is_right in zip(log, right, strict=True)
        if not is_right and b"alert_id" in (one.value or b"")
    }
    del log[max(at for at, one in enumerate(log) if right[at] and one.value in astray)]


def drop_state(held: Topics, changelog: str) -> None:
    """Drop every record of one key, as if the stage had never known it."""
    key = held.records[changelog][-1].key
    held.records[changelog] = [one for one in held.records[changelog] if one.key != key]


def test_undisturbed_topics_are_accounted_for(sound: Topics) -> None:
    audit = audit_of(sound)
    assert audit.exact, audit.examples
    assert audit.rejected
    assert audit.alerts
    assert min(audit.states.values()) > 0
    assert min(audit.lives.values()) > 0
    assert audit.letters > audit.refused_steps > 0


def test_what_our_own_code_failed_on_is_accounted_for_once_it_was_refused(
    sound: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = DutiesStage.step

    def failing(stage: DutiesStage, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        if any(record.value == b"poison" for record in batch.records):
            raise ZeroDivisionError
        return step(stage, batch, state)

    monkeypatch.setattr(DutiesStage, "step", failing)
    held = copied(sound)
    intake = held.records[NAMES.intake("swift")]
    poison = intake[-1]._replace(value=b"poison", offset=10_000)
    intake.append(poison)
    assert audit_of(held).lost == 1, "it was neither screened nor refused"
    refusal, _ = set_aside(NAMES, poison, ZeroDivisionError())
    held.records[refusal.topic].append(
        poison._replace(topic=refusal.topic, value=refusal.value, headers=refusal.headers)
    )
    audit = audit_of(held)
    assert audit.exact, audit.examples
    assert audit.rejected_for["unexpected"] == 1


def test_a_replay_of_the_intake_alone_leads_to_the_same(sound: Topics) -> None:
    assert check(sound, STAGES, EVERYTHING).comparison.same
    held = copied(sound)
    drop(held, NAMES.alerts)
    assert not check(held, STAGES, EVERYTHING).comparison.same


CASES: list[tuple[str, Callable[[Topics], None], str]] = [
    ("an alert is dropped", lambda held: drop(held, NAMES.alerts), "lost"),
    ("an alert is there only as it was revised", without_an_earlier_revision, "lost"),
    ("an alert is there twice", lambda held: repeat(held, NAMES.alerts), "twice"),
    ("an alert has a second id", with_second_id, "two_ids"),
    ("an alert says something else", lambda held: change(held, NAMES.alerts, b"", another_lane), "wrong"),
    ("a refused record is missing", lambda held: drop(held, NAMES.rejected("swift")), "lost"),
    ("a refused record is there twice", lambda held: repeat(held, NAMES.rejected("swift")), "twice"),
    ("a refused record says something else", another_detail, "wrong"),
    ("a shipment never came to the senders", lambda held: drop(held, NAMES.into("senders")), "lost"),
    ("a shipment came to the senders twice", lambda held: repeat(held, NAMES.into("senders")), "twice"),
    ("a shipment never came to the outlets", lambda held: drop(held, NAMES.into("outlets")), "lost"),
    ("a shipment came to the outlets twice", lambda held: repeat(held, NAMES.into("outlets")), "twice"),
    ("a waybill is not in the ledger", lambda held: drop(held, DUTIES, A_WAYBILL), "lost"),
    ("a waybill was deleted from the ledger", forget_a_waybill, "lost"),
    ("the ledger counted an event twice", lambda held: change(held, DUTIES, A_WAYBILL, one_event_more), "twice"),
    ("the ledger missed an event", lambda held: change(held, DUTIES, A_WAYBILL, one_event_less), "lost"),
    ("a sender's profile counted a parcel twice", lambda held: change(held, SENDERS, b"", one_send_twice), "twice"),
    ("a sender's profile is missing", lambda held: drop_a_counted_parcel(held), "lost"),
    ("an outlet's profile counted a parcel twice", lambda held: change(held, OUTLETS, b"o", one_parcel_more), "twice"),
    ("an outlet's profile differs", lambda held: change(held, OUTLETS, b"o", another_touch), "wrong"),
    ("an event in the log was never screened", lambda held: repeat(held, NAMES.intake("swift")), "lost"),
    ("a step of an alert is missing", lambda held: drop(held, NAMES.referrals), "lost"),
    ("a step of an alert is there twice", lambda held: repeat(held, NAMES.referrals), "twice"),
    ("a step says something else", lambda held: change(held, NAMES.referrals, b"", another_lane), "lost"),
    ("an instruction is missing", lambda held: drop(held, INSTRUCTIONS), "lost"),
    ("an instruction is there twice", lambda held: repeat(held, INSTRUCTIONS), "twice"),
    ("a revision of a case is missing", lambda held: drop(held, NAMES.cases), "lost"),
    ("a revision of a case is there twice", lambda held: repeat(held, NAMES.cases), "twice"),
    ("a note never came to its case", lambda held: drop(held, NOTES), "lost"),
    ("a note came to its case twice", lambda held: repeat(held, NOTES), "twice"),
    ("an answer was never taken in", lambda held: one_answer_more(held), "lost"),
    ("an alert was never taken in", lambda held: forget_an_alert(held), "lost"),
    ("a refused decision is missing", lambda held: drop(held, NAMES.refused_decisions), "lost"),
    ("a refused decision is there twice", lambda held: repeat(held, NAMES.refused_decisions), "twice"),
    ("a decision that a case passed on is missing", lambda held: drop_passed_on(held), "lost"),
    ("a decision that was moved is missing", lambda held: drop_moved(held), "lost"),
    ("an alert's state is missing", lambda held: drop_state(held, REFERRALS), "lost"),
    ("a case's state is missing", lambda held: drop_state(held, IN_CASES), "lost"),
]


@pytest.mark.parametrize(("tamper", "count"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_tampered_topics_are_red(sound: Topics, tamper: Callable[[Topics], None], count: str) -> None:
    held = copied(sound)
    tamper(held)
    audit: Audit = audit_of(held)
    assert not audit.exact
    assert getattr(audit, count) > 0, audit.examples
    assert audit.examples


def judged(held: Topics) -> dict[str, list[str]]:
    """List what the topics after the alerts say against themselves, without any replay."""
    lives, found = Lives(NAMES), dict[str, list[str]]()
    for topic in (NAMES.referrals, NAMES.cases, NOTES, *map(NAMES.instructions, COURIERS)):
        for record in held.records[topic]:
            lives.add(record)
    lives.judge(lambda kind, count, what: found.setdefault(kind, []).append(what))
    return found


def test_topics_after_the_alerts_say_nothing_against_themselves(sound: Topics) -> None:
    assert judged(sound) == {}


def rewrite(topics: Topics, topic: str, wanted: Callable[[dict[str, Any]], bool], **changes: Any) -> None:
    """Change the last record that is wanted."""
    log = topics.records[topic]
    at = max(at for at, one in enumerate(log) if wanted(json.loads(one.value or b"{}")))
    log[at] = log[at]._replace(value=json.dumps(json.loads(log[at].value or b"") | changes).encode())


def lift_a_hold(held: Topics) -> None:
    rewrite(held, NAMES.referrals, lambda step: step["held"] and step["revision"] > 1, held=False)


def fire_again(held: Topics) -> None:
    """A deadline fires a second time: with the next revision, and as of the same time."""
    log = held.records[NAMES.referrals]
    newest = {json.loads(one.value or b"")["alert_id"]: one for one in log}
    missed = next(one for one in newest.values() if json.loads(one.value or b"")["step"] == "miss")
    body = json.loads(missed.value or b"")
    log.append(missed._replace(value=json.dumps(body | {"revision": body["revision"] + 1}).encode()))


def marks_of_an_alert(held: Topics, change_marks: Callable[[bytes], bytes]) -> None:
    """Write the last state of an alert that remembers two letters with other marks."""
    log = held.records[REFERRALS]
    newest = {one.key: at for at, one in enumerate(log)}
    for at in newest.values():
        if (value := log[at].value) is not None and len((record := decode_referral(value)).marks) == 2 * MARK_BYTES:
            log[at] = log[at]._replace(value=encode_referral(replace(record, marks=change_marks(record.marks))))
            return
    raise AssertionError("no alert remembers two letters")


def test_the_order_in_which_an_alert_remembers_letters_is_no_difference(sound: Topics) -> None:
    swapped, forgotten = copied(sound), copied(sound)
    marks_of_an_alert(swapped, lambda marks: marks[MARK_BYTES:] + marks[:MARK_BYTES])
    assert audit_of(swapped).exact
    marks_of_an_alert(forgotten, lambda marks: marks[MARK_BYTES:])
    assert audit_of(forgotten).wrong == 1


BY_ITSELF: list[tuple[str, Callable[[Topics], None], str, str]] = [
    ("a hold ended without a release", lift_a_hold, "wrong", "without a release"),
    ("a deadline fired twice", fire_again, "twice", "deadline miss"),
    ("a step was taken twice", lambda held: repeat(held, NAMES.referrals), "twice", "revision"),
    ("an instruction left twice", lambda held: repeat(held, INSTRUCTIONS), "twice", "instruction"),
    ("a case counts one too many", lambda held: miscount(held), "wrong", "count is"),
]


def miscount(held: Topics) -> None:
    case = json.loads(held.records[NAMES.cases][-1].value or b"")
    rewrite(held, NAMES.cases, lambda one: one["case_id"] == case["case_id"], count=case["count"] + 1)


@pytest.mark.parametrize(
    ("tamper", "kind", "words"), [case[1:] for case in BY_ITSELF], ids=[one[0] for one in BY_ITSELF]
)
def test_what_cannot_be_true_is_seen_without_any_replay(
    sound: Topics, tamper: Callable[[Topics], None], kind: str, words: str
) -> None:
    held = copied(sound)
    tamper(held)
    assert any(words in what for what in judged(held)[kind])
