"""States of alerts and cases, as their compacted topics say them."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from parcelward.cluster.reader import TopicReader
from parcelward.contract.instructions import Instruction
from parcelward.contract.referrals import Case, Referral
from parcelward.contract.steps import InstructionAction
from parcelward.errors import UserError
from parcelward.escaping import escaped
from parcelward.settings import Settings

ID_BEGINNING = 6
"""Characters of an id that say which one is meant."""

Standing = TypeVar("Standing", Referral, Case, Instruction)


def read_referrals(settings: Settings) -> dict[str, Referral]:
    """Read where each alert stands, by its id. Raises UserError when no broker answers."""
    return _newest(settings, settings.topics.referrals, Referral.model_validate_json, lambda one: one.alert_id)


def read_cases(settings: Settings) -> dict[str, Case]:
    """Read where each case stands, by its id. Raises UserError when no broker answers."""
    return _newest(settings, settings.topics.cases, Case.model_validate_json, lambda one: one.case_id)


def read_instructions(settings: Settings, courier: str) -> dict[str, Instruction]:
    """Read the instruction of each of a courier's alerts that stands. Raises UserError when no broker answers."""
    topic = settings.topics.instructions(courier)
    return _newest(settings, topic, Instruction.model_validate_json, lambda one: one.alert_id)


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
            if isinstance(one, Instruction) and one.action is InstructionAction.PROCEED and known is None:
                continue  # there may be one for each parcel
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
