"""The latency of an alert is measured from the evidence that led to it, or from the deadline that passed."""

from typing import Any

from parcelward.screening.build import build_stages
from parcelward.stage import Batch, Outcome, Record
from tests.builders import MINUTE, T0, real_name, record, settings

INTAKE = "intake.swift"
PETROL: dict[str, Any] = {"goods": {"name": "汽油"}}
AGREEMENT: dict[str, Any] = {"sender": {"kind": "agreement", "agreement_id": "AG-1"}}


class Line:
    """The first stage and the last, for parcels whose sender nobody looks up."""

    def __init__(self) -> None:
        make = build_stages(settings()).make
        self._duties, self._outlets = make["duties"](1), make["outlets"](1)
        self._ledger: dict[bytes, bytes] = {}
        self._state: dict[bytes, bytes] = {}

    def judged(self, batch: Batch) -> Outcome:
        """Outcome of the last stage."""
        first = self._duties.step(batch, self._ledger)
        self._duties.commit(batch, first)
        self._ledger |= {key: value for key, value in first.updates.items() if value is not None}
        hops = [
            Record(send.topic, 0, offset, T0, send.key, send.value, send.headers)
            for offset, send in enumerate(first.sends)
            if send.topic.endswith("outlets")
        ]
        return self._outlets.step(Batch(hops), self._state)


def test_evidence_is_measured_from_its_arrival() -> None:
    outcome = Line().judged(Batch([record(real_name(**PETROL, **AGREEMENT), arrival=T0 + 7)]))
    assert outcome.judged_arrivals == [T0 + 7]
    assert outcome.alert_arrivals == [T0 + 7]
    assert outcome.alert_dues == []


def test_a_deadline_is_measured_from_when_it_fell_due_and_is_no_evidence() -> None:
    line = Line()
    assert line.judged(Batch([record(real_name(**AGREEMENT))])).alert_arrivals == []
    outcome = line.judged(Batch([], {INTAKE: T0 + 60 * MINUTE}))
    assert outcome.alert_dues == [T0 + 30 * MINUTE]
    assert outcome.alert_arrivals == outcome.judged_arrivals == []
