"""Planted violations that no rule describes (R22): no single trait of such a parcel is odd, but several together are.

Every trait also occurs in ordinary traffic, and no case has all of them. Only their coincidence, and what the sender or
the agreement did before, tells these parcels apart.
"""

from collections.abc import Iterator

from parcelward.moments import CHINA
from parcelward.simulate.goods_names import COVERS
from parcelward.simulate.parcels import Parcel
from parcelward.simulate.places import CITIES
from parcelward.simulate.planted_cases import MINUTE_MS, PlantedCases, PlantedParcel
from parcelward.simulate.traffic import HOUR_MS
from parcelward.simulate.world import person

TRAIT = 0.4  # share of a case's parcels that show one trait


def hidden(cases: PlantedCases, at_ms: int) -> Iterator[PlantedParcel]:
    """One case: an unknown person, or a borrowed agreement, sends cover goods again and again down one odd route."""
    rng, counter = cases.rng, cases.counter
    outlet = cases.world.outlet(rng)
    operator = rng.choice(outlet.operators)
    who = person(rng)
    borrowed = rng.choice(outlet.customers) if rng.random() < 0.35 else None
    route = CITIES[-1 - int(rng.random() * 30)]
    receivers = [counter.receiver(route) for _ in range(rng.randrange(1, 4))]
    cover = rng.choice(COVERS)
    for _ in range(rng.randrange(3, 8)):
        at = cases.spread(at_ms, 30)
        parcel = counter.walk_in(outlet, at, who, cover, queue=False, operator=operator if rng.random() < 0.7 else None)
        parcel.receiver = dict(rng.choice(receivers))
        if borrowed:
            parcel.sender = counter.customer_sender(borrowed)
            parcel.verify_method = "app_prior"
            if parcel.inspection and rng.random() < TRAIT:  # pretends to be part of a collection
                parcel.inspection.duration_ms = int(rng.uniform(900, 6000))
                parcel.inspection.ended_ms = parcel.accepted_ms + int(
                    rng.uniform(1000, 9000 if not cases.plan.live else 2900)
                )
        _traits(cases, parcel)
        yield PlantedParcel(parcel, "borrowed agreement" if borrowed else "unknown sender, odd route")


def _traits(cases: PlantedCases, parcel: Parcel) -> None:
    """Give a parcel some of the traits: each with a chance of four in ten, one of less."""
    rng, inspection = cases.rng, parcel.inspection
    if rng.random() < TRAIT and parcel.sender["kind"] == "person":
        parcel.verify_method = "manual"
    if rng.random() < TRAIT:
        parcel.transport = "air"
    parcel.weight_g = max(50, int(parcel.weight_g * rng.lognormvariate(0.15, 0.45)))
    if inspection:
        inspection.weight_g = int(parcel.weight_g * rng.uniform(0.9, 1.18)) if rng.random() < TRAIT else parcel.weight_g
        inspection.found_goods = None
        if rng.random() < TRAIT and parcel.sender["kind"] == "person":
            inspection.duration_ms = int(rng.uniform(4600, 10_000))
        if rng.random() < TRAIT:
            inspection.photos = []
    if not cases.plan.live and rng.random() < TRAIT:
        _odd_hour(cases, parcel)
    if rng.random() < TRAIT * 0.6:
        delay = int(rng.uniform(15, 180) * MINUTE_MS)
        if cases.plan.live:
            parcel.accepted_ms -= delay
            if inspection:
                inspection.ended_ms -= delay
        parcel.upload_ms += delay
        parcel.backfill = True
        if inspection:
            inspection.upload_ms += delay
            inspection.backfill = True
    if rng.random() < TRAIT:
        parcel.latitude = round(parcel.outlet.latitude + rng.gauss(0, 0.03), 5)
        parcel.longitude = round(parcel.outlet.longitude + rng.gauss(0, 0.03), 5)


def _odd_hour(cases: PlantedCases, parcel: Parcel) -> None:
    """Move a parcel to the late evening or the early morning that follows."""
    offset = int(CHINA.utcoffset(None).total_seconds() * 1000)
    hour = cases.rng.choice((20, 21, 22, 22, 23, 29, 30, 31)) * HOUR_MS + int(cases.rng.random() * HOUR_MS)
    day = (parcel.accepted_ms + offset) // (24 * HOUR_MS) * 24 * HOUR_MS - offset
    shift = day + hour - parcel.accepted_ms
    if shift < 0:
        shift += 24 * HOUR_MS
    parcel.accepted_ms += shift
    if parcel.inspection:
        parcel.inspection.ended_ms += shift
