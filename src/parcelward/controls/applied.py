"""Control periods as they apply to one parcel: what they change in its verdict, and how its alert says it."""

from collections.abc import Sequence
from dataclasses import dataclass

from parcelward.contract.alerts import Action, Finding, Lane, Severity
from parcelward.contract.cards import Bilingual
from parcelward.contract.controls import AppliedControl
from parcelward.controls import words
from parcelward.controls.period import Period
from parcelward.moments import utc
from parcelward.shipments.deadlines import Deadlines, in_time
from parcelward.shipments.shipment import Duty, Shipment

_STEPS = (Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
_HOLDING = frozenset((Action.REFUSE, Action.HOLD, Action.REINSPECT))
_OVERDUE = {
    "real_name_overdue": Duty.REAL_NAME,
    "inspection_overdue": Duty.INSPECTION,
    "scan_overdue": Duty.SECURITY_SCAN,
}


@dataclass(frozen=True, slots=True)
class Applied:
    """The periods that apply to a parcel, and those through whose green channel it goes; `usual` times are settings."""

    shipment: Shipment
    periods: Sequence[Period]
    channels: Sequence[Period]
    usual: Deadlines

    def severity(self, rule: str, severity: Severity) -> Severity:
        """Raise the severity of a rule's finding, by one step at most, where a period says so."""
        if not any(rule in one.raises for one in self.periods):
            return severity
        return _STEPS[min(_STEPS.index(severity) + 1, len(_STEPS) - 1)]

    def action(self, lane: str | None, action: str | None) -> str | None:
        """Give the action of a verdict. In a green channel what is not red asks for nothing that holds the parcel."""
        if self.channels and lane != Lane.RED and action in _HOLDING:
            return Action.REQUEST_INFORMATION.value
        return action

    def sampled_share(self, usual: float) -> float:
        """Give the share of such parcels that is drawn for a check."""
        return max((usual, *(one.tighten.sampled_share or 0 for one in self.periods)))

    def tell(self, finding: Finding) -> Finding:
        """Say in a finding that it exists, or counts for more, because of a period."""
        why = [self._because(duty) for name, duty in _OVERDUE.items() if finding.values.get(name) is True]
        said = [one for one in why if one is not None]
        if (severity := self.severity(finding.rule, finding.severity)) is not finding.severity:
            raising = [one for one in self.periods if finding.rule in one.raises]
            said.append(words.raised(raising, named_before=bool(said) and len(self.periods) == 1))
        if not said:
            return finding
        reason = Bilingual(
            zh="；".join((finding.reason.zh, *(one.zh for one in said))),
            en="; ".join((finding.reason.en, *(one.en for one in said))),
        )
        return finding.model_copy(update={"severity": severity, "reason": reason})

    def in_channel(self, lane: Lane) -> Bilingual | None:
        """Say that the parcel goes through a green channel; None for a red alert, which no channel eases."""
        return words.in_channel(self.channels) if self.channels and lane is not Lane.RED else None

    def controls(self) -> tuple[AppliedControl, ...]:
        """Name the periods in an alert."""
        every = {one.name: one for one in (*self.periods, *self.channels)}
        return tuple(
            AppliedControl(
                id=one.id,
                version=one.version,
                hash=one.hash,
                kind=one.kind,
                title=one.title,
                until=utc(one.until_ms),
                legal_basis=one.legal_basis,
                green_channel=one in self.channels,
            )
            for one in every.values()
        )

    def _because(self, duty: int) -> Bilingual | None:
        """Say why an overdue duty is overdue, where the settings alone would not call it so; else None."""
        shipment, usual = self.shipment, self.usual
        demanded = usual.demands(duty, shipment.real_name)
        if demanded and not self._kept_by_settings(duty):
            return None
        those = [
            one for one in self.periods if (one.tighten.allows(duty) is not None if demanded else one.demands(duty))
        ]
        if not those:
            return None
        stated = (one.tighten.allows(duty) for one in those)
        within_ms = min((one for one in stated if one is not None), default=usual.allowed(duty))
        text = (
            words.shortened(duty, those, within_ms, usual.allowed(duty))
            if demanded
            else words.demanded(duty, those, within_ms)
        )
        left = [one for one in those if not one.scope.holds(shipment)]
        if not left:
            return text
        more = words.left_scope(left)
        return Bilingual(zh=f"{text.zh}；{more.zh}", en=f"{text.en}; {more.en}")

    def _kept_by_settings(self, duty: int) -> bool:
        """Tell whether a duty was done in time by the settings, or may still be."""
        shipment, usual = self.shipment, self.usual
        done = {
            Duty.REAL_NAME: shipment.real_name,
            Duty.INSPECTION: shipment.inspection,
            Duty.SECURITY_SCAN: shipment.scan,
        }[duty]
        if done is not None:
            return in_time(shipment, duty, done.event_ms, usual)
        begun = shipment.accepted_ms if duty == Duty.INSPECTION else shipment.first_arrival_ms
        return begun + usual.allowed(duty) >= shipment.touched_ms
