"""Instructions, answers, decisions, refusals and accounts become rows, one for each record."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, tuple_

from parcelward.console.store import tables
from parcelward.console.store.loading import put
from parcelward.console.store.placed import Placed, Unreadable, read_all, text_of
from parcelward.console.store.places import log_of
from parcelward.console.store.records import (
    AccountRead,
    AnswerRead,
    DecisionRead,
    InstructionRead,
    RefusedRead,
    read_account,
    read_answer,
    read_decision,
    read_instruction,
    read_refused,
)
from parcelward.console.store.structured import structured
from parcelward.contract.steps import InstructionAction
from parcelward.moments import ms_of

_LONGEST = 1000
_MOST_DIGITS = 15


def write_instructions(connection: Connection, placed: Sequence[Placed], _mark: int, unreadable: Unreadable) -> None:
    """Write a batch of instructions; that nothing is to be done about a parcel is none."""
    read = read_all(placed, read_instruction, unreadable, log_of)
    rows = [_instruction(one, said) for one, said in read if said.action is not InstructionAction.PROCEED]
    put(connection, tables.instructions, rows)


def _instruction(one: Placed, said: InstructionRead) -> tuple[Any, ...]:
    arrived_ms, by_ms = one.record.timestamp, None
    if said.answer_by is not None:
        by_ms = ms_of(said.answer_by)
    elif said.answer_within_s is not None:
        by_ms = arrived_ms + said.answer_within_s * 1000
    action = said.action.value
    return one.place, said.alert_id, said.courier, said.revision, action, arrived_ms, by_ms, one.record.value


def write_answers(connection: Connection, placed: Sequence[Placed], _mark: int, unreadable: Unreadable) -> None:
    """Write a batch of answers, also of those that the worker refused."""
    put(
        connection,
        tables.answers,
        [_answer(*one) for one in read_all(structured(placed), read_answer, unreadable, log_of)],
    )


def _answer(one: Placed, said: AnswerRead) -> tuple[Any, ...]:
    data = said.data
    arrived_ms, result = one.record.timestamp, data.result.value
    return one.place, said.id, data.alert_id, data.courier, data.revision, result, arrived_ms, one.record.value


def write_decisions(connection: Connection, placed: Sequence[Placed], _mark: int, unreadable: Unreadable) -> None:
    """Write a batch of decisions, also of those that the worker refused or passed on."""
    put(
        connection,
        tables.decisions,
        [_decision(*one) for one in read_all(structured(placed), read_decision, unreadable, log_of)],
    )


def _decision(one: Placed, said: DecisionRead) -> tuple[Any, ...]:
    data = said.data
    return (
        one.place,
        said.id,
        data.about.alert_id or data.about.case_id or "",
        data.of_case,
        data.about.courier,
        data.revision,
        data.decided_by.role.value,
        data.decided_by.token,
        data.decision.kind.value,
        one.record.timestamp,
        one.record.value,
    )


def write_refused(connection: Connection, placed: Sequence[Placed], _mark: int, unreadable: Unreadable) -> None:
    """Write a batch of decisions that were refused, with the reason that their headers give."""
    put(
        connection,
        tables.refused_decisions,
        [_refused(*one) for one in read_all(structured(placed), read_refused, unreadable, log_of)],
    )


def _refused(one: Placed, said: RefusedRead) -> tuple[Any, ...]:
    headers = {name: text_of(value)[:_LONGEST] for name, value in one.record.headers}
    return (
        one.place,
        said.id,
        headers.get("pw_reason", ""),
        headers.get("pw_detail", ""),
        headers.get("pw_state"),
        _number(headers.get("pw_revision")),
        headers.get("pw_assigned_to"),
        headers.get("pw_topic", ""),
        _number(headers.get("pw_partition")) or 0,
        _number(headers.get("pw_offset")) or 0,
        one.record.timestamp,
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def write_accounts(connection: Connection, placed: Sequence[Placed], _mark: int, unreadable: Unreadable) -> None:
    """Write a batch of couriers' accounts; the key of a record is its date, and its topic names the courier."""
    rows: dict[tuple[str, str], tuple[str, str, bytes]] = {}
    gone: set[tuple[str, str]] = set()
    read: dict[int, AccountRead] = {
        one.place: account
        for one, account in read_all(
            [one for one in placed if one.record.value is not None], read_account, unreadable, log_of
        )
    }
    for one in placed:
        if one.record.value is None:
            key = one.record.topic.rpartition(".")[2], text_of(one.record.key)
            rows.pop(key, None)
            gone.add(key)
        elif (account := read.get(one.place)) is not None:
            rows[account.courier, account.date] = (account.courier, account.date, one.record.value)
    if gone:
        columns = tuple_(tables.accounts.c.courier, tables.accounts.c.date)
        connection.execute(tables.accounts.delete().where(columns.in_(sorted(gone))))
    put(connection, tables.accounts, list(rows.values()))


Writer = Callable[[Connection, Sequence[Placed], int, Unreadable], None]
