"""Two places at which one document was read, drawn: how far apart, how long between, and how fast one would be.

No borders are drawn: dots are cities. Where a place is not known, or the counties do not fit the distance that was
measured, two points on a line are drawn, and no map.
"""

from dataclasses import dataclass
from math import ceil, cos, floor, radians
from typing import NamedTuple

from parcelward.alerts.regions import region_name
from parcelward.alerts.terminal import Language
from parcelward.console.store.database import Database
from parcelward.console.store.known_regions import KnownRegion, known_region
from parcelward.console.web.region_places import Spot, all_places, place_of
from parcelward.console.web.rendering import as_ms, bilingual
from parcelward.contract.alerts import Alert
from parcelward.contract.cards import CounterpartKind
from parcelward.moments import HOUR_MS
from parcelward.profiles.geo import distance_km

WIDTH, HEIGHT = 640, 300
MARGIN = 0.3
"""Room around both places, as a part of what lies between them."""
LEAST_DEGREES = 3.0
STEPS = (1, 2, 5, 10)
LINES = 8
INEXACT_KM, INEXACT = 150, 0.2
"""The places are those of cities: so far, or so much of the distance, they may be off."""


class Reading(NamedTuple):
    """One reading of the document: of which parcel, where, when; `x`, `y` in the drawing. `alert_id` is None of the
    parcel that the page is about, and of one without an alert."""

    letter: str
    outlet: str
    waybill: str
    region: str | None
    of_outlet: bool
    at_ms: int | None
    alert_id: str | None
    x: float
    y: float


class Label(NamedTuple):
    """Where words begin."""

    x: float
    y: float


class Grid(NamedTuple):
    """A line of the graticule: its ends in the drawing, and its degrees."""

    x1: float
    y1: float
    x2: float
    y2: float
    text: str


@dataclass(frozen=True, slots=True)
class TwoPlaces:
    """The drawing; `dots` is the path of the cities' dots, empty where no map is drawn."""

    first: Reading
    second: Reading
    km: float
    kmh: float
    limit_kmh: float | None
    between_ms: int
    dots: str
    grid: tuple[Grid, ...]

    @property
    def label(self) -> "Label":
        """Give the place of the words at the way: right of its middle, on the side from which it leads away."""
        x, y = (self.first.x + self.second.x) / 2, (self.first.y + self.second.y) / 2
        rises = (self.second.y - self.first.y) * (self.second.x - self.first.x) < 0
        return Label(round(x + 14, 1), round(y + (18 if rises else -10), 1))

    @property
    def fastest_ms(self) -> int | None:
        """Give how long the way takes at the limit."""
        return None if not self.limit_kmh else round(self.km / self.limit_kmh * HOUR_MS)


def two_places(database: Database, alert: Alert, language: Language) -> TwoPlaces | None:
    """Draw where the document was read, before and now; None where no finding rests on that."""
    card = alert.card
    other = (
        next((one for one in card.counterparts if one.kind is CounterpartKind.DOCUMENT_PLACE), None) if card else None
    )
    measured = next((one for one in alert.findings if one.values.get("travel_kmh")), None)
    if card is None or other is None or measured is None:
        return None
    km, kmh = measured.values.get("travel_km"), measured.values["travel_kmh"]
    if not isinstance(km, int | float) or not isinstance(kmh, int | float) or kmh <= 0:
        return None
    there = known_region(database, other.courier, other.waybill, other.outlet)
    first, second = _spot(there), None if card.from_region is None else place_of(card.from_region)
    view = _view(first, second, km)
    here_name = None if card.from_region is None else bilingual(region_name(card.from_region), language)
    there_name = None if there is None else bilingual(region_name(there.region), language)
    here_ms = None if card.accepted_at is None else as_ms(card.accepted_at)
    (x1, y1), (x2, y2) = _ends(view, first, second)
    return TwoPlaces(
        Reading(
            "A",
            f"{other.courier}/{other.outlet}",
            other.waybill,
            there_name,
            there is not None and not there.of_waybill,
            as_ms(other.at),
            there.alert_id if there is not None and there.of_waybill else None,
            x1,
            y1,
        ),
        Reading("B", f"{alert.courier}/{alert.outlet}", alert.waybill, here_name, False, here_ms, None, x2, y2),
        km,
        kmh,
        measured.thresholds.get("travel_kmh"),
        round(km / kmh * HOUR_MS),
        "" if view is None else view.dots(),
        () if view is None else view.grid(),
    )


def _spot(known: KnownRegion | None) -> Spot | None:
    return None if known is None else place_of(known.region)


@dataclass(frozen=True, slots=True)
class _View:
    """Part of the ground that is drawn; a degree east is drawn as long as it is in the middle."""

    north: float
    west: float
    scale: float
    squeeze: float

    def at(self, spot: Spot) -> tuple[float, float]:
        return (
            round((spot.east - self.west) * self.scale * self.squeeze, 1),
            round((self.north - spot.north) * self.scale, 1),
        )

    def dots(self) -> str:
        found = (self.at(spot) for spot in all_places().values())
        return "".join(f"M{x:.0f} {y:.0f}h0" for x, y in found if 0 < x < WIDTH and 0 < y < HEIGHT)

    def grid(self) -> tuple[Grid, ...]:
        tall, wide = HEIGHT / self.scale, WIDTH / self.scale / self.squeeze
        step = next((one for one in STEPS if max(tall, wide) / one <= LINES), STEPS[-1])
        found = []
        for degrees in range(ceil(self.west / step) * step, floor(self.west + wide) + 1, step):
            x, _ = self.at(Spot(self.north, degrees))
            found.append(Grid(x, 0, x, HEIGHT, f"{degrees}°E"))
        for degrees in range(ceil((self.north - tall) / step) * step, floor(self.north) + 1, step):
            _, y = self.at(Spot(degrees, self.west))
            found.append(Grid(0, y, WIDTH, y, f"{degrees}°N"))
        return tuple(found)


def _view(first: Spot | None, second: Spot | None, km: float) -> _View | None:
    """Choose what is drawn of the ground; None where the places are not known, or are not those that were measured."""
    if first is None or second is None:
        return None
    if abs(distance_km(*first, *second) - km) > max(INEXACT_KM, INEXACT * km):
        return None
    north, south = max(first.north, second.north), min(first.north, second.north)
    east, west = max(first.east, second.east), min(first.east, second.east)
    squeeze = cos(radians((north + south) / 2))
    room = 1 + 2 * MARGIN
    tall = max((north - south) * room, (east - west) * squeeze * room * HEIGHT / WIDTH, LEAST_DEGREES)
    scale = HEIGHT / tall
    return _View((north + south) / 2 + tall / 2, (east + west) / 2 - WIDTH / scale / squeeze / 2, scale, squeeze)


def _ends(view: _View | None, first: Spot | None, second: Spot | None) -> tuple[tuple[float, float], ...]:
    if view is None or first is None or second is None:
        return (WIDTH * 0.12, HEIGHT * 0.2), (WIDTH * 0.88, HEIGHT * 0.2)
    return view.at(first), view.at(second)
