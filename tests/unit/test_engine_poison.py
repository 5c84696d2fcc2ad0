"""Finding the records that our own code fails on."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelward.errors import UserError
from parcelward.intake.refusal import set_aside
from parcelward.poison import TooManyPoisonedError, isolate
from parcelward.stage import Batch, Outcome, Record, Send
from parcelward.topics import Topics


def batch(count: int) -> Batch:
    return Batch([Record("intake.swift", 0, number, number, b"w", b"%d" % number) for number in range(count)])


def failing(*bad: int, calls: list[int] | None = None) -> Callable[[Batch], Outcome]:
    def step(part: Batch) -> Outcome:
        if calls is not None:
            calls.append(len(part.records))
        for record in part.records:
            if record.offset in bad:
                raise LookupError(record.offset)
        return Outcome(sends=[Send("out", record.key, record.value) for record in part.records])

    return step


def offsets(records: Sequence[object]) -> list[int]:
    return [record.offset for record in records]  # type: ignore[attr-defined]


def test_a_batch_without_poison_is_stepped_once() -> None:
    calls: list[int] = []
    isolated = isolate(failing(calls=calls), batch(100))
    assert calls == [100]
    assert isolated.poisoned == ()


@pytest.mark.parametrize("error", [MemoryError, UserError])
def test_no_record_is_blamed_for_what_the_machine_did(error: type[Exception]) -> None:
    calls: list[int] = []

    def step(part: Batch) -> Outcome:
        calls.append(len(part.records))
        if 30 in offsets(part.records):
            raise error("state folder x cannot be used")
        return Outcome()

    with pytest.raises(error, match="state folder"):
        isolate(step, batch(100))
    assert calls == [100]


@given(st.integers(20, 200), st.data())
def test_exactly_the_failing_records_are_found(size: int, data: st.DataObject) -> None:
    bad = data.draw(st.sets(st.integers(0, size - 1), max_size=size // 10))
    isolated = isolate(failing(*bad), batch(size))
    assert offsets([one.record for one in isolated.poisoned]) == sorted(bad)
    assert offsets(isolated.batch.records) == [number for number in range(size) if number not in bad]
    assert len(isolated.outcome.sends) == size - len(bad)


def test_a_record_that_fails_only_after_another_is_found() -> None:
    def step(part: Batch) -> Outcome:
        seen = offsets(part.records)
        if 30 in seen and 70 in seen:
            raise KeyError
        return Outcome()

    isolated = isolate(step, batch(100))
    assert offsets([one.record for one in isolated.poisoned]) == [70]


@pytest.mark.parametrize(("size", "bad", "stops"), [(20, 2, False), (20, 3, True), (19, 19, False), (1, 1, False)])
def test_more_than_a_tenth_of_a_batch_of_twenty_is_our_fault(size: int, bad: int, stops: bool) -> None:
    if stops:
        with pytest.raises(TooManyPoisonedError):
            isolate(failing(*range(bad)), batch(size))
    else:
        assert len(isolate(failing(*range(bad)), batch(size)).poisoned) == bad


@pytest.mark.parametrize(("share", "stops"), [(0.0, True), (0.01, True), (0.02, False), (1.0, False)])
def test_the_share_that_is_our_fault_can_be_set(share: float, stops: bool) -> None:
    if stops:
        with pytest.raises(TooManyPoisonedError):
            isolate(failing(3, 50), batch(100), share)
    else:
        assert len(isolate(failing(3, 50), batch(100), share).poisoned) == 2


def test_a_large_batch_in_which_everything_fails_is_given_up_soon() -> None:
    calls: list[int] = []
    with pytest.raises(TooManyPoisonedError):
        isolate(failing(*range(4000), calls=calls), batch(4000))
    assert sum(calls) < 4000 * 5


def test_a_failure_without_any_record_is_nobodys_poison() -> None:
    def step(part: Batch) -> Outcome:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        isolate(step, batch(5))
    with pytest.raises(ZeroDivisionError):
        isolate(step, batch(0))


def test_the_courier_gets_the_record_whole_and_the_class_of_the_error_only() -> None:
    record = Record(
        "test.intake.swift", 1, 7, 1_700_000_000_000, b"key", b"value 110101199001011234", [("ce_id", b"x")]
    )
    send, fact = set_aside(Topics("test."), record, LookupError("110101199001011234"))
    assert (send.topic, send.key, send.value) == ("test.rejected.swift", b"key", record.value)
    headers = dict(send.headers)
    assert headers["ce_id"] == b"x"
    assert headers["pw_reason"] == b"unexpected"
    assert headers["pw_detail"] == b"our own code failed: LookupError"
    assert fact == ("rejected", "swift", "unexpected")
