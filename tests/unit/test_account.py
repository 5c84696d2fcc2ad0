"""The account of a day adds up to the last event, and says so when it does not."""

from collections import Counter
from datetime import date, timedelta
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from parcelward.audit.account import Day, accounts_of
from parcelward.cli.report import screening_of
from parcelward.contract.accounts import Account
from parcelward.contract.reasons import Reason
from parcelward.identity.token_keys import KEYS_KEY
from parcelward.replay.recording import pass_of
from parcelward.screening.build import build_stages
from parcelward.shipments.shipment import decode_shipment
from parcelward.stage import Record
from tests.builders import DAY, HOUR, MINUTE, SECOND, T0, heartbeat, inspection, real_name, record, scan, settings
from tests.courier_traffic import COURIERS, traffic
from tests.live_run import LiveRun

SETTINGS = settings(couriers=COURIERS, partitions=3, scan_due=20 * 3600)
STAGES = build_stages(SETTINGS)
FIRST = date(2026, 11, 23)
TODAY = Day.of(FIRST)
ONE = settings(couriers=("swift",), partitions=1)
STAGES_OF_ONE = build_stages(ONE)
LATER = T0 + 30 * DAY


def ended(records: list[Record], chosen=SETTINGS, seed: int = 1) -> LiveRun:
    """A live run over these records that has worked everything off."""
    live = LiveRun(chosen, STAGES if chosen is SETTINGS else STAGES_OF_ONE, seed)
    live.run(records)
    live.end(records[-1].timestamp + 3 * DAY)
    return live


def counted(live: LiveRun, day: Day = TODAY, now_ms: int = LATER, chosen=SETTINGS) -> dict[str, Account]:
    return accounts_of(day, live, live, screening_of(chosen), now_ms)


def of_swift(live: LiveRun, day: Day = TODAY, now_ms: int = LATER) -> Account:
    return counted(live, day, now_ms, ONE)["swift"]


def numbered(*told: Record) -> list[Record]:
    return [one._replace(offset=offset) for offset, one in enumerate(sorted(told, key=lambda one: one.timestamp))]


@examples(deadline=None, max_examples=6)
@given(st.integers(0, 100_000))
def test_the_days_together_are_what_the_ledger_has_counted(seed: int) -> None:
    records = traffic(seed, 30, partitions=3)
    live = ended(records, seed=seed)
    days = [Day.of(FIRST + timedelta(days=number)) for number in range(-1, 12)]
    accounts = [account for day in days for account in counted(live, day).values()]
    assert all(account.adds_up and account.final for account in accounts), accounts
    shipments = [decode_shipment(value) for key, value in live.states("duties").items() if key != KEYS_KEY]
    total = Counter[str]()
    for account in accounts:
        total.update({name: number for name, number in account if type(number) is int})
        assert account.sent == account.screened + account.scan_only + account.duplicate + account.refused
    assert total["sent"] == len(records)
    assert total["screened"] + total["scan_only"] + total["duplicate"] == sum(one.events for one in shipments)
    assert total["duplicate"] == sum(one.duplicates for one in shipments)
    assert total["refused"] == len(list(live.rejected()))
    assert total["heartbeats"] == total["pending"] == total["twice"] == 0
    by_day = {(one.courier, one.date): one.sent for one in accounts}
    sent = Counter(
        (one.topic.removeprefix("intake."), day.name) for one in records for day in days if day.has(one.timestamp)
    )
    assert by_day == by_day | sent


def mixed() -> list[Record]:
    """Two parcels of swift, a duplicate, a correction, a late upload, three refused, heartbeats, a scan alone."""
    first = record(real_name("SF0000000000001"), event_id="e-1")
    return numbered(
        first,
        first._replace(timestamp=T0 + SECOND),
        record(real_name("SF0000000000001", weight_g=950, corrects="e-1"), T0 + MINUTE),
        record(inspection("SF0000000000001"), T0 - 2 * HOUR, arrival=T0 + 2 * MINUTE),
        record(real_name("SF0000000000002"), T0 + 3 * MINUTE),
        record(real_name("SF0000000000003", weight_g=-1), T0 + 4 * MINUTE),
        record(real_name("SF0000000000004", weight_g=-1), T0 + 4 * MINUTE),
        record(real_name("SF0000000000005"), T0)._replace(value=b"{", timestamp=T0 + 5 * MINUTE),
        record(heartbeat("HZ-01"), T0 + 6 * MINUTE),
        record(heartbeat(), T0 + 7 * MINUTE),
        record(scan("SF0000000000006"), T0 + 11 * HOUR),
    )


def test_each_record_stands_in_one_line() -> None:
    live = ended(mixed(), ONE)
    account = of_swift(live)
    assert account.model_dump(exclude={"refused_for", "overdue"}) == {
        "courier": "swift", "date": "2026-11-23", "final": True, "complete": True, "adds_up": True, "sent": 11,
        "screened": 4, "scan_only": 1, "duplicate": 1, "heartbeats": 2, "refused": 3, "pending": 0,
        "undecided": 0, "unaccounted": 0, "twice": 0, "corrections": 1, "late": 1,
    }  # fmt: skip
    assert account.refused_for == {Reason.INVALID_JSON: 1, Reason.INVALID_VALUE: 2}
    assert account.overdue.model_dump() == {"real_name": 1, "inspection": 1, "security_scan": 0}


def test_a_day_begins_at_midnight_in_china_by_the_brokers_clock() -> None:
    midnight = TODAY.end_ms
    told = [record(real_name(f"SF000000000010{n}"), midnight - HOUR, arrival=midnight + n - 1) for n in range(2)]
    live = ended(numbered(*told), ONE)
    tomorrow = of_swift(live, Day.of(FIRST + timedelta(days=1)))
    assert (of_swift(live).sent, tomorrow.sent, tomorrow.overdue.inspection) == (1, 1, 2)
    assert Day.before(midnight) == TODAY == Day.before(midnight + DAY - 1)


def test_each_overdue_duty_is_counted_once_at_its_deadline() -> None:
    chosen = settings(couriers=("swift",), partitions=1, scan_due=3600)
    live = LiveRun(chosen, build_stages(chosen), 1)
    live.run(numbered(record(inspection())))
    live.end(T0 + 2 * HOUR)
    account = counted(live, chosen=chosen)["swift"]
    assert account.overdue.model_dump() == {"real_name": 1, "inspection": 0, "security_scan": 1}


def outlets(live: LiveRun) -> list[Record]:
    return live.logs[live.topics.into("outlets"), 0]


def test_a_pass_that_is_missing_is_one_record_that_does_not_add_up() -> None:
    live = ended(mixed(), ONE)
    outlets(live).pop(0)
    account = of_swift(live)
    assert (account.sent, account.screened, account.unaccounted, account.adds_up) == (11, 3, 1, False)


def test_a_refused_record_that_is_missing_does_not_add_up_either() -> None:
    live = ended(mixed(), ONE)
    live.logs["rejected.swift", 0].pop()
    account = of_swift(live)
    assert (account.refused, account.unaccounted, account.adds_up) == (2, 1, False)


@pytest.mark.parametrize("topic", ["screening.outlets", "rejected.swift"])
def test_what_is_there_twice_does_not_add_up(topic: str) -> None:
    live = ended(mixed(), ONE)
    live.logs[topic, 0].insert(0, live.logs[topic, 0][0])
    live._worked_off[topic, 0] += 1
    account = of_swift(live)
    assert (account.twice, account.unaccounted, account.adds_up) == (1, 0, False)


def test_what_was_judged_and_refused_does_not_add_up() -> None:
    live = ended(mixed(), ONE)
    refused = live.logs["rejected.swift", 0][0]
    offset = pass_of(outlets(live)[0]).offset
    headers = [(name, b"%d" % offset if name == "pw_offset" else value) for name, value in refused.headers]
    live.logs["rejected.swift", 0].append(refused._replace(headers=headers))
    account = of_swift(live)
    assert (account.sent, account.twice, account.unaccounted, account.adds_up) == (11, 1, 0, False)


def test_a_parcel_that_is_counted_at_a_second_outlet_is_one_parcel() -> None:
    told = [record(inspection(outlet="HZ-02")), record(real_name(outlet="HZ-01"), T0 + MINUTE)]
    account = of_swift(ended(numbered(*told), ONE))
    assert (account.screened, account.twice, account.adds_up) == (2, 0, True)


def test_a_duplicate_that_was_judged_again_by_an_emptied_ledger_does_not_add_up() -> None:
    records = mixed()
    live = LiveRun(ONE, STAGES_OF_ONE, 1)
    live.run(records[:1])
    cell = live.cells["duties", 0]
    cell.state.clear()
    cell.stage.restore(cell.state)
    live.run(records[1:])
    live.end(LATER)
    account = of_swift(live)
    assert (account.twice, account.adds_up) == (1, False)


def test_a_pass_without_a_record_behind_it_does_not_add_up() -> None:
    live = ended(mixed(), ONE)
    live.logs["intake.swift", 0].pop(4)
    live._worked_off["intake.swift", 0] -= 1
    account = of_swift(live)
    assert (account.sent, account.twice, account.adds_up) == (10, 1, False)


def test_an_account_is_final_once_the_day_is_over_and_worked_off() -> None:
    live = ended(mixed(), ONE)
    assert not of_swift(live, now_ms=TODAY.end_ms + MINUTE).final
    assert of_swift(live, now_ms=TODAY.end_ms + HOUR).final
    waiting = record(real_name("SF0000000000009"), TODAY.end_ms - HOUR, offset=11)
    live.publish([waiting])
    account = of_swift(live)
    assert (account.sent, account.final, account.adds_up) == (11, False, True)


def test_what_still_waits_between_the_stages_is_pending_and_not_lost() -> None:
    live = LiveRun(ONE, STAGES_OF_ONE, 1)
    live.publish(numbered(record(real_name("SF0000000000001"))))
    live._work(("duties", 0))
    account = of_swift(live)
    assert (account.sent, account.pending, account.unaccounted, account.final) == (1, 1, 0, False)


def test_a_day_whose_records_are_deleted_in_part_does_not_add_up() -> None:
    live = ended(mixed(), ONE)
    del live.logs["intake.swift", 0][:3]
    live._worked_off["intake.swift", 0] -= 3
    account = of_swift(live)
    assert (account.sent, account.complete, account.adds_up) == (8, False, False)


def test_a_resend_whose_first_copy_is_deleted_is_undecided_and_a_loss_is_not() -> None:
    first = record(real_name("SF0000000000001"), T0 - 6 * DAY, event_id="e-1")
    again = first._replace(timestamp=T0 + MINUTE)
    live = ended(numbered(first, record(heartbeat(), T0 - 2 * DAY), record(real_name("SF0000000000002")), again), ONE)
    assert (of_swift(live).duplicate, of_swift(live).adds_up) == (1, True)
    del live.logs["intake.swift", 0][:1]
    live._worked_off["intake.swift", 0] -= 1
    account = of_swift(live)
    assert (account.complete, account.undecided, account.unaccounted, account.adds_up) == (True, 1, 0, False)
    second = next(one for one in outlets(live) if pass_of(one).waybill == "SF0000000000002")
    outlets(live).remove(second)
    assert (of_swift(live).undecided, of_swift(live).unaccounted) == (1, 1)


def test_a_record_that_was_moved_counts_once() -> None:
    records = traffic(5, 20, partitions=3)
    elsewhere = next(one for one in records if one.value and one.partition == 1)
    wrong = elsewhere._replace(partition=0, offset=10_000)
    last: dict[int, int] = {}
    told = [wrong if one is elsewhere else one for one in records]
    renumbered = []
    for one in told:
        where = hash((one.topic, one.partition))
        renumbered.append(one._replace(offset=last.get(where, 0)))
        last[where] = last.get(where, 0) + 1
    live = ended(renumbered)
    in_intake = sum(len(live.logs[f"intake.{courier}", number]) for courier in COURIERS for number in range(3))
    assert in_intake > len(records), "nothing was moved"
    days = [Day.of(FIRST + timedelta(days=number)) for number in range(-1, 12)]
    accounts = list(chain.from_iterable(counted(live, day).values() for day in days))
    assert sum(account.sent for account in accounts) == len(records)
    assert all(account.adds_up for account in accounts)


def test_a_refused_record_that_was_mended_and_sent_under_its_id_is_screened_and_no_duplicate() -> None:
    """Also where the count cannot know why it was refused: it does not have the keys."""
    token = "other." + "A" * 22
    made = {"document_number": None, "document_token": token, "document_mask": "3*************0071"}
    refused = record(real_name(sender=made), T0 - DAY, event_id="e-1")
    live = ended(numbered(refused, record(real_name(), T0 - DAY, event_id="e-1", arrival=T0)), ONE)
    yesterday, today = of_swift(live, Day.of(FIRST - timedelta(days=1))), of_swift(live)
    assert (yesterday.refused_for, yesterday.adds_up) == ({Reason.UNKNOWN_KEY: 1}, True)
    assert (today.screened, today.duplicate, today.twice, today.adds_up) == (1, 0, 0, True)
