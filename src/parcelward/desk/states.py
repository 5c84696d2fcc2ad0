"""States of alerts and cases, as their compacted topics say them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from parcelward.cluster.reader import TopicReader
from parcelward.contract.instructions import Instruction
from parcelward.contract.referrals import Case, Referral
from parcelward.contract.steps import InstructionAction
from parcelward.errors import UserError
from parcelward.escaping import escaped
from parcelward.moments import utc
from parcelward.settings import Settings

ID_BEGINNING = 6
"""Characters of an id that say which one is meant."""

Standing = TypeVar("Standing", Referral, Case)
NOTHING_TO_DO = (InstructionAction.RELEASE, InstructionAction.PROCEED)


class Told(NamedTuple):
    """An instruction, and the time at which its record arrived."""

    instruction: Instruction
    arrived: datetime

    @property
    def asks(self) -> bool:
        """True while the courier has something to do."""
        return self.instruction.action not in NOTHING_TO_DO

    @property
    def answer_by(self) -> datetime | None:
        """The end of the courier's time; None where no answer is awaited."""
        within_s = self.instruction.answer_within_s
        return self.instruction.answer_by if within_s is None else self.arrived + timedelta(seconds=within_s)


def read_referrals(settings: Settings) -> dict[str, Referral]:
    """Read where each alert stands, by its id. Raises UserError when no broker answers."""
    return _newest(settings, settings.topics.referrals, Referral.model_validate_json, lambda one: one.alert_id)


def read_cases(settings: Settings) -> dict[str, Case]:
    """Read where each case stands, by its id. Raises UserError when no broker answers."""
    return _newest(settings, settings.topics.cases, Case.model_validate_json, lambda one: one.case_id)


def read_instructions(settings: Settings, courier: str, waybill: str | None = None) -> dict[str, Told]:
    """Read the last instruction of each of a courier's alerts, by its id; see `last_told`.

    Raises UserError when no broker answers.
    """
    with TopicReader(settings, [settings.topics.instructions(courier)]) as reader:
        return last_told(reader.read_to_end(), waybill)


def last_told(records: Iterable[Any], waybill: str | None = None) -> dict[str, Told]:
    """Give the last word about each alert. `proceed` alone is left out, unless it is about the parcel that is named."""
    found: dict[str, Told] = {}
    for record in records:
        told = told_in(record)
        one = told.instruction
        known = found.get(one.alert_id)
        if one.action is InstructionAction.PROCEED and known is None and one.waybill != waybill:
            continue  # there may be one for each parcel
        if known is None or known.instruction.revision <= one.revision:
            found[one.alert_id] = told
    return found


def told_in(record: Any) -> Told:
    """Give the instruction in a record."""
    return Told(Instruction.model_validate_json(record.value), utc(record.timestamp))


def _newest(
    settings: Settings, topic: str, read: Callable[[bytes], Standing], id_of: Callable[[Standing], str]
) -> dict[str, Standing]:
    """The highest revision of each; what was forgotten has a record without a value."""
    found: dict[str, Standing] = {}
    with TopicReader(settings, [topic]) as reader:
        for record in reader.read_to_end():
            if record.value is None:
                found.pop((record.key or b"").decode(errors="replace"), None)
                continue
            one = read(record.value)
            known = found.get(id_of(one))
            if known is None or known.revision <= one.revision:
                found[id_of(one)] = one
    return found


def one_meant(wanted: str, ids: Iterable[str], what: str) -> str:
    """Give the one id that begins with `wanted`. Raises UserError if none does, or several do.

    >>> one_meant("6f9619", ["6f9619ff-8b86", "0a7f7f0e-51a5"], "alert")
    '6f9619ff-8b86'
    """
    known = sorted(ids)
    if wanted in known:
        return wanted
    if len(wanted) < ID_BEGINNING:
        raise UserError(f"{escaped(wanted)}: write at least the first {ID_BEGINNING} characters of the id")
    found = [one for one in known if one.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"{escaped(wanted)}: {len(found)} ids begin so; write more of it")
    raise UserError(f"no {what} has an id that begins with {escaped(wanted)}")


def alert_meant(wanted: str, referrals: Mapping[str, Referral]) -> Referral:
    """Give the alert with this id, or the newest of this waybill. Raises UserError if there is none."""
    of_waybill = [one for one in referrals.values() if one.waybill == wanted]
    if len(couriers := sorted({one.courier for one in of_waybill})) > 1:
        raise UserError(f"{escaped(wanted)} is a waybill of {' and '.join(couriers)}: name the alert by its id")
    if of_waybill:
        return max(of_waybill, key=lambda one: one.at)
    return referrals[one_meant(wanted, referrals, "alert")]


def instruction_meant(wanted: str, told: Mapping[str, Told]) -> Instruction:
    """Give the newest instruction about this waybill, or that of the alert whose id begins so.

    Raises UserError if there is none.
    """
    of_parcel = [one.instruction for one in told.values() if one.instruction.waybill == wanted]
    if of_parcel:
        return max(of_parcel, key=lambda one: (one.action is not InstructionAction.PROCEED, one.issued_at))
    if not any(alert_id.startswith(wanted) for alert_id in told):
        raise UserError(f"no instruction stands for waybill {escaped(wanted)}, and no alert's id begins so")
    return told[one_meant(wanted, told, "alert")].instruction
