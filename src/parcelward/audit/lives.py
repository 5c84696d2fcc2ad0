"""The audit of what became of the alerts: both stages replayed, and what must be true whoever computed it.

The second part looks at the topics alone: no step and no deadline twice, no revision left out, no hold lifted without a
release, and a case counts what the newest notes of its alerts say.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from parcelward.alerts.alert import SOURCE
from parcelward.audit.as_recorded import RandomCuts
from parcelward.audit.tally import Tally
from parcelward.cases.outgoing import CaseNote, decode_note
from parcelward.cases.passing import Carried, carried
from parcelward.cases.referral import MARK_BYTES, ReferralRecord, decode_referral
from parcelward.contract.alerts import Lane
from parcelward.contract.steps import OVER, InstructionAction, ReferralState, StepKind
from parcelward.replay.recording import Entry, WholeRecording, entry_of
from parcelward.stage import Record, SourceRecord
from parcelward.topics import Topics

Note = Callable[[str, int, str], None]
"""Notes something that is off: its kind, how often, and what."""
FROM_US = ("ce_source", SOURCE.encode())
PASSED_UP = (ReferralState.ESCALATED, ReferralState.EXPIRED)
_DEADLINES = frozenset((StepKind.UNANSWERED, StepKind.MISS, StepKind.GIVE_UP, StepKind.SETTLE))


def is_alike(must: bytes, there: bytes) -> bool:
    """Tell whether two states of an alert are the same but for the order of its marks.

    A comment leaves nothing but its mark, so nobody can know if it was taken in before or after an answer.
    """
    one, other = (decode_referral(value) for value in (must, there))
    return replace(one, marks=other.marks) == other and _marks_of(one) == _marks_of(other)


def _marks_of(record: ReferralRecord) -> list[bytes]:
    marks = record.marks
    return sorted(marks[at : at + MARK_BYTES] for at in range(0, len(marks), MARK_BYTES))


class CasesAsRecorded:
    """Gives the cases what the topic holds, in its order; `tally` compares it with what the referrals send."""

    def __init__(self, recording: WholeRecording, cuts: RandomCuts) -> None:
        topic, numbers = recording.topics.into("cases"), range(recording.partitions)
        self.tally = Tally()
        self.waiting: list[SourceRecord] = []
        """Records that the live run had not entered when it ended."""
        self.entered: list[list[SourceRecord]] = [[] for _ in numbers]
        self.entries: list[list[Entry]] = [[] for _ in numbers]
        for number in numbers:
            end = recording.entered(number)
            for one in recording.between(topic, number):
                self.tally.find(one.topic, one.partition, one.key, one.value, one.headers)
                self.entries[number].append(entry_of(one))
                (self.entered[number] if one.offset < end else self.waiting).append(one)
        self._rest = [iter(mine) for mine in self.entered]
        self._cuts = cuts

    def release(self, topic: str, partition: int, sent: Sequence[Record]) -> Sequence[SourceRecord]:
        """Note what must be there; give what is there next."""
        for one in sent:
            self.tally.expect(topic, partition, one.key, one.value, one.headers)
        return self._cuts.next_of(self._rest[partition])

    def end(self, partition: int) -> Sequence[SourceRecord]:
        """Give the rest."""
        return list(self._rest[partition])


def is_passed_on(record: SourceRecord) -> bool:
    """Tell whether a decision was passed on by a case of ours."""
    return FROM_US in (record.headers or ())


class _Step(msgspec.Struct, gc=False):
    """One revision of an alert, or the instruction of one."""

    alert_id: str
    revision: int
    at: datetime | None = None
    step: StepKind | None = None
    held: bool = False
    action: str = ""


class _Counted(msgspec.Struct, gc=False):
    case_id: str
    revision: int
    count: int
    open: int
    withdrawn: int
    left: int
    red: int
    escalated: int


_decode_step = msgspec.json.Decoder(_Step).decode
_decode_counted = msgspec.json.Decoder(_Counted).decode


class Lives:
    """Account of each alert and case by the topics alone; add every record, in any order, then `judge`."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._steps: defaultdict[str, list[_Step]] = defaultdict(list)
        self._told: Counter[tuple[str, int]] = Counter()
        self._releases: set[tuple[str, int]] = set()
        self._cases: dict[str, _Counted] = {}
        self._notes: defaultdict[str, dict[str, CaseNote]] = defaultdict(dict)
        self._over_budget: set[str] = set()

    def add(self, record: SourceRecord) -> None:
        """Add an instruction, a referral, a revision of a case, or an entry into one."""
        if record.value is None:
            return
        topics = self._topics
        if record.topic == topics.referrals:
            step = _decode_step(record.value)
            self._steps[step.alert_id].append(step)
        elif record.topic == topics.cases:
            case = _decode_counted(record.value)
            if (known := self._cases.get(case.case_id)) is None or known.revision < case.revision:
                self._cases[case.case_id] = case
        elif record.topic.startswith(topics.instructions("")):
            told = _decode_step(record.value)
            self._told[told.alert_id, told.revision] += 1
            if told.action == InstructionAction.RELEASE:
                self._releases.add((told.alert_id, told.revision))
        elif carried(record) is Carried.NOTE:
            note = decode_note(record.value)
            if note.asker is not None:  # the case of what is over the budget counts some of them only
                self._over_budget.add(note.case_id)
                return
            mine = self._notes[note.case_id]
            if note.alert_id not in mine or mine[note.alert_id].revision < note.revision:
                mine[note.alert_id] = note

    @property
    def figures(self) -> dict[str, int]:
        """Numbers of all that was found."""
        steps = [step for mine in self._steps.values() for step in mine]
        return {
            "alerts followed": len(self._steps),
            "steps": len(steps),
            "deadlines fired": sum(step.step in _DEADLINES for step in steps),
            "instructions": self._told.total(),
            "releases": len(self._releases),
            "cases": len(self._cases),
        }

    def judge(self, note: Note) -> None:
        """Note what cannot be true."""
        for alert_id, mine in self._steps.items():
            self._judge_steps(alert_id, sorted(mine, key=lambda one: one.revision), note)
        for (alert_id, revision), times in self._told.items():
            if times > 1:
                note("twice", times - 1, f"instruction {revision} of alert {alert_id}")
        for case_id, newest in self._notes.items():
            if case_id not in self._over_budget:
                self._judge_case(case_id, newest, note)

    def _judge_steps(self, alert_id: str, steps: Sequence[_Step], note: Note) -> None:
        fired: Counter[tuple[StepKind | None, datetime | None]] = Counter()
        held, expected = False, 1
        for step in steps:
            if step.revision < expected:
                note("twice", 1, f"revision {step.revision} of alert {alert_id}")
                continue
            if step.revision > expected:
                note("lost", step.revision - expected, f"revisions of alert {alert_id} before {step.revision}")
            expected = step.revision + 1
            if step.step in _DEADLINES:
                fired[step.step, step.at] += 1
            if held and not step.held and (alert_id, step.revision) not in self._releases:
                note("wrong", 1, f"alert {alert_id}: the hold ended with revision {step.revision} without a release")
            held = step.held
        for (kind, at), times in fired.items():
            if times > 1:
                note("twice", times - 1, f"deadline {kind} of {at} of alert {alert_id}")

    def _judge_case(self, case_id: str, newest: Mapping[str, CaseNote], note: Note) -> None:
        case = self._cases.get(case_id)
        if case is None:
            note("lost", 1, f"case {case_id}")
            return
        must, there = counted(newest.values()), msgspec.structs.asdict(case)
        for name, count in must.items():
            if count != there[name]:
                note("wrong", 1, f"case {case_id}: {name} is {there[name]}, its alerts say {count}")


def counted(notes: Collection[CaseNote]) -> dict[str, int]:
    """Count alerts as a case does, from the newest note of each."""
    here = [note for note in notes if note.here]
    states = [ReferralState(note.state) for note in here]
    return {
        "count": len(here),
        "left": len(notes) - len(here),
        "red": sum(note.lane == Lane.RED for note in here),
        "withdrawn": states.count(ReferralState.WITHDRAWN),
        "open": sum(state not in OVER for state in states),
        "escalated": sum(state in PASSED_UP for state in states),
    }
