"""After intake was away, deadlines that passed meanwhile wait until what couriers kept is read."""

from parcelward import counts
from parcelward.screening.in_memory import Pipeline
from tests.builders import HOUR, MINUTE, T0, alerts_of, inspection, pipeline, real_name, record, rules_of

INTAKE = "intake.swift"
AWAY, BACK = T0 + 10 * MINUTE, T0 + 40 * MINUTE
HELD = {INTAKE: AWAY}
OTHER = "SF9999999999999"


def accepted() -> Pipeline:
    """Accepted at T0; intake is away when the inspection falls due, half an hour later."""
    line = pipeline()
    line.feed([record(real_name())])
    return line


def test_what_was_done_in_time_is_never_overdue_however_its_record_comes_after_others() -> None:
    line = accepted()
    first = line.feed([record(real_name(OTHER), BACK, arrival=BACK)], held_from=HELD)
    late = line.feed([record(inspection(), T0 + 20 * MINUTE, arrival=BACK + 1000)], held_from=HELD)
    then = line.feed([], {INTAKE: BACK + 2 * MINUTE}, HELD)
    assert first.counts[counts.OVERDUE, "inspection"] == 0
    assert alerts_of(first) == alerts_of(late) == alerts_of(then) == []


def test_what_was_not_done_is_overdue_with_the_first_quiet_time() -> None:
    line = accepted()
    assert alerts_of(line.feed([record(real_name(OTHER), BACK, arrival=BACK)], held_from=HELD)) == []
    (alert,) = alerts_of(line.feed([], {INTAKE: BACK + MINUTE}, HELD))
    assert alert.raised_at.timestamp() * 1000 == T0 + 30 * MINUTE
    assert "R3" in [finding.rule for finding in alert.findings]


def test_what_was_done_too_late_is_overdue_when_its_record_comes() -> None:
    line = accepted()
    late = line.feed([record(inspection(), T0 + 35 * MINUTE, arrival=BACK)], held_from=HELD)
    assert late.counts[counts.OVERDUE, "inspection"] == 1
    assert late.counts[counts.LATE, "inspection"] == 1
    assert "R3" in rules_of(late)
    assert line.feed([], {INTAKE: BACK + HOUR}, HELD).counts[counts.OVERDUE, "inspection"] == 0


def test_deadlines_from_before_the_outage_fire_as_ever() -> None:
    line = accepted()
    held = {INTAKE: T0 + 30 * MINUTE + 1}
    fired = line.feed([record(real_name(OTHER), BACK, arrival=BACK)], held_from=held)
    assert fired.counts[counts.OVERDUE, "inspection"] == 1


def test_another_duty_of_the_waybill_settles_nothing() -> None:
    line = accepted()
    again = line.feed([record(real_name(), T0 + 35 * MINUTE, arrival=BACK)], held_from=HELD)
    assert again.counts[counts.OVERDUE, "inspection"] == 0
    assert line.feed([], {INTAKE: BACK + MINUTE}, HELD).counts[counts.OVERDUE, "inspection"] == 1
