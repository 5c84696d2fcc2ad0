"""The end of an alert in one line, in the language of the alerts."""

from rich.text import Text

from parcelward.alerts.terminal import Language
from parcelward.contract.referrals import Referral
from parcelward.contract.steps import AnswerResult, OutcomeKind, ReferralState
from parcelward.moments import CHINA

OUTCOMES = {
    OutcomeKind.DANGEROUS_GOODS: ("确有违禁物品", "dangerous goods"),
    OutcomeKind.FALSE_IDENTITY: ("确系冒用身份", "false identity"),
    OutcomeKind.PROCEDURE_NOT_KEPT: ("确属操作不合规", "procedure not kept"),
    OutcomeKind.FALSE_ALARM: ("误报", "false alarm"),
    OutcomeKind.NOT_INSPECTED: ("未能核查", "not inspected"),
}
ANSWERS = {
    AnswerResult.DONE: ("企业已办理", "the courier did it"),
    AnswerResult.NOT_POSSIBLE: ("企业称无法办理", "the courier could not do it"),
    AnswerResult.INFORMATION: ("企业已反馈", "the courier sent information"),
}


def end_line(referral: Referral, language: Language) -> Text:
    """Say how an alert ended: by a decision, by evidence, or because nobody took it in time."""
    zh = language == "zh"
    parts = [_end(referral, zh)]
    if referral.state is ReferralState.DECIDED or referral.held:
        parts.append(_parcel(referral, zh))
    if referral.answer is not None:
        parts.append(ANSWERS[referral.answer.result][not zh])
    if referral.level:
        parts.append(f"曾上报{referral.level}次" if zh else f"passed up {_times(referral.level)}")
    label = "办结" if zh else "END"
    text = Text(f"  {label:>4} ", style="bold green" if referral.state is not ReferralState.EXPIRED else "bold magenta")
    where = f"{referral.at.astimezone(CHINA):%H:%M:%S} {referral.courier}/{referral.outlet} {referral.waybill}  "
    text.append(where, style="default not bold")
    text.append(("，" if zh else "; ").join(parts), style="default not bold")
    return text


def _end(referral: Referral, zh: bool) -> str:
    if referral.state is ReferralState.EXPIRED:
        return "逾期无人处理" if zh else "nobody took it in time"
    if referral.state is ReferralState.WITHDRAWN:
        return "后续记录已消除" if zh else "cleared by later evidence"
    assert referral.outcome is not None
    return OUTCOMES[referral.outcome][not zh]


def _parcel(referral: Referral, zh: bool) -> str:
    if referral.held:
        return "快件继续暂扣" if zh else "the parcel stays"
    return "快件放行" if zh else "the parcel may go"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
