"""Times that people and couriers have, by severity and courier."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from parcelward.cases.machine import Deadline
from parcelward.contract.alerts import Severity
from parcelward.moments import CHINA_MS, duration_ms
from parcelward.settings import Settings

MOST_SNOOZE_MS = duration_ms(timedelta(days=30))


@dataclass(frozen=True, slots=True)
class Times:
    """The times of an installation, in ms."""

    acknowledge: Mapping[str, int]
    decide: Mapping[str, int]
    answer: Mapping[str, int]
    answer_of: Mapping[str, Mapping[str, int]]
    settle: int
    keep: int
    window: int
    instruct_yellow: bool = False

    @classmethod
    def from_settings(cls, settings: Settings) -> "Times":
        """Return the times of an installation; a severity that a setting leaves out has its default."""
        return cls(
            acknowledge=_by_severity("acknowledge_due", settings.acknowledge_due),
            decide=_by_severity("decide_due", settings.decide_due),
            answer=_by_severity("answer_due", settings.answer_due),
            answer_of={courier: _in_ms(times) for courier, times in settings.answer_due_of.items()},
            settle=duration_ms(settings.settle_after),
            keep=duration_ms(settings.referral_keep),
            window=duration_ms(settings.case_window),
            instruct_yellow=settings.instruct_yellow,
        )

    def allowed(self, deadline: Deadline, severity: str) -> int:
        """Time that people have in a state."""
        if deadline is Deadline.SETTLE:
            return self.settle
        return (self.acknowledge if deadline is Deadline.ACKNOWLEDGE else self.decide)[severity]

    def to_answer(self, courier: str, severity: str) -> int:
        """Time that a courier has for its answer."""
        return self.answer_of.get(courier, {}).get(severity, self.answer[severity])

    def window_of(self, at_ms: int) -> int:
        """Number of the window that a time lies in; windows begin at midnight in China, as far as a day goes."""
        return (at_ms + CHINA_MS) // self.window


def _in_ms(times: Mapping[Severity, timedelta]) -> dict[str, int]:
    return {severity.value: duration_ms(time) for severity, time in times.items()}


def _by_severity(name: str, given: Mapping[Severity, timedelta]) -> dict[str, int]:
    return _in_ms(Settings.model_fields[name].default | given)
