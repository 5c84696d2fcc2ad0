"""Read a control period from its YAML file, and refuse what it may not say, with line and column."""

import hashlib
import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from enum import StrEnum
from typing import NamedTuple, TypeVar

from parcelward.contract.cards import Bilingual
from parcelward.contract.controls import ControlKind
from parcelward.controls.period import ExtraDuty, GreenChannel, Period, Scope, Tightened
from parcelward.goods import goods_classes, normalise
from parcelward.identity.free_text import hide_numbers
from parcelward.moments import DAY_MS, MINUTE_MS, duration_in_words, duration_ms, duration_of, epoch_ms
from parcelward.rules.laws import article_fault
from parcelward.rules.source import SourcePlace, parsed
from parcelward.settings import Settings

LONGEST_MS = 93 * DAY_MS
"""No period lasts longer; one that must is issued anew."""
LEAST_DUE_MS = {"inspection_due": 5 * MINUTE_MS, "real_name_due": 5 * MINUTE_MS, "scan_due": 30 * MINUTE_MS}
"""No period can ask for a duty sooner: records need that long on their way."""
MOST_SAMPLED = 0.1
MAX_SHARE_DIGITS = 12
CATEGORIES = tuple(f"{number:02}" for number in range(1, 19) if number != 13)
"""Categories of the prohibited list of 2016; 13 (publications) is never looked for."""
TITLE_KEPT = 60

_KEYS = ("id", "version", "kind", "title", "from", "until", "legal_basis", "issued_by", "scope")
_OPTIONAL = ("takes_effect", "tighten", "duties", "raise", "green_channel")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,39}")
_REGION = re.compile(r"[0-9]{2}(?:[0-9]{2}){0,2}")
_OUTLET = re.compile(r"[^/\s]+/[^/\s]+")
_NO_PERSON = (
    "; a scope names couriers, outlets, destinations (to_regions) and goods, and never a person, or where a sender "
    "lives or comes from"
)

Choice = TypeVar("Choice", bound=StrEnum)


class Known(NamedTuple):
    """Names that a period may use: those of the installation."""

    couriers: frozenset[str]
    rules: frozenset[str]


def period_of(raw: bytes, shown_as: str, settings: Settings, known: Known) -> Period:
    """Read one version of a period; raises UserError naming line and column."""
    root = parsed(raw, shown_as, "control period")
    keys = root.mapping(_KEYS, _OPTIONAL)
    identity = keys["id"].string()
    of = f"control period {identity[:40]}"
    keys = {key: place.about(of) for key, place in keys.items()}
    if not _ID.fullmatch(identity) or hide_numbers(identity) != identity:
        raise keys["id"].fault("an id is 3 to 40 small letters, digits and '-', as in ciie-2026")
    version = keys["version"].whole()
    from_ms, until_ms, takes_effect_ms = _times(keys, version)
    duties = (
        frozenset(_choice(place, ExtraDuty) for place in keys["duties"].items()) if "duties" in keys else frozenset()
    )
    tighten = _tightened(keys["tighten"], settings, duties) if "tighten" in keys else Tightened()
    if ExtraDuty.SCAN in duties and tighten.scan_due is None and settings.scan_due is None:
        raise keys["duties"].fault("the settings demand no scan, so say by when: give scan_due under 'tighten'")
    period = Period(
        id=identity,
        version=version,
        hash=hashlib.sha256(raw).hexdigest()[:16],
        kind=_choice(keys["kind"], ControlKind),
        title=_texts(keys["title"]),
        from_ms=from_ms,
        until_ms=until_ms,
        takes_effect_ms=takes_effect_ms,
        legal_basis=_legal_basis(keys["legal_basis"]),
        issued_by=_texts(keys["issued_by"]),
        scope=_scope(keys["scope"], known),
        tighten=_with_scan(tighten, duties, settings),
        duties=duties,
        raises=frozenset(_one_of(place, known.rules, "rule") for place in _listed(keys, "raise")),
        green_channels=tuple(_channel(place, known) for place in _listed(keys, "green_channel")),
    )
    if not (any(one is not None for one in _values(tighten)) or duties or period.raises or period.green_channels):
        raise root.about(of).fault("it changes nothing: give tighten, duties, raise or green_channel")
    return period


def _values(tighten: Tightened) -> Iterable[object]:
    return tighten.inspection_due, tighten.real_name_due, tighten.scan_due, tighten.sampled_share


def _with_scan(tighten: Tightened, duties: frozenset[ExtraDuty], settings: Settings) -> Tightened:
    """Give an added scan the time of the settings where the period states none."""
    if ExtraDuty.SCAN not in duties or tighten.scan_due is not None or settings.scan_due is None:
        return tighten
    return Tightened(
        tighten.inspection_due, tighten.real_name_due, duration_ms(settings.scan_due), tighten.sampled_share
    )


def _times(keys: dict[str, SourcePlace], version: int) -> tuple[int, int, int | None]:
    """Read from, until and takes_effect (epoch ms), and hold them to one another."""
    from_ms, until_ms = _moment(keys["from"]), _moment(keys["until"])
    if until_ms <= from_ms:
        raise keys["until"].fault("it ends before it begins: 'until' must lie after 'from'")
    if until_ms - from_ms > LONGEST_MS:
        raise keys["until"].fault(
            f"it lasts longer than {LONGEST_MS // DAY_MS} days; end it earlier, and issue another"
        )
    if version == 1:
        if "takes_effect" in keys:
            raise keys["takes_effect"].fault("the first version takes effect when it begins; leave this out")
        return from_ms, until_ms, None
    if "takes_effect" not in keys:
        raise keys["version"].fault("'takes_effect' is missing: from when does this version count instead of the last?")
    takes_effect_ms = _moment(keys["takes_effect"])
    if until_ms < takes_effect_ms:
        raise keys["until"].fault("a version cannot end before it takes effect: what has been in force stays so")
    return from_ms, until_ms, takes_effect_ms


def _moment(place: SourcePlace) -> int:
    moment = epoch_ms(place.written())
    if moment is None:
        raise place.fault("must be a time with seconds and its zone, as in 2026-11-03T00:00:00+08:00")
    return moment


def _texts(place: SourcePlace) -> Bilingual:
    """A short text in both languages, without anything that looks like a number of a person."""
    texts = place.mapping(("zh", "en"))
    found = {}
    for language, one in texts.items():
        text = one.uncut().strip()
        if len(text) > TITLE_KEPT or not text.isprintable():
            raise one.fault(f"must be one line of at most {TITLE_KEPT} characters")
        if hide_numbers(text) != text:
            raise one.fault("looks like the number of a person; name an office or a role, never a person")
        found[language] = text
    return Bilingual(**found)


def _legal_basis(place: SourcePlace) -> str:
    basis = place.uncut().strip()
    if (fault := article_fault(basis)) is not None:
        raise place.fault(f"legal_basis: {fault}")
    return basis


def _scope(place: SourcePlace, known: Known) -> Scope:
    if getattr(place.node, "value", None) == "all":
        return Scope()
    keys = _mapping_without_persons(place, ("couriers", "outlets", "to_regions", "goods"))
    if not keys:
        raise place.fault("names nothing; to mean every parcel, write 'scope: all'")
    return Scope(
        couriers=_couriers(keys, known),
        outlets=_outlets(keys, known),
        to_regions=tuple(_region(one) for one in _listed(keys, "to_regions")),
        goods=_classes(keys, "goods"),
    )


def _mapping_without_persons(place: SourcePlace, allowed: tuple[str, ...]) -> dict[str, SourcePlace]:
    keys = place.mapping()
    for key, entry in keys.items():
        if key not in allowed:
            close = get_close_matches(key, allowed, n=1, cutoff=0.85)  # from_regions is none of to_regions
            raise entry.fault(f"unknown key '{key}'{f'; did you mean {close[0]!r}?' if close else _NO_PERSON}")
    return keys


def _channel(place: SourcePlace, known: Known) -> GreenChannel:
    keys = _mapping_without_persons(place, ("names", "classes", "couriers", "outlets"))
    channel = GreenChannel(
        names=frozenset(normalise(one.string()) for one in _listed(keys, "names")),
        classes=_classes(keys, "classes"),
        couriers=_couriers(keys, known),
        outlets=_outlets(keys, known),
    )
    if not (channel.names or channel.classes):
        raise place.fault("a green channel is for stated goods: give names or classes")
    if not (channel.couriers or channel.outlets):
        raise place.fault("a green channel is for stated senders' outlets: give couriers or outlets")
    return channel


def _listed(keys: dict[str, SourcePlace], key: str) -> list[SourcePlace]:
    """The entries of a list that may be missing, but is not empty."""
    if key not in keys:
        return []
    found = keys[key].items()
    if not found:
        raise keys[key].fault(f"'{key}' is empty; leave it out, or name something")
    return found


def _couriers(keys: dict[str, SourcePlace], known: Known) -> tuple[str, ...]:
    return tuple(_one_of(place, known.couriers, "courier of the settings") for place in _listed(keys, "couriers"))


def _outlets(keys: dict[str, SourcePlace], known: Known) -> tuple[str, ...]:
    found = []
    for place in _listed(keys, "outlets"):
        outlet = place.string()
        if not _OUTLET.fullmatch(outlet) or outlet.partition("/")[0] not in known.couriers:
            raise place.fault(f"'{outlet}' must be a courier of the settings and its outlet, as in swift/HZ-0571-014")
        found.append(outlet)
    return tuple(found)


def _region(place: SourcePlace) -> str:
    region = place.written()
    if not _REGION.fullmatch(region):
        raise place.fault("a destination is the first 2, 4 or 6 digits of a county code, as in '31' or '310118'")
    return region


def _classes(keys: dict[str, SourcePlace], key: str) -> frozenset[str]:
    known = {*goods_classes(), *CATEGORIES, "misc"}
    return frozenset(_one_of(place, known, "class or category of goods") for place in _listed(keys, key))


def _one_of(place: SourcePlace, known: Collection[str], what: str) -> str:
    word = place.written()
    if word in known:
        return word
    close = get_close_matches(word, known, n=1)
    some = ", ".join(sorted(known)[:12])
    raise place.fault(f"'{word}' is no {what}; " + (f"did you mean '{close[0]}'?" if close else f"some are {some}"))


def _choice(place: SourcePlace, choices: type[Choice]) -> Choice:
    word = place.written()
    try:
        return choices(word)
    except ValueError:
        raise place.fault(f"'{word}' is none of {', '.join(choices)}") from None


def _tightened(place: SourcePlace, settings: Settings, duties: Collection[ExtraDuty]) -> Tightened:
    keys = place.mapping((), ("inspection_due", "real_name_due", "scan_due", "sampled_share"))
    if "scan_due" in keys and settings.scan_due is None and ExtraDuty.SCAN not in duties:
        raise keys["scan_due"].fault("the settings demand no scan; add 'scan' to 'duties' to demand one in the period")
    dues = {name: _due(name, keys[name], settings) for name in LEAST_DUE_MS if name in keys}
    share = _share(keys["sampled_share"], settings) if "sampled_share" in keys else None
    return Tightened(**dues, sampled_share=share)


def _due(name: str, place: SourcePlace, settings: Settings) -> int:
    duration = duration_of(place.written())
    if duration is None:
        raise place.fault("must be a duration, as in 10m or 4h")
    due, least = duration_ms(duration), LEAST_DUE_MS[name]
    usual = getattr(settings, name)
    if due < least:
        raise place.fault(f"is shorter than {duration_in_words(least)}, the least that a period can allow")
    # A scan that no setting demands must at least fall due while its waybill is remembered.
    longest, why = (duration_ms(usual), "the setting") if usual else (duration_ms(settings.ledger_keep), "ledger_keep")
    if due >= longest:
        raise place.fault(f"is not stricter than {why} ({duration_in_words(longest)}); a period can only tighten")
    return due


def _share(place: SourcePlace, settings: Settings) -> float:
    text = place.written()
    try:
        share = float(text) if len(text) <= MAX_SHARE_DIGITS else MOST_SAMPLED * 2
    except ValueError:
        raise place.fault("must be a share, as in 0.01") from None
    if not settings.sampled_share < share <= MOST_SAMPLED:
        raise place.fault(
            f"must be more than the setting ({settings.sampled_share:g}) and at most {MOST_SAMPLED:g}; a period can "
            "only tighten"
        )
    return share
