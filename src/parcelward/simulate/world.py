"""The actors of a simulation: outlets, operators, customers, persons."""

from bisect import bisect
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

from parcelward.simulate import identities
from parcelward.simulate.goods_names import GOODS, VAGUE
from parcelward.simulate.left_out import OptionalField, draw_left_out
from parcelward.simulate.places import CITIES, City
from parcelward.simulate.plan import Plan

BUSIEST_HOUR = 2.5  # times the mean
LIVE_SECONDS_EACH = 20  # mean time that staff take for a parcel in a live run: nobody honest looks into two within 10 s
LIVE_RELIEF = 8  # staff of an outlet, the last ones, whom nobody queues for: in a live run they take planted parcels


@dataclass(slots=True, eq=False)
class Person:
    """A sender who walks in. `regular_goods` is what a small seller sends again and again."""

    document_type: str
    document: str
    name: str
    phone: str
    regular_goods: tuple[str, str] | None = None


@dataclass(slots=True, eq=False)
class Operator:
    """A member of staff with a handheld. Times in ms since the epoch; `skew_ms` is the error of its clock."""

    code: str
    document: str
    device: str
    skew_ms: int
    pace: float  # factor on the length of inspections
    manual_share: float
    photo_share: float
    busy_until: int = 0
    inspecting_until: int = 0


@dataclass(slots=True, eq=False)
class Customer:
    """A filed agreement customer with its catalogue of (class, name)."""

    agreement: str
    name: str
    phone: str
    catalogue: list[tuple[str, str]]
    organisation: str


@dataclass(slots=True, eq=False)
class Outlet:
    """A counter or depot of one courier. `kind` is counter, village, campus or lazy (the same name on every parcel)."""

    courier: str
    code: str
    kind: str
    city: City
    county: str
    latitude: float
    longitude: float
    operators: list[Operator]
    collectors: list[Operator]
    customers: list[Customer]
    persons: list[Person]
    vague_share: float
    favourite_vague: str = field(default=VAGUE[0])
    left_out: frozenset[OptionalField] = frozenset()


@dataclass(slots=True, eq=False)
class World:
    """All outlets of all couriers with their share of the load. `lazy` outlets have hardly any ordinary traffic."""

    outlets: list[Outlet]
    lazy: list[Outlet]
    cumulated: list[float]

    def outlet(self, rng: Random) -> Outlet:
        """An outlet, drawn by its share of the load."""
        return self.outlets[bisect(self.cumulated, rng.random() * self.cumulated[-1])]


def person(rng: Random) -> Person:
    """Somebody new."""
    kind, number = identities.document(rng)
    return Person(kind, number, identities.person_name(rng), identities.phone(rng))


def _operator(rng: Random, outlet: str, number: int, live: bool) -> Operator:
    skew = rng.gauss(0, 1500)
    if rng.random() < 0.02:
        skew = rng.uniform(-480_000, 240_000)  # a handheld whose clock nobody set
    return Operator(
        code=f"E{rng.randrange(10_000, 99_999)}{number:02d}",
        document=identities.resident_id(rng),
        device=f"PDA-{rng.randrange(16**5):05X}",
        skew_ms=int(min(skew, 0 if live else skew)),
        pace=rng.uniform(0.6, 1.6),
        manual_share=min(0.5, rng.expovariate(1 / 0.06)),
        photo_share=rng.uniform(0.6, 0.98),
    )


def _customer(rng: Random, number: int) -> Customer:
    kind = rng.choice([name for name in GOODS if name not in ("letters", "luggage", "documents")])
    names = rng.sample(GOODS[kind].names, min(len(GOODS[kind].names), rng.randrange(2, 9)))
    company = f"{identities.person_name(rng)[-2:]}{rng.choice(('商贸', '服饰', '电子商务', '贸易', '食品'))}有限公司"
    return Customer(
        agreement=f"AG-2026-{number:05d}",
        name=company,
        phone=identities.phone(rng),
        catalogue=[(kind, name) for name in names],
        organisation=identities.organisation_code(rng),
    )


def _persons(rng: Random, count: int) -> list[Person]:
    """Persons who come back: families share a phone, small sellers send the same goods."""
    persons: list[Person] = []
    while len(persons) < count:
        new = person(rng)
        persons.append(new)
        draw = rng.random()
        if draw < 0.08:
            for _ in range(rng.randrange(1, 4)):
                relative = person(rng)
                relative.phone = new.phone
                persons.append(relative)
        elif draw < 0.14:
            kind = rng.choice(("light_clothes", "snacks", "tea", "cosmetics", "local_food", "decor", "fruit"))
            new.regular_goods = (kind, rng.choice(GOODS[kind].names))
    return persons[:count]


def _outlet(plan: Plan, rng: Random, courier: str, number: int, kind: str, staff: int) -> Outlet:
    city = CITIES[int(len(CITIES) * rng.random() ** 1.3)]
    code = f"{city.code}-{city.area}-{number:03d}"
    return Outlet(
        courier=courier,
        code=code,
        kind=kind,
        city=city,
        county=rng.choice(city.counties),
        latitude=round(city.latitude + rng.uniform(-0.12, 0.12), 4),
        longitude=round(city.longitude + rng.uniform(-0.12, 0.12), 4),
        operators=[_operator(rng, code, index, plan.live) for index in range(staff)],
        collectors=[_operator(rng, code, 50 + index, plan.live) for index in range(max(1, staff // 2))],
        customers=[_customer(rng, rng.randrange(100_000)) for _ in range(rng.randrange(2, 9))],
        persons=_persons(rng, plan.senders),
        vague_share=rng.uniform(0.25, 0.5) if kind == "village" else rng.uniform(0.02, 0.2),
        favourite_vague=rng.choice(VAGUE[:6]) if kind == "lazy" else rng.choice(VAGUE),
        left_out=draw_left_out(plan.left_out_share, rng) if plan.left_out_share else frozenset(),
    )


def build(plan: Plan, rng: Random) -> World:
    """The world of a plan: per courier, outlets of unequal load, and two small ones that write template names."""

    outlets: list[Outlet] = []
    lazy: list[Outlet] = []
    weights: list[float] = []
    loads = [1 / (rank + 4) ** 0.8 for rank in range(plan.outlets_per_courier)]
    walk_ins_per_s = plan.waybills_per_day * plan.walk_in_share / len(plan.couriers) / 86_400
    seconds_each = LIVE_SECONDS_EACH if plan.live else 45 * BUSIEST_HOUR
    for offset, courier in enumerate(plan.couriers):
        for rank, load in enumerate(loads):
            share = load / sum(loads)
            kind = ("counter", "counter", "village", "counter", "campus", "counter")[rank % 6]
            staff = max(plan.operators, round(walk_ins_per_s * share * seconds_each / 0.45) + 1)
            staff += LIVE_RELIEF if plan.live else 0
            outlets.append(_outlet(plan, rng, courier, offset * 300 + rank, kind, staff))
            weights.append(load)
        for extra in range(2):
            lazy.append(_outlet(plan, rng, courier, 900 + offset * 10 + extra, "lazy", 40 if plan.live else 2))
    return World(outlets, lazy, list(accumulate(weights)))
