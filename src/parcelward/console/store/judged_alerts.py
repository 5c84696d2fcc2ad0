"""The newest alerts of a courier with what became of them, as `parcelward outcomes` counts them from the topics."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from parcelward.console.store.database import Database
from parcelward.console.store.packing import unpacked
from parcelward.console.store.ranks import LANES
from parcelward.console.store.tables import alert_revisions, alerts, instructions, referrals, steps
from parcelward.contract.steps import OutcomeKind, ReferralState, StepKind
from parcelward.moments import utc
from parcelward.outcomes.records import AlertHead, AnsweredHead, AskedHead, ReferralHead, read_alert
from parcelward.outcomes.verdicts import Judged, judged

NEWEST = 2_000
"""Alerts that are looked at, by their newest step: reading more documents takes longer than a page may."""


class _Instruction(msgspec.Struct):
    reminder: int = 0


_read_instruction = msgspec.json.Decoder(_Instruction).decode


def judged_alerts(database: Database, courier: str, newest: int = NEWEST) -> list[Judged]:
    """Give the alerts of a courier, each with its verdict; the newest of many."""
    query = select(referrals).where(referrals.c.courier == courier)
    query = query.order_by(referrals.c.at_ms.desc(), referrals.c.alert_id.desc()).limit(newest)
    with database.reading() as connection:
        rows = {row.alert_id: row for row in connection.execute(query)}
        return judged(_heads(connection, list(rows)), _states(connection, rows))


def _heads(connection: Connection, ids: Sequence[str]) -> Iterator[AlertHead]:
    """Read all revisions of alerts; one that a later version wrote in another way is passed over."""
    query = select(alert_revisions.c.document).join(alerts, alerts.c.number == alert_revisions.c.number)
    for document in connection.execute(query.where(alerts.c.alert_id.in_(ids))).scalars():
        try:
            yield read_alert(unpacked(document))
        except msgspec.DecodeError:
            continue


def _states(connection: Connection, rows: dict[str, Any]) -> Iterator[ReferralHead]:
    """Give the states of alerts, one for each step, with what was asked by then, and an answer where it came."""
    asked: dict[str, list[int]] = defaultdict(list)
    query = select(instructions.c.alert_id, instructions.c.revision, instructions.c.document)
    for alert_id, revision, document in connection.execute(query.where(instructions.c.alert_id.in_(list(rows)))):
        if not _read_instruction(document).reminder:  # a reminder asks nothing new
            asked[alert_id].append(revision)
    for step in connection.execute(select(steps).where(steps.c.alert_id.in_(list(rows)))):
        row = rows[step.alert_id]
        before = [one for one in asked[step.alert_id] if one <= step.revision]
        yield ReferralHead(
            step.alert_id,
            step.revision,
            row.courier,
            row.waybill,
            row.outlet,
            ReferralState(step.state),
            utc(step.at_ms),
            LANES[row.lane],
            tuple(row.rules.split()),
            None if step.step is None else StepKind(step.step),
            AskedHead(max(before)) if before else None,
            AnsweredHead(utc(step.at_ms)) if step.step == StepKind.ANSWER else None,
            OutcomeKind(row.outcome) if row.outcome is not None and step.revision == row.revision else None,
        )
