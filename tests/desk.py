"""The life of alerts and their cases in memory, without stages: what one function sends, the next one takes in."""

from collections import deque
from collections.abc import Iterable

from parcelward.cases.budget import Budget, Permit, desk_key, weigh
from parcelward.cases.budget import Desk as BudgetDesk
from parcelward.cases.case import Bucket, CaseRecord, Standing, bucket_key, bucket_keys, case_key, standing_key
from parcelward.cases.gathering import Decided, decide, gather, let_ask
from parcelward.cases.life import FIRST, Life, Refused
from parcelward.cases.news import AlertNews
from parcelward.cases.outgoing import decode_note
from parcelward.cases.referral import AnswerHop, DecisionHop, ReferralRecord, decision_hop, mark_of, referral_key
from parcelward.contract.decisions import Decision
from parcelward.contract.instructions import Instruction
from parcelward.contract.referrals import Case
from parcelward.settings import Settings
from parcelward.stage import Send


class Desk:
    """All alerts and cases of an installation."""

    def __init__(self, life: Life, budget: Budget | None = None) -> None:
        self.life, self.topics = life, life.topics
        self.budget = budget or Budget.from_settings(Settings())
        self.referrals: dict[bytes, ReferralRecord] = {}
        self.cases: dict[bytes, CaseRecord] = {}
        self.buckets: dict[bytes, Bucket] = {}
        self.budgets: dict[bytes, BudgetDesk] = {}
        self.standing: dict[bytes, Standing] = {}
        self.told: list[Case] = []
        self.instructions: list[Instruction] = []
        self.refused: list[Refused] = []

    def hear(self, news: AlertNews) -> None:
        """Take in one revision of an alert, and all that follows from it."""
        key = referral_key(news.courier, news.waybill, news.alert_id)
        if news.revision == FIRST and (told := self.life.first_instruction(news)) is not None:
            self._carry([told], news.at_ms)
        result = self.life.hear(self.referrals.get(key), news)
        self._keep(key, result.record)
        self._carry(result.sends, news.at_ms)

    def look(self, now_ms: int) -> None:
        """Fire what fell due."""
        for key, record in tuple(self.referrals.items()):
            result = self.life.fire(record, now_ms)
            self._keep(key, result.record)
            self._carry(result.sends, now_ms)

    def decide(self, hop: DecisionHop, at_ms: int) -> None:
        """Take in a decision on an alert."""
        key = f"{hop.key}/{hop.about}".encode()
        result = self.life.decide(self.referrals.get(key), hop, at_ms)
        self._keep(key, result.record)
        self.refused += [result.refused] if result.refused is not None else []
        self._carry(result.sends, at_ms)

    def answer(self, hop: AnswerHop, at_ms: int) -> None:
        """Take in a courier's answer."""
        key = referral_key(hop.courier, hop.waybill, hop.alert_id)
        result = self.life.answer(self.referrals.get(key), hop, at_ms)
        self._keep(key, result.record)
        self.refused += [result.refused] if result.refused is not None else []
        self._carry(result.sends, at_ms)

    def decide_case(self, hop: DecisionHop, at_ms: int) -> Decided:
        """Take in a decision on a case."""
        key = case_key(hop.about)
        buckets = {name: self.buckets[name] for name in bucket_keys(hop.about) if name in self.buckets}
        decided = decide(self.cases.get(key), buckets, hop, at_ms, self.topics)
        if decided.case is not None:
            self.cases[key] = decided.case
            if decided.standing is not None:
                self.standing[standing_key(decided.case.theme, decided.case.subject)] = decided.standing
        self._carry(decided.sends, at_ms)
        return decided

    def _keep(self, key: bytes, record: ReferralRecord | None) -> None:
        if record is not None:
            self.referrals[key] = record

    def _carry(self, sends: Iterable[Send], at_ms: int) -> None:
        waiting = deque(sends)
        while waiting:
            send = waiting.popleft()
            value = send.value or b""
            if send.topic == self.topics.into("cases"):
                waiting += self._gather(value)
            elif send.topic == self.topics.decisions:
                headers = {name: header.decode() for name, header in send.headers}
                mark = mark_of(headers["ce_source"], headers["ce_id"])
                self.decide(decision_hop(mark, Decision.model_validate_json(value)), at_ms)
            elif send.topic == self.topics.cases:
                self.told.append(Case.model_validate_json(value))
            elif send.topic != self.topics.referrals:
                self.instructions.append(Instruction.model_validate_json(value))

    def _gather(self, value: bytes) -> tuple[Send, ...]:
        note = decode_note(value)
        if note.asker is not None:
            desk_at = desk_key(note.theme, note.courier, note.window)
            desk, permission, counts = weigh(self.budgets.get(desk_at), note, self.budget)
            if desk is not None:
                self.budgets[desk_at] = desk
            if permission is not None:
                return self._permit(permission)
            counted = self.buckets.get(bucket_key(note.case_id, note.alert_id))
            if not counts and (counted is None or note.alert_id not in counted.entries):
                return ()
        key, part = case_key(note.case_id), bucket_key(note.case_id, note.alert_id)
        gathered = gather(
            self.cases.get(key),
            self.buckets.get(part),
            note,
            self.topics,
            self.standing.get(standing_key(note.theme, note.subject)),
        )
        if gathered.case is not None and gathered.bucket is not None:
            self.cases[key], self.buckets[part] = gathered.case, gathered.bucket
        return gathered.sends

    def _permit(self, permission: Permit) -> tuple[Send, ...]:
        key = case_key(permission.case_id)
        permitted = let_ask(self.cases.get(key), permission.at_ms, self.topics)
        if permitted.case is not None:
            self.cases[key] = permitted.case
        return permitted.sends
