"""Instructions to couriers: which one an alert leads to, and its words, which tell nothing of anybody else.

The reason of a finding goes to the courier only where it rests on what that courier reported about this parcel, outlet
or operator. A rule that counts what a document or a phone did elsewhere is told in general words.
"""

from collections.abc import Mapping

from parcelward.alerts.next_step import next_step
from parcelward.cases.news import AlertNews
from parcelward.cases.referral import ReferralRecord
from parcelward.cases.subjects import kind_of
from parcelward.cases.times import Times
from parcelward.contract.alerts import Action, Lane
from parcelward.contract.cards import Bilingual, ParcelState
from parcelward.contract.instructions import Instruction
from parcelward.contract.steps import InstructionAction
from parcelward.moments import utc

HOLDING = frozenset((InstructionAction.REFUSE, InstructionAction.HOLD))
"""Instructions that keep a parcel where it is until it is released."""

OF_ACTION: Mapping[Action, InstructionAction | None] = {
    Action.REFUSE: InstructionAction.REFUSE,
    Action.HOLD: InstructionAction.HOLD,
    Action.TRACE_AND_STOP: InstructionAction.HOLD,
    Action.REPORT: InstructionAction.HOLD,
    Action.REINSPECT: InstructionAction.REINSPECT,
    Action.VERIFY_IDENTITY: InstructionAction.VERIFY_IDENTITY,
    Action.REQUEST_INFORMATION: InstructionAction.SEND_INFORMATION,
    Action.AUDIT_OUTLET: None,  # an audit that is announced finds nothing
}

TASKS: Mapping[InstructionAction, Bilingual] = {
    InstructionAction.REFUSE: Bilingual(zh="拒绝收寄，不得交运", en="refuse the parcel; it must not travel"),
    InstructionAction.HOLD: Bilingual(
        zh="暂扣该件，单独存放；已交运的，立即追查并在所在环节拦截",
        en="hold the parcel apart from others; if it has left, find it and stop it where it is",
    ),
    InstructionAction.REINSPECT: Bilingual(
        zh="开箱验视，拍照并答复所见物品", en="open and inspect it, take a photo, and answer what is in it"
    ),
    InstructionAction.VERIFY_IDENTITY: Bilingual(
        zh="凭证件原件核验寄件人身份并答复结果", en="verify the sender by the original document, and answer"
    ),
    InstructionAction.SEND_INFORMATION: Bilingual(
        zh="说明情况，补充所缺记录", en="explain, and send the records that are missing"
    ),
    InstructionAction.RELEASE: Bilingual(
        zh="此前就该件发出的指令全部解除；无其他问题的，可以交运",
        en="all earlier instructions about this parcel are lifted; if nothing else is wrong, it may travel",
    ),
}

_GENERAL: Mapping[InstructionAction, Bilingual] = {
    InstructionAction.VERIFY_IDENTITY: Bilingual(
        zh="寄件人身份登记信息需凭证件原件核实，不表示寄件人有过错",
        en="the registration of the sender must be checked against the document; it accuses nobody",
    ),
    InstructionAction.REINSPECT: Bilingual(
        zh="该件收寄验视情况需要核实", en="the inspection of this parcel must be checked"
    ),
    InstructionAction.SEND_INFORMATION: Bilingual(
        zh="该件收寄记录需要补充说明", en="the records of this parcel need an explanation"
    ),
}
_OTHERWISE = Bilingual(
    zh="该件经筛查需要核实，查清前不得流转", en="screening found something to look at; it waits until that is settled"
)
BY_PERSON = Bilingual(zh="经平台人员研判", en="a person of the platform has looked at it")
BY_EVIDENCE = Bilingual(zh="后续记录已到，无需再作处置", en="later records have come; nothing more is to be done")


def proposed(news: AlertNews, times: Times) -> InstructionAction | None:
    """Give the instruction that an alert leads to by itself; None where a person decides first.

    Red ones stop a parcel at once, and a person looks at it then. What is yellow or sampled waits for a person, unless
    the installation says otherwise.
    """
    if news.lane == Lane.RED or (news.lane == Lane.YELLOW and times.instruct_yellow):
        return OF_ACTION[Action(news.action)]
    return None


def words_of(news: AlertNews, action: InstructionAction) -> tuple[Bilingual, Bilingual]:
    """Give why, and what to do, of an instruction that an alert leads to."""
    step = next_step(ParcelState(news.parcel), Action(news.action))
    task = Bilingual(zh=step.zh, en=step.en)
    own = next((one for one in news.findings if kind_of(one.rule, Action(one.action)).own), None)
    if news.findings and own is news.findings[0]:
        return Bilingual(zh=own.zh, en=own.en), task
    return _GENERAL.get(action, _OTHERWISE), task


def reminder_words(record: ReferralRecord, action: InstructionAction) -> tuple[Bilingual, Bilingual]:
    """Give the words of a reminder: they repeat the task, and say that its answer is missing."""
    why = Bilingual(
        zh=f"此前指令（第{record.asked_revision}版）尚未答复",
        en=f"the earlier instruction (revision {record.asked_revision}) has not been answered",
    )
    return why, TASKS[action]


def instruction_of(
    record: ReferralRecord, action: InstructionAction, at_ms: int, words: tuple[Bilingual, Bilingual]
) -> Instruction:
    """Build the instruction that a referral, as it is now, sends."""
    return Instruction(
        alert_id=record.alert_id,
        revision=record.revision,
        courier=record.courier,
        waybill=record.waybill,
        outlet=record.outlet,
        action=action,
        hold=record.held,
        issued_at=utc(at_ms),
        answer_by=utc(record.answer_due_ms) if record.answer_due_ms else None,
        reminder=record.reminders,
        why=words[0],
        task=words[1],
    )
