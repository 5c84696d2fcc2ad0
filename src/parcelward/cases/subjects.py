"""The kind of case that an alert belongs to: what its worst finding is about, and about whom or what.

A red finding decides alone: an alert lies in a case for each theme in which it has one, so that no red is hidden in a
case of another theme. An alert without a red finding lies in one case: a yellow one that concerns an outlet or its
staff in that of the outlet for the shift, any other in that of its worst finding.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from parcelward.alerts.verdict import LANE_OF, MODEL_RULE
from parcelward.cases.news import AlertNews
from parcelward.contract.alerts import Action, Lane, Severity
from parcelward.contract.referrals import SubjectKind

RULE_KEPT = 16
"""Characters of a rule's id."""
MOST_CASES = 3
"""Cases of one alert; where it has red findings in more themes, the gravest."""
PARCEL, PHOTO = (SubjectKind.PARCEL,), (SubjectKind.PHOTO, SubjectKind.OPERATOR, SubjectKind.OUTLET)
DOCUMENT = (SubjectKind.DOCUMENT, SubjectKind.PARCEL)
PHONE = (SubjectKind.PHONE, SubjectKind.DOCUMENT, SubjectKind.OUTLET)
OPERATOR = (SubjectKind.OPERATOR, SubjectKind.OUTLET)
OUTLET, COURIER = (SubjectKind.OUTLET,), (SubjectKind.COURIER,)


class Kind(NamedTuple):
    """Kind of case of a rule: its theme, and the subjects of which the first that is known counts.

    `own`: its reason rests on what this courier reported alone, so the courier may read it. `returns`: it says that a
    duty is missing, so when the duty's record comes, a hold is lifted without a person.
    """

    theme: str
    subjects: tuple[SubjectKind, ...]
    own: bool = False
    returns: bool = False


MISSING = Kind("inspection_missing", OUTLET, own=True, returns=True)
FAKED = Kind("inspection_faked", OPERATOR, own=True)
GOODS = Kind("prohibited_goods", DOCUMENT, own=True)
LIMITS = Kind("restricted_goods", DOCUMENT)
REGISTRATION = Kind("registration", OUTLET, own=True)
MISMATCH = Kind("goods_differ", OUTLET, own=True)
IDENTITY = Kind("identity_used_by_others", DOCUMENT)
STAFF = Kind("staff_identity", OPERATOR)

KINDS: Mapping[str, Kind] = {
    "R1": REGISTRATION,
    "R1B": REGISTRATION,
    "R2": Kind("registration", OUTLET, own=True, returns=True),
    "R2B": REGISTRATION,
    "R5": IDENTITY,
    "R5B": IDENTITY,
    "R6": STAFF,
    "R6B": STAFF,
    "R7": IDENTITY,
    "R8": Kind("phone_of_many", PHONE),
    "R21": REGISTRATION,
    "R3": MISSING,
    "R3B": FAKED,
    "R3C": Kind("inspection_missing", OUTLET, own=True),
    "R3D": FAKED,
    "R4": Kind("scan_missing", OUTLET, own=True, returns=True),
    "R9": FAKED,
    "R10": Kind("photo_reused", PHOTO, own=True),
    "R11": FAKED,
    "R12": Kind("template_names", OUTLET),
    "R13": MISMATCH,
    "R13B": MISMATCH,
    "R14": GOODS,
    "R14B": GOODS,
    "R14C": Kind("goods_by_air", OUTLET, own=True),
    "R14D": Kind("goods_by_air", OUTLET, own=True),
    "R14E": Kind("goods_by_air", OUTLET, own=True),
    "R14F": GOODS,
    "R15": LIMITS,
    "R15B": Kind("restricted_goods", DOCUMENT, own=True),
    "F1": GOODS,
    "F1B": GOODS,
    "F2": MISMATCH,
    "S1": GOODS,
    "R20": Kind("records_contradict", OUTLET, own=True),
    MODEL_RULE: Kind("model_score", OUTLET),
}
"""Kind of each built-in rule; a test holds it to the rule pack."""

SAMPLED = Kind("random_check", COURIER)
FOR_THE_SHIFT = Kind("for_the_shift", OUTLET)
"""Of yellow alerts: one line of an outlet, with a count for each rule, is read within the shift."""
BY_ACTION: Mapping[Action, tuple[SubjectKind, ...]] = {
    Action.REFUSE: DOCUMENT,
    Action.HOLD: DOCUMENT,
    Action.TRACE_AND_STOP: DOCUMENT,
    Action.REPORT: DOCUMENT,
    Action.REINSPECT: OPERATOR,
    Action.VERIFY_IDENTITY: DOCUMENT,
    Action.REQUEST_INFORMATION: OUTLET,
    Action.AUDIT_OUTLET: OUTLET,
}
"""Subjects of a rule of somebody's own pack, which is a theme of its own."""

SUGGESTED: Mapping[str, Action] = {
    "inspection_missing": Action.AUDIT_OUTLET,
    "inspection_faked": Action.AUDIT_OUTLET,
    "photo_reused": Action.AUDIT_OUTLET,
    "staff_identity": Action.AUDIT_OUTLET,
    "template_names": Action.AUDIT_OUTLET,
    "registration": Action.REQUEST_INFORMATION,
    "goods_differ": Action.REINSPECT,
}
"""Action that a case of several alerts suggests; of other themes, the action of its gravest alert."""


class Place(NamedTuple):
    """A case that an alert lies in, but for its window: theme, kind of subject, the subject's own code, and the rule.

    The code leaves out what the alert says anyway: its courier, outlet and waybill.
    """

    theme: str
    kind: SubjectKind
    code: str
    rule: str

    def subject(self, courier: str, outlet: str, waybill: str) -> str:
        """Give the subject of an alert's case, as the contract writes it."""
        return _WRITTEN[self.kind].format(code=self.code, courier=courier, outlet=outlet, waybill=waybill)


_WRITTEN: Mapping[SubjectKind, str] = {
    SubjectKind.DOCUMENT: "document/{code}",
    SubjectKind.PHONE: "phone/{code}",
    SubjectKind.PHOTO: "photo/{courier}/{outlet}/{code}",
    SubjectKind.OPERATOR: "operator/{courier}/{outlet}/{code}",
    SubjectKind.OUTLET: "outlet/{courier}/{outlet}",
    SubjectKind.COURIER: "courier/{courier}",
    SubjectKind.PARCEL: "parcel/{courier}/{waybill}",
}


def kind_of(rule: str, action: Action) -> Kind:
    """Give the kind of case of a rule, built in or not."""
    return KINDS.get(rule) or Kind(f"rule_{rule[:RULE_KEPT]}", BY_ACTION[action])


def _code(news: AlertNews, kind: SubjectKind) -> str | None:
    """The subject's own code; None where it is unknown."""
    codes = {
        SubjectKind.DOCUMENT: news.document,
        SubjectKind.PHONE: news.phone,
        SubjectKind.PHOTO: news.photo,
        SubjectKind.OPERATOR: news.operator,
    }
    return codes.get(kind, "")


def _place(news: AlertNews, kind: Kind, rule: str) -> Place:
    codes = ((subject, _code(news, subject)) for subject in kind.subjects)
    subject, code = next((subject, code) for subject, code in codes if code is not None)
    return Place(kind.theme, subject, code, rule[:RULE_KEPT])


def places_of(news: AlertNews) -> tuple[Place, ...]:
    """Give the cases that an alert belongs to as its findings are now; none where nothing is found any more."""
    if news.cleared:
        return ()
    if not news.findings:
        return (_place(news, SAMPLED, "sampled"),)
    red = [one for one in news.findings if LANE_OF[Severity(one.severity)] is Lane.RED]
    placed: dict[str, Place] = {}
    for one in red or news.findings[:1]:
        kind = kind_of(one.rule, Action(one.action))
        placed.setdefault(kind.theme, _place(news, kind, one.rule))
    first, *_ = places = tuple(placed.values())[:MOST_CASES]
    if news.lane != Lane.RED and first.kind in (SubjectKind.OUTLET, SubjectKind.OPERATOR):
        return (_place(news, FOR_THE_SHIFT, first.rule),)
    return places


def duty_returned(rules: Sequence[str]) -> bool:
    """Tell whether all that was found were duties that were missing, so that their records lift a hold by themselves.

    >>> duty_returned(("R4",)), duty_returned(("R4", "R14"))
    (True, False)
    """
    return bool(rules) and all(rule in KINDS and KINDS[rule].returns for rule in rules)
