"""The stored state of a case: how many alerts it has, some of them by name, and where each of them stands.

All alerts of a case lie in a few small records beside it, so that one of 300 alerts is not written whole each time.
"""

from functools import lru_cache
from zlib import crc32

import msgspec
from msgspec.structs import replace

from parcelward.alerts.verdict import SEVERITIES
from parcelward.cases.outgoing import CaseNote
from parcelward.cases.subjects import SAMPLED, SUGGESTED
from parcelward.contract.alerts import Action, Lane, Severity
from parcelward.contract.cards import Bilingual
from parcelward.contract.referrals import RULES_NAMED, SAMPLES, Case, Member, SubjectKind
from parcelward.contract.steps import OutcomeKind, ReferralState
from parcelward.formats import reading
from parcelward.moments import utc

BUCKETS = 1024
"""Records over which the alerts of a case are spread, by their ids. One is written anew for each step of any of its
alerts, and the random checks of a courier's day may be 100,000."""
COURIERS_NAMED = 16


class Sample(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An alert that the case names."""

    severity: str
    raised_ms: int
    alert_id: str
    courier: str
    waybill: str
    outlet: str
    lane: str
    rule: str


class Entry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One alert of a case: where it stands, as of a revision of its referral."""

    revision: int
    state: str
    here: bool
    lane: str
    sole: bool
    courier: str
    waybill: str
    joined: int  # revision of the case with which it came
    rule: str


class Bucket(msgspec.Struct, array_like=True, frozen=True, tag="1"):
    """Some of the alerts of a case, by id."""

    touched_ms: int
    entries: dict[str, Entry] = {}


class Standing(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="1"):
    """A snooze that also holds for later cases of one theme about one subject. It matters until it ends."""

    touched_ms: int  # its end
    by: str


class CaseRecord(msgspec.Struct, array_like=True, frozen=True, tag="1"):
    """State of one case. Times in epoch ms."""

    touched_ms: int
    case_id: str
    theme: str
    subject: str
    state: str
    revision: int
    attention: int  # the last revision that a person must read
    moved: int  # the last revision that came by a person's step
    passed_up: int  # the last revision that asked a person because an alert was passed up; 0: none did
    lane: str
    severity: str
    action: str
    first_ms: int
    last_ms: int
    count: int = 0
    open: int = 0
    withdrawn: int = 0
    left: int = 0
    red: int = 0
    escalated: int = 0
    rules: dict[str, int] = {}
    couriers: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = ()
    assigned_to: str | None = None
    snoozed_ms: int = 0
    outcome: str | None = None
    marks: bytes = b""
    permitted: bool = False  # it may ask people
    asks_desk: bool = False  # its notes went to the desk of its courier before it might
    snoozed_by: str | None = None

    @property
    def now(self) -> ReferralState:
        """The state, as a member of the table."""
        return ReferralState(self.state)


decode_case = reading(CaseRecord, "a case")
decode_bucket = reading(Bucket, "alerts of a case")
decode_standing = reading(Standing, "a snooze of later cases")

THEMES = {
    "inspection_missing": ("缺少验视记录", "inspections are missing"),
    "inspection_faked": ("验视涉嫌不实", "inspections seem not to be real"),
    "photo_reused": ("验视照片重复使用", "one inspection photo for several parcels"),
    "scan_missing": ("缺少安检记录", "security scans are missing"),
    "prohibited_goods": ("禁寄物品", "prohibited goods"),
    "restricted_goods": ("限寄物品超量", "restricted goods over the limit"),
    "goods_by_air": ("航空运输申报问题", "goods by air without declaration"),
    "goods_differ": ("内件与申报不符", "goods do not fit their declaration"),
    "template_names": ("品名涉嫌套用模板", "goods names from a template"),
    "registration": ("实名登记不全或有误", "registrations are missing or wrong"),
    "identity_used_by_others": ("证件疑被多人使用", "a document that several people may use"),
    "phone_of_many": ("同一电话对应多个证件", "one phone with many documents"),
    "staff_identity": ("从业人员证件代登记", "staff documents on customers' parcels"),
    "records_contradict": ("记录相互矛盾", "records that contradict each other"),
    "model_score": ("模型评分偏高", "raised by the model alone"),
    "random_check": ("随机抽查", "drawn at random"),
    "for_the_shift": ("当班待核事项", "yellow alerts for the shift"),
}
SUBJECTS = {
    SubjectKind.DOCUMENT: ("同一证件", "one document"),
    SubjectKind.PHONE: ("同一电话", "one phone"),
    SubjectKind.PHOTO: ("同一照片", "one photo"),
    SubjectKind.OPERATOR: ("同一人员", "one operator"),
    SubjectKind.OUTLET: ("网点", "outlet"),
    SubjectKind.COURIER: ("快递企业", "courier"),
    SubjectKind.PARCEL: ("快件", "parcel"),
}
_TOKENS = (SubjectKind.DOCUMENT, SubjectKind.PHONE)


def bucket_key(case_id: str, alert_id: str) -> bytes:
    """State key of the record in which an alert of a case stands."""
    return f"b{case_id}/{crc32(alert_id.encode()) % BUCKETS}".encode()


def bucket_keys(case_id: str) -> tuple[bytes, ...]:
    """State keys of all records in which alerts of a case may stand."""
    return tuple(f"b{case_id}/{number}".encode() for number in range(BUCKETS))


def case_key(case_id: str) -> bytes:
    """State key of a case."""
    return f"c{case_id}".encode()


def standing_key(theme: str, subject: str) -> bytes:
    """State key of a snooze that holds for later cases."""
    return f"s{theme}/{subject}".encode()


def opened(note: CaseNote, standing: Standing | None = None) -> CaseRecord:
    """Begin a case with its first alert, which is yet to be entered."""
    case = CaseRecord(
        note.at_ms,
        note.case_id,
        note.theme,
        note.subject,
        ReferralState.RAISED.value,
        0,
        0,
        0,
        0,
        note.lane,
        note.severity,
        note.action,
        note.raised_ms,
        note.raised_ms,
    )
    if standing is None or standing.touched_ms <= note.at_ms:
        return case
    return replace(case, snoozed_ms=standing.touched_ms, snoozed_by=standing.by)


def with_sample(case: CaseRecord, note: CaseNote) -> CaseRecord:
    """Name an alert among the samples if it is graver than one of them; those that have left are named no more."""
    others = tuple(one for one in case.samples if one.alert_id != note.alert_id)
    if not note.here:
        return replace(case, samples=others)
    sample = Sample(
        note.severity,
        note.raised_ms,
        note.alert_id,
        note.courier,
        note.waybill,
        note.outlet,
        note.lane,
        note.rule,
    )
    ordered = sorted(
        (*others, sample), key=lambda one: (SEVERITIES.index(Severity(one.severity)), one.raised_ms, one.alert_id)
    )
    return replace(case, samples=tuple(ordered[:SAMPLES]))


def summary_of(case: CaseRecord) -> Bilingual:
    """Give the case in one sentence."""
    kind, _, code = case.subject.partition("/")
    subject = SubjectKind(kind)
    zh, en = SUBJECTS[subject]
    theme = THEMES.get(case.theme, (case.theme.replace("rule_", "规则"), case.theme.replace("rule_", "rule ")))
    shown = "" if subject in _TOKENS else f" {code}"
    parcels = "1 parcel" if case.count == 1 else f"{case.count} parcels"
    extra = ("（超出提醒上限，合并计数）", " beyond its budget") if over_budget(case) else ("", "")
    return Bilingual(
        zh=f"{zh}{shown}：{theme[0]}{extra[0]}，共{case.count}件，其中红色{case.red}件，尚未办结{case.open}件",
        en=f"{en}{shown}: {theme[1]}{extra[1]}; {parcels}, {case.red} red, {case.open} still open",
    )


def over_budget(case: CaseRecord) -> bool:
    """Tell whether a case counts what came over the budget of its courier."""
    return case.subject.startswith(f"{SubjectKind.COURIER.value}/") and case.theme != SAMPLED.theme


def action_of(case: CaseRecord) -> Action:
    """Give the one action that is suggested: about several alerts that of their theme, else that of the gravest."""
    suggested = SUGGESTED.get(case.theme) if case.count > 1 else None
    return suggested or Action(case.action)


@lru_cache(maxsize=4096)
def _member(sample: Sample) -> Member:
    """Give a sample as the platform reads it; a case names the same ones again and again."""
    return Member(
        alert_id=sample.alert_id,
        courier=sample.courier,
        waybill=sample.waybill,
        outlet=sample.outlet,
        lane=Lane(sample.lane),
        rule=sample.rule,
        at=utc(sample.raised_ms),
    )


def case_of(case: CaseRecord) -> Case:
    """Give a case as the platform reads it."""
    return Case(
        case_id=case.case_id,
        revision=case.revision,
        subject=case.subject,
        subject_kind=SubjectKind(case.subject.partition("/")[0]),
        theme=case.theme,
        state=case.now,
        attention=case.attention == case.revision,
        lane=Lane(case.lane),
        severity=Severity(case.severity),
        action=action_of(case),
        count=case.count,
        open=case.open,
        withdrawn=case.withdrawn,
        left=case.left,
        red=case.red,
        escalated=case.escalated,
        rules=dict(sorted(case.rules.items(), key=lambda one: (-one[1], one[0]))[:RULES_NAMED]),
        couriers=case.couriers,
        first_at=utc(case.first_ms),
        last_at=utc(case.last_ms),
        samples=tuple(map(_member, case.samples)),
        assigned_to=case.assigned_to,
        snoozed_until=utc(case.snoozed_ms) if case.snoozed_ms else None,
        snoozed_by=case.snoozed_by,
        over_budget=over_budget(case),
        outcome=None if case.outcome is None else OutcomeKind(case.outcome),
        summary=summary_of(case),
    )
