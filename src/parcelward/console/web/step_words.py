"""Words of the life of an alert: states, decisions, what happened, outcomes, and why a decision was refused."""

from collections.abc import Mapping

from parcelward.contract.steps import StepReason

STATES: Mapping[str, tuple[str, str]] = {
    "state_raised": ("新告警", "new"),
    "state_acknowledged": ("已认领", "taken"),
    "state_in_work": ("处置中", "in work"),
    "state_answered": ("企业已答复", "courier answered"),
    "state_escalated": ("已上报值班长", "passed up"),
    "state_expired": ("超期无人处置", "expired"),
    "state_withdrawn": ("证据已解除", "cleared by evidence"),
    "state_reopened": ("重新打开", "opened again"),
    "state_decided": ("已判定", "decided"),
    "state_closed": ("已归档", "closed"),
}

STEPS: Mapping[str, tuple[str, str]] = {
    "step_acknowledge": ("认领", "Take it"),
    "step_outcome": ("作出结论", "Give the outcome"),
    "step_instruct": ("向企业下达指令", "Instruct the courier"),
    "step_release": ("先行放行快件", "Let the parcel go now"),
    "step_assign": ("转交", "Hand it to somebody"),
    "step_snooze": ("暂缓", "Put it off"),
    "step_reopen": ("重新打开", "Open it again"),
    "step_comment": ("备注", "Add a note"),
}

DID: Mapping[str, tuple[str, str]] = {
    "did_acknowledge": ("认领", "taken by"),
    "did_outcome": ("结论", "decided by"),
    "did_instruct": ("下达指令", "instructed by"),
    "did_release": ("放行快件", "parcel let go by"),
    "did_assign": ("转交", "handed on by"),
    "did_snooze": ("暂缓", "put off by"),
    "did_reopen": ("重新打开", "opened again by"),
    "did_comment": ("备注", "note by"),
    "did_unanswered": ("企业未按时答复，已上报", "the courier has not answered; passed up"),
    "did_miss": ("超过时限，已上报", "the time was over; passed up"),
    "did_give_up": ("多次上报无人处置，已超期", "nobody took it; expired"),
    "did_settle": ("归档", "closed"),
}

OUTCOMES: Mapping[str, tuple[str, str]] = {
    "outcome_dangerous_goods": ("查实危险物品", "dangerous goods"),
    "outcome_false_identity": ("查实身份不实", "false identity"),
    "outcome_procedure_not_kept": ("查实未按规定操作", "procedure not kept"),
    "outcome_false_alarm": ("误报", "false alarm"),
    "outcome_not_inspected": ("未能查验", "could not be checked"),
}

_REFUSED_ZH: Mapping[StepReason, str] = {
    StepReason.UNKNOWN: "没有此告警或案件，或已超过保存期限。",
    StepReason.DOUBLED: "此决定此前已生效，不会重复计算。",
    StepReason.STALE: "您打开之后情况已有变化。请看最新内容后重新决定。",
    StepReason.AHEAD: "所依据的版本尚不存在。",
    StepReason.UNAUTHORISED: "您的角色在当前状态下不能这样做。",
    StepReason.ILLEGAL: "当前状态下不能这样做。",
    StepReason.LATE: "告警已归档，只有值班长可以重新打开。",
    StepReason.NOT_ASKED: "没有尚待答复的指令。",
    StepReason.NOTHING_HELD: "没有暂扣的快件可以放行。",
    StepReason.REASON_MISSING: "从他人处转出，必须写明理由。",
    StepReason.CONTRADICTORY: "误报不能暂扣快件。",
    StepReason.SNOOZE_TOO_LONG: "暂缓时间须在此后30天之内。",
    StepReason.NEVER_SNOOZED: "红色和特别严重的告警不能暂缓。",
}
REFUSED: Mapping[str, tuple[str, str]] = {
    **{f"refused_{reason}": (zh, reason.meaning) for reason, zh in _REFUSED_ZH.items()},
    "refused_other": ("系统未能读取此决定。", "The worker could not read it."),
}
