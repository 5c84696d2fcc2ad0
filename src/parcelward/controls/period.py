"""A control period: when, where and for which goods it applies, and what it changes there."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from parcelward.contract.cards import Bilingual
from parcelward.contract.controls import ControlKind
from parcelward.goods import match_goods, normalise
from parcelward.shipments.shipment import Duty, RealNameEntry, ShipmentBrief

_CLASSES_KEPT = 16_384


class ExtraDuty(StrEnum):
    """A duty that a period adds to those of the settings."""

    SCAN = "scan"
    INSPECT_LETTERS = "inspect_letters"


@dataclass(frozen=True, slots=True)
class Scope:
    """The parcels that a period is about; an empty tuple leaves that open.

    `outlets` are written `courier/outlet`. `to_regions` are destinations: the first two, four or six digits of a code.
    `goods` are classes and categories of the lexicon.
    """

    couriers: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    to_regions: tuple[str, ...] = ()
    goods: frozenset[str] = frozenset()

    @property
    def asks_real_name(self) -> bool:
        """Tell whether nobody can say before the registration if a parcel is within the scope."""
        return bool(self.to_regions or self.goods)

    def holds(self, shipment: ShipmentBrief) -> bool:
        """Tell whether a parcel is within the scope, by what is declared; what is unknown is not.

        A counter's record tells the outlet. `home_outlet` does not: it may be the hub that scanned the parcel.
        """
        real_name = shipment.real_name
        counter = real_name or shipment.inspection
        outlet = None if counter is None else counter.outlet
        return (
            (not self.couriers or shipment.courier in self.couriers)
            and (not self.outlets or f"{shipment.courier}/{outlet}" in self.outlets)
            and (not self.asks_real_name or (real_name is not None and self._holds_declared(real_name)))
        )

    def _holds_declared(self, real_name: RealNameEntry) -> bool:
        region = real_name.receiver_region
        if self.to_regions and (region is None or not region.startswith(self.to_regions)):
            return False
        names = (real_name.goods_name, *real_name.other_goods)
        return not self.goods or any(self.goods & classes_of(name) for name in names)


@dataclass(frozen=True, slots=True)
class Tightened:
    """Settings that a period makes stricter: durations in ms; None leaves the setting as it is."""

    inspection_due: int | None = None
    real_name_due: int | None = None
    scan_due: int | None = None
    sampled_share: float | None = None

    def allows(self, duty: int) -> int | None:
        """Give the time that a duty may take in the period, in ms; None where it leaves that to the settings."""
        if duty == Duty.INSPECTION:
            return self.inspection_due
        return self.real_name_due if duty == Duty.REAL_NAME else self.scan_due


@dataclass(frozen=True, slots=True)
class GreenChannel:
    """Goods that nothing but a red alert holds up: named exactly or by class, of stated couriers or outlets."""

    names: frozenset[str]
    classes: frozenset[str]
    couriers: tuple[str, ...]
    outlets: tuple[str, ...]

    def holds(self, shipment: ShipmentBrief) -> bool:
        """Tell whether a parcel goes through it. One whose records were corrected or contradict each other does not."""
        real_name = shipment.real_name
        if real_name is None or shipment.corrections or shipment.conflicts:
            return False
        if shipment.courier not in self.couriers and f"{shipment.courier}/{real_name.outlet}" not in self.outlets:
            return False
        name = real_name.goods_name
        return normalise(name) in self.names or bool(self.classes & classes_of(name))


@dataclass(frozen=True, slots=True)
class Period:
    """One version of a control period. Times are arrivals (epoch ms); `hash` tells its file from others.

    `takes_effect_ms`: from then on a version counts instead of the one before; None in the first.
    """

    id: str
    version: int
    hash: str
    kind: ControlKind
    title: Bilingual
    from_ms: int
    until_ms: int
    takes_effect_ms: int | None
    legal_basis: str
    issued_by: Bilingual
    scope: Scope
    tighten: Tightened
    duties: frozenset[ExtraDuty]
    raises: frozenset[str]
    green_channels: tuple[GreenChannel, ...]

    @property
    def name(self) -> str:
        """Id and version, for notes and messages."""
        return f"{self.id} version {self.version}"

    @property
    def starts_ms(self) -> int:
        """The arrival from which this version counts."""
        return self.from_ms if self.takes_effect_ms is None else max(self.from_ms, self.takes_effect_ms)

    def demands(self, duty: int) -> bool:
        """Tell whether the period adds this duty to those of the settings, for some parcels at least."""
        added = {Duty.SECURITY_SCAN: ExtraDuty.SCAN, Duty.INSPECTION: ExtraDuty.INSPECT_LETTERS}.get(duty)
        return added in self.duties


@lru_cache(maxsize=_CLASSES_KEPT)
def classes_of(name: str) -> frozenset[str]:
    """Give what the lexicon says about a goods name: its class, category of the prohibited list, battery, restriction.

    >>> sorted(classes_of("充电宝"))
    ['battery', 'power_bank']
    """
    match = match_goods(name)
    battery = "battery" if match.battery else None
    said = (match.goods_class, match.danger_category, match.restricted, battery)
    return frozenset(one for one in said if one)
