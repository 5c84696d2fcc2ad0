"""Records of alerts and referrals as the contract has them, for tests of outcomes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parcelward.cases.life import Result
from parcelward.cases.news import news_of
from parcelward.cases.referral import ReferralRecord
from parcelward.contract.alerts import Alert
from parcelward.contract.steps import OutcomeKind
from parcelward.outcomes.records import AlertHead, ReferralHead, read_alert, read_referral
from parcelward.outcomes.verdicts import Judged, Verdict, judged
from tests.builders import MINUTE, T0, moment
from tests.lives import LIFE, answer, decision

EXAMPLE: dict[str, Any] = json.loads(next(Path("schemas/examples/alert/valid").glob("*.json")).read_text())
FINDING = EXAMPLE["findings"][0]
SEVERITY = {"red": "high", "yellow": "medium"}


def alert(number: int = 1, *rules: str, lane: str = "red", **changes: Any) -> Alert:
    """An alert with findings of these rules; without any its parcel was drawn at random."""
    found = [FINDING | {"rule": rule, "severity": SEVERITY[lane]} for rule in rules]
    values = EXAMPLE | {
        "alert_id": f"alert-{number}",
        "waybill": f"SF{number:013}",
        "outlet": "HZ-01",
        "raised_at": moment(T0),
        "lane": lane if rules else "green_sampled",
        "findings": found,
    }
    return Alert.model_validate_json(json.dumps(values | changes))


class Story:
    """Records of one alert on the two topics, as the pure core of its life writes them."""

    def __init__(self, first: Alert) -> None:
        self.alerts, self.referrals = [first], list[bytes]()
        self.record: ReferralRecord | None = None
        self._take(LIFE.hear(None, news_of(first)))

    def revised(self, later: Alert) -> "Story":
        """A later revision of the alert comes."""
        self.alerts.append(later)
        self._take(LIFE.hear(self.record, news_of(later)))
        return self

    def decided(self, step: str, at: int = T0 + MINUTE, **changes: Any) -> "Story":
        """A person decides."""
        assert self.record is not None
        changes = {"about": self.record.alert_id, **changes}
        self._take(LIFE.decide(self.record, decision(step, self.record.revision, **changes), at))
        return self

    def outcome(self, kind: str, at: int = T0 + MINUTE) -> "Story":
        """A person says what it was."""
        return self.decided("outcome", at, outcome=kind, keep=kind == "dangerous_goods")

    def answered(self, at: int) -> "Story":
        """The courier answers."""
        assert self.record is not None
        self._take(LIFE.answer(self.record, answer(self.record.asked_revision, alert_id=self.record.alert_id), at))
        return self

    def fired(self, at: int) -> "Story":
        """Deadlines pass, up to a time."""
        assert self.record is not None
        self._take(LIFE.fire(self.record, at))
        return self

    def _take(self, result: Result) -> None:
        assert result.refused is None, result.refused
        self.record = result.record
        self.referrals += [send.value or b"" for send in result.sends if send.topic == "referrals"]

    def heads(self) -> tuple[list[AlertHead], list[ReferralHead]]:
        """The records, as outcomes read them."""
        alerts = [read_alert(one.model_dump_json().encode()) for one in self.alerts]
        return alerts, [read_referral(one) for one in self.referrals]


def verdict_of(story: Story) -> Judged:
    """The verdict on the only alert of a story."""
    (found,) = judged(*story.heads())
    return found


def seen(
    verdict: Verdict = Verdict.OPEN,
    *rules: str,
    number: int = 0,
    lane: str = "red",
    courier: str = "swift",
    outlet: str = "HZ-01",
    **changes: Any,
) -> Judged:
    """One alert with a verdict; without rules a random check."""
    kind = {Verdict.CONFIRMED: OutcomeKind.DANGEROUS_GOODS, Verdict.FALSE_ALARM: OutcomeKind.FALSE_ALARM}.get(verdict)
    values: dict[str, Any] = {
        "alert_id": f"{courier}-{outlet}-{lane}-{'-'.join(rules)}-{verdict}-{number}",
        "courier": courier,
        "waybill": f"SF{number:013}",
        "outlet": outlet,
        "lane": alert(1, *rules, lane=lane).lane,
        "rules": frozenset(rules),
        "raised_ms": T0,
        "verdict": verdict,
        "kind": kind,
    }
    return Judged(**(values | changes))


def many(count: int, verdict: Verdict, *rules: str, **changes: Any) -> Sequence[Judged]:
    """So many of the same."""
    return [seen(verdict, *rules, number=number, **changes) for number in range(count)]
