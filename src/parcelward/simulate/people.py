"""People who answer and decide about alerts: counter staff of the couriers, analysts and supervisors of the platform.

They act on what they read, after a while, as people do: most in time, some late, some never, a few on what is out of
date, twice, or without being asked. What each of them does follows from the seed and the alert. Nothing here sends
anything: `due` gives the events that are to be sent by now.
"""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, NamedTuple

from parcelward.contract.decisions import DECISION_TYPE
from parcelward.contract.instructions import ANSWER_TYPE, Instruction
from parcelward.contract.referrals import Case, Referral
from parcelward.contract.steps import OVER, InstructionAction, OutcomeKind, ReferralState
from parcelward.simulate.envelopes import moment

*ANALYSTS, SUPERVISOR = (f"demo.{name:_<22}" for name in ("analyst1", "analyst2", "analyst3", "supervisor"))
STORM = 4
"""Alerts from which on a case is acknowledged as a whole."""
FOUND = {
    InstructionAction.REFUSE: OutcomeKind.DANGEROUS_GOODS,
    InstructionAction.HOLD: OutcomeKind.DANGEROUS_GOODS,
    InstructionAction.VERIFY_IDENTITY: OutcomeKind.FALSE_IDENTITY,
}
"""Outcome of an alert that is right, by what the courier was asked; of any other the procedure was not kept."""


class Letter(NamedTuple):
    """An event to be sent: by a courier as an answer, or by the platform (`courier` None) as a decision."""

    courier: str | None
    key: str
    event: dict[str, Any]


class Habits(NamedTuple):
    """Habits of all of them: how fast they are, in ms, and how often, of 1, they do what they should not."""

    answer_ms: int = 2_000
    look_ms: int = 2_500
    decide_ms: int = 3_000
    late: float = 0.06
    never: float = 0.05
    not_possible: float = 0.08
    twice: float = 0.03
    outdated: float = 0.03
    unasked: float = 0.01
    overlooked: float = 0.08
    mistaken: float = 0.02


class People:
    """Everybody who answers or decides; `is_right` tells of a courier's waybill if something is wrong with it."""

    def __init__(self, seed: int, is_right: Callable[[str, str], bool], habits: Habits | None = None) -> None:
        self._seed, self._is_right, self._habits = seed, is_right, habits or Habits()
        self._waiting: list[tuple[int, int, Callable[[int], Iterator[Letter]]]] = []
        self._order, self._ids = count(), count(1)
        self._referrals: dict[str, Referral] = {}
        self._seen: set[tuple[str, str, int]] = set()

    # -- what they read ------------------------------------------------------------------------------------------------

    def read_instruction(self, instruction: Instruction, now_ms: int) -> None:
        """Counter staff read what is to be done."""
        if instruction.action in (InstructionAction.RELEASE, InstructionAction.PROCEED) or self._knew(
            "i", instruction.alert_id, instruction.reminder
        ):
            return
        habits, rng = self._habits, self._rng("answer", instruction.alert_id, instruction.reminder)
        draw = rng.random()
        if draw < habits.never:
            return
        wait_ms = habits.answer_ms * (1 + rng.random()) * (6 if draw < habits.never + habits.late else 1)
        self._later(now_ms + int(wait_ms), lambda at_ms: self._answers(instruction, rng, at_ms))

    def read_referral(self, referral: Referral, now_ms: int) -> None:
        """The platform reads where an alert stands."""
        known = self._referrals.get(referral.alert_id)
        if known is not None and known.revision >= referral.revision:
            return
        self._referrals[referral.alert_id] = referral
        if known is not None and (known.state, known.level) == (referral.state, referral.level):
            return
        habits, rng = self._habits, self._rng("look", referral.alert_id, referral.level, referral.state)
        alert_id, state = referral.alert_id, referral.state
        if state in (ReferralState.RAISED, ReferralState.REOPENED, ReferralState.ESCALATED):
            if rng.random() >= habits.overlooked * (1 if state is not ReferralState.ESCALATED else 3):
                due_ms = now_ms + int(habits.look_ms * (1 + rng.random()))
                self._later(due_ms, lambda at_ms: self._acknowledges(alert_id, rng, at_ms))
        elif state in (ReferralState.ACKNOWLEDGED, ReferralState.IN_WORK, ReferralState.ANSWERED):
            patience = 1 if state is ReferralState.ANSWERED else 2
            due_ms = now_ms + int(habits.decide_ms * patience * (1 + rng.random()))
            self._later(due_ms, lambda at_ms: self._decides(alert_id, rng, at_ms))
        elif state is ReferralState.WITHDRAWN and referral.held:
            due_ms = now_ms + int(habits.decide_ms * (1 + rng.random()))
            self._later(due_ms, lambda at_ms: self._releases(alert_id, at_ms))

    def read_case(self, case: Case, now_ms: int) -> None:
        """The platform reads a case; one that holds a storm is acknowledged as a whole."""
        if case.open < STORM or self._knew("c", case.case_id, 0):
            return
        rng = self._rng("case", case.case_id)
        person = rng.choice(ANALYSTS)

        def acts(at_ms: int) -> Iterator[Letter]:
            yield self._on_case(case, person, {"kind": "comment", "text": "同类告警合并处理"}, at_ms)
            yield self._on_case(case, person, {"kind": "acknowledge"}, at_ms)

        self._later(now_ms + int(self._habits.look_ms * rng.random()), acts)

    def due(self, now_ms: int) -> Iterator[Letter]:
        """Give what is to be sent by now."""
        while self._waiting and self._waiting[0][0] <= now_ms:
            _, _, acts = heappop(self._waiting)
            yield from acts(now_ms)

    @property
    def open(self) -> int:
        """Alerts that still want a step of somebody, as far as it was read."""
        return sum(one.state not in (*OVER, ReferralState.EXPIRED) for one in self._referrals.values())

    # -- what they do --------------------------------------------------------------------------------------------------

    def _answers(self, instruction: Instruction, rng: Random, at_ms: int) -> Iterator[Letter]:
        habits = self._habits
        possible = rng.random() >= habits.not_possible
        data: dict[str, Any] = {
            "alert_id": instruction.alert_id,
            "revision": instruction.revision,
            "courier": instruction.courier,
            "waybill": instruction.waybill,
            "result": "done" if possible else "not_possible",
        }
        if possible and instruction.action is InstructionAction.REINSPECT:
            data["photo_sha256"] = f"{rng.getrandbits(256):064x}"
        if not possible:
            data["text"] = "快件已离开网点，正在联系中转场拦截"
        if rng.random() < habits.outdated:
            data["revision"] = instruction.revision + 5
        event = self._event(ANSWER_TYPE, f"/couriers/{instruction.courier}", instruction.waybill, data, at_ms)
        letter = Letter(instruction.courier, instruction.waybill, event)
        yield letter
        if rng.random() < habits.twice:
            yield letter
        if rng.random() < habits.unasked:
            unknown = data | {"alert_id": f"unknown-{instruction.alert_id}"[:64]}
            yield letter._replace(
                event=self._event(ANSWER_TYPE, f"/couriers/{instruction.courier}", instruction.waybill, unknown, at_ms)
            )

    def _acknowledges(self, alert_id: str, rng: Random, at_ms: int) -> Iterator[Letter]:
        now = self._referrals[alert_id]
        if now.state in (ReferralState.RAISED, ReferralState.REOPENED, ReferralState.ESCALATED, ReferralState.ANSWERED):
            letter = self._on_alert(now, self._person(now, rng), {"kind": "acknowledge"}, at_ms)
            yield letter
            if rng.random() < self._habits.twice:
                yield letter

    def _decides(self, alert_id: str, rng: Random, at_ms: int) -> Iterator[Letter]:
        now = self._referrals[alert_id]
        if now.state not in (ReferralState.ACKNOWLEDGED, ReferralState.IN_WORK, ReferralState.ANSWERED):
            return
        right = self._is_right(now.courier, now.waybill) is not (rng.random() < self._habits.mistaken)
        asked = now.asked.action if now.asked is not None else InstructionAction.SEND_INFORMATION
        outcome = FOUND.get(asked, OutcomeKind.PROCEDURE_NOT_KEPT) if right else OutcomeKind.FALSE_ALARM
        kept = outcome is OutcomeKind.DANGEROUS_GOODS
        decision = {
            "kind": "outcome",
            "outcome": outcome.value,
            "parcel": "keep" if kept else "release",
            "comment": "已核实" if right else "经核实无异常",
        }
        person = now.assigned_to or self._person(now, rng)[1]
        seen = now.model_copy(update={"revision": now.revision - 1}) if rng.random() < self._habits.outdated else now
        yield self._on_alert(seen, ("analyst", person), decision, at_ms)
        if seen is not now:  # refused: something has happened since; so it is read again
            self._later(at_ms + self._habits.decide_ms, lambda again_ms: self._decides(alert_id, rng, again_ms))

    def _releases(self, alert_id: str, at_ms: int) -> Iterator[Letter]:
        now = self._referrals[alert_id]
        if now.state is ReferralState.WITHDRAWN and now.held:
            reason = {"kind": "release", "reason": "补传记录已核对，放行"}
            yield self._on_alert(now, ("analyst", now.assigned_to or ANALYSTS[0]), reason, at_ms)

    # -- letters -------------------------------------------------------------------------------------------------------

    def _person(self, now: Referral, rng: Random) -> tuple[str, str]:
        """Role and token of whoever takes it: what was passed up is a supervisor's."""
        if now.state is ReferralState.ESCALATED:
            return "supervisor", SUPERVISOR
        return "analyst", rng.choice(ANALYSTS)

    def _on_alert(self, now: Referral, by: tuple[str, str], decision: dict[str, Any], at_ms: int) -> Letter:
        about = {"kind": "alert", "alert_id": now.alert_id, "courier": now.courier, "waybill": now.waybill}
        return self._decision(about, now.waybill, now.revision, by, decision, at_ms)

    def _on_case(self, case: Case, person: str, decision: dict[str, Any], at_ms: int) -> Letter:
        about = {"kind": "case", "case_id": case.case_id, "subject": case.subject}
        return self._decision(about, case.subject, case.revision, ("analyst", person), decision, at_ms)

    def _decision(
        self,
        about: dict[str, Any],
        key: str,
        revision: int,
        by: tuple[str, str],
        decision: dict[str, Any],
        at_ms: int,
    ) -> Letter:
        role, token = by
        data = {
            "about": about,
            "revision": revision,
            "decided_by": {"role": role, "token": token},
            "decision": decision,
        }
        return Letter(None, key, self._event(DECISION_TYPE, "/platform/demo", key, data, at_ms))

    def _event(self, kind: str, source: str, subject: str, data: dict[str, Any], at_ms: int) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": f"{self._seed}-{next(self._ids)}",
            "source": source,
            "type": kind,
            "time": moment(at_ms),
            "subject": subject,
            "datacontenttype": "application/json",
            "data": data,
        }

    # -- all of them ---------------------------------------------------------------------------------------------------

    def _later(self, due_ms: int, acts: Callable[[int], Iterator[Letter]]) -> None:
        heappush(self._waiting, (due_ms, next(self._order), acts))

    def _knew(self, kind: str, what: str, number: int) -> bool:
        known = (kind, what, number) in self._seen
        self._seen.add((kind, what, number))
        return known

    def _rng(self, *what: object) -> Random:
        return Random(f"{self._seed}/{'/'.join(map(str, what))}")
