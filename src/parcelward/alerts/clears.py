"""The evidence that would clear an alert: what each finding's rule says, else what its action comes to."""

from collections.abc import Sequence

from parcelward.alerts.verdict import named
from parcelward.contract.alerts import Action, Finding
from parcelward.contract.cards import Bilingual

BY_ACTION = {
    Action.REFUSE: Bilingual(
        zh="更正品名，不再含禁寄物品；更正是否属实由人员复核",
        en="a correction to a name without prohibited goods; a person looks whether it is true",
    ),
    Action.HOLD: Bilingual(
        zh="更正记录，或复验确认可以寄递；是否属实由人员复核",
        en="a correction, or another inspection that finds it may be sent; a person looks whether it is true",
    ),
    Action.REINSPECT: Bilingual(
        zh="开箱验视并通过的记录", en="the record of an inspection that opened the parcel and passed it"
    ),
    Action.VERIFY_IDENTITY: Bilingual(
        zh="核对证件原件后更正登记；登记属实的由人员结案",
        en="a correction made from the original document; if the registration is right, a person closes the alert",
    ),
    Action.REQUEST_INFORMATION: Bilingual(
        zh="补齐所缺信息的更正记录；无从补充的由人员结案",
        en="a correction that holds what is missing; if nothing is, a person closes the alert",
    ),
    Action.TRACE_AND_STOP: Bilingual(
        zh="找到该件并开箱验视，确认可以寄递", en="the parcel is found, is opened, and may be sent"
    ),
    Action.REPORT: Bilingual(
        zh="不会自行解除：受理机关答复后由人员结案",
        en="nothing by itself: a person closes it when the authority has answered",
    ),
    Action.AUDIT_OUTLET: Bilingual(
        zh="不会自行解除：核查网点后由人员结案", en="nothing by itself: a person closes it after the audit"
    ),
}
"""For rules that do not say what clears their finding."""
CLEARED = Bilingual(zh="解除所需的证据已到，由人员结案", en="the evidence for that is here; a person closes the alert")
SAMPLED = Bilingual(zh="抽查后由人员结案", en="a person closes it after the check")


def finding_clears(finding: Finding) -> Bilingual:
    """Give the evidence that would clear one finding."""
    return finding.clears_when or BY_ACTION[finding.action]


def clears_when(findings: Sequence[Finding]) -> Bilingual:
    """Give the evidence that would clear all of them; each is named where there are several."""
    if len(findings) == 1:
        return finding_clears(findings[0])
    each = [(named(one.rule), finding_clears(one)) for one in findings]
    return Bilingual(
        zh="；".join(f"{rule.zh}：{text.zh}" for rule, text in each),
        en="; ".join(f"{rule.en}: {text.en}" for rule, text in each),
    )
