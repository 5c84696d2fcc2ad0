"""Fourth stage: what becomes of each alert. It takes in alerts, couriers' answers and decisions; fires deadlines.

All three have the waybill as their key, so they meet in one partition. Alerts lie where our own producer puts them. An
answer or a decision that its sender put elsewhere is moved there, unread.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from zlib import crc32

from parcelward import counts
from parcelward.alerts.alert import is_followed_up
from parcelward.cases.incoming import read
from parcelward.cases.life import NEVER_HELD, Life, Refused, Result
from parcelward.cases.machine import CLOSED
from parcelward.cases.news import news_of, read_alert
from parcelward.cases.passing import pass_decision
from parcelward.cases.referral import (
    AnswerHop,
    DecisionHop,
    ReferralRecord,
    decode_referral,
    encode,
    referral_key,
)
from parcelward.cases.refusals import refusal_count, refused_send
from parcelward.contract.steps import Role
from parcelward.expiry import Sweep, is_absent
from parcelward.intake.decode import Limits
from parcelward.intake.refusal import Rejected
from parcelward.moments import DAY_MS, HOUR_MS, WEEK_MS
from parcelward.shipments.timers import Timers
from parcelward.stage import Batch, Outcome, Send, SourceRecord

OpenAlerts = Counter[tuple[str, int]]
"""Alerts that are not closed, by state and by the hour in which they were raised."""


class ReferralsStage:
    """The lives of the alerts of one partition.

    Deadlines go by the arrivals on the topics that could end them. A topic's clock says up to when all that arrived is
    taken in. An alert's deadline fires when the clocks of the alerts, of the decisions and of its courier's answers
    have passed it, or as soon as something about the alert arrived after it.
    """

    def __init__(self, life: Life, limits: Limits, couriers: Sequence[str], partitions: int = 1) -> None:
        topics = life.topics
        self._life, self._limits, self._topics, self._partitions = life, limits, topics, partitions
        self._keep_ms = keep_ms = life.times.keep
        self._clocked = {courier: (topics.alerts, topics.decisions, topics.answers(courier)) for courier in couriers}
        self._timers = Timers()
        self._sweep = Sweep(lambda _key: keep_ms, keep_ms)
        self._clocks: dict[str, int] = {}  # per topic the arrival up to which all is taken in, epoch ms
        self._reached: dict[str, int] = {}
        self._open: OpenAlerts = Counter()
        self._opened: OpenAlerts = Counter()  # by the last batch; negative for those that are so no more

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Set the timers of the alerts, count the open ones, and begin the expiry sweep anew."""
        records = ((key, decode_referral(value)) for key, value in state.items())
        self._open.clear()
        timers = []
        for key, record in records:
            self._open.update(_as_open(record))
            if record.due_ms:
                timers.append((record.courier, record.due_ms, key))
        self._timers.restore(timers)
        self._sweep.restore()

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Take in the batch's records, in order, and fire what fell due on every clock."""
        self._timers.begin()
        work = _ReferralBatch(self, state, batch.held_from)
        for record in batch.records:
            work.enter(record)
        work.clocks |= {topic: max(quiet, work.clocks.get(topic, 0)) for topic, quiet in batch.quiet_until.items()}
        for courier, topics in self._clocked.items():
            work.fire(courier, min(work.clocks.get(topic, 0) for topic in topics))
        self._forget(batch, state, work)
        self._reached, self._opened = work.clocks, work.opened
        return work.outcome

    def _forget(self, batch: Batch, state: Mapping[bytes, bytes], work: "_ReferralBatch") -> None:
        """Sweep out what is forgotten: from the state, and from the compacted topic."""
        newest_ms = max((record.timestamp for record in batch.records), default=0) or max(
            batch.quiet_until.values(), default=0
        )
        looks = len(batch.records) + len(batch.quiet_until)
        for key in self._sweep.expired(state, looks, newest_ms, lambda _key: newest_ms, len(work.outcome.updates)):
            record = decode_referral(state[key])
            if key not in work.outcome.updates and not record.stays:
                work.outcome.updates[key] = None
                work.opened.subtract(_as_open(record))
                work.outcome.sends.append(Send(self._topics.referrals, record.alert_id.encode(), None))

    def commit(self, batch: Batch, outcome: Outcome) -> None:
        """Keep timers and clocks of the committed batch, count what is open, and move the expiry sweep on."""
        self._timers.commit()
        self._clocks = self._reached
        self._open.update(self._opened)
        self._open = +self._open
        self._opened = Counter()
        self._sweep.commit()

    def counted(self, key: bytes, value: bytes) -> int:
        """Count the revisions of a referral."""
        return decode_referral(value).revision

    def open_alerts(self, now_ms: int) -> Counter[tuple[str, str]]:
        """Count the alerts that are not closed, by state and age."""
        found: Counter[tuple[str, str]] = Counter()
        for (state, hour), count in self._open.items():
            found[state, _age(now_ms - hour * HOUR_MS)] += count
        return found


class _ReferralBatch:
    """Work on one batch: what goes out, and the records as changed so far. Thrown away with the batch."""

    def __init__(self, stage: ReferralsStage, state: Mapping[bytes, bytes], held: Mapping[str, int]) -> None:
        self._life, self._topics, self._limits = stage._life, stage._topics, stage._limits
        self._partitions, self._keep_ms = stage._partitions, stage._keep_ms
        self._timers = stage._timers
        self._before = state.get
        self._held = held
        self._held_ms = min(held.values(), default=NEVER_HELD)
        self.clocks = dict(stage._clocks)
        self.opened: OpenAlerts = Counter()
        self.outcome = Outcome()

    # -- deadlines ---------------------------------------------------------------------------------------------------

    def fire(self, courier: str, now_ms: int) -> None:
        """Fire what fell due for a courier's alerts before `now_ms`."""
        while self._timers.next_due_ms(courier) < now_ms:
            due_ms, key = self._timers.pop(courier)
            record = self._known(key)
            if record is not None and record.due_ms == due_ms:
                self._keep(key, record, self._life.fire(record, now_ms))

    # -- records -----------------------------------------------------------------------------------------------------

    def enter(self, record: SourceRecord) -> None:
        """Take in one record, by the topic that it lies in."""
        topic, at_ms = record.topic, record.timestamp
        reached = min(at_ms, self._held.get(topic, at_ms))
        self.clocks[topic] = max(reached, self.clocks.get(topic, 0))
        if topic == self._topics.alerts:
            self._hear(record)
            return
        came = read(record, self._topics, self._limits)
        if isinstance(came, Rejected):
            self._refuse(record, came, None)
        elif self._leaves(record, came):
            return
        elif isinstance(came, AnswerHop):
            key = referral_key(came.courier, came.waybill, came.alert_id)
            known = self._known(key, at_ms)
            self._take(record, key, known, self._life.answer(known, came, at_ms, self._held_ms), Role.COURIER.value)
        else:
            key = f"{came.key}/{came.about}".encode()
            known = self._known(key, at_ms)
            self._take(record, key, known, self._life.decide(known, came, at_ms, self._held_ms), came.role)

    def _hear(self, record: SourceRecord) -> None:
        """Take in a revision of an alert; its times count from its arrival here."""
        if record.value is None:
            return
        alert = read_alert(record.value)
        key = referral_key(alert.courier, alert.waybill, alert.alert_id)
        known = self._known(key, record.timestamp)
        if known is None and not is_followed_up(record.headers):
            self.outcome.counts[(counts.LEFT_ALONE,)] += 1
            return
        result = self._life.hear(known, news_of(alert, record.timestamp), self._held_ms)
        if known is None and result.record is not None:
            self.outcome.counts[counts.REFERRAL_STEP, counts.RAISED] += 1
        self._keep(key, known, result)

    def _leaves(self, record: SourceRecord, came: AnswerHop | DecisionHop) -> bool:
        """Send a record on that belongs elsewhere: a decision on a case to its case, one in a wrong partition there."""
        if isinstance(came, DecisionHop) and came.is_on_case:
            self.outcome.sends.append(pass_decision(record, came, self._topics))
            return True
        right = crc32(record.key or b"") % self._partitions
        if right == record.partition:
            return False
        self.outcome.moves.append((right, Send(record.topic, record.key, record.value, record.headers)))
        return True

    def _take(self, record: SourceRecord, key: bytes, known: ReferralRecord | None, result: Result, role: str) -> None:
        """Keep what a record led to; what was refused goes back."""
        self._keep(key, known, result)
        if result.refused is not None:
            self._refuse(record, result.refused, role)

    def _refuse(self, record: SourceRecord, refused: Refused | Rejected, role: str | None) -> None:
        self.outcome.sends.append(refused_send(record, refused, self._topics))
        self.outcome.counts[refusal_count(record, refused.reason.value, role, self._topics)] += 1

    # -- both --------------------------------------------------------------------------------------------------------

    def _known(self, key: bytes, now_ms: int = 0) -> ReferralRecord | None:
        """Give what is known of an alert; None if nothing is, or if it counts as forgotten."""
        value = self.outcome.updates.get(key) or self._before(key)
        record = None if value is None else decode_referral(value)
        if record is None or record.stays:
            return record
        return None if is_absent(record.touched_ms, self._keep_ms, now_ms) else record

    def _keep(self, key: bytes, before: ReferralRecord | None, result: Result) -> None:
        """Write down what a step led to, send what it sends, and set the timer of the next deadline."""
        record = result.record
        self.outcome.sends += result.sends
        for step in result.steps:
            self.outcome.counts[counts.REFERRAL_STEP, step.value] += 1
        for level in result.missed:
            self.outcome.counts[counts.MISSED, str(level)] += 1
        if record is None or record is before:
            return
        self.outcome.updates[key] = encode(record)
        if before is not None:
            self.opened.subtract(_as_open(before))
        self.opened.update(_as_open(record))
        if record.due_ms and (before is None or before.due_ms != record.due_ms):
            self._timers.set(record.courier, record.due_ms, key)


def _as_open(record: ReferralRecord) -> list[tuple[str, int]]:
    return [] if record.state == CLOSED else [(record.state, record.raised_ms // HOUR_MS)]


def _age(ms: int) -> str:
    hour, day, week, older = counts.AGES
    return hour if ms < HOUR_MS else day if ms < DAY_MS else week if ms < WEEK_MS else older
