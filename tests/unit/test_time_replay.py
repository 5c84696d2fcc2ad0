"""A replay in the order of the live run gives what the live run gave, whatever the live run went through."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from parcelward.replay.check import ALERTS_ALONE, Checked, check
from parcelward.replay.compare import Span, read_head
from parcelward.replay.order import Released
from parcelward.replay.recording import pass_of
from parcelward.replay.rerun import Rerun
from parcelward.screening.build import build_stages
from parcelward.stage import Record
from tests.builders import DAY, HOUR, MINUTE, T0, inspection, real_name, record, settings
from tests.courier_traffic import COURIERS, traffic
from tests.live_run import LiveRun

PARTITIONS = 3


# Some of these tests say themselves in which partition a record lies.
SETTINGS = settings(couriers=COURIERS, partitions=PARTITIONS, scan_due=20 * 3600, move_misplaced=False)
STAGES = build_stages(SETTINGS)
EVERYTHING = Span()


def lived(seed: int, waybills: int = 40) -> LiveRun:
    """A live run over mixed traffic; it ends at some time, one partition a moment before the other."""
    live, records = LiveRun(SETTINGS, STAGES, seed), traffic(seed, waybills, partitions=PARTITIONS)
    live.run(records)
    live.end(max(records[-1].timestamp, T0 + seed % 5 * DAY))
    return live


def replayed(live: LiveRun, span: Span = EVERYTHING, since_ms: int | None = None, at_once: int = 4000) -> Checked:
    return check(live, STAGES, span, since_ms, at_once=at_once)


@examples(deadline=None, max_examples=25)
@given(st.integers(0, 100_000), st.sampled_from([7, 25, 4000]))
@example(0, 25)  # what a correction takes back comes in a later batch than what it took the place of
def test_a_replay_equals_the_live_run_whatever_its_cuts_interleaving_restarts_and_ticks(
    seed: int, at_once: int
) -> None:
    live = lived(seed)
    checked = replayed(live, at_once=at_once)
    assert checked.comparison.alerts.equal > 0, "nothing was compared"
    assert checked.comparison.same, checked.comparison.differences
    assert checked.comparison.rejected.equal > 0 or not list(live.rejected())
    assert checked.notes == (ALERTS_ALONE,)


@examples(deadline=None, max_examples=10)
@given(st.integers(0, 100_000))
def test_a_replay_ends_with_the_state_of_the_live_run(seed: int) -> None:
    live = LiveRun(SETTINGS, STAGES, seed)
    live.run(traffic(seed, 30, partitions=PARTITIONS))
    end = T0 + 3 * DAY
    live.end(end, apart_ms=0)
    rerun = Rerun(live, STAGES)
    for _ in rerun.results():
        pass
    rerun.pipeline.feed([], {f"intake.{courier}": end for courier in COURIERS})
    for stage, cells in rerun.pipeline.cells.items():
        states = {key: value for cell in cells for key, value in cell.state.items()}
        assert states == live.states(stage), stage


def test_the_order_of_the_live_run_matters_and_is_followed() -> None:
    """Without it profiles are read in another order, and some replay of some run must differ."""
    differs = 0
    for seed in range(6):
        live = lived(seed)
        replayed_order, live.order = live.order, lambda topic, partition: iter(())  # type: ignore[method-assign]
        differs += not replayed(live).comparison.same
        live.order = replayed_order  # type: ignore[method-assign]
    assert differs


def drop_alert(live: LiveRun) -> str:
    log = next(log for (topic, _), log in live.logs.items() if topic == "alerts" and log)
    gone = log[-1]
    log[:] = [one for one in log if dict(one.headers)["ce_id"] != dict(gone.headers)["ce_id"]]
    return "other_revision" if dict(gone.headers)["ce_id"].split(b":")[1] != b"1" else "missing"


def add_alert(live: LiveRun) -> str:
    log = next(log for (topic, _), log in live.logs.items() if topic == "alerts" and log)
    first = log[0]
    log.append(first._replace(value=(first.value or b"").replace(b'"alert_id":"', b'"alert_id":"f', 1)))
    return "extra"


def change_alert(live: LiveRun) -> str:
    log = next(log for (topic, _), log in live.logs.items() if topic == "alerts" and log)
    log[-1] = log[-1]._replace(value=(log[-1].value or b"").replace(b'"operator":"E', b'"operator":"F', 1))
    return "other_content"


def repeat_alert(live: LiveRun) -> str:
    log = next(log for (topic, _), log in live.logs.items() if topic == "alerts" and log)
    log.append(log[-1])
    return "repeated"


@pytest.mark.parametrize("tamper", [drop_alert, add_alert, change_alert, repeat_alert])
def test_a_tampered_alert_is_seen(tamper: Callable[[LiveRun], str]) -> None:
    live = lived(3)
    kind = tamper(live)
    checked = replayed(live)
    assert getattr(checked.comparison.alerts, kind) == 1, checked.comparison.differences
    assert not checked.comparison.same


def test_a_lost_event_is_seen() -> None:
    """An event that the live run never screened is in the intake all the same; the replay screens it."""
    seen = 0
    for seed in range(4):
        records = traffic(seed, 30, partitions=PARTITIONS)
        dangerous = next(one for one in records if "汽油".encode() in (one.value or b""))
        live = LiveRun(SETTINGS, STAGES, seed)
        live.run([one for one in records if one is not dangerous])
        live.end(records[-1].timestamp)
        log = live.logs[dangerous.topic, dangerous.partition]
        log.append(dangerous)
        log.sort(key=lambda one: one.offset)
        seen += not replayed(live).comparison.same
    assert seen == 4


def test_a_deadline_that_never_fired_is_seen() -> None:
    """On an idle partition, while others worked for an hour more."""
    live = LiveRun(SETTINGS, STAGES, 2)
    live.run(traffic(2, 40, partitions=PARTITIONS))
    for number in range(PARTITIONS - 1):
        live.tick(number, T0 + 4 * DAY)
    live.finish()
    fired = replayed(live)
    live.tick(PARTITIONS - 1, T0 + 4 * DAY)
    live.finish()
    assert not fired.comparison.same
    assert fired.comparison.alerts.missing + fired.comparison.alerts.other_revision > 0
    assert replayed(live).comparison.same


def told(data: dict[str, Any], at: int, partition: int, offset: int, name: str) -> Record:
    return record(data, at, event_id=name, partition=partition, offset=offset)


def test_a_deadline_that_the_live_run_was_just_about_to_fire_is_not_compared() -> None:
    live = LiveRun(SETTINGS, STAGES, 1)
    live.publish([told(real_name(f"SF00000{number}"), T0, number, 0, f"e{number}") for number in range(PARTITIONS)])
    live.finish()
    live.tick(0, T0 + 31 * MINUTE)
    live.finish()
    checked = replayed(live)
    assert checked.comparison.same, checked.comparison.differences
    assert checked.comparison.alerts.equal == 1


@examples(deadline=None, max_examples=15)
@given(st.integers(0, 100_000), st.integers(0, 100))
@example(3, 0)  # without its real name a parcel takes a shorter way
def test_what_only_the_live_run_passed_on_holds_nobody_up(seed: int, choice: int) -> None:
    """Evidence that is gone from the intake: the replay skips what rests on it and follows the order of the rest."""
    live = lived(seed)
    passes = [one for topic in live.topics.passes for number in range(PARTITIONS) for one in live.order(topic, number)]
    rested_on = sorted({(one.offset, one.waybill) for one in passes if (one.courier, one.partition) == ("swift", 0)})
    offset, waybill = rested_on[choice % len(rested_on)]
    log = live.logs["intake.swift", 0]
    log[:] = [one for one in log if one.offset != offset]
    rerun = Rerun(live, STAGES)
    order, left_over = rerun.order, []
    end = order.end

    def noting() -> Released:
        left_over.extend(released := end())
        return released

    order.end = noting  # type: ignore[method-assign]
    results = list(rerun.results())
    assert order.only_live > 0
    assert {pass_of(one).waybill for *_, records in left_over for one in records} <= {waybill}
    assert sum(len(result.alerts) for result in results) > 0


def test_what_overtook_before_the_end_of_a_span_is_replayed_too() -> None:
    """The inspection with the same photo arrived later, in another partition, and was judged first."""
    photo = [{"sha256": "ab" * 32}]
    live = LiveRun(SETTINGS, STAGES, 1)
    accepted = [told(real_name(f"SF00000{number}"), T0, number, 0, f"a{number}") for number in range(2)]
    first = told(inspection("SF000000", photos=photo), T0 + MINUTE, 0, 1, "i0")
    second = told(inspection("SF000001", photos=photo), T0 + 2 * MINUTE, 1, 1, "i1")
    live.publish(accepted)
    live.finish()
    live.publish([first, second])
    live.finish(idle=0)
    live.finish()
    (alert,) = [read_head(one.value or b"") for one in live.alerts()]
    assert alert.waybill == "SF000000"
    for span in (EVERYTHING, Span(None, T0 + 2 * MINUTE)):
        checked = replayed(live, span)
        assert checked.comparison.same, checked.comparison.differences
        assert checked.comparison.alerts.equal == 1


def test_a_span_compares_what_was_raised_within_it() -> None:
    live, records = LiveRun(SETTINGS, STAGES, 2), traffic(2, 250, partitions=PARTITIONS)
    live.run(records, burst=4)
    live.end(records[-1].timestamp)
    whole, middle = replayed(live), records[len(records) // 2].timestamp
    for span in (Span(None, middle), Span(middle, None)):
        part = replayed(live, span).comparison
        assert part.same, part.differences
        assert 0 < part.alerts.equal < whole.comparison.alerts.equal


@examples(deadline=None, max_examples=10)
@given(st.integers(0, 100_000))
@example(150)  # what came more than ten minutes later had passed before
def test_a_live_run_that_lags_is_compared_up_to_what_waits(seed: int) -> None:
    """One intake partition stands still from some time on, and so do, at the end, all stages."""
    records = traffic(seed, 60, partitions=PARTITIONS)
    live, half = LiveRun(SETTINGS, STAGES, seed), len(records) // 2
    live.run(records[:half])
    live.publish(records[half : half + 30])
    live.finish(idle=0)
    live.publish(records[half + 30 :])
    live.work_a_little(20, idle=0)
    checked = replayed(live)
    assert checked.span.to_ms is not None
    assert checked.comparison.same, checked.comparison.differences
    assert [note[:44] for note in checked.notes[:-1]] == ["the live run has not worked off everything y"]


def test_another_rule_pack_is_named() -> None:
    live = lived(1)
    for log in live.logs.values():
        for at, one in enumerate(log):
            if one.topic == "alerts":
                log[at] = one._replace(value=(one.value or b"").replace(b'"acceptance-', b'"another-'))
    checked = replayed(live)
    assert not checked.comparison.same
    assert "another rule pack was in force in the live run: another-" in checked.notes[0]


def test_a_replay_that_begins_late_says_so() -> None:
    live = lived(4, waybills=80)
    since = T0 + HOUR
    checked = replayed(live, Span(T0 + 2 * HOUR, None), since_ms=since)
    assert any("begins in the middle" in note for note in checked.notes)
    assert checked.events < sum(len(log) for (topic, _), log in live.logs.items() if topic.startswith("intake"))


@pytest.mark.parametrize("kept", [0, 25], ids=["all of a partition", "some of it"])
def test_records_that_were_deleted_from_intake_are_named_and_no_difference(kept: int) -> None:
    """Retention takes intake after a week; alerts, and the copies of refused records, are kept longer."""
    live = lived(4, waybills=80)
    whole = replayed(live).comparison
    live.delete(("intake.swift", 0), kept)
    checked = replayed(live)
    assert any("begins in the middle of intake.swift/0" in note for note in checked.notes), checked.notes
    assert any("shipments to the next stage that the replay did not" in note for note in checked.notes), checked.notes
    left = checked.comparison
    assert (left.rejected.extra, left.rejected.missing) == (0, 0)
    assert left.alerts.extra <= whole.alerts.equal // 4, "profiles from before are unknown; the rest is the same"
    assert left.before > whole.before == 0
