"""The model's finding: its score, what raised it, and what to look at."""

from collections.abc import Sequence

from parcelward.alerts.verdict import MODEL_RULE, RELEASED_BELOW
from parcelward.contract.alerts import Action, Contribution, Finding, Score, Severity
from parcelward.contract.cards import Bilingual
from parcelward.escaping import escaped
from parcelward.features.decimals import apart
from parcelward.features.table import OF_SENDER

SCORE = "score"
"""Name under which an alert's record keeps the score of the model's finding."""
OF_IDENTITY = OF_SENDER | {
    "physical_read",
    "agreement_missing",
    "sender_is_operator",
    "sender_is_staff",
    "staff_sends_1d",
    "staff_share_1d",
    "operator_manual_share_1d",
}
"""Features about who sends: what a document and a phone did before, whose they are, and how they were read."""
_LAW = {
    Action.REINSPECT: "邮政法 第二十五条、第五十九条（收寄验视）",
    Action.VERIFY_IDENTITY: "快递暂行条例（2025年修订）第二十三条；反恐怖主义法 第二十条",
}
_CHECKED = {
    Action.REINSPECT: Bilingual(zh="验视无异常", en="the inspection finds nothing wrong"),
    Action.VERIFY_IDENTITY: Bilingual(zh="核验身份无误", en="the identity proves right"),
}


def model_action(contributions: Sequence[Contribution]) -> Action:
    """Give what the model proposes: to look at that which raised the score most, the sender's identity or the parcel.

    An inspection says nothing about a document that somebody else may be using.
    """
    raising = [part for part in contributions if part.weight > 0]
    of_identity = sum(part.weight for part in raising if part.feature in OF_IDENTITY)
    return Action.VERIFY_IDENTITY if 2 * of_identity > sum(part.weight for part in raising) else Action.REINSPECT


def model_finding(score: Score, action: Action) -> Finding:
    """Make the finding that the model alone raises, in the words of its largest contributions."""
    raising = [part for part in score.contributions if part.weight > 0][:3] or score.contributions[:3]
    zh = "，主要因素：" + "、".join(part.text.zh for part in raising) if raising else ""
    en = ", mainly: " + "; ".join(part.text.en for part in raising) if raising else ""
    value, threshold = shown_score(score.value, score.threshold), shown_score(score.threshold, score.value)
    over_zh, over_en = _compared(score)
    checked = _CHECKED[action]
    released = f"{RELEASED_BELOW * score.threshold:.2g}"
    return Finding(
        rule=MODEL_RULE,
        name="risk_model",
        version=1,
        severity=Severity.MEDIUM,
        action=action,
        reason=Bilingual(
            zh=escaped(f"风险评分{value}{over_zh}{threshold}{zh}"),
            en=escaped(f"risk score {value} {over_en} {threshold}{en}"),
        ),
        legal_basis=f"{_LAW[action]}；模型仅作提示，由人员判定",
        values={part.feature: part.value for part in score.contributions},
        thresholds={"score": score.threshold},
        clears_when=Bilingual(
            zh=f"后续记录使评分低于{released}；{checked.zh}的由人员结案",
            en=f"later records that bring the score below {released}; if {checked.en}, a person closes the alert",
        ),
    )


def shown_score(score: float, other: float) -> str:
    """A score with decimals enough to differ from another one, and from certainty."""
    return apart(score, (score, other, 1.0), 2, "{:.{}f}".format)


def plain_model_finding(score: float, threshold: float, action: Action) -> Finding:
    """Make the model's finding without its contributions: what an alert's record keeps of it."""
    plain = model_finding(Score(value=score, threshold=threshold, model_version="", contributions=()), action)
    return plain.model_copy(update={"values": {SCORE: score}})


def _compared(score: Score) -> tuple[str, str]:
    if score.value > score.threshold:
        return "超过阈值", "is over"
    if score.value == score.threshold:
        return "达到阈值", "is at"
    return "已低于阈值但未低于解除线，阈值", "has raised this alert and is not yet far below"
