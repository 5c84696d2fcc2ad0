"""Counts what became of every event, by reading the topics again; no worker is asked."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from parcelward.audit import Audit, audit_recording
from parcelward.contract.alerts import Alert
from parcelward.demo.findings import Findings, Planted, ReadAlert, findings
from parcelward.errors import UserError
from parcelward.replay.compare import Position, Waybill, refused_position
from parcelward.replay.live import RecordedTopics
from parcelward.replay.recording import WholeRecording
from parcelward.screening.build import Stages, build_stages
from parcelward.settings import Settings
from parcelward.stage import SourceRecord

AGAIN_S, PATIENCE_S = 5.0, 20.0
"""Seconds between two counts, and in all. A deadline fires late if the worker was killed at the very end."""


@dataclass(frozen=True, slots=True)
class Recount:
    """Result of the count."""

    acknowledged: int
    audit: Audit
    findings: Findings

    @property
    def complete(self) -> bool:
        """True when nothing is lost or counted twice, each waybill has one id, and everything is as in a replay."""
        return self.audit.exact


def recount(settings: Settings, acknowledged: int, labels: Iterable[Planted]) -> Recount:
    """Audit all topics from their beginning; again for up to 20 s while anything is wrong."""
    stages, planted = build_stages(settings), list(labels)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with RecordedTopics(settings, whole=True) as recording:
            result = count(recording, settings, stages, acknowledged, planted)
        if result.complete or time.monotonic() > deadline:
            return result
        time.sleep(AGAIN_S)


def count(
    recording: WholeRecording, settings: Settings, stages: Stages, acknowledged: int, labels: list[Planted]
) -> Recount:
    """Audit a recording. An event that was acknowledged but is not in the intake log counts as lost, too."""
    seen = _Seen(settings)
    audit = audit_recording(recording, settings, stages, seen.see)
    if (missing := acknowledged - audit.events) > 0:
        audit.note("lost", missing, "acknowledged, and not in the log")
    return Recount(acknowledged, audit, findings(seen.alerts, labels, seen.arrivals, seen.screened))


class _Seen:
    """Collects what the findings need from the records that the audit reads."""

    def __init__(self, settings: Settings) -> None:
        self._couriers = {settings.topics.intake(courier): courier for courier in settings.couriers}
        self._alerts, self._rejected = settings.topics.alerts, settings.topics.rejected("")
        self._waybills: dict[Position, Waybill] = {}
        self._refused: set[Position] = set()
        self.arrivals: dict[Position, int] = {}
        self.alerts: list[ReadAlert] = []

    def see(self, record: SourceRecord) -> None:
        if (courier := self._couriers.get(record.topic)) is not None:
            position = record.topic, record.partition, record.offset
            self.arrivals[position] = record.timestamp
            self._waybills[position] = courier, (record.key or b"").decode(errors="replace")
        elif record.topic == self._alerts:
            self.alerts.append(_alert(record))
        elif record.topic.startswith(self._rejected):
            self._refused.add(refused_position(record.headers))

    @property
    def screened(self) -> set[Waybill]:
        """Waybills of the events that were not refused."""
        return {waybill for position, waybill in self._waybills.items() if position not in self._refused}


def _alert(record: SourceRecord) -> ReadAlert:
    try:
        return ReadAlert(Alert.model_validate_json(record.value or b""), record.timestamp)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = f"{record.topic}/{record.partition}/{record.offset}"
        raise UserError(f"the alert at {where} breaks the contract: {first['loc']}: {first['msg']}") from None
