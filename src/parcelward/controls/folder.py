"""Load the control periods of a folder: each file proven by its signature, the versions of each period complete."""

from collections.abc import Iterable
from pathlib import Path

from parcelward.controls.controls import NO_CONTROLS, Controls
from parcelward.controls.period import Period
from parcelward.controls.reading import Known, period_of
from parcelward.controls.signature import SUFFIX, keys_of, proven_by
from parcelward.errors import UserError
from parcelward.moments import CHINA, utc
from parcelward.rules import RulePack, load_pack
from parcelward.rules.source import content_of
from parcelward.settings import Settings

ENDINGS = (".yaml", ".yml")
MOST_FILES = 200
WHAT = "control period"


class ControlError(UserError):
    """A control period that is wrong, or that nobody has signed who may."""


def load_controls(settings: Settings, pack: RulePack | None = None) -> Controls:
    """The control periods of an installation; `NO_CONTROLS` without the setting. `pack`: its rules, if they are loaded.

    Raises ControlError, in one sentence, for a period that is wrong, not signed, or signed by somebody who may not.
    """
    if settings.control_periods is None:
        return NO_CONTROLS
    try:
        known, keys = known_to(settings, pack or load_pack(settings.rule_pack)), keys_of(settings.control_keys)
        periods = []
        for path in files_of(settings.control_periods):
            shown_as, raw = str(path), content_of(path, str(path), WHAT)
            signed_by = proven_by(raw, signature_beside(path), keys, shown_as)
            period = period_of(raw, shown_as, settings, known)
            require_span(period, signed_by.until_ms, shown_as)
            periods.append(period)
        require_versions(periods)
        return Controls(periods)
    except ControlError:
        raise
    except UserError as error:
        raise ControlError(str(error)) from None


def known_to(settings: Settings, pack: RulePack) -> Known:
    """Names of couriers and rules that a period may use."""
    return Known(frozenset(settings.couriers), frozenset(rule.id for rule in pack.rules))


def files_of(path: Path) -> list[Path]:
    """The files of periods: one, or all of a folder. Raises ControlError."""
    try:
        if path.is_file():
            return [path]
        entries = sorted(path.iterdir())
    except OSError as error:
        raise ControlError(
            f"setting control_periods (environment PARCELWARD_CONTROL_PERIODS) names {path}, which cannot be read "
            f"({error.strerror}); name a folder of signed periods, or unset it"
        ) from None
    found = [one for one in entries if one.suffix in ENDINGS]
    if len(found) > MOST_FILES:
        raise ControlError(f"{path} holds {len(found)} control periods, {MOST_FILES} at most; remove those long over")
    for one in entries:
        if one.suffix == SUFFIX and one.with_suffix("") not in found:
            raise ControlError(f"{one}: it signs {one.with_suffix('').name}, which is not there; put that file back")
    return found


def signature_beside(path: Path) -> bytes | None:
    """The signature of a file; None where there is none. Raises ControlError for one that cannot be read."""
    signature = Path(f"{path}{SUFFIX}")
    try:
        return signature.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ControlError(
            f"{signature}: cannot read the signature ({error.strerror}); let the worker's user read that file"
        ) from None


def require_span(period: Period, signs_until_ms: int, shown_as: str) -> None:
    """Raise ControlError for a period that lasts longer than its key may sign for: the key has expired then."""
    if period.until_ms > signs_until_ms:
        raise ControlError(
            f"{shown_as}: its key signs until {_china(signs_until_ms)} and has expired then, and the period lasts "
            f"until {_china(period.until_ms)}; have it signed with a key that is valid for all of it"
        )


def require_versions(periods: Iterable[Period]) -> None:
    """Raise ControlError unless the versions of each period count up from 1, each taking effect after the last."""
    newest: dict[str, Period] = {}
    for period in sorted(periods, key=lambda one: (one.id, one.version)):
        before = newest.get(period.id)
        expected = 1 if before is None else before.version + 1
        if before is not None and before.version == period.version:
            raise ControlError(f"control period {period.name} is there twice; remove one of the files")
        if period.version != expected:
            raise ControlError(
                f"control period {period.id} has version {period.version}, and version {expected} is missing; leave "
                "earlier versions beside it, what was judged under them must stay provable"
            )
        if before is not None and (period.takes_effect_ms or 0) <= (before.takes_effect_ms or 0):
            raise ControlError(
                f"control period {period.name} does not take effect after the version before; correct it"
            )
        newest[period.id] = period


def _china(at_ms: int) -> str:
    return f"{utc(at_ms).astimezone(CHINA):%Y-%m-%d %H:%M} (UTC+8)"
